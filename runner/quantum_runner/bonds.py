"""How far qubits can become entangled: an upper bound of the bond dimensions of Aer's matrix product states.

A gate multiplies the Schmidt rank across a cut by its own operator Schmidt rank at the most, and taking one more qubit
to a side of a cut doubles the rank at the most (Vidal, 2003). Aer keeps its qubits in a row, brings the right one
of a gate's qubits next to the left one by swaps, and leaves it there; that order is followed here.
"""

from qiskit.circuit import QuantumCircuit

from quantum_runner.circuits import Step, has_control_flow, steps

_RANK_2 = frozenset(
    {
        *("cx", "cy", "cz", "ch", "cp", "cu", "cu1", "cu3", "crx", "cry", "crz", "csx"),
        *("rxx", "ryy", "rzz", "rzx"),
    }
)
"""Gates between two qubits that are a sum of two products: each doubles a bond at the most. Any other makes it four."""

_SWAP_BITS = 2
_PAIR = 2


def bonds_of(circuit: QuantumCircuit, most: int | None = None) -> list[int]:
    """The largest that the bond between each place in the row and the next can become.

    The circuit is one for the matrix product state method. Beyond `most` the search ends, with bounds that are too low.
    """
    found = list(steps(circuit))
    used = sorted({qubit for step in found for qubit in step.qubits})
    place = {qubit: number for number, qubit in enumerate(used)}
    row = _Row(len(used))
    wanders = collapsed = False
    for step in found:
        places = [place[qubit] for qubit in step.qubits]
        collapsed |= step.operation.name in {"measure", "reset"}
        if len(places) < _PAIR:
            continue
        first, second = places[0], places[-1]
        wanders |= row.distance(first, second) > 1
        if len(places) > _PAIR or (wanders and (collapsed or has_control_flow(circuit))):
            return _worst(len(used))  # where the qubits stand then is not known here
        row.join(first, second, step.times * _rank_bits(step))
        if most is not None and row.highest > most.bit_length():
            break
    row.sort()
    return [2**bits for bits in row.peaks]


def _rank_bits(step: Step) -> int:
    return 1 if step.operation.name in _RANK_2 else 2


def _worst(width: int) -> list[int]:
    return [2 ** min(cut + 1, width - cut - 1) for cut in range(max(0, width - 1))]


class _Row:
    """Qubits in a row, with the logarithm of a bound of the bond at each cut, now and at its highest."""

    def __init__(self, width: int) -> None:
        self._qubits = list(range(width))
        self._places = list(range(width))
        self._bits = [0] * max(0, width - 1)
        self.peaks = list(self._bits)
        self.highest = 0

    def distance(self, first: int, second: int) -> int:
        """How many places there are from one qubit to another."""
        return abs(self._places[first] - self._places[second])

    def join(self, first: int, second: int, bits: int) -> None:
        """Bring the qubit that stands farther right next to the other, and let a gate of this rank act on them."""
        left, right = sorted((self._places[first], self._places[second]))
        self._move(right, left + 1)
        self._grow(left, bits)

    def sort(self) -> None:
        """Bring the qubits back into their order, as Aer does to measure them."""
        for place in range(len(self._qubits)):
            self._move(self._places[place], place)

    def _move(self, start: int, end: int) -> None:
        for place in range(start, end, -1):
            self._swap(place - 1)

    def _swap(self, cut: int) -> None:
        left, right = self._qubits[cut : cut + 2]
        self._qubits[cut : cut + 2] = right, left
        self._places[left], self._places[right] = cut + 1, cut
        self._grow(cut, _SWAP_BITS)

    def _grow(self, cut: int, bits: int) -> None:
        left = self._bits[cut - 1] if cut else 0
        right = self._bits[cut + 1] if cut + 1 < len(self._bits) else 0
        self._bits[cut] = min(self._bits[cut] + bits, left + 1, right + 1)
        self.peaks[cut] = max(self.peaks[cut], self._bits[cut])
        self.highest = max(self.highest, self._bits[cut])
