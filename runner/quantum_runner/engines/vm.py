"""Runs compiled programs of any kind: a machine that goes several ways where a measurement may.

All shots begin together. A measurement divides them by one draw from the binomial distribution, and each outcome that
some shots have goes on by itself: the cost is that of the different histories, not of the shots.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
from quantum_qasm.compiling.gates import number_at
from quantum_qasm.frames import assign
from quantum_qasm.ir import (
    Apply,
    Assign,
    Barrier,
    Bind,
    Branch,
    Call,
    Code,
    End,
    Expression,
    Frame,
    Instruction,
    Jump,
    Measure,
    Place,
    Program,
    Register,
    Reset,
    Return,
)
from quantum_qasm.values import NoSuchValueError, Value
from quantum_tasks.errors import Code as ErrorCode
from quantum_tasks.errors import ProgramError

from quantum_runner.engines.state import State
from quantum_runner.engines.unitaries import Effort, unitaries_of

MAX_STEPS = 50_000_000
"""Instructions of all histories together, and what they do to vectors."""

AMPLITUDES_OF_A_STEP = 512
"""How many amplitudes take about as long as everything else of a step."""

BYTES_OF_A_VALUE, BYTES_OF_A_HISTORY = 16, 1000
"""Of a slot, an element of an array or a known qubit; of a history besides these and its vectors."""

EFFORT_OF_A_STEP = 8
"""How many steps of writing out a gate take about as long as one of these."""

MAX_CALLS = 200
"""Subroutines that call each other, one within the other."""


@dataclass(slots=True)
class _Caller:
    """Where to go on after a subroutine."""

    code: Code
    at: int
    frame: Frame
    slot: int | None
    given_back: tuple[tuple[int, Place], ...] = ()


@dataclass(slots=True)
class _Path:
    """One history: where it is, what it knows, and how many shots go with it."""

    shots: int
    state: State
    code: Code
    frame: Frame
    at: int = 0
    callers: list[_Caller] = field(default_factory=list)
    pending: int = 0
    """How many qubits of the measurement or reset at `at` are done."""
    outcome: int = 0
    waiting_bytes: int = 0
    """What it took when it began to wait."""

    @property
    def size_bytes(self) -> int:
        """What its state and its variables take; arrays that it shares with other histories are its own here."""
        frames = [self.frame, *(caller.frame for caller in self.callers)]
        slots = sum(map(len, frames)) + sum(len(value) for frame in frames for value in frame if type(value) is tuple)
        qubits = len(self.state.factors) + len(self.state.values)
        return self.state.size_bytes + BYTES_OF_A_VALUE * (slots + qubits) + BYTES_OF_A_HISTORY

    def fork(self, shots: int) -> "_Path":
        """Another history that has been the same so far, with some of the shots."""
        self.shots -= shots
        callers = [replace(one, frame=list(one.frame)) for one in self.callers]
        return _Path(shots, self.state, self.code, list(self.frame), self.at, callers, self.pending, self.outcome)


@dataclass(frozen=True, slots=True)
class Ends:
    """How often shots ended with what: by the bits that are counted, and by the values of the outputs."""

    counts: Counter[str] = field(default_factory=Counter)
    outputs: Counter[tuple[Value, ...]] = field(default_factory=Counter)

    def add(self, program: Program, frame: Frame, shots: int) -> None:
        """Have shots end with these values of a program's slots."""
        self.counts[_key(program.registers, frame)] += shots
        if program.outputs:
            self.outputs[tuple(frame[output.slot] for output in program.outputs)] += shots


def run(
    program: Program,
    shots: int,
    seed: int,
    *,
    inputs: Mapping[str, Value] | None = None,
    most_bytes: int,
    most_steps: int = MAX_STEPS,
) -> Counter[str]:
    """The counts of a program. Equal seeds give equal counts.

    Raises ProgramError with the place of what went wrong, or of what took too many steps or bytes.
    """
    return run_with_outputs(program, shots, seed, inputs=inputs, most_bytes=most_bytes, most_steps=most_steps).counts


def run_with_outputs(
    program: Program,
    shots: int,
    seed: int,
    *,
    inputs: Mapping[str, Value] | None = None,
    most_bytes: int,
    most_steps: int = MAX_STEPS,
) -> Ends:
    """Do what `run` does, and tell the values of the program's outputs, too."""
    machine = _Machine(program, seed, most_bytes, most_steps)
    return machine.run(shots, inputs or {})


