"""Who will run a program, by which method, and in how much memory: as far as that can be told without a simulator.

What is said here is what the runner does with a task that leaves the method and the front end to it; a test compares
the two.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quantum_tasks.task import DEFAULT_SHOTS, Engine, Method

from quantum_qasm.check import Checked
from quantum_qasm.figures import Figures
from quantum_qasm.ir import (
    Apply,
    Assign,
    Barrier,
    Branch,
    Call,
    Gate,
    GateCall,
    Instruction,
    Jump,
    Measure,
    Modifier,
    Program,
    Reset,
)
from quantum_qasm.straight import reader
from quantum_qasm.straight.bearing import bearing_of

BYTES_PER_AMPLITUDE = 16
"""A complex number of two doubles."""

STABILIZER_FROM_QUBITS = 24
"""From how many qubits on `automatic` takes the stabilizer method for every Clifford circuit."""

VECTOR_BELOW_QUBITS = 12
"""Up to which width `automatic` takes the state vector for every circuit: nothing is won by any other."""

STABILIZER_SHOT = 128
"""What a shot costs stabilizers for each qubit, where 1 is what a gate costs a state vector for each amplitude.

Measured with Aer, one thread: about 450 and 3.5 nanoseconds. Shots are drawn from one final state vector, at a cost
that is left out here, while stabilizers measure qubit by qubit in each shot.
"""

CERTAIN_BYTES = 2**30
"""Up to this a state vector is taken for granted; above, what is done depends on how much memory the runner has."""

MOST_BYTES = 2**63
"""What is not even told: most readers of JSON have no such integers."""

QUICK_STEPS = 500
"""So many steps, and fewer, of a program that branches are always the machine's."""

MACHINE_QUBITS = 12
"""Up to so many qubits nothing that the machine may do in so few steps takes more memory than it always has."""

_AMPLITUDES_OF_A_STEP = 512
_UNITARIES_OF_A_GATE = 2

CLIFFORD = frozenset({"id", "x", "y", "z", "h", "s", "sdg", "sx", "cx", "CX", "cy", "cz", "swap"})
"""Gates of `stdgates.inc`, and `CX`, that stabilizers have by these names."""

_CONTROLLED = frozenset({"x", "y", "z"})
"""Gates that are Clifford gates with one control, too."""

_LEFT_OUT = re.compile(r"//[^\n]*|/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w*")
_SIGN = re.compile(r"[^\w\s;,()\[\]{}:=@+\-*/.>$]|\*\*|=(?!\s*measure\b)")
"""What stands in no program that is surely the importer's, such as a value for a bit that is no measurement."""

_NOT_SURELY_THE_IMPORTERS = frozenset(
    _WORD.findall("""
    const bool int uint float angle complex array duration stretch void def extern return let readonly mutable
    if else for in while switch case default break continue end input output box delay durationof cal defcal
    defcalgrammar pragma gphase pow sizeof true false im dt ns us ms
    sin cos tan arcsin arccos arctan exp log sqrt floor ceiling mod popcount rotl rotr real imag
    """)
)
"""Words that Qiskit's importer does not know, or not in every place."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a program is run; None for what cannot be told before.

    `memory_bytes` is what the state takes: of the machine at the most, and where there is no method, as a state vector.
    """

    engine: Engine | None = None
    method: Method | None = None
    memory_bytes: int | None = None


def plan_of(text: str, checked: Checked, figures: Figures | None, shots: int = DEFAULT_SHOTS) -> Plan:
    """How a program is run that was checked, and has these figures."""
    program = checked.program
    if program is None:
        return Plan()
    try:
        return _plan_of(text, checked, program, figures, shots)
    except RecursionError:  # gates that are defined by gates that are defined by gates
        return Plan()


def _plan_of(text: str, checked: Checked, program: Program, figures: Figures | None, shots: int) -> Plan:
    straight = reader.read(text)
    bearing = None if straight is None else bearing_of(straight)
    if bearing is not None:
        return Plan(Engine.DIRECT, Method.STATEVECTOR, BYTES_PER_AMPLITUDE << len(bearing.qubits))
    if straight is not None or _is_aers(text, checked, program):
        return _by_aer(program, shots)
    if _is_the_machines(checked, program, figures, shots):
        return Plan(Engine.MACHINE, Method.STATEVECTOR, BYTES_PER_AMPLITUDE << program.qubits)
    if program.qubits < VECTOR_BELOW_QUBITS and not program.inputs:
        return Plan(None, Method.STATEVECTOR, BYTES_PER_AMPLITUDE << program.qubits)
    return Plan()


def _is_aers(text: str, checked: Checked, program: Program) -> bool:
    """Whether a program has nothing but what Qiskit's importer surely reads, and no control flow."""
    left = _LEFT_OUT.sub(" ", text)
    words = _WORD.findall(left)
    code = program.code.instructions
    measured = [one for one in code if isinstance(one, Measure)]
    return (
        not checked.warnings
        and all(isinstance(one, Assign | Apply | Measure | Reset | Barrier) for one in code)
        and bool(measured)
        and all(one.place is not None for one in measured)
        and _SIGN.search(left) is None
        and words.count("include") <= 1
        and _NOT_SURELY_THE_IMPORTERS.isdisjoint(words)
    )


