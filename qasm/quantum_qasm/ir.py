"""What a program is compiled to: instructions in a row, and typed expressions without calls or measurements.

An expression is evaluated over the slots of a frame: the program's own, or those of a subroutine's call. Values are as
`types` says; qubits are numbered from 0 over the whole program, and a reference to some is a tuple of their numbers.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from quantum_qasm.spans import Span
from quantum_qasm.types import BIT, Angle, Array, Bit, Bits, Bool, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError, Value, cast

Frame = list[Value]
"""The values of the slots."""

MAX_CALLS = 200
"""Subroutines that call each other, one within the other: so many at the most, whoever runs a program."""


@dataclass(frozen=True, slots=True)
class Expression:
    """The base of expressions. `evaluate` may raise NoSuchValueError."""

    type: Type
    span: Span

    @abstractmethod
    def evaluate(self, frame: Frame) -> Value:
        """The value."""


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A value that is known."""

    value: Value

    def evaluate(self, frame: Frame) -> Value:  # noqa: ARG002 - the same in any frame
        """See Expression."""
        return self.value


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """What a slot holds."""

    slot: int

    def evaluate(self, frame: Frame) -> Value:
        """See Expression."""
        return frame[self.slot]


@dataclass(frozen=True, slots=True)
class Applied(Expression):
    """An operator or a built-in function, with arguments of the types that it takes."""

    function: Callable[..., Value]
    arguments: tuple[Expression, ...]

    def evaluate(self, frame: Frame) -> Value:
        """See Expression."""
        return self.function(*[argument.evaluate(frame) for argument in self.arguments])


@dataclass(frozen=True, slots=True)
class Converted(Expression):
    """A value in another type."""

    operand: Expression

    def evaluate(self, frame: Frame) -> Value:
        """See Expression."""
        return cast(self.operand.evaluate(frame), self.operand.type, self.type)


@dataclass(frozen=True, slots=True)
class Indices:
    """Which of `size` elements are meant. A range has both ends; what is below zero counts from the end."""

    size: int

    @abstractmethod
    def places(self, frame: Frame) -> list[int]:
        """The places, from 0. Raises NoSuchValueError for one that is outside."""


@dataclass(frozen=True, slots=True)
class Listed(Indices):
    """Some indices, in their order."""

    values: tuple[Expression, ...]

    def places(self, frame: Frame) -> list[int]:
        """See Indices."""
        return [place_of(value.evaluate(frame), self.size) for value in self.values]


@dataclass(frozen=True, slots=True)
class Ranged(Indices):
    """From `start` to `end`, both included, by `step`."""

    start: Expression
    step: Expression
    end: Expression

    def places(self, frame: Frame) -> list[int]:
        """See Indices."""
        start, end = (place_of(value.evaluate(frame), self.size) for value in (self.start, self.end))
        return list(inclusive(start, self.step.evaluate(frame), end))


@dataclass(frozen=True, slots=True)
class Nested(Indices):
    """Indices into what other indices have picked."""

    outer: Indices
    inner: Indices

    def places(self, frame: Frame) -> list[int]:
        """See Indices."""
        outer = self.outer.places(frame)
        return [outer[place] for place in self.inner.places(frame)]


def place_of(index: int, size: int) -> int:
    """An index from 0. Raises NoSuchValueError where there is no such element."""
    if not -size <= index < size:
        raise NoSuchValueError(f"index {index} is out of range: there are {size} elements")
    return index + size if index < 0 else index


def inclusive(start: int, step: int, end: int) -> range:
    """A range with both ends. Raises NoSuchValueError for a step of 0."""
    if step == 0:
        raise NoSuchValueError("a range with a step of 0")
    return range(start, end + (1 if step > 0 else -1), step)


@dataclass(frozen=True, slots=True)
class PickedBits(Expression):
    """Some bits of a register, an integer or an angle, as a bit or a register."""

    operand: Expression
    indices: Indices

    def evaluate(self, frame: Frame) -> Value:
        """See Expression."""
        value = self.operand.evaluate(frame)
        places = self.indices.places(frame)
        _check_width(places, self.type)
        return sum((value >> place & 1) << at for at, place in enumerate(places))


