"""Values that depend on what will be measured: known as tables where that is few bits, else when a record is there.

A record is the outcome of every measurement of a shot, by number; what was not measured in it is 0.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from quantum_qasm.ir import Instruction
from quantum_qasm.types import Int
from quantum_qasm.values import NoSuchValueError, Value, wrapped

MAX_TABLE_BITS = 10
"""Measured bits by which a value is tabulated: a table has 2^n entries."""

MAX_TABULATED = 200_000
"""Entries of all tables of a program."""

Record = Sequence[int] | Mapping[int, int]
Lates = Mapping[int, Value]
"""The values, under one record, of what was not tabulated, by number."""

Compute = Callable[[Record, Lates], Value]


class NotLowerableError(Exception):
    """A program that cannot be made one circuit, or one that would be too large."""


class Symbolic(ABC):
    """The base of values that are not known yet."""

    __slots__ = ()

    @property
    @abstractmethod
    def bits(self) -> frozenset[int]:
        """The measurements that it depends on, and perhaps others."""

    @property
    @abstractmethod
    def is_late(self) -> bool:
        """Whether there is no table of it."""

    @abstractmethod
    def value(self, record: Record, lates: Lates) -> Value:
        """What it is under a record."""


@dataclass(frozen=True, slots=True, eq=False)
class Table(Symbolic):
    """A value for each outcome of some measurements, the first of which is the lowest bit of the place in the table."""

    by: tuple[int, ...]
    values: Sequence[Value]

    @property
    def bits(self) -> frozenset[int]:
        """See Symbolic."""
        return frozenset(self.by)

    @property
    def is_late(self) -> bool:
        """See Symbolic."""
        return False

    def value(self, record: Record, lates: Lates) -> Value:  # noqa: ARG002 - tables need no others
        """See Symbolic."""
        if len(self.by) == 1:
            return self.values[record[self.by[0]]]
        return self.values[sum(record[bit] << place for place, bit in enumerate(self.by))]


@dataclass(frozen=True, slots=True, eq=False)
class Late(Symbolic):
    """A value that is computed for each record."""

    number: int
    bits: frozenset[int]

    @property
    def is_late(self) -> bool:
        """See Symbolic."""
        return True

    def value(self, record: Record, lates: Lates) -> Value:  # noqa: ARG002 - it has been computed already
        """See Symbolic."""
        return lates[self.number]


@dataclass(frozen=True, slots=True, eq=False)
class Word(Symbolic):
    """An integer, or a register, whose bits are known or depend on measurements each by itself; the lowest first."""

    parts: tuple[int | Symbolic, ...]
    is_signed: bool = False

    @property
    def bits(self) -> frozenset[int]:
        """See Symbolic."""
        return bits_of(self.parts)

    @property
    def is_late(self) -> bool:
        """See Symbolic."""
        return any(is_late(part) for part in self.parts)

    def value(self, record: Record, lates: Lates) -> Value:
        """See Symbolic."""
        whole = sum(resolved(part, record, lates) << place for place, part in enumerate(self.parts))
        return wrapped(whole, Int(len(self.parts))) if self.is_signed else whole


@dataclass(frozen=True, slots=True, eq=False)
class Elements(Symbolic):
    """An array, or a tuple, with elements some of which depend on measurements."""

    parts: tuple[Value | Symbolic, ...]

    @property
    def bits(self) -> frozenset[int]:
        """See Symbolic."""
        return bits_of(self.parts)

    @property
    def is_late(self) -> bool:
        """See Symbolic."""
        return any(is_late(part) for part in self.parts)

    def value(self, record: Record, lates: Lates) -> Value:
        """See Symbolic."""
        return tuple(resolved(part, record, lates) for part in self.parts)


def bits_of(values: Sequence[Value | Symbolic]) -> frozenset[int]:
    """The measurements that some values depend on."""
    return frozenset().union(*(value.bits for value in values if isinstance(value, Symbolic)))


def is_late(value: Value | Symbolic) -> bool:
    """Whether it is known only when a record is there."""
    return isinstance(value, Symbolic) and value.is_late


def resolved(value: Value | Symbolic, record: Record, lates: Lates) -> Value:
    """What a value is under a record."""
    return value.value(record, lates) if isinstance(value, Symbolic) else value


def measured(bit: int) -> Table:
    """The outcome of a measurement."""
    return Table((bit,), (0, 1))


def word(parts: Sequence[int | Symbolic], *, is_signed: bool = False) -> int | Word:
    """An integer of bits, the lowest first."""
    found = Word(tuple(parts), is_signed)
    if any(isinstance(part, Symbolic) for part in parts):
        return found
    known: int = found.value((), {})
    return known


def elements(parts: Sequence[Value | Symbolic]) -> Value | Elements:
    """An array, or a tuple."""
    found = tuple(parts)
    return Elements(found) if any(isinstance(part, Symbolic) for part in found) else found


@dataclass(frozen=True, slots=True)
class Guard:
    """Holds in the records where a condition, and those around it, came out as wanted."""

    condition: Table
    wanted: bool
    around: "Guard | None"

    def holds(self, record: Record) -> bool:
        """Whether it does in a record."""
        guard: Guard | None = self
        while guard is not None:
            if bool(guard.condition.value(record, {})) is not guard.wanted:
                return False
            guard = guard.around
        return True


class LateFailure(Exception):  # noqa: N818 - it carries an error
    """Under some record a value could not be computed: the instruction, and why."""

    def __init__(self, instruction: Instruction, error: Exception) -> None:
        super().__init__(str(error))
        self.instruction = instruction
        self.error = error


@dataclass(frozen=True, slots=True)
class _Step:
    """How a value that is late is computed, by which instruction, and when."""

    number: int
    compute: Compute
    instruction: Instruction
    guard: Guard | None


@dataclass
class Values:
    """Makes values of others. `instruction` and `guard` are of what is being lowered."""

    instruction: Instruction | None = None
    guard: Guard | None = None
    _steps: list[_Step] = field(default_factory=list)
    _tabulated: int = 0

    def lifted(self, function: Callable[..., Value], parts: Sequence[Value | Symbolic]) -> Value | Symbolic:
        """What a function makes of some values. Raises what it raises, if they are all known."""
        if not any(isinstance(part, Symbolic) for part in parts):
            return function(*parts)
        return self._made(lambda record, lates: function(*[resolved(part, record, lates) for part in parts]), parts)

    def chosen(self, condition: Table, yes: Value | Symbolic, no: Value | Symbolic) -> Value | Symbolic:
        """One of two values; what has made the other may have failed."""
        if yes is no or (type(yes) is type(no) and not isinstance(yes, Symbolic) and yes == no):
            return yes
        both = [one.parts if isinstance(one, Elements) else one for one in (yes, no)]
        match both:
            case [tuple() as first, tuple() as second] if len(first) == len(second):
                return elements([self.chosen(condition, *pair) for pair in zip(first, second, strict=True)])
            case [Word() as one, other] | [other, Word() as one] if _is_word_like(other, one):
                width = len(one.parts)
                pairs = zip(self.bits(yes, width), self.bits(no, width), strict=True)
                return word([self.chosen(condition, *pair) for pair in pairs], is_signed=one.is_signed)

        def choose(record: Record, lates: Lates) -> Value:
            return resolved(yes if condition.value(record, lates) else no, record, lates)

        return self._made(choose, (condition, yes, no))

    def bits(self, value: Value | Symbolic, width: int) -> tuple[int | Symbolic, ...]:
        """The last bits of an integer, the lowest first."""
        if isinstance(value, Word):
            highest = value.parts[-1] if value.is_signed and value.parts else 0
            return (value.parts + (highest,) * (width - len(value.parts)))[:width]
        if isinstance(value, Table) and width == 1 and tuple(value.values) == (0, 1):
            return (value,)
        return tuple(self.lifted(_bit_at(place), (value,)) for place in range(width))

    def lates(self, record: Record) -> Lates:
        """Everything that is late, for one record. Raises LateFailure."""
        found: dict[int, Value] = {}
        for step in self._steps:
            if step.guard is None or step.guard.holds(record):
                try:
                    found[step.number] = step.compute(record, found)
                except (NoSuchValueError, ArithmeticError, ValueError) as error:
                    raise LateFailure(step.instruction, error) from None
        return found

    def _made(self, compute: Compute, parts: Sequence[Value | Symbolic]) -> Value | Symbolic:
        bits = bits_of(parts)
        if len(bits) <= MAX_TABLE_BITS and not any(is_late(part) for part in parts):
            try:
                return self._table(compute, tuple(sorted(bits)))
            except (NoSuchValueError, ArithmeticError, ValueError):
                pass  # with outcomes that perhaps never are, or not together
        assert self.instruction is not None  # noqa: S101 - nothing else makes values
        late = Late(len(self._steps), bits)
        self._steps.append(_Step(late.number, compute, self.instruction, self.guard))
        return late

    def _table(self, compute: Compute, by: tuple[int, ...]) -> Value | Table:
        self._tabulated += 1 << len(by)
        if self._tabulated > MAX_TABULATED:
            raise NotLowerableError
        return reduced(
            Table(
                by,
                [
                    compute({bit: number >> place & 1 for place, bit in enumerate(by)}, {})
                    for number in range(1 << len(by))
                ],
            )
        )


def reduced(table: Table) -> Value | Table:
    """A table without the measurements that make no difference."""
    by, values = list(table.by), list(table.values)
    for place in reversed(range(len(by))):
        block = 1 << place
        halves = [values[start : start + block] for start in range(0, len(values), block)]
        if halves[::2] == halves[1::2]:
            values = [value for half in halves[::2] for value in half]
            del by[place]
    return Table(tuple(by), values) if by else values[0]


def _is_word_like(value: Value | Symbolic, like: Word) -> bool:
    if isinstance(value, Word):
        return len(value.parts) == len(like.parts) and value.is_signed == like.is_signed
    if not isinstance(value, int):
        return False
    return wrapped(value, Int(len(like.parts))) == value if like.is_signed else 0 <= value < 1 << len(like.parts)


def _bit_at(place: int) -> Callable[[int], int]:
    return lambda value: value >> place & 1
