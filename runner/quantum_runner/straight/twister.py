"""The random numbers that Aer draws: C++'s mt19937_64, as doubles in [0, 1) (std::uniform_real_distribution).

Matsumoto, Nishimura, "Mersenne twister", ACM TOMACS 8 (1998); its 64-bit form by Nishimura, ACM TOMACS 10 (2000). The
constants are those of the C++ standard, [rand.predef].
"""

from math import nextafter

SIZE = 312
MIDDLE = 156
MASK = (1 << 64) - 1
UPPER = 0xFFFFFFFF80000000
LOWER = 0x7FFFFFFF
MATRIX = 0xB5026F5AA96619E9
TEMPERING = ((29, 0x5555555555555555), (17, 0x71D67FFFEDA60000), (37, 0xFFF7EEE000000000), 43)
"""Shifts, to the right, left, left and right, and the masks of the first three."""

BELOW_ONE = nextafter(1.0, 0.0)
"""What 1 is rounded down to."""

_GROWTH = 6364136223846793005


def seeded(seed: int) -> list[int]:
    """The state after `std::mt19937_64 rng(seed)`: SIZE words."""
    value = seed & MASK
    values = [value]
    for place in range(1, SIZE):
        value = (_GROWTH * (value ^ (value >> 62)) + place) & MASK
        values.append(value)
    return values