def _by_aer(program: Program, shots: int) -> Plan:
    size = _size_of(program)
    if size is None:
        return Plan(Engine.AER)
    width, operations, is_clifford = size
    vector, stabilizers = BYTES_PER_AMPLITUDE << width, width * width // 2
    if width < VECTOR_BELOW_QUBITS:
        return Plan(Engine.AER, Method.STATEVECTOR, vector)
    if not is_clifford:
        method = Method.STATEVECTOR if vector <= CERTAIN_BYTES else None
        return Plan(Engine.AER, method, vector if vector < MOST_BYTES else None)
    if width < STABILIZER_FROM_QUBITS and operations << width <= shots * width * STABILIZER_SHOT:
        return Plan(Engine.AER, Method.STATEVECTOR, vector)
    return Plan(Engine.AER, Method.STABILIZER, stabilizers)


def _size_of(program: Program) -> tuple[int, int, bool] | None:
    """Of a program without control flow: its qubits in use, how many operations, and whether all are Clifford gates.

    None where Qiskit decides that, writing out what modifiers make of gates.
    """
    known: dict[int, _Lowered | None] = {}
    used: set[int] = set()
    operations, is_clifford = 0, True
    for one in program.code.instructions:
        if isinstance(one, Measure | Reset):
            numbers = one.qubits.numbers([])
            used.update(numbers)
            operations += len(numbers)
        elif isinstance(one, Apply):
            lowered = _lowered(one.gate, one.modifiers, known)
            if lowered is None:
                return None
            operands = [operand.numbers([]) for operand in one.operands]
            used.update(number for place in lowered.places for number in operands[place])
            operations += lowered.operations * max(map(len, operands))
            is_clifford = is_clifford and lowered.is_clifford
    return len(used), operations, is_clifford


@dataclass(frozen=True, slots=True)
class _Lowered:
    """A gate as Aer has it: of how many it is made, whether they are Clifford gates by name, on which of its qubits."""

    operations: int
    is_clifford: bool
    places: frozenset[int]


def _lowered(gate: Gate, modifiers: Sequence[Modifier], known: dict[int, _Lowered | None]) -> _Lowered | None:
    inner = _written_out(gate, known)
    left = [modifier for modifier in modifiers if modifier.name != "inv"]
    if not left or inner is None:
        return inner
    if gate.body is None and gate.name in _CONTROLLED and [(one.name, one.count) for one in left] == [("ctrl", 1)]:
        return _Lowered(1, is_clifford=True, places=frozenset({0, 1}))
    return None


def _written_out(gate: Gate, known: dict[int, _Lowered | None]) -> _Lowered | None:
    if gate.body is None:
        return _Lowered(1, gate.name in CLIFFORD, frozenset(range(gate.qubits)))
    if id(gate) not in known:
        known[id(gate)] = _together([(call, _lowered(call.gate, call.modifiers, known)) for call in gate.body])
    return known[id(gate)]


def _together(parts: Iterable[tuple[GateCall, _Lowered | None]]) -> _Lowered | None:
    """What calls amount to; None where that is not known of one."""
    operations, is_clifford = 0, True
    places: set[int] = set()
    for call, part in parts:
        if part is None:
            return None
        operations += part.operations
        is_clifford = is_clifford and part.is_clifford
        places.update(call.qubits[place] for place in part.places)
    return _Lowered(operations, is_clifford, frozenset(places))


def _is_the_machines(checked: Checked, program: Program, figures: Figures | None, shots: int) -> bool:
    """Whether Qiskit's importer surely refuses a program, or the machine takes so few steps that it is not asked."""
    code = program.code.instructions
    if program.inputs or not (program.registers or program.outputs):
        return False
    if program.qubits == 0:
        return True  # nobody else runs what measures nothing
    if not checked.may_be_qiskits and program.qubits <= MACHINE_QUBITS:
        return True
    kinds = {type(one) for one in code}
    if program.qubits > MACHINE_QUBITS or not (program.outputs or {Branch, Measure} <= kinds):
        return False
    gates = _gates_of(code)
    if gates is None:
        return False
    if _goes_forward(code):
        outcomes = sum(one.qubits.width or 1 for one in code if isinstance(one, Measure | Reset))
        steps = len(code) + outcomes + gates * sum(_applications(one) for one in code if isinstance(one, Apply))
    elif figures is not None:
        steps, outcomes = figures.steps * gates, figures.outcomes
    else:
        return False
    histories = shots if outcomes >= shots.bit_length() else 1 << outcomes
    return steps * histories * (1 + (1 << program.qubits) // _AMPLITUDES_OF_A_STEP) <= QUICK_STEPS


def _gates_of(code: Iterable[Instruction]) -> int | None:
    """The most unitaries that one of these instructions applies to one place of its registers.

    None where there may be any number: of powers, and of calls.
    """
    known: dict[int, int | None] = {}
    most = 1
    for one in code:
        if isinstance(one, Call):
            return None
        if isinstance(one, Apply):
            found = _unitaries(one.gate, one.modifiers, known)
            if found is None:
                return None
            most = max(most, found)
    return most


def _unitaries(gate: Gate, modifiers: Iterable[Modifier], known: dict[int, int | None]) -> int | None:
    if any(modifier.name == "pow" for modifier in modifiers):
        return None
    if gate.body is None:
        return _UNITARIES_OF_A_GATE
    if id(gate) not in known:
        parts = [_unitaries(call.gate, call.modifiers, known) for call in gate.body]
        known[id(gate)] = None if None in parts else sum(part or 0 for part in parts)
    return known[id(gate)]


def _applications(one: Apply) -> int:
    return max((operand.width or 1 for operand in one.operands), default=1)


def _goes_forward(code: Sequence[Instruction]) -> bool:
    """Whether nothing is done twice."""
    for place, one in enumerate(code):
        to = one.to if isinstance(one, Jump) else one.otherwise if isinstance(one, Branch) else place + 1
        if to <= place:
            return False
    return True
