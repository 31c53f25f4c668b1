"""The chi-squared test of counts."""

import math

import pytest
from chaos.verdict.chi_squared import p_value, upper_gamma


@pytest.mark.parametrize(
    ("degrees", "statistic", "probability"),
    [
        (1, 3.841458820694124, 0.05),
        (1, 10.827566170662733, 0.001),
        (2, 5.991464547107979, 0.05),
        (3, 7.814727903251179, 0.05),
        (7, 24.321886347856854, 0.001),
        (30, 43.77297182574219, 0.05),
        (100, 77.92946516501726, 0.95),
    ],
)
def test_critical_values_are_those_of_the_tables(degrees: int, statistic: float, probability: float) -> None:
    """The distribution's upper tail at the published critical values is what they were published for."""
    assert upper_gamma(degrees / 2, statistic / 2) == pytest.approx(probability, rel=1e-9)


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.3, 1.4, 1.6, 7.0, 40.0, 300.0])
def test_the_tail_has_its_closed_forms(x: float) -> None:
    """With one degree of freedom the tail is erfc, and with two it is the exponential, however far out."""
    assert upper_gamma(0.5, x) == pytest.approx(math.erfc(math.sqrt(x)), rel=1e-9)
    assert upper_gamma(1.0, x) == pytest.approx(math.exp(-x), rel=1e-9)


def test_counts_as_expected_have_a_p_value_of_one() -> None:
    """Counts that are exactly the expected ones fit as well as can be."""
    assert p_value({"0": 50, "1": 50}, {"0": 0.5, "1": 0.5}) == 1.0


@pytest.mark.parametrize("ones", [0, 10, 20, 30, 40, 70, 90])
def test_counts_off_are_judged_by_both_bounds(ones: int) -> None:
    """For a coin of 100 throws the p-value is the larger one of the chi-squared tail and the entropy bound."""
    zeros = 100 - ones
    tail = math.erfc(math.sqrt((ones - 50) ** 2 / 50))
    entropy = sum(seen * math.log(seen / 50) for seen in (zeros, ones) if seen)
    bound = math.e * entropy * math.exp(-entropy)
    assert p_value({"0": zeros, "1": ones}, {"0": 0.5, "1": 0.5}) == pytest.approx(max(tail, bound), rel=1e-9)


def test_an_outcome_that_is_missing_counts_as_none() -> None:
    """An outcome that was never seen is as one that was seen zero times."""
    fair = {"0": 0.5, "1": 0.5}
    assert p_value({"0": 100}, fair) == p_value({"0": 100, "1": 0}, fair) < 1e-20


def test_an_impossible_outcome_has_probability_zero() -> None:
    """One shot on an outcome that cannot be is enough."""
    assert p_value({"0": 999, "2": 1}, {"0": 0.5, "1": 0.5}) == 0.0


def test_rare_outcomes_are_pooled() -> None:
    """Outcomes that expect few shots are tested together, so that one lucky shot does not look like a miracle."""
    rare = {f"r{number}": 0.0001 for number in range(100)}
    assert p_value({"common": 990, "r0": 1, "r1": 9}, {"common": 0.99, **rare}) == 1.0


def test_what_is_left_over_joins_the_last_cell() -> None:
    """Outcomes that are too few for a cell of their own are tested with the cell before."""
    uniform = {f"r{number:02}": 1 / 22 for number in range(22)}
    counts = dict.fromkeys(uniform, 1) | {"r00": 25}
    assert p_value(counts, uniform) == p_value(counts | {"r19": 0, "r21": 2}, uniform)
    assert p_value(counts, uniform) < p_value(counts | {"r00": 24, "r21": 2}, uniform)


def test_too_few_shots_say_nothing() -> None:
    """With no two cells that expect enough shots, nothing is blamed."""
    assert p_value({"0": 8}, {"0": 0.5, "1": 0.5}) == 1.0


@pytest.mark.parametrize("level", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("shots", [100, 500, 1024])
@pytest.mark.parametrize("probability", [0.5, 0.25, 0.1])
def test_the_level_holds_by_the_exact_distribution(level: float, shots: int, probability: float) -> None:
    """Summed over the binomial distribution itself, p-values below a far level are no likelier than that level."""
    exact = 0.0
    for ones in range(shots + 1):
        counts = {"0": shots - ones, "1": ones}
        if p_value(counts, {"0": 1 - probability, "1": probability}) < level:
            exact += math.comb(shots, ones) * probability**ones * (1 - probability) ** (shots - ones)
    assert exact <= level
