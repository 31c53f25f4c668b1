"""Runs compiled programs of any kind: a machine that goes several ways where a measurement may.

All shots begin together. A measurement divides them by one draw from the binomial distribution, and each outcome that
some shots have goes on by itself: the cost is that of the different histories, not of the shots. Histories whose past
makes no difference any more, because they are at one place with equal states and equal variables, become one again.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
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
    End,
    Expression,
    Frame,
    Instruction,
    Jump,
    Measure,
    Program,
    Register,
    Reset,
    Return,
)
from quantum_qasm.values import NoSuchValueError, Value
from quantum_tasks.errors import Code as ErrorCode
from quantum_tasks.errors import ProgramError

from quantum_runner.engines.histories import Caller, History, Waiting
from quantum_runner.engines.state import State
from quantum_runner.engines.stops import next_round
from quantum_runner.engines.unitaries import Effort, unitaries_of

MAX_STEPS = 50_000_000
"""Instructions of all histories together, and what they do to vectors."""

AMPLITUDES_OF_A_STEP = 512
"""How many amplitudes take about as long as everything else of a step."""

EFFORT_OF_A_STEP = 8
"""How many steps of writing out a gate take about as long as one of these."""

LOOKS_OF_A_STEP = 64
"""How many variables and amplitudes are looked at in the time of a step, to find equal histories."""


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
        self._waiting = Waiting(program, most_bytes)
        self._ends = Ends()

    def run(self, shots: int, inputs: Mapping[str, Value]) -> Ends:
        frame: Frame = [0] * self._program.code.slots
        for parameter in self._program.inputs:
            frame[parameter.slot] = inputs[parameter.name]
        self._follow(History(shots, State(), self._program.code, frame))
        while self._waiting.count:
            self._follow(self._waiting.next())
        return self._ends

    def _follow(self, path: History) -> None:
        """Go one way, to its end or to where it waits for others; ways that leave it wait, too."""
        waiting = self._waiting
        comes_from_a_stop = True
        while path.at < len(path.code.instructions):
            instruction = path.code.instructions[path.at]
            self._steps += 1
            if self._steps > self._most_steps:
                raise self._too_many_steps(instruction)
            try:
                if id(instruction) in waiting.stops and not comes_from_a_stop and waiting.count and self._stop(path):
                    return
                comes_from_a_stop = False
                if not self._step(path, instruction):
                    return
            except FAILURES as failure:
                raise refusal(instruction, failure) from None
        self._ends.add(self._program, path.frame, path.shots)

    def _too_many_steps(self, instruction: Instruction) -> ProgramError:
        return _refusal(instruction, f"The program takes more than {self._most_steps} steps.", ErrorCode.OPERATIONS)

    def _step(self, path: History, instruction: Instruction) -> bool:
        """Do one instruction. Returns False where the history has come to wait."""
        match instruction:
            case Apply():
                self._apply(path, instruction)
            case Measure():
                self._measure(path, instruction)
            case Reset():
                if not self._reset(path, instruction):
                    return False
            case Assign(place=place, value=value):
                assign(path.frame, place, value.evaluate(path.frame))
            case Bind(slot=slot, qubits=qubits):
                path.frame[slot] = qubits.numbers(path.frame)
            case Barrier():
                pass
            case _:
                _go(path, instruction, counts_rounds=bool(self._waiting.stops))
                return True
        path.at += 1
        return True

    def _apply(self, path: History, instruction: Apply) -> None:
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
            if self._steps > self._most_steps:
                raise self._too_many_steps(instruction)
            for unitary in unitaries:
                self._steps += 1 + path.state.amplitudes_after(unitary) // AMPLITUDES_OF_A_STEP
                path.state = path.state.after(unitary, most_bytes=self._most_bytes - self._waiting.size_bytes)
                if self._steps > self._most_steps:
                    raise self._too_many_steps(instruction)

    def _measure(self, path: History, instruction: Measure) -> None:
        """Measure qubits. Shots with other outcomes go on from here by themselves."""
        qubits = instruction.qubits.numbers(path.frame)
        while path.pending < len(qubits):
            qubit = qubits[path.pending]
            ones = self._ones(path, qubit)
            if 0 < ones < path.shots:
                other = path.fork(path.shots - ones)
                other.measured(qubit, 0)
                self._waiting.expect(instruction)
                self._waiting.add(other)
            path.measured(qubit, int(ones > 0))
        outcome, path.pending, path.outcome = path.outcome, 0, 0
        if instruction.place is not None:
            assign(path.frame, instruction.place, outcome)

    def _reset(self, path: History, instruction: Reset) -> bool:
        """Reset qubits. Returns False where the history has come to wait."""
        qubits = instruction.qubits.numbers(path.frame)
        while path.pending < len(qubits):
            qubit = qubits[path.pending]
            if path.state.is_alone(qubit):  # whatever it would be measured as, nothing else changes by that
                path.state = path.state.measured(qubit, 0)
            ones = self._ones(path, qubit)
            other = path.fork(path.shots - ones) if 0 < ones < path.shots else None
            path.reset(qubit, int(ones > 0))
            if other is not None:
                other.reset(qubit, 0)
                self._waiting.expect(instruction)
                if not self._stop(other):
                    self._waiting.add(other)
                if self._stop(path):
                    return False
        path.pending = 0
        return True

    def _ones(self, path: History, qubit: int) -> int:
        """How many shots measure a qubit as 1."""
        self._steps += path.state.amplitudes_of(qubit) // AMPLITUDES_OF_A_STEP
        chance = path.state.probability(qubit)
        return path.shots if chance == 1 else 0 if chance == 0 else int(self._random.binomial(path.shots, chance))

    def _stop(self, path: History) -> bool:
        """Let a history wait for others, or become one with an equal one. Returns False where it is to go on."""
        has_stopped = self._waiting.stop(path)
        self._steps += self._waiting.looked_at // LOOKS_OF_A_STEP
        self._waiting.looked_at %= LOOKS_OF_A_STEP
        return has_stopped


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


def _go(path: History, instruction: Instruction, *, counts_rounds: bool) -> None:
    """Go on where an instruction says."""
    match instruction:
        case Jump(to=to):
            if counts_rounds and to <= path.at:
                path.rounds = next_round(path.rounds, to)
            path.at = to
        case Branch(condition=condition, otherwise=otherwise):
            path.at = path.at + 1 if condition.evaluate(path.frame) else otherwise
        case Call():
            _call(path, instruction)
        case Return(value=value):
            _return(path, value)
        case End():
            if path.callers:
                path.code, path.frame = path.callers[0].code, path.callers[0].frame
            path.at = len(path.code.instructions)
        case _:
            raise AssertionError(instruction)


def _call(path: History, instruction: Call) -> None:
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
    path.callers.append(
        Caller(path.code, path.at + 1, path.frame, instruction.slot, instruction.given_back, path.rounds)
    )
    path.code, path.at, path.frame, path.rounds = code, 0, [*passed, *[0] * (code.slots - len(passed))], {}


def _return(path: History, value: Expression | None) -> None:
    returned = None if value is None else value.evaluate(path.frame)
    caller = path.callers.pop()
    for slot, place in caller.given_back:
        assign(caller.frame, place, path.frame[slot])
    path.code, path.at, path.frame, path.rounds = caller.code, caller.at, caller.frame, caller.rounds
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
