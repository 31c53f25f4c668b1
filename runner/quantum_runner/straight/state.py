"""State vectors of few qubits, gate by gate."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from quantum_runner.straight.gates import SWAPS, matrix
from quantum_runner.straight.program import Call

Amplitudes = NDArray[np.complex128]
_Index = tuple[int | slice, ...]


def probabilities(calls: Iterable[Call], qubits: Mapping[int, int]) -> NDArray[np.float64]:
    """Of every basis state, after these gates on 0...0; shape (2^n,) for the n `qubits`, mapped to their places.

    The first place is the lowest bit of a state's number.
    """
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
