"""Few amplitudes and few shots with nothing but Python: for a process that has no other use for NumPy.

To load NumPy takes a tenth of a second, which is most of what a Job of a small program would cost.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice

from quantum_qasm.straight.gates import SWAPS, matrix
from quantum_qasm.straight.program import Call

from quantum_runner.straight.twister import (
    BELOW_ONE,
    LOWER,
    MASK,
    MATRIX,
    MIDDLE,
    SIZE,
    TEMPERING,
    UPPER,
    seeded,
)

MAX_QUBITS = 5
MAX_CALLS = 1_000
MAX_SHOTS = 10_000


def suits(calls: Sequence[Call], qubits: Mapping[int, int], shots: int) -> bool:
    """Whether this is quicker than to load NumPy."""
    return len(qubits) <= MAX_QUBITS and len(calls) <= MAX_CALLS and shots <= MAX_SHOTS


def drawn(calls: Iterable[Call], qubits: Mapping[int, int], shots: int, seed: int) -> Mapping[int, int]:
    """How often each basis state came, by its number; `qubits` are mapped to their places, the lowest bit first."""
    below = list(accumulate(probabilities(calls, qubits)))
    below[-1] = 1.0  # beyond the last one there is nothing
    times = [0] * len(below)
    for number in islice(doubles(seed), shots):
        times[bisect_right(below, number)] += 1
    return {state: number for state, number in enumerate(times) if number}


def probabilities(calls: Iterable[Call], qubits: Mapping[int, int]) -> list[float]:
    """Of every basis state, after these gates on 0...0."""
    state = [0j] * 2 ** len(qubits)
    state[0] = 1 + 0j
    for call in calls:
        bits = [1 << qubits[qubit] for qubit in call.qubits]
        if call.gate in SWAPS:
            *controls, first, second = bits
            for at in _where(len(state), controls, without=first | second):
                state[at | first], state[at | second] = state[at | second], state[at | first]
        else:
            *controls, target = bits
            a, b, c, d = matrix(call.gate, call.angles)
            for at in _where(len(state), controls, without=target):
                before, after = state[at], state[at | target]
                state[at], state[at | target] = a * before + b * after, c * before + d * after
    return [amplitude.real * amplitude.real + amplitude.imag * amplitude.imag for amplitude in state]


def _where(size: int, controls: Sequence[int], *, without: int) -> Iterator[int]:
    """States in which all controls are 1 and those other bits 0."""
    ones = sum(controls)
    return (at for at in range(size) if at & ones == ones and not at & without)


def doubles(seed: int) -> Iterator[float]:
    """What `std::mt19937_64 rng(seed)` gives as doubles in [0, 1)."""
    state = seeded(seed)
    while True:
        for at in range(SIZE):
            mixed = (state[at] & UPPER) | (state[(at + 1) % SIZE] & LOWER)
            state[at] = state[(at + MIDDLE) % SIZE] ^ (mixed >> 1) ^ (mixed & 1) * MATRIX
        for word in state:
            yield min(float(_tempered(word)) * 2.0**-64, BELOW_ONE)


def _tempered(word: int) -> int:
    (s1, m1), (s2, m2), (s3, m3), s4 = TEMPERING
    word ^= word >> s1 & m1
    word ^= word << s2 & m2
    word ^= word << s3 & m3
    return word ^ word >> s4 & MASK
