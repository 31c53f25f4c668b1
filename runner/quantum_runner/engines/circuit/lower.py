"""Compiled programs as one circuit for Aer, where what they do follows from measured bits alone.

The classical part is executed here. What is measured stays open: `if` over it becomes an `if` of the circuit, whose two
sides meet where the ways of the program do, and variables that differ by then depend on its condition. What the
variables are in the end is computed for each record of measurements that Aer has seen.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod

from qiskit.circuit import QuantumCircuit
from quantum_qasm import ir
from quantum_qasm.compiling.gates import number_at
from quantum_qasm.ir import MAX_CALLS, Expression, Frame, Instruction, Place, Program, Qubits
from quantum_qasm.types import Angle, Array, Bits, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError, Value, cast
from quantum_tasks.errors import Code, ProgramError

from quantum_runner.engines.circuit.joins import joins
from quantum_runner.engines.circuit.naming import steps_of
from quantum_runner.engines.circuit.recorded import If, Measured, Operation, ResetTo0, circuit_of
from quantum_runner.engines.circuit.symbolic import (
    Elements,
    Guard,
    LateFailure,
    NotLowerableError,
    Symbolic,
    Table,
    Values,
    Word,
    elements,
    measured,
    resolved,
    word,
)
from quantum_runner.engines.unitaries import Effort
from quantum_runner.engines.vm import FAILURES, Ends, refusal

MAX_STEPS = 300_000
"""Instructions that are executed here, gates that are written out, and what is copied."""

COPIED_IN_A_STEP = 16
"""How many variables, or elements of arrays, take about as long to copy as everything else of a step."""

MAX_OPERATIONS = 100_000
"""Operations of the circuit."""

MAX_MEASUREMENTS = 10_000

MAX_DEPTH = 24
"""Of an `if` within an `if`: how deep, with what subroutines and loops make of it."""

MAX_CASES = 16
"""How many angles a gate may have by what was measured."""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A circuit whose one register has every measurement, and what the program makes of a record."""

    circuit: QuantumCircuit
    _program: Program
    _frame: Frame
    _values: Values

    def ends(self, records: Mapping[str, int]) -> Ends:
        """How the program's shots end, by how often a record was there: its bits, the last measurement first.

        Raises ProgramError where the program fails on one.
        """
        ends = Ends()
        for record, shots in records.items():
            bits = [int(bit) for bit in reversed(record)]
            try:
                lates = self._values.lates(bits)
            except LateFailure as failure:
                raise refusal(failure.instruction, failure.error) from None
            ends.add(self._program, [resolved(value, bits, lates) for value in self._frame], shots)
        return ends


def lower(program: Program, inputs: Mapping[str, Value] | None = None) -> Lowered:
    """A program as one circuit.

    Raises NotLowerableError where it cannot be, and ProgramError where the program fails whatever is measured.
    """
    lowering = _Lowering(program)
    try:
        frame = lowering.run(inputs or {})
        told = {one.slot for one in program.registers} | {one.slot for one in program.outputs}
        ends = [value if slot in told else 0 for slot, value in enumerate(frame)]
        return Lowered(lowering.circuit(), program, ends, lowering.values)
    except RecursionError:
        raise NotLowerableError from None


class _EndedError(Exception):
    """`end` within a subroutine."""


