"""State vectors of few qubits, gate by gate, and what is drawn from them: with NumPy."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from quantum_qasm.straight.gates import SWAPS, matrix
from quantum_qasm.straight.program import Call

from quantum_runner.straight.twister import BELOW_ONE, LOWER, MATRIX, MIDDLE, SIZE, TEMPERING, UPPER, seeded

Amplitudes = NDArray[np.complex128]
Words = NDArray[np.uint64]
_Index = tuple[int | slice, ...]

_UPPER, _LOWER, _MATRIX, _ONE = (np.uint64(word) for word in (UPPER, LOWER, MATRIX, 1))


def drawn(calls: Iterable[Call], qubits: Mapping[int, int], shots: int, seed: int) -> Mapping[int, int]:
    """How often each basis state came, by its number; `qubits` are mapped to their places, the lowest bit first."""
    below = np.cumsum(probabilities(calls, qubits))
    below[-1] = 1.0  # beyond the last one there is nothing
    states, times = np.unique(np.searchsorted(below, doubles(seed, shots), side="right"), return_counts=True)
    return dict(zip(states.tolist(), times.tolist(), strict=True))


def probabilities(calls: Iterable[Call], qubits: Mapping[int, int]) -> NDArray[np.float64]:
    """Of every basis state, after these gates on 0...0; shape (2^n,) for n qubits."""
    size = len(qubits)
    state: Amplitudes = np.zeros((2,) * size, np.complex128)
    state[(0,) * size] = 1
    for call in calls:
        places = [size - 1 - qubits[qubit] for qubit in call.qubits]
        if call.gate in SWAPS:
            _exchange(state, *(_index(size, places, (*_ones(places, 2), *pair)) for pair in ((0, 1), (1, 0))))
        else:
            _apply(state, call, *(_index(size, places, (*_ones(places, 1), bit)) for bit in (0, 1)))
    flat = state.reshape(-1)
    found: NDArray[np.float64] = flat.real**2 + flat.imag**2
    return found


def _ones(places: list[int], targets: int) -> tuple[int, ...]:
    """Where each control is 1."""
    return (1,) * (len(places) - targets)


def _index(size: int, places: list[int], bits: tuple[int, ...]) -> _Index:
    """The amplitudes of all states in which these axes have these bits."""
    index: list[int | slice] = [slice(None)] * size
    for place, bit in zip(places, bits, strict=True):
        index[place] = bit
    return tuple(index)


def _exchange(state: Amplitudes, one: _Index, other: _Index) -> None:
    kept = state[one].copy()
    state[one] = state[other]
    state[other] = kept


def _apply(state: Amplitudes, call: Call, zero: _Index, one: _Index) -> None:
    a, b, c, d = matrix(call.gate, call.angles)
    if b == 0 and c == 0:
        if a != 1:
            state[zero] *= a
        if d != 1:
            state[one] *= d
    elif a == 0 and d == 0 and b == 1 and c == 1:
        _exchange(state, zero, one)
    else:
        before, after = state[zero], state[one]
        state[zero], state[one] = a * before + b * after, c * before + d * after


def doubles(seed: int, count: int) -> NDArray[np.float64]:
    """The first `count` doubles after `std::mt19937_64 rng(seed)`; shape (count,)."""
    blocks = -(-count // SIZE)
    words = np.empty(blocks * SIZE, np.uint64)
    state = np.array(seeded(seed), np.uint64)
    for block in range(blocks):
        _twist(state)
        words[block * SIZE : (block + 1) * SIZE] = state
    found = _tempered(words[:count]).astype(np.float64)
    found *= 2.0**-64
    return np.minimum(found, BELOW_ONE, out=found)


def _twist(state: Words) -> None:
    """The next state, in place. In parts, since each word needs a new one that lies MIDDLE before it."""
    for start, end in ((0, MIDDLE), (MIDDLE, SIZE - 1)):
        here, after = state[start:end], state[start + 1 : end + 1]
        far = state[start + MIDDLE : end + MIDDLE] if start == 0 else state[: end - start]
        mixed = (here & _UPPER) | (after & _LOWER)
        state[start:end] = far ^ (mixed >> _ONE) ^ (after & _ONE) * _MATRIX
    last = (state[SIZE - 1] & _UPPER) | (state[0] & _LOWER)
    state[SIZE - 1] = state[MIDDLE - 1] ^ (last >> _ONE) ^ (state[0] & _ONE) * _MATRIX


def _tempered(words: Words) -> Words:
    (s1, m1), (s2, m2), (s3, m3), s4 = TEMPERING
    words = words ^ ((words >> np.uint64(s1)) & np.uint64(m1))
    words ^= (words << np.uint64(s2)) & np.uint64(m2)
    words ^= (words << np.uint64(s3)) & np.uint64(m3)
    words ^= words >> np.uint64(s4)
    return words
