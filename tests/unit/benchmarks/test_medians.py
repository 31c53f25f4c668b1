"""Medians, percentiles and ratios."""

import pytest

from benchmarks.medians import median, percentile, ratio


@pytest.mark.parametrize(("values", "middle"), [([3.0], 3.0), ([9.0, 1.0, 2.0], 2.0), ([1.0, 2.0, 3.0, 10.0], 2.5)])
def test_the_median_is_the_middle(values: list[float], middle: float) -> None:
    """The median is the value in the middle, or the mean of the two there."""
    assert median(values) == middle


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    """A ratio is the median of the quotients and not the quotient of the medians."""
    assert ratio([1.0, 20.0, 3.0], [1.0, 2.0, 1.5]) == 2.0


def test_a_disturbed_pair_does_not_move_the_ratio() -> None:
    """A pair in which both took ten times as long counts as any other one."""
    assert ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0


def test_a_ratio_wants_pairs() -> None:
    """A value without another one beside it is refused."""
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("percent", "value"), [(0, 1.0), (50, 5.0), (90, 9.0), (99, 10.0), (100, 10.0)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    """A percentile is the nearest rank, never something in between."""
    assert percentile([float(number) for number in range(10, 0, -1)], percent) == value


@pytest.mark.parametrize("figure", [median, lambda values: percentile(values, 50)])
def test_nothing_has_no_middle(figure: object) -> None:
    """Without values there is no figure."""
    assert callable(figure)
    with pytest.raises(ValueError, match="no values"):
        figure([])
