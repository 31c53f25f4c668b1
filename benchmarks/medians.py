"""Medians, percentiles and ratios: what a run's figures are told by."""

import math
import statistics
from collections.abc import Iterable, Sequence


def median(values: Iterable[float]) -> float:
    """The value in the middle, or the mean of the two there. Raises ValueError when there is none."""
    kept = list(values)
    if not kept:
        raise ValueError("no values")
    return statistics.median(kept)


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the quotients, pair by pair.

    The two of a pair were measured one right after the other, so what disturbs the machine for longer disturbs both.
    Raises ValueError when there is no pair, or a value without another.
    """
    return median(one / other for one, other in zip(above, below, strict=True))


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that `percent` of all are not above (nearest rank). Raises ValueError when there is none."""
    ranked = sorted(values)
    if not ranked:
        raise ValueError("no values")
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]
