"""Qiskit's circuits: made of straight-line programs, and looked at, also inside control flow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from qiskit.circuit import (
    CircuitInstruction,
    ClassicalRegister,
    ControlFlowOp,
    ForLoopOp,
    Gate,
    Measure,
    Operation,
    QuantumCircuit,
    QuantumRegister,
    WhileLoopOp,
)
from qiskit.circuit.library import get_standard_gate_name_mapping
from quantum_qasm.straight.program import Measurement, StraightLine

UNBOUNDED = 10**9
"""Stands for how often the body of a `while` runs."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, on the outermost circuit's qubits, and how often it runs at the most."""

    operation: Operation
    qubits: tuple[int, ...]
    times: int


_QISKITS_NAMES = {"CX": "cx", "phase": "p", "cphase": "cp", "U": "u"}
_MEASURE = Measure()


def circuit_of(program: StraightLine) -> QuantumCircuit:
    """A straight-line program as a circuit, with a classical register for each of its `registers`."""
    registers = [ClassicalRegister(width, f"c{number}") for number, width in enumerate(program.registers)]
    circuit = QuantumCircuit(QuantumRegister(program.qubits, "q"), *registers)
    qubits, bits = circuit.qubits, circuit.clbits
    for step in program.steps:
        if isinstance(step, Measurement):
            instruction = CircuitInstruction(_MEASURE, (qubits[step.qubit],), (bits[step.bit],))
        else:
            instruction = CircuitInstruction(
                gate_named(step.gate, step.angles), tuple(qubits[one] for one in step.qubits)
            )
        circuit._append(instruction)  # noqa: SLF001 - Qiskit's own fast path, for instructions that fit by construction
    return circuit


def gate_named(name: str, angles: Sequence[float] = ()) -> Gate:
    """A gate of the language as Qiskit has it, which is perhaps with another global phase."""
    gate = _standard_gates()[_QISKITS_NAMES.get(name, name)]
    return type(gate)(*angles) if angles else gate


@cache
def _standard_gates() -> dict[str, Gate]:
    known: dict[str, Gate] = get_standard_gate_name_mapping()
    return known


def has_control_flow(circuit: QuantumCircuit) -> bool:
    """Whether what runs depends on what was measured."""
    return any(isinstance(instruction.operation, ControlFlowOp) for instruction in circuit.data)


def without_idle_qubits(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit on the qubits that it acts on."""
    used = {qubit for instruction in circuit.data for qubit in instruction.qubits}
    qubits = [qubit for qubit in circuit.qubits if qubit in used]
    compact = QuantumCircuit(qubits, circuit.clbits, *circuit.cregs, global_phase=circuit.global_phase)
    for instruction in circuit.data:
        compact._append(instruction)  # noqa: SLF001 - Qiskit's own fast path, for instructions that fit by construction
    return compact


def steps(circuit: QuantumCircuit) -> Iterator[Step]:
    """Every operation of a circuit and of the blocks within it; the control flow itself is left out."""
    return _steps(circuit, tuple(range(circuit.num_qubits)), 1)


def _steps(circuit: QuantumCircuit, qubits: tuple[int, ...], times: int) -> Iterator[Step]:
    index = {bit: qubits[position] for position, bit in enumerate(circuit.qubits)}
    for instruction in circuit.data:
        on = tuple(index[bit] for bit in instruction.qubits)
        operation = instruction.operation
        if isinstance(operation, ControlFlowOp):
            for block in operation.blocks:
                yield from _steps(block, on, min(UNBOUNDED, times * _repetitions(operation)))
        else:
            yield Step(operation, on, times)


def _repetitions(operation: ControlFlowOp) -> int:
    if isinstance(operation, ForLoopOp):
        return len(operation.params[0])
    return UNBOUNDED if isinstance(operation, WhileLoopOp) else 1
