"""Looking at circuits: every operation, also inside control flow, on the circuit's own qubits."""

from collections.abc import Iterator
from dataclasses import dataclass

from qiskit.circuit import ControlFlowOp, ForLoopOp, Operation, QuantumCircuit, WhileLoopOp

UNBOUNDED = 10**9
"""Stands for how often the body of a `while` runs."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, on the outermost circuit's qubits, and how often it runs at the most."""

    operation: Operation
    qubits: tuple[int, ...]
    times: int


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