class _Machine:
    def __init__(self, program: Program, seed: int, most_bytes: int, most_steps: int) -> None:
        self._program = program
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._most_bytes = most_bytes
        self._most_steps = most_steps
        self._steps = 0
        self._waiting_bytes = 0
        """What the states of the histories take that wait."""
        self._ends = Ends()

    def run(self, shots: int, inputs: Mapping[str, Value]) -> Ends:
        frame: Frame = [0] * self._program.code.slots
        for parameter in self._program.inputs:
            frame[parameter.slot] = inputs[parameter.name]
        waiting = [_Path(shots, State(), self._program.code, frame)]
        while waiting:
            path = waiting.pop()
            self._waiting_bytes -= path.waiting_bytes
            self._follow(path, waiting)
        return self._ends

    def _follow(self, path: _Path, waiting: list[_Path]) -> None:
        """Go one way to its end; other ways that leave it are put to those that wait."""
        while path.at < len(path.code.instructions):
            instruction = path.code.instructions[path.at]
            self._steps += 1
            self._require_steps(instruction)
            try:
                if not self._step(path, instruction, waiting):
                    break
            except FAILURES as failure:
                raise refusal(instruction, failure) from None
        self._ends.add(self._program, path.frame, path.shots)

    def _require_steps(self, instruction: Instruction) -> None:
        if self._steps > self._most_steps:
            message = f"The program takes more than {self._most_steps} steps."
            raise _refusal(instruction, message, ErrorCode.OPERATIONS)

    def _step(self, path: _Path, instruction: Instruction, waiting: list[_Path]) -> bool:
        """Do one instruction. Returns whether there is another one."""
        match instruction:
            case Apply():
                self._apply(path, instruction)
            case Measure():
                self._measure(path, instruction, waiting)
            case Reset(qubits=qubits):
                self._draw(path, qubits.numbers(path.frame), waiting)
                for qubit in qubits.numbers(path.frame):
                    path.state = path.state.with_value(qubit, 0)
            case Assign(place=place, value=value):
                assign(path.frame, place, value.evaluate(path.frame))
            case Bind(slot=slot, qubits=qubits):
                path.frame[slot] = qubits.numbers(path.frame)
            case Barrier():
                pass
            case _:
                return _go(path, instruction)
        path.at += 1
        return True

    def _apply(self, path: _Path, instruction: Apply) -> None:
        frame = path.frame
        parameters = [parameter.evaluate(frame) for parameter in instruction.parameters]
        operands = [operand.numbers(frame) for operand in instruction.operands]
        widths = [operand.width for operand in instruction.operands if operand.width is not None]
        for place in range(widths[0] if widths else 1):
            qubits = [number_at(numbers, place) for numbers in operands]
            if len(set(qubits)) < len(qubits):
                raise NoSuchValueError(f"'{instruction.gate.name}' is applied to a qubit twice")
            effort = Effort()
            unitaries = unitaries_of(instruction.gate, instruction.modifiers, parameters, qubits, frame, effort=effort)
            self._steps += effort.steps // EFFORT_OF_A_STEP
            self._require_steps(instruction)
            for unitary in unitaries:
                self._steps += 1 + path.state.amplitudes_after(unitary) // AMPLITUDES_OF_A_STEP
                path.state = path.state.after(unitary, most_bytes=self._most_bytes - self._waiting_bytes)
                self._require_steps(instruction)

    def _measure(self, path: _Path, instruction: Measure, waiting: list[_Path]) -> None:
        outcome = self._draw(path, instruction.qubits.numbers(path.frame), waiting)
        if instruction.place is not None:
            assign(path.frame, instruction.place, outcome)

    def _draw(self, path: _Path, qubits: tuple[int, ...], waiting: list[_Path]) -> int:
        """Measure qubits. Shots with other outcomes go on from here by themselves."""
        while path.pending < len(qubits):
            qubit = qubits[path.pending]
            self._steps += path.state.amplitudes_of(qubit) // AMPLITUDES_OF_A_STEP
            chance = path.state.probability(qubit)
            ones = path.shots if chance == 1 else 0 if chance == 0 else int(self._random.binomial(path.shots, chance))
            if 0 < ones < path.shots:
                other = path.fork(path.shots - ones)
                other.state = other.state.measured(qubit, 0)
                other.pending += 1
                self._wait(other, waiting)
            value = int(ones > 0)
            path.state = path.state.measured(qubit, value)
            path.outcome |= value << path.pending
            path.pending += 1
        outcome, path.pending, path.outcome = path.outcome, 0, 0
        return outcome

    def _wait(self, path: _Path, waiting: list[_Path]) -> None:
        waiting.append(path)
        path.waiting_bytes = path.size_bytes
        self._waiting_bytes += path.waiting_bytes
        if self._waiting_bytes > self._most_bytes:
            message = f"The states of {len(waiting)} histories take more than {self._most_bytes} bytes."
            raise ProgramError(ErrorCode.MEMORY, message)


