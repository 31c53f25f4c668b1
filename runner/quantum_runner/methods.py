"""Which method simulates a circuit, and how much memory that takes: decided before any of it is asked for."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from qiskit.circuit import QuantumCircuit
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method

from quantum_runner.circuits import Step, steps

BYTES_PER_AMPLITUDE = 16
"""A complex number of two doubles."""

STABILIZER_FROM_QUBITS = 24
"""From how many qubits on `automatic` prefers the stabilizer method for Clifford circuits.

Below, the state vector is small and its shots are drawn from one final state, which stabilizers cannot do.
"""

MAX_AUTOMATIC_BOND = 256
"""Bond dimension up to which `automatic` takes matrix product states: each gate costs its cube."""

_CLIFFORD = frozenset(
    {*("id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "pauli", "measure", "reset")}
)
_RANK_2 = frozenset(
    {
        *("cx", "cy", "cz", "ch", "cp", "cu", "cu1", "cu3", "crx", "cry", "crz", "csx"),
        *("rxx", "ryy", "rzz", "rzx", "mcphase", "cphase"),
    }
)
"""Gates between two qubits that are a sum of two products: each doubles a bond at the most. Any other makes it four."""

_MPS_SLACK = 8
"""Swaps, decompositions and copies around the tensors themselves."""


def choose(circuit: QuantumCircuit, asked: Method, memory_bytes: int) -> Method:
    """The method to run, never `automatic`.

    Raises ProgramError: METHOD when the method asked for cannot run this circuit, MEMORY when it would not fit.
    """
    found = list(steps(circuit))
    width = len({qubit for step in found for qubit in step.qubits})
    if asked is Method.AUTOMATIC:
        return _automatic(found, width, memory_bytes)
    if asked is Method.STABILIZER:
        _require_clifford(found)
    needed = _bytes(asked, found, width)
    if needed > memory_bytes:
        raise _too_large(asked, width, needed, memory_bytes)
    return asked


def _automatic(found: Sequence[Step], width: int, memory_bytes: int) -> Method:
    vector = _bytes(Method.STATEVECTOR, found, width)
    if vector <= memory_bytes and width < STABILIZER_FROM_QUBITS:
        return Method.STATEVECTOR
    if _not_clifford(found) is None:
        return Method.STABILIZER
    if vector <= memory_bytes:
        return Method.STATEVECTOR
    bonds = _bonds(found)
    if max(bonds, default=1) <= MAX_AUTOMATIC_BOND and _mps_bytes(bonds) <= memory_bytes:
        return Method.MATRIX_PRODUCT_STATE
    raise _too_large(Method.STATEVECTOR, width, vector, memory_bytes)


def _bytes(method: Method, found: Sequence[Step], width: int) -> int:
    match method:
        case Method.STATEVECTOR:
            return BYTES_PER_AMPLITUDE << width
        case Method.DENSITY_MATRIX:
            return BYTES_PER_AMPLITUDE << 2 * width
        case Method.MATRIX_PRODUCT_STATE:
            return _mps_bytes(_bonds(found))
    return width * width // 2


def _not_clifford(found: Iterable[Step]) -> str | None:
    """The first gate that is no Clifford gate by its name; a rotation by a right angle counts as none."""
    return next((step.operation.name for step in found if step.operation.name not in _CLIFFORD), None)


def _require_clifford(found: Iterable[Step]) -> None:
    gate = _not_clifford(found)
    if gate is not None:
        raise ProgramError(Code.METHOD, f"The stabilizer method runs Clifford gates only, and '{gate}' is none.")


def _bonds(found: Iterable[Step]) -> list[int]:
    """An upper bound of the bond dimension between each qubit in use and the next.

    A gate multiplies the Schmidt rank across a cut by its own operator Schmidt rank at the most (Vidal, 2003), and a
    cut with k qubits on its smaller side has rank 2^k at the most.
    """
    acting = [step for step in found if len(step.qubits) > 1]
    used = sorted({qubit for step in found for qubit in step.qubits})
    position = {qubit: number for number, qubit in enumerate(used)}
    growth = [0] * max(0, len(used) - 1)
    for step in acting:
        places = sorted(position[qubit] for qubit in step.qubits)
        for cut in range(places[0], places[-1]):
            left = sum(place <= cut for place in places)
            growth[cut] += step.times * _rank_bits(step, min(left, len(places) - left))
    return [2 ** min(bits, cut + 1, len(used) - cut - 1) for cut, bits in enumerate(growth)]


def _rank_bits(step: Step, smaller_side: int) -> int:
    return 1 if step.operation.name in _RANK_2 else 2 * smaller_side


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