class _Lowering:
    """Executes a program, and takes down what is done to qubits."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._main: Frame = []
        self._steps = 0
        self._operations = 0
        self._calls = 0
        self._depth = 0
        self._joins: dict[int, list[int | None]] = {}
        self._slots: dict[int, frozenset[int]] = {}
        self._measurements = 0
        self._done: list[Operation] = []
        self.values = Values()

    def run(self, inputs: Mapping[str, Value]) -> Frame:
        """The values of the program's slots in the end."""
        code = self._program.code
        self._main = [0] * (code.slots + 1)
        for parameter in self._program.inputs:
            self._main[parameter.slot] = inputs[parameter.name]
        with suppress(_EndedError):
            self._follow(code, 0, len(code.instructions), self._main)
        return self._main

    def circuit(self) -> QuantumCircuit:
        """What was done to qubits."""
        return circuit_of(self._done, qubits=self._program.qubits, measurements=self._measurements)

    def _follow(self, code: ir.Code, at: int, stop: int, frame: Frame) -> None:
        """Execute instructions up to a place that all ways from here pass."""
        while at != stop:
            instruction = code.instructions[at]
            self.values.instruction = instruction
            self._count_step()
            try:
                at = self._step(code, at, instruction, frame)
            except FAILURES as failure:
                if self.values.guard is not None or isinstance(failure, RecursionError):
                    raise NotLowerableError from None  # perhaps no shot comes here
                raise refusal(instruction, failure) from None

    def _count_step(self, steps: int = 1) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise NotLowerableError

    def _step(self, code: ir.Code, at: int, instruction: Instruction, frame: Frame) -> int:
        """Execute one. Returns where to go on."""
        match instruction:
            case ir.Apply():
                self._apply(instruction, frame)
            case ir.Measure(qubits=qubits, place=place):
                bits = [self._measured(qubit) for qubit in self._numbers(qubits, frame)]
                if place is not None:
                    self._assign(frame, place, bits[0] if qubits.width is None else word(bits))
            case ir.Reset(qubits=qubits):
                for qubit in self._numbers(qubits, frame):
                    self._emit(ResetTo0(qubit))
            case ir.Assign(place=place, value=value):
                self._assign(frame, place, self._value(value, frame))
            case ir.Bind(slot=slot, qubits=qubits):
                frame[slot] = self._numbers(qubits, frame)
            case ir.Barrier():
                pass
            case _:
                return self._go(code, at, instruction, frame)
        return at + 1

    def _go(self, code: ir.Code, at: int, instruction: Instruction, frame: Frame) -> int:
        match instruction:
            case ir.Branch(condition=asked, otherwise=otherwise):
                holds = self._value(asked, frame)
                if isinstance(holds, Symbolic):
                    return self._both_ways(code, at, otherwise, holds, frame)
                return at + 1 if holds else otherwise
            case ir.Jump(to=to):
                return to
            case ir.Call():
                self._call(instruction, frame)
                return at + 1
            case ir.Return(value=value):
                frame[-1] = None if value is None else self._value(value, frame)
                return len(code.instructions)
            case ir.End():
                if code is not self._program.code:
                    if self.values.guard is not None:
                        raise NotLowerableError
                    raise _EndedError
                return len(code.instructions)
        raise NotLowerableError

    # -- control flow ------------------------------------------------------------------------------------------------

    def _both_ways(self, code: ir.Code, at: int, otherwise: int, holds: Symbolic, frame: Frame) -> int:
        """Execute both sides of a branch up to where they meet, and go on from there."""
        meeting = self._meeting(code, at)
        if not isinstance(holds, Table) or self._depth == MAX_DEPTH:
            raise NotLowerableError
        around, outer = self._done, self.values.guard
        sides: list[tuple[list[Operation], Frame]] = []
        self._depth += 1
        for wanted, start in ((True, at + 1), (False, otherwise)):
            self._done, after = [], list(frame)
            self.values.guard = Guard(holds, wanted=wanted, around=outer)
            self._follow(code, start, meeting, after)
            sides.append((self._done, after))
        self._depth -= 1
        self._done, self.values.guard = around, outer
        self.values.instruction = code.instructions[at]
        (yes, after_yes), (no, after_no) = sides
        if yes or no:
            self._emit(If(holds, yes, no))
        self._count_step(len(frame) // COPIED_IN_A_STEP)
        frame[:] = [self.values.chosen(holds, *both) for both in zip(after_yes, after_no, strict=True)]
        return meeting

    def _meeting(self, code: ir.Code, at: int) -> int:
        found = self._joins.get(id(code))
        if found is None:
            found = self._joins[id(code)] = joins(code)
        meeting = found[at]
        if meeting is None:
            raise NotLowerableError
        return meeting

    def _call(self, instruction: ir.Call, frame: Frame) -> None:
        if self._calls >= MAX_CALLS:
            raise ProgramError(Code.NESTING, f"Subroutines call each other more than {MAX_CALLS} deep.")
        passed: list[Value] = []
        qubits: list[int] = []
        for argument in instruction.arguments:
            if isinstance(argument, Expression):
                passed.append(self._value(argument, frame))
            else:
                passed.append(self._numbers(argument, frame))
                qubits += passed[-1]
        if len(set(qubits)) < len(qubits):
            raise NoSuchValueError("a qubit is passed twice")
        code = instruction.subroutine.code
        inner: Frame = [*passed, *[0] * (code.slots - len(passed) + 1)]
        self._calls += 1
        self._follow(code, 0, len(code.instructions), inner)
        self._calls -= 1
        for slot, place in instruction.given_back:
            self._assign(frame, place, inner[slot])
        if instruction.slot is not None:
            frame[instruction.slot] = inner[-1]

    # -- qubits ------------------------------------------------------------------------------------------------------

    def _apply(self, instruction: ir.Apply, frame: Frame) -> None:
        for modifier in instruction.modifiers:
            if modifier.exponent is not None:
                self._require_known(modifier.exponent, frame)
        operands = [self._numbers(operand, frame) for operand in instruction.operands]
        parameters = elements([self._value(parameter, frame) for parameter in instruction.parameters])
        if not isinstance(parameters, Symbolic):
            self._apply_to_each(instruction, operands, parameters, frame)
            return
        table = self.values.lifted(lambda known: known, (parameters,))
        if not isinstance(table, Table):
            raise NotLowerableError
        cases = dict.fromkeys(table.values)
        if len(cases) > MAX_CASES:
            raise NotLowerableError
        around, outer = self._done, self.values.guard
        for case in cases:
            is_case = Table(table.by, [value == case for value in table.values])
            self._done, self.values.guard = [], Guard(is_case, wanted=True, around=outer)
            try:
                self._apply_to_each(instruction, operands, case, frame)
            except FAILURES:
                raise NotLowerableError from None  # perhaps no shot has this
            done, self._done, self.values.guard = self._done, around, outer
            self._emit(If(is_case, done, []))

    def _apply_to_each(
        self, instruction: ir.Apply, operands: list[tuple[int, ...]], parameters: Sequence[float], frame: Frame
    ) -> None:
        widths = [operand.width for operand in instruction.operands if operand.width is not None]
        for place in range(widths[0] if widths else 1):
            qubits = [number_at(numbers, place) for numbers in operands]
            if len(set(qubits)) < len(qubits):
                raise NoSuchValueError(f"'{instruction.gate.name}' is applied to a qubit twice")
            effort = Effort()
            for step in steps_of(instruction.gate, instruction.modifiers, parameters, qubits, frame, effort=effort):
                self._emit(step)
            self._count_step(effort.steps)

    def _measured(self, qubit: int) -> Table:
        bit = self._measurements
        self._measurements += 1
        if self._measurements > MAX_MEASUREMENTS:
            raise NotLowerableError
        self._emit(Measured(qubit, bit))
        return measured(bit)

    def _emit(self, operation: Operation) -> None:
        self._operations += 1
        if self._operations > MAX_OPERATIONS:
            raise NotLowerableError
        self._done.append(operation)

    def _numbers(self, qubits: Qubits, frame: Frame) -> tuple[int, ...]:
        self._require_known(qubits, frame)
        return qubits.numbers(frame)

    # -- values ------------------------------------------------------------------------------------------------------

    def _value(self, expression: Expression, frame: Frame) -> Value | Symbolic:
        """The value of an expression. Raises what evaluating it raises."""
        if self._is_known(expression, frame):
            return expression.evaluate(frame)
        match expression:
            case ir.Variable(slot=slot):
                return frame[slot]
            case ir.Applied(function=function, arguments=arguments):
                return self.values.lifted(function, [self._value(argument, frame) for argument in arguments])
            case ir.Converted(operand=operand, type=target):
                return self._converted(self._value(operand, frame), operand.type, target)
            case ir.JoinedBits(parts=parts):
                bits = [self.values.bits(self._value(part, frame), ir.width_of(part.type)) for part in parts]
                return word([bit for part in bits for bit in part])
            case ir.PickedBits(operand=operand, indices=indices) if self._is_known(indices, frame):
                return self._picked(self._value(operand, frame), indices.places(frame), expression.type)
            case ir.Selected(array=array, selection=selection) if self._is_known(selection, frame):
                return self._selected(self._value(array, frame), selection.offsets(frame), expression.type)
        return self._evaluated(expression, frame)

    def _evaluated(self, expression: Expression, frame: Frame) -> Value | Symbolic:
        """The value of an expression as a whole, by all that it reads."""
        slots = sorted(self._slots_of(expression))

        def evaluated(*values: Value) -> Value:
            inner = list(frame)
            for slot, value in zip(slots, values, strict=True):
                inner[slot] = value
            return expression.evaluate(inner)

        return self.values.lifted(evaluated, [frame[slot] for slot in slots])

    def _converted(self, value: Value | Symbolic, source: Type, target: Type) -> Value | Symbolic:
        if isinstance(value, Word) and not value.is_signed:
            width = len(value.parts)
            match target:
                case Bits(width=wanted):
                    return word(self.values.bits(value, wanted))
                case Uint(bits=wanted):
                    return word(self.values.bits(value, wanted))
                case Int(bits=wanted) if wanted > width:
                    return value
                case Angle(bits=wanted) if isinstance(source, Bits):
                    return word(self.values.bits(value, wanted))
        return self.values.lifted(lambda known: cast(known, source, target), (value,))

    def _picked(self, value: Value | Symbolic, places: Sequence[int], kind: Type) -> Value | Symbolic:
        if len(places) != ir.width_of(kind):
            raise NoSuchValueError(f"{len(places)} bits where there were to be {ir.width_of(kind)}")
        bits = self.values.bits(value, max(places, default=-1) + 1)
        found = [bits[place] for place in places]
        return word(found) if isinstance(kind, Bits) else found[0]

    def _selected(self, array: Value | Symbolic, offsets: Sequence[int], kind: Type) -> Value | Symbolic:
        """Elements of an array."""
        found = self._elements_of(array, offsets)
        return elements(found) if isinstance(kind, Array) else found[0]

    def _assign(self, frame: Frame, place: Place, value: Value | Symbolic) -> None:
        if place.elements is None:
            frame[place.slot] = self._changed(frame[place.slot], place, value, frame)
            return
        self._require_known(place.elements, frame)
        offsets = place.elements.offsets(frame)
        array = self._elements_of(frame[place.slot], range(prod(place.elements.dimensions)))
        values = self._elements_of(value, range(len(offsets))) if len(offsets) > 1 or _is_array(value) else [value]
        for offset, one in zip(offsets, values, strict=True):
            array[offset] = self._changed(array[offset], place, one, frame)
        self._count_step(len(array) // COPIED_IN_A_STEP)
        frame[place.slot] = elements(array)

    def _elements_of(self, array: Value | Symbolic, offsets: Sequence[int]) -> list[Value | Symbolic]:
        parts = array.parts if isinstance(array, Elements) else array
        if isinstance(parts, tuple):
            return [parts[offset] for offset in offsets]
        return [self.values.lifted(_element(offset), (array,)) for offset in offsets]

    def _changed(self, before: Value, place: Place, value: Value | Symbolic, frame: Frame) -> Value | Symbolic:
        """What a value becomes, all of it or some of its bits."""
        bits = place.bits
        if bits is None:
            return value
        self._require_known(bits, frame)
        places = bits.places(frame)
        kept = list(self.values.bits(before, bits.size))
        for bit, new in zip(places, self.values.bits(value, len(places)), strict=True):
            kept[bit] = new
        return word(kept, is_signed=place.signed)

    # -- what is read ------------------------------------------------------------------------------------------------

    def _require_known(self, part: object, frame: Frame) -> None:
        if not self._is_known(part, frame):
            raise NotLowerableError

    def _is_known(self, part: object, frame: Frame) -> bool:
        return not any(isinstance(frame[slot], Symbolic) for slot in self._slots_of(part))

    def _slots_of(self, part: object) -> frozenset[int]:
        """The slots that an expression, indices or a reference to qubits reads."""
        found = self._slots.get(id(part))
        if found is None:
            found = self._slots[id(part)] = frozenset(_slots(part))
        return found


def _slots(part: object) -> list[int]:
    match part:
        case ir.Variable(slot=slot) | ir.NamedQubits(slot=slot):
            return [slot]
        case tuple():
            return [slot for one in part for slot in _slots(one)]
        case Expression() | ir.Indices() | Qubits() | ir.Selection():
            values = (getattr(part, one.name) for one in dataclasses.fields(part))
            return [slot for value in values for slot in _slots(value)]
    return []


def _is_array(value: Value | Symbolic) -> bool:
    return isinstance(value, tuple | Elements)


def _element(place: int) -> Callable[[Sequence[Value]], Value]:
    return lambda known: known[place]
