"""What a program amounts to: how often each gate is applied, how deep it is, and on which qubits.

The program is gone through once, without a state: loops and calls are followed as long as what they depend on is known.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import prod

from quantum_qasm.compiling.gates import number_at
from quantum_qasm.frames import assign
from quantum_qasm.ir import (
    MAX_CALLS,
    Apply,
    Assign,
    Barrier,
    Bind,
    Branch,
    Call,
    Code,
    Constant,
    End,
    Expression,
    Frame,
    Indices,
    Instruction,
    Jump,
    Listed,
    Measure,
    Modifier,
    NamedQubits,
    Place,
    Program,
    Qubits,
    Reset,
    Return,
    Selection,
    Variable,
)
from quantum_qasm.types import MACHINE_WIDTH, Array, Bits, Sized
from quantum_qasm.values import NoSuchValueError, Value

MAX_STEPS = 100_000
"""Instructions, and qubits that they act on: up to a second of Python's time."""

_ELEMENTS_OF_A_STEP = 64
"""How many elements of an array take about as long as a step."""

_NODES_OF_A_STEP = 8
"""How many parts of an expression take about as long as a step."""

_BITS_OF_A_STEP = 1024
"""How wide a register is from which to pick a bit takes about as long as a step."""

MAX_NAMES = 1000
"""Different gates and modifiers that are told apart."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What happens in every shot.

    `gates` counts by name, with modifiers in front, each application to a qubit of a register by itself. `depth` is the
    longest row of gates, measurements and resets each of which waits for the one before: for a qubit, for a bit that
    both write, or for a value that was measured. A barrier has others wait, and is not counted itself.
    """

    depth: int
    gates: Mapping[str, int]
    qubits: frozenset[int]
    """Those that something is done to."""
    steps: int
    """How many instructions are done, and how many qubits they act on."""
    outcomes: int
    """How many qubits are measured or reset."""


def figures_of(program: Program) -> Figures | None:
    """The figures of a program.

    None where they depend on what is measured or on inputs, where it takes too many steps to tell, and where the
    program fails.
    """
    walk = _Walk(program)
    try:
        return walk.figures()
    except (_UnknownError, NoSuchValueError, ArithmeticError, ValueError, RecursionError):
        return None


class _UnknownError(Exception):
    """Something depends on what is not known, or takes too long."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an expression, indices or a reference to qubits read, and how many steps they take."""

    slots: frozenset[int]
    steps: int


@dataclass(slots=True)
class _Scope:
    """A frame, which of its slots are unknown, and after how many operations what is in them is there.

    Bits of a slot are there by themselves; -1 stands for all of it.
    """

    code: Code
    frame: Frame
    unknown: set[int] = field(default_factory=set)
    levels: dict[int, dict[int, int]] = field(default_factory=dict)
    at: int = 0
    call: Call | None = None
    """What this scope waits for the end of."""


