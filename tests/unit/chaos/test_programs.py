"""What a run submits is known beforehand: its counts by a direct simulation, its probabilities by closed forms."""

from collections import Counter
from math import pi, sin, sqrt
from random import Random

import pytest
from chaos.history import Spec
from chaos.programs import PROGRAMS, SEEDS, SHOTS, direct_counts, draw, specs
from quantum_runner.report import reason_of
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.errors import ProgramError
from quantum_tasks.states import Reason
from quantum_tasks.task import Options

MACHINE = Machine(memory_bytes=256 * 2**20)
SEEDED = list(specs())
DRAWS = 5_000
SIGMAS = 6
"""A right program misses its probabilities by more than so many standard deviations in one of 10^9 runs."""


def test_the_direct_simulation_and_the_runner_agree() -> None:
    """The runner's counts of a seeded program are those of the simulator called by itself, count by count."""
    direct = direct_counts(SEEDED)
    assert list(direct) == SEEDED
    for spec, counts in direct.items():
        options = Options(shots=spec.shots, seed=spec.seed)
        assert simulate(PROGRAMS[spec.program].qasm, options, MACHINE).counts == counts, spec


def test_direct_counts_depend_on_the_seed() -> None:
    """Another seed gives other counts: one that is lost on the way to a worker would be seen."""
    direct = direct_counts(Spec("bell", 1000, seed) for seed in SEEDS)
    assert len({counts["00"] for counts in direct.values()}) > 1


def test_what_may_be_drawn_is_what_is_counted() -> None:
    """Every seeded spec that clients draw has its direct counts, and each of those can be drawn."""
    random = Random(1)  # noqa: S311 - no secret
    drawn = Counter(draw(random) for _ in range(DRAWS))
    assert {spec for spec in drawn if spec.seed is not None} == set(SEEDED)
    assert {spec.program for spec in drawn} == set(PROGRAMS)
    assert {spec.shots for spec in drawn} == set(SHOTS)


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if program.probabilities])
def test_probabilities_sum_to_one(name: str) -> None:
    """Each outcome of a program has some probability, and together they are certain."""
    probabilities = PROGRAMS[name].probabilities
    assert all(0 < probability <= 1 for probability in probabilities.values())
    assert sum(probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "outcome", "probability"),
    [
        ("bell", "11", 1 / 2),  # (|00> + |11>) / sqrt(2)
        ("ghz", "11111", 1 / 2),  # (|00000> + |11111>) / sqrt(2)
        ("biased", "1", sin(2 * pi / 3 / 2) ** 2),  # Ry(t)|0> = cos(t/2)|0> + sin(t/2)|1>
        ("feed forward", "11", 1 / 2),  # the second bit follows the first
        ("long", "00", 1),  # what was done is undone
    ],
)
def test_probabilities_are_those_of_the_closed_form(name: str, outcome: str, probability: float) -> None:
    """The state before the measurement, by hand, gives what the model says, and so do many shots."""
    assert PROGRAMS[name].probabilities[outcome] == pytest.approx(probability)
    shots = 10_000
    counts = simulate(PROGRAMS[name].qasm, Options(shots=shots, seed=7), MACHINE).counts
    assert counts.keys() == PROGRAMS[name].probabilities.keys()
    deviation = sqrt(shots * probability * (1 - probability))
    assert abs(counts[outcome] - shots * probability) <= SIGMAS * deviation


@pytest.mark.parametrize("name", ["not a program", "too large"])
def test_programs_that_cannot_succeed_are_refused_for_the_reason_that_the_model_has(name: str) -> None:
    """The model's reason is the runner's, and no program that can succeed has it."""
    with pytest.raises(ProgramError) as refused:
        simulate(PROGRAMS[name].qasm, Options(shots=1), MACHINE)
    reason = reason_of(refused.value.code)
    assert reason in PROGRAMS[name].failures
    assert reason in {Reason.INVALID_PROGRAM, Reason.TOO_LARGE}
    assert not PROGRAMS[name].probabilities
    assert all(reason not in program.failures for program in PROGRAMS.values() if program.probabilities)