def _key(registers: Sequence[Register], frame: Frame) -> str:
    """The bits of all registers, the last declared one first; single bits one after the other are as if one."""
    groups = []
    for is_single, alike in groupby(reversed(registers), lambda one: one.width is None):
        bits = [_bits(frame[one.slot], one.width or 1) for one in alike if one.width != 0]
        groups += ["".join(bits)] if is_single else bits
    return " ".join(groups)


def _bits(value: int, width: int) -> str:
    """The last binary digits, of a negative number those of its two's complement."""
    return format(value & ((1 << width) - 1), f"0{width}b")


def _go(path: _Path, instruction: Instruction) -> bool:
    """Go on where an instruction says. Returns whether there is another one."""
    match instruction:
        case Branch(condition=condition, otherwise=otherwise):
            path.at = path.at + 1 if condition.evaluate(path.frame) else otherwise
        case Jump(to=to):
            path.at = to
        case Call():
            _call(path, instruction)
        case Return(value=value):
            _return(path, value)
        case End():
            path.frame = path.callers[0].frame if path.callers else path.frame
            return False
        case _:
            raise AssertionError(instruction)
    return True


def _call(path: _Path, instruction: Call) -> None:
    if len(path.callers) >= MAX_CALLS:
        raise ProgramError(ErrorCode.NESTING, f"Subroutines call each other more than {MAX_CALLS} deep.")
    passed = [
        argument.evaluate(path.frame) if isinstance(argument, Expression) else argument.numbers(path.frame)
        for argument in instruction.arguments
    ]
    quantum = [one for one in instruction.arguments if not isinstance(one, Expression)]
    qubits = [number for one in quantum for number in one.numbers(path.frame)]
    if len(set(qubits)) < len(qubits):
        raise NoSuchValueError("a qubit is passed twice")
    code = instruction.subroutine.code
    path.callers.append(_Caller(path.code, path.at + 1, path.frame, instruction.slot, instruction.given_back))
    path.code, path.at, path.frame = code, 0, [*passed, *[0] * (code.slots - len(passed))]


def _return(path: _Path, value: Expression | None) -> None:
    returned = None if value is None else value.evaluate(path.frame)
    caller = path.callers.pop()
    for slot, place in caller.given_back:
        assign(caller.frame, place, path.frame[slot])
    path.code, path.at, path.frame = caller.code, caller.at, caller.frame
    if caller.slot is not None:
        path.frame[caller.slot] = returned


FAILURES = (NoSuchValueError, ArithmeticError, ValueError, RecursionError, ProgramError)
"""What an instruction may raise."""


def refusal(instruction: Instruction, failure: Exception) -> ProgramError:
    """The refusal of a program in which an instruction has failed."""
    match failure:
        case ProgramError(line=None):
            return _refusal(instruction, failure.message, failure.code)
        case ProgramError():
            return failure
        case NoSuchValueError():
            return _refusal(instruction, f"{failure}.", failure.code)
        case RecursionError():
            return _refusal(instruction, "The expression is too long.", ErrorCode.NESTING)
    # Python's own: an integer that no float holds, the sine of infinity
    return _refusal(instruction, "A value is too large, or is no number.", ErrorCode.SEMANTIC)


def _refusal(instruction: Instruction, message: str, code: ErrorCode) -> ProgramError:
    span = instruction.span
    return ProgramError(code, message[:1].upper() + message[1:], span.start_line, span.start_column + 1)
