"""The random numbers that Aer draws: C++'s mt19937_64, as doubles in [0, 1) (std::uniform_real_distribution).

Matsumoto, Nishimura, "Mersenne twister", ACM TOMACS 8 (1998); its 64-bit form by Nishimura, ACM TOMACS 10 (2000). The
constants are those of the C++ standard, [rand.predef].
"""

import numpy as np
from numpy.typing import NDArray

_SIZE = 312
_MIDDLE = 156
_MASK = (1 << 64) - 1
_GROWTH = 6364136223846793005
_UPPER = np.uint64(0xFFFFFFFF80000000)
_LOWER = np.uint64(0x7FFFFFFF)
_MATRIX = np.uint64(0xB5026F5AA96619E9)
_ONE = np.uint64(1)
_BELOW_ONE = np.nextafter(1.0, 0.0)

Words = NDArray[np.uint64]


def doubles(seed: int, count: int) -> NDArray[np.float64]:
    """The first `count` doubles after `std::mt19937_64 rng(seed)`; shape (count,)."""
    blocks = -(-count // _SIZE)
    words = np.empty(blocks * _SIZE, np.uint64)
    state = _seeded(seed)
    for block in range(blocks):
        _twist(state)
        words[block * _SIZE : (block + 1) * _SIZE] = state
    found = _tempered(words[:count]).astype(np.float64)
    found *= 2.0**-64
    return np.minimum(found, _BELOW_ONE, out=found)


def _seeded(seed: int) -> Words:
    value = seed & _MASK
    values = [value]
    for place in range(1, _SIZE):
        value = (_GROWTH * (value ^ (value >> 62)) + place) & _MASK
        values.append(value)
    return np.array(values, np.uint64)


def _twist(state: Words) -> None:
    """The next state, in place. In parts, since each word needs a new one that lies `_MIDDLE` before it."""
    for start, end in ((0, _MIDDLE), (_MIDDLE, _SIZE - 1)):
        here, after = state[start:end], state[start + 1 : end + 1]
        far = state[start + _MIDDLE : end + _MIDDLE] if start == 0 else state[: end - start]
        mixed = (here & _UPPER) | (after & _LOWER)
        state[start:end] = far ^ (mixed >> _ONE) ^ (after & _ONE) * _MATRIX
    last = (state[_SIZE - 1] & _UPPER) | (state[0] & _LOWER)
    state[_SIZE - 1] = state[_MIDDLE - 1] ^ (last >> _ONE) ^ (state[0] & _ONE) * _MATRIX


def _tempered(words: Words) -> Words:
    words = words ^ ((words >> np.uint64(29)) & np.uint64(0x5555555555555555))
    words ^= (words << np.uint64(17)) & np.uint64(0x71D67FFFEDA60000)
    words ^= (words << np.uint64(37)) & np.uint64(0xFFF7EEE000000000)
    words ^= words >> np.uint64(43)
    return words
