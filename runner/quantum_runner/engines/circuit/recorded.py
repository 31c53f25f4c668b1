"""What was done to qubits, with what depends on measurements, as Qiskit's circuit."""

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit.circuit import CircuitInstruction, ClassicalRegister, IfElseOp, Measure, QuantumCircuit, QuantumRegister
from qiskit.circuit import Reset as ResetGate

from quantum_runner.engines.circuit.conditions import condition
from quantum_runner.engines.circuit.naming import Step
from quantum_runner.engines.circuit.symbolic import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement, and its place in the record."""

    qubit: int
    bit: int


@dataclass(frozen=True, slots=True)
class ResetTo0:
    """A reset."""

    qubit: int


@dataclass(frozen=True, slots=True)
class If:
    """What is done where a condition holds, and where it does not."""

    condition: Table
    yes: "list[Operation]"
    no: "list[Operation]"


Operation = Step | Measured | ResetTo0 | If


_MEASURE = Measure()
_RESET = ResetGate()


def circuit_of(operations: "Sequence[Operation]", *, qubits: int, measurements: int) -> QuantumCircuit:
    """A circuit, with one register for all measurements. Raises NotLowerableError for a condition that is too long."""
    registers = [QuantumRegister(qubits, "q")] if qubits else []
    records = [ClassicalRegister(measurements, "m")] if measurements else []
    circuit = QuantumCircuit(*registers, *records)
    _fill(circuit, operations, circuit)
    return circuit


def _fill(circuit: QuantumCircuit, operations: Sequence[Operation], whole: QuantumCircuit) -> None:
    for one in operations:
        instruction = _instruction(one, whole)
        circuit._append(instruction)  # noqa: SLF001 - Qiskit's own fast path, for instructions that fit by construction


def _instruction(operation: Operation, whole: QuantumCircuit) -> CircuitInstruction:
    qubits = whole.qubits
    match operation:
        case Step(gate=gate, qubits=on):
            return CircuitInstruction(gate, tuple(qubits[qubit] for qubit in on))
        case Measured(qubit=qubit, bit=bit):
            return CircuitInstruction(_MEASURE, (qubits[qubit],), (whole.clbits[bit],))
        case ResetTo0(qubit=qubit):
            return CircuitInstruction(_RESET, (qubits[qubit],))
    return _branching(operation, whole)


def _branching(one: If, whole: QuantumCircuit) -> CircuitInstruction:
    used_qubits, used_bits = _used([one])
    qubits = [whole.qubits[qubit] for qubit in sorted(used_qubits)]
    bits = [whole.clbits[bit] for bit in sorted(used_bits)]
    bodies = []
    for operations in (one.yes, one.no):
        body = QuantumCircuit(qubits, bits)
        _fill(body, operations, whole)
        bodies.append(body)
    asked = condition(one.condition, whole.clbits)
    return CircuitInstruction(IfElseOp(asked, bodies[0], bodies[1] if one.no else None), qubits, bits)


def _used(operations: Sequence[Operation]) -> tuple[set[int], set[int]]:
    """The qubits and the measurements that operations are about."""
    qubits: set[int] = set()
    bits: set[int] = set()
    for one in operations:
        match one:
            case Step(qubits=on):
                qubits.update(on)
            case Measured(qubit=qubit, bit=bit):
                qubits.add(qubit)
                bits.add(bit)
            case ResetTo0(qubit=qubit):
                qubits.add(qubit)
            case If(condition=table):
                bits.update(table.by)
                for side in (one.yes, one.no):
                    more_qubits, more_bits = _used(side)
                    qubits |= more_qubits
                    bits |= more_bits
    return qubits, bits
