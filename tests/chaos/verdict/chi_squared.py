"""Pearson's chi-squared test of counts against known probabilities, safe however far out in the tail.

The chi-squared distribution is that of the statistic only in the limit: for 100 shots at probabilities 0.9 and 0.1 the
tail at 1e-9 is truly a hundred times as heavy. So a p-value here is never less than a bound on the tail of the relative
entropy that holds for any number of shots.
"""

import math
from collections.abc import Mapping, Sequence

LEAST_EXPECTED = 10.0
"""How many shots a cell of the test expects at least; rarer outcomes are pooled until they do.

Twice the 5 of Cochran (1954, "Some methods for strengthening the common chi-squared tests"), since the thresholds here
lie far out in the tail.
"""

_MOST_TERMS = 100_000
_PRECISION = 1e-15
_TINY = 1e-300


def p_value(counts: Mapping[str, int], probabilities: Mapping[str, float]) -> float:
    """How probable counts are at most that fit no better than these, if the probabilities are the true ones.

    `counts` maps outcomes to shots, and `probabilities` maps every possible outcome to a value in (0, 1]; they sum to
    1. An outcome that has none gives 0. With fewer than two cells of LEAST_EXPECTED shots there is nothing to test, and
    the answer is 1.
    """
    if any(shots and not probabilities.get(outcome) for outcome, shots in counts.items()):
        return 0.0
    cells = _cells(counts, probabilities, sum(counts.values()))
    if len(cells) < 2:
        return 1.0
    statistic = sum((seen - expected) ** 2 / expected for seen, expected in cells)
    return max(upper_gamma((len(cells) - 1) / 2, statistic / 2), _entropy_bound(cells))


def _entropy_bound(cells: Sequence[tuple[int, float]]) -> float:
    """A bound on the probability of a relative entropy of n shots as large as this one, in nats, for any n.

    With t = n D(seen || expected) and k cells: exp(-t) (e t / (k - 1))^(k - 1) for t > k - 1 (Agrawal 2020,
    "Finite-sample concentration of the multinomial in relative entropy", theorem 1.2).
    """
    total = sum(seen * math.log(seen / expected) for seen, expected in cells if seen)
    free = len(cells) - 1
    return 1.0 if total <= free else math.exp(free - total + free * math.log(total / free))


def upper_gamma(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function Q(a, x), for a > 0 and x >= 0.

    The chi-squared distribution with k degrees of freedom exceeds s with probability Q(k/2, s/2) (DLMF 8.2.4 for Q).
    For x < a + 1 by the series DLMF 8.7.1, else by the continued fraction DLMF 8.9.2, in the even form and by the
    modified method of Lentz, as in Press et al., Numerical Recipes, section 6.2.
    """
    if x == 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    for n in range(1, _MOST_TERMS):
        term *= x / (a + n)
        total += term
        if term < total * _PRECISION:
            return total
    raise ArithmeticError(f"the series of Q({a}, {x}) does not converge")


def _fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c = 1 / _TINY
    d = 1 / b
    value = d
    for n in range(1, _MOST_TERMS):
        factor = -n * (n - a)
        b += 2
        d = 1 / _nonzero(factor * d + b)
        c = _nonzero(b + factor / c)
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            return value
    raise ArithmeticError(f"the continued fraction of Q({a}, {x}) does not converge")


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _cells(counts: Mapping[str, int], probabilities: Mapping[str, float], shots: int) -> list[tuple[int, float]]:
    """What was seen and what is expected, rare outcomes pooled: which ones does not depend on what was seen."""
    cells: list[tuple[int, float]] = []
    seen, expected = 0, 0.0
    for outcome, probability in sorted(probabilities.items(), key=lambda item: (item[1], item[0])):
        seen += counts.get(outcome, 0)
        expected += probability * shots
        if expected >= LEAST_EXPECTED:
            cells.append((seen, expected))
            seen, expected = 0, 0.0
    if expected and cells:
        last_seen, last_expected = cells.pop()
        cells.append((last_seen + seen, last_expected + expected))
    return cells