@dataclass(frozen=True, slots=True)
class JoinedBits(Expression):
    """Registers in a row; the first one has the lowest bits."""

    parts: tuple[Expression, ...]

    def evaluate(self, frame: Frame) -> Value:
        """See Expression."""
        value = width = 0
        for part in self.parts:
            value |= part.evaluate(frame) << width
            width += part.type.width if isinstance(part.type, Bits) else 1
        return value


@dataclass(frozen=True, slots=True)
class Selection:
    """Elements of an array: indices for its first dimensions, and everything of the others."""

    dimensions: tuple[int, ...]
    parts: tuple[Indices, ...]

    def offsets(self, frame: Frame) -> list[int]:
        """Where they are among all elements. Raises NoSuchValueError for an index that is outside."""
        places = [part.places(frame) for part in self.parts]
        places += [list(range(size)) for size in self.dimensions[len(places) :]]
        found = [0]
        for size, chosen in zip(self.dimensions, places, strict=True):
            found = [offset * size + place for offset in found for place in chosen]
        return found


@dataclass(frozen=True, slots=True)
class Selected(Expression):
    """An element of an array, or an array of some of them."""

    array: Expression
    selection: Selection

    def evaluate(self, frame: Frame) -> Value:
        """See Expression."""
        elements = self.array.evaluate(frame)
        offsets = self.selection.offsets(frame)
        if isinstance(self.type, Array):
            return tuple(elements[offset] for offset in offsets)
        return elements[offsets[0]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes: a slot, some elements of its array, or some bits of what is there.

    `signed` is of an integer some bits of which change.
    """

    slot: int
    elements: Selection | None = None
    bits: Indices | None = None
    signed: bool = False


# -- qubits ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Qubits:
    """A reference to qubits: `width` of them, or a single one where it is None."""

    width: int | None
    span: Span

    @abstractmethod
    def numbers(self, frame: Frame) -> tuple[int, ...]:
        """Their numbers. Raises NoSuchValueError for an index that is outside."""


@dataclass(frozen=True, slots=True)
class TheseQubits(Qubits):
    """Qubits that are known."""

    found: tuple[int, ...]

    def numbers(self, frame: Frame) -> tuple[int, ...]:  # noqa: ARG002 - the same in any frame
        """See Qubits."""
        return self.found


@dataclass(frozen=True, slots=True)
class NamedQubits(Qubits):
    """An argument of a subroutine, or an alias."""

    slot: int

    def numbers(self, frame: Frame) -> tuple[int, ...]:
        """See Qubits."""
        found: tuple[int, ...] = frame[self.slot]
        return found


@dataclass(frozen=True, slots=True)
class PickedQubits(Qubits):
    """Some qubits of a register."""

    register: Qubits
    indices: Indices

    def numbers(self, frame: Frame) -> tuple[int, ...]:
        """See Qubits."""
        register = self.register.numbers(frame)
        places = self.indices.places(frame)
        if len(places) != (self.width or 1):
            raise NoSuchValueError(f"{len(places)} qubits where there were to be {self.width or 1}")
        return tuple(register[place] for place in places)


@dataclass(frozen=True, slots=True)
class JoinedQubits(Qubits):
    """Registers in a row."""

    parts: tuple[Qubits, ...]

    def numbers(self, frame: Frame) -> tuple[int, ...]:
        """See Qubits."""
        return tuple(number for part in self.parts for number in part.numbers(frame))


# -- gates -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Modifier:
    """A modifier of a gate. `count` is of controls; `exponent` is what `pow` has."""

    name: Literal["inv", "pow", "ctrl", "negctrl"]
    count: int = 1
    exponent: Expression | None = None


@dataclass(frozen=True, slots=True)
class GateCall:
    """A gate within a gate's definition: parameters over its parameters, and places among its qubits."""

    gate: "Gate"
    modifiers: tuple[Modifier, ...]
    parameters: tuple[Expression, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True)
class Gate:
    """A gate: one that engines know by its name, or one with a definition. `gphase` has no qubit."""

    name: str
    parameters: int
    qubits: int
    body: tuple[GateCall, ...] | None = None


# -- instructions ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Instruction:
    """The base of instructions."""

    span: Span


@dataclass(slots=True)
class Assign(Instruction):
    """Put a value somewhere."""

    place: Place
    value: Expression


@dataclass(slots=True)
class Bind(Instruction):
    """Have a slot refer to qubits."""

    slot: int
    qubits: Qubits


@dataclass(slots=True)
class Apply(Instruction):
    """Apply a gate, once or, where some operand is a register, for each of its qubits."""

    gate: Gate
    modifiers: tuple[Modifier, ...]
    parameters: tuple[Expression, ...]
    operands: tuple[Qubits, ...]


@dataclass(slots=True)
class Measure(Instruction):
    """Measure qubits, and put the outcomes somewhere, or nowhere."""

    qubits: Qubits
    place: Place | None = None


@dataclass(slots=True)
class Reset(Instruction):
    """Reset qubits."""

    qubits: Qubits


@dataclass(slots=True)
class Barrier(Instruction):
    """Let nothing pass; of all qubits where there are none."""

    operands: tuple[Qubits, ...]


@dataclass(slots=True)
class Jump(Instruction):
    """Go on elsewhere."""

    to: int = -1


@dataclass(slots=True)
class Branch(Instruction):
    """Go on elsewhere where a condition does not hold."""

    condition: Expression
    otherwise: int = -1


@dataclass(slots=True)
class Call(Instruction):
    """Call a subroutine: its arguments are put into its first slots, what it returns into a slot here."""

    subroutine: "Subroutine"
    arguments: tuple[Expression | Qubits, ...]
    slot: int | None = None
    given_back: tuple[tuple[int, Place], ...] = ()
    """Arrays that it may change: its slot, and what here becomes what that is in the end."""


@dataclass(slots=True)
class Return(Instruction):
    """Go back to the caller."""

    value: Expression | None = None


@dataclass(slots=True)
class End(Instruction):
    """End the program."""


@dataclass
class Code:
    """Instructions, and how many slots they need."""

    instructions: list[Instruction] = field(default_factory=list)
    slots: int = 0


@dataclass
class Subroutine:
    """A subroutine; its arguments are its first slots."""

    name: str
    arguments: tuple[Type | int | None, ...] = ()
    """The types of classical arguments, and the widths of quantum ones (None: a single qubit)."""
    returned: Type | None = None
    changes: frozenset[int] = frozenset()
    """The places of arrays that it may change."""
    code: Code = field(default_factory=Code)


@dataclass(frozen=True, slots=True)
class Register:
    """A register of bits, or a single one where the width is None, whose value is counted."""

    name: str
    slot: int
    width: int | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """An `input` or an `output`."""

    name: str
    slot: int
    type: Type
    span: Span


@dataclass(frozen=True)
class Program:
    """A program that can be run."""

    code: Code
    qubits: int
    registers: tuple[Register, ...]
    """What is counted: global registers, or where there are outputs, those of them that have bits."""
    inputs: tuple[Parameter, ...] = ()
    outputs: tuple[Parameter, ...] = ()

    @property
    def bits(self) -> int:
        """How many bits are counted."""
        return sum(1 if register.width is None else register.width for register in self.registers)


def counted(output: Parameter) -> Iterator[Register]:
    """The register that an output is, if it has bits."""
    match output.type:
        case Bit() | Bool():
            yield Register(output.name, output.slot, None)
        case Bits(width=width):
            yield Register(output.name, output.slot, width)
        case Int() | Uint() | Angle():
            yield Register(output.name, output.slot, output.type.bits)


def width_of(kind: Type) -> int:
    """How many bits a register or a bit has."""
    return kind.width if isinstance(kind, Bits) else 1


def bits_type(width: int | None) -> Type:
    """The type of some bits, or of a single one."""
    return BIT if width is None else Bits(width)


def _check_width(places: Sequence[int], kind: Type) -> None:
    if len(places) != width_of(kind):
        raise NoSuchValueError(f"{len(places)} bits where there were to be {width_of(kind)}")
