"""Looking at circuits: every operation, also inside control flow, on the circuit's own qubits."""

from collections.abc import Iterator
from dataclasses import dataclass

from qiskit.circuit import ControlFlowOp, ForLoopOp, Operation, QuantumCircuit, WhileLoopOp

IDLE = frozenset({"barrier", "delay"})
"""Operations that leave a qubit as it is."""

UNBOUNDED = 10**9
"""Stands for how often the body of a `while` runs."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, on the outermost circuit's qubits, and how often it runs at the most."""

    operation: Operation
    qubits: tuple[int, ...]
    times: int


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
