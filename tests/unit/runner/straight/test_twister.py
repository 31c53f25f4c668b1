"""The random numbers of C++'s standard library."""

import numpy as np
import pytest
from quantum_runner.straight.twister import doubles


def test_the_ten_thousandth_number_is_the_standards() -> None:
    """[rand.predef]: from the default seed it is 9981545732273789042."""
    assert doubles(5489, 10_000)[-1] == 9981545732273789042 * 2.0**-64


@pytest.mark.parametrize("count", [1, 2, 311, 312, 313, 1024])
def test_fewer_numbers_are_the_first_ones(count: int) -> None:
    """However many are asked for, they begin alike and lie in [0, 1)."""
    drawn = doubles(7, count)
    assert drawn.shape == (count,)
    assert np.array_equal(drawn, doubles(7, 2000)[:count])
    assert drawn.min() >= 0
    assert drawn.max() < 1
