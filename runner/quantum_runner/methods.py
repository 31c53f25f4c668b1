"""Which method simulates a circuit, and how much memory that takes: decided before any of it is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qiskit.circuit import QuantumCircuit
from quantum_qasm.plans import (
    BYTES_PER_AMPLITUDE,
    STABILIZER_FROM_QUBITS,
    STABILIZER_SHOT,
    VECTOR_BELOW_QUBITS,
)
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method

from quantum_runner.basis import in_basis
from quantum_runner.bonds import bonds_of
from quantum_runner.circuits import Step, steps

MAX_AUTOMATIC_BOND = 256
"""Bond dimension up to which `automatic` takes matrix product states: each gate costs its cube."""

_CLIFFORD = frozenset(
    {*("id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "pauli", "measure", "reset")}
)
_MPS_SLACK = 8
"""Swaps, decompositions and copies around the tensors themselves."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A method, never `automatic`, the circuit in its gates, and the bytes that its state takes."""

    method: Method
    circuit: QuantumCircuit
    memory_bytes: int


def choose(circuit: QuantumCircuit, asked: Method, memory_bytes: int, shots: int) -> Plan:
    """How to run a circuit so many times.

    Raises ProgramError: METHOD when the method asked for cannot run this circuit, MEMORY when it would not fit.
    """
    lowered = in_basis(circuit, Method.STATEVECTOR if asked in (Method.AUTOMATIC, Method.STABILIZER) else asked)
    found = list(steps(lowered))
    if asked is Method.AUTOMATIC:
        return _automatic(lowered, found, memory_bytes, shots)
    if asked is Method.STABILIZER:
        _require_clifford(found)
    needed = _bytes(asked, lowered, found)
    if needed > memory_bytes:
        raise _too_large(asked, _width(found), needed, memory_bytes)
    return Plan(asked, lowered, needed)


def _automatic(lowered: QuantumCircuit, found: Sequence[Step], memory_bytes: int, shots: int) -> Plan:
    vector = _bytes(Method.STATEVECTOR, lowered, found)
    if vector <= memory_bytes and _is_cheaper_as_vector(_width(found), len(found), shots):
        return Plan(Method.STATEVECTOR, lowered, vector)
    if _not_clifford(found) is None:
        return Plan(Method.STABILIZER, lowered, _bytes(Method.STABILIZER, lowered, found))
    if vector <= memory_bytes:
        return Plan(Method.STATEVECTOR, lowered, vector)
    product = in_basis(lowered, Method.MATRIX_PRODUCT_STATE)
    bonds = bonds_of(product, MAX_AUTOMATIC_BOND)
    if max(bonds, default=1) <= MAX_AUTOMATIC_BOND and _mps_bytes(bonds) <= memory_bytes:
        return Plan(Method.MATRIX_PRODUCT_STATE, product, _mps_bytes(bonds))
    raise _too_large(Method.STATEVECTOR, _width(found), vector, memory_bytes)


def _is_cheaper_as_vector(width: int, operations: int, shots: int) -> bool:
    if VECTOR_BELOW_QUBITS <= width < STABILIZER_FROM_QUBITS:
        return operations << width <= shots * width * STABILIZER_SHOT
    return width < VECTOR_BELOW_QUBITS


def _width(found: Iterable[Step]) -> int:
    """How many qubits are in use: Aer leaves out the others, or they are left out for it."""
    return len({qubit for step in found for qubit in step.qubits})


def _bytes(method: Method, lowered: QuantumCircuit, found: Sequence[Step]) -> int:
    width = _width(found)
    match method:
        case Method.STATEVECTOR:
            return BYTES_PER_AMPLITUDE << width
        case Method.DENSITY_MATRIX:
            return BYTES_PER_AMPLITUDE << 2 * width
        case Method.MATRIX_PRODUCT_STATE:
            return _mps_bytes(bonds_of(lowered))
    return width * width // 2


def _not_clifford(found: Iterable[Step]) -> str | None:
    """The first gate that is no Clifford gate by its name; a rotation by a right angle counts as none."""
    return next((step.operation.name for step in found if step.operation.name not in _CLIFFORD), None)


def _require_clifford(found: Iterable[Step]) -> None:
    gate = _not_clifford(found)
    if gate is not None:
        raise ProgramError(Code.METHOD, f"The stabilizer method runs Clifford gates only, and '{gate}' is none.")


def _mps_bytes(bonds: Sequence[int]) -> int:
    edges = [1, *bonds, 1]
    entries = sum(2 * left * right for left, right in pairwise(edges))
    return _MPS_SLACK * BYTES_PER_AMPLITUDE * entries


def _too_large(method: Method, width: int, needed: int, memory_bytes: int) -> ProgramError:
    message = (
        f"The {method} method needs {_amount(needed)} ({needed} bytes) for {width} qubits, "
        f"and there are {_amount(memory_bytes)} ({memory_bytes} bytes)."
    )
    return ProgramError(Code.MEMORY, message)


def _amount(size: int) -> str:
    units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    power = min(max(0, size.bit_length() - 1) // 10, len(units) - 1)
    amount = size / 1024**power if power < len(units) - 1 else size // 1024**power
    return f"{amount:.3g} {units[power]}"
