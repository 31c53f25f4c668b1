"""The random numbers of C++'s standard library, with NumPy and without."""

from itertools import islice

import pytest
from quantum_runner.straight import plain, state


def test_the_ten_thousandth_number_is_the_standards() -> None:
    """[rand.predef]: from the default seed it is 9981545732273789042."""
    assert state.doubles(5489, 10_000)[-1] == 9981545732273789042 * 2.0**-64


@pytest.mark.parametrize("count", [1, 2, 311, 312, 313, 1024])
def test_fewer_numbers_are_the_first_ones(count: int) -> None:
    """However many are asked for, they begin alike and lie in [0, 1)."""
    drawn = state.doubles(7, count)
    assert drawn.shape == (count,)
    assert drawn.tolist() == state.doubles(7, 2000)[:count].tolist()
    assert drawn.min() >= 0
    assert drawn.max() < 1


@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
def test_they_are_the_same_without_numpy(seed: int) -> None:
    """Word for word."""
    assert list(islice(plain.doubles(seed), 5000)) == state.doubles(seed, 5000).tolist()