class _Walk:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._scope = _Scope(program.code, [0] * program.code.slots, {one.slot for one in program.inputs})
        self._callers: list[_Scope] = []
        self._levels = [0] * program.qubits
        self._used: set[int] = set()
        self._gates: Counter[str] = Counter()
        self._steps = self._outcomes = 0
        self._readings: dict[int, _Reading] = {}
        self._names: dict[int, str] = {}

    def figures(self) -> Figures:
        while self._scope.at < len(self._scope.code.instructions):
            self._spend(1)
            if not self._step(self._scope.code.instructions[self._scope.at]):
                break
        return Figures(
            max(self._levels, default=0), dict(self._gates), frozenset(self._used), self._steps, self._outcomes
        )

    def _step(self, instruction: Instruction) -> bool:
        """Do one instruction. Returns whether there is another one."""
        match instruction:
            case Apply():
                self._apply(instruction)
            case Measure(qubits=qubits, place=place):
                self._measure(self._numbers(qubits), place)
            case Reset(qubits=qubits):
                for qubit in self._numbers(qubits):
                    self._outcomes += 1
                    self._operate([qubit])
            case Barrier(operands=operands):
                self._wait(operands)
            case Assign(place=place, value=value):
                self._assign(place, *self._evaluated(value))
            case Bind(slot=slot, qubits=qubits):
                self._scope.frame[slot] = self._numbers(qubits)
            case _:
                return self._go(instruction)
        self._scope.at += 1
        return True

    def _go(self, instruction: Instruction) -> bool:
        scope = self._scope
        match instruction:
            case Branch(condition=condition, otherwise=otherwise):
                scope.at = scope.at + 1 if self._known(condition) else otherwise
            case Jump(to=to):
                scope.at = to
            case Call():
                self._call(instruction)
            case Return(value=value):
                self._return(value)
            case End():
                return False
            case _:
                raise _UnknownError
        return True

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise _UnknownError

    # -- operations ------------------------------------------------------------------------------------------------

    def _apply(self, instruction: Apply) -> None:
        operands = [self._numbers(operand) for operand in instruction.operands]
        ready = max((self._ready(parameter) for parameter in instruction.parameters), default=0)
        widths = [operand.width for operand in instruction.operands if operand.width is not None]
        count = widths[0] if widths else 1
        for place in range(count):
            self._operate([number_at(numbers, place) for numbers in operands], ready)
        self._gates[self._name(instruction)] += count
        if len(self._gates) > MAX_NAMES:
            raise _UnknownError

    def _operate(self, qubits: Sequence[int], ready: int = 0) -> int:
        """Do something to some qubits, when they and what it needs are there. Returns the level that it is on."""
        self._spend(1)
        level = 1 + max((self._levels[qubit] for qubit in qubits), default=-1)
        level = max(level, 1 + ready) if qubits else 0
        for qubit in qubits:
            self._levels[qubit] = level
        self._used.update(qubits)
        return level

    def _measure(self, qubits: Sequence[int], place: Place | None) -> None:
        if place is None:
            targets: Sequence[int] = [-1] * len(qubits)
            levels: dict[int, int] = {}
        else:
            self._require_known(place)
            levels = self._scope.levels.setdefault(place.slot, {})
            is_whole = place.elements is not None
            targets = [-1] * len(qubits) if is_whole else range(len(qubits))
            if place.bits is not None and not is_whole:
                targets = place.bits.places(self._scope.frame)
            self._scope.unknown.add(place.slot)
        whole = levels.get(-1, 0)
        for qubit, target in zip(qubits, targets, strict=True):
            self._outcomes += 1
            ready = 0 if place is None else max(levels.get(target, 0), whole)
            levels[target] = self._operate([qubit], ready)

    def _wait(self, operands: Sequence[Qubits]) -> None:
        qubits = [qubit for operand in operands for qubit in self._numbers(operand)]
        waiting = qubits if operands else range(self._program.qubits)
        self._spend(len(waiting) // _ELEMENTS_OF_A_STEP)
        level = max((self._levels[qubit] for qubit in waiting), default=0)
        for qubit in waiting:
            self._levels[qubit] = level

    def _name(self, instruction: Apply) -> str:
        name = self._names.get(id(instruction))
        if name is None:
            parts = [self._modifier(modifier) for modifier in instruction.modifiers]
            name = " @ ".join([*parts, instruction.gate.name])
            if all(one.exponent is None or not self._reading(one.exponent).slots for one in instruction.modifiers):
                self._names[id(instruction)] = name
        return name

    def _modifier(self, modifier: Modifier) -> str:
        if modifier.exponent is not None:
            value, is_known, _ = self._evaluated(modifier.exponent)
            return f"pow({value:g})" if is_known else "pow"
        return modifier.name if modifier.count == 1 else f"{modifier.name}({modifier.count})"

    # -- values ----------------------------------------------------------------------------------------------------

    def _reading(self, part: Expression | Qubits | Place) -> _Reading:
        """What a part of an instruction reads; found once."""
        found = self._readings.get(id(part))
        if found is None:
            slots, steps, nodes = set(), 0, 0
            for node in _nodes(part):
                nodes += 1
                if isinstance(node, Variable | NamedQubits):
                    slots.add(node.slot)
                steps += _steps_of(node)
            found = self._readings[id(part)] = _Reading(frozenset(slots), steps + nodes // _NODES_OF_A_STEP)
        return found

    def _require_known(self, part: Expression | Qubits | Place) -> None:
        reading = self._reading(part)
        self._spend(reading.steps)
        if not self._scope.unknown.isdisjoint(reading.slots):
            raise _UnknownError

    def _numbers(self, qubits: Qubits) -> tuple[int, ...]:
        self._require_known(qubits)
        return qubits.numbers(self._scope.frame)

    def _known(self, expression: Expression) -> Value:
        self._require_known(expression)
        return expression.evaluate(self._scope.frame)

    def _ready(self, part: Expression | Place) -> int:
        """After how many operations everything is there that a part of an instruction reads."""
        levels = self._scope.levels
        slots = self._reading(part).slots & levels.keys() if levels else ()
        return max((level for slot in slots for level in levels[slot].values()), default=0)

    def _evaluated(self, expression: Expression) -> tuple[Value, bool, int]:
        """A value, whether it is known, and after how many operations."""
        reading = self._reading(expression)
        self._spend(reading.steps)
        if not self._scope.unknown.isdisjoint(reading.slots):
            return 0, False, self._ready(expression)
        return expression.evaluate(self._scope.frame), True, self._ready(expression)

    def _assign(self, place: Place, value: Value, is_known: bool, level: int) -> None:  # noqa: FBT001
        scope, slot = self._scope, place.slot
        is_whole = place.elements is None and place.bits is None
        reading = self._reading(place)
        self._spend(reading.steps)
        is_known = is_known and scope.unknown.isdisjoint(reading.slots)
        if place.elements is not None:
            self._spend(len(scope.frame[slot]) // _ELEMENTS_OF_A_STEP if isinstance(scope.frame[slot], tuple) else 0)
        if is_whole:
            scope.levels.pop(slot, None)
            scope.unknown.discard(slot)
        if level:
            levels = scope.levels.setdefault(slot, {})
            levels[-1] = max(levels.get(-1, 0), level)
        if not is_known:
            scope.unknown.add(slot)
        elif slot not in scope.unknown:
            assign(scope.frame, place, value)

    # -- subroutines -----------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> None:
        if len(self._callers) >= MAX_CALLS:
            raise _UnknownError
        code = call.subroutine.code
        called = _Scope(code, [0] * code.slots)
        for slot, argument in enumerate(call.arguments):
            if isinstance(argument, Expression):
                value, is_known, level = self._evaluated(argument)
                called.frame[slot] = value
                if not is_known:
                    called.unknown.add(slot)
                if level:
                    called.levels[slot] = {-1: level}
            else:
                called.frame[slot] = self._numbers(argument)
        self._spend(code.slots // _ELEMENTS_OF_A_STEP)
        self._scope.at += 1
        self._scope.call = call
        self._callers.append(self._scope)
        self._scope = called

    def _return(self, value: Expression | None) -> None:
        returned = None if value is None else self._evaluated(value)
        ended, self._scope = self._scope, self._callers.pop()
        call = self._scope.call
        assert call is not None  # noqa: S101 - it was called
        for slot, place in call.given_back:
            level = max(ended.levels.get(slot, {}).values(), default=0)
            self._assign(place, ended.frame[slot], slot not in ended.unknown, level)
        if call.slot is not None and returned is not None:
            self._assign(Place(call.slot), *returned)


def _steps_of(node: object) -> int:
    """How many steps more than one it takes to evaluate a large value."""
    match node:
        case Listed(size=size, values=values):
            return len(values) * (size // _BITS_OF_A_STEP)
        case Indices(size=size):
            return size * (size // _BITS_OF_A_STEP)
        case Constant() | Variable():
            return 0
        case Expression(type=Array(dimensions=dimensions)):
            return prod(dimensions) // _ELEMENTS_OF_A_STEP
        case Expression(type=Sized() as kind):
            return 4 * (kind.bits // MACHINE_WIDTH) ** 2 if kind.bits > MACHINE_WIDTH else 0  # it may be a power
        case Expression(type=Bits(width=width)):
            return width // _ELEMENTS_OF_A_STEP
    return 0


def _nodes(part: object) -> Iterator[object]:
    """A part of an instruction, and everything that it is made of."""
    found: list[object] = [part]
    while found:
        node = found.pop()
        if isinstance(node, Expression | Indices | Selection | Qubits | Place):
            yield node
            found.extend(getattr(node, one.name) for one in fields(node))
        elif isinstance(node, tuple):
            found.extend(node)
