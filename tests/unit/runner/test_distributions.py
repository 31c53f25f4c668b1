"""However a program is run, its counts are drawn from the distribution that theory gives."""

from random import Random

import pytest
from chaos.verdict.chi_squared import p_value
from quantum_qasm.straight.reader import read
from quantum_runner import by_aer
from quantum_runner.machine import Machine
from quantum_runner.simulate import simulate
from quantum_tasks.task import Method, Options
from support.distributions import distribution
from support.random_programs import how_many
from support.straight_programs import program

MACHINE = Machine(memory_bytes=2**30)
PROGRAMS, PARTS = how_many(500), 10
SHOTS = 500
CLIFFORD = ("id", "x", "y", "z", "h", "s", "sdg", "sx", "cx", "cy", "cz", "swap")
FALSE_ALARM = 1e-7
"""How often a right test would fail with other seeds: for all that are here, once in some 3,000 times at the most."""


def _fits(counts: dict[str, int], probabilities: dict[str, float]) -> bool:
    return p_value({key.replace(" ", ""): shots for key, shots in counts.items()}, probabilities) > FALSE_ALARM


def _random(part: int) -> list[Random]:
    return [Random(f"distributions {number}") for number in range(part, PROGRAMS, PARTS)]  # noqa: S311 - no secret


@pytest.mark.parametrize("part", range(PARTS))
def test_every_way_gives_the_distribution(part: int) -> None:
    """Without a parser and without Aer where that may be, and by each method that runs every gate."""
    for seed, random in enumerate(_random(part)):
        text = program(random, middle=random.choice((0.0, 0.1, 0.3)), most=5)
        probabilities, options = distribution(text), Options(shots=SHOTS, seed=seed)
        assert sum(probabilities.values()) == pytest.approx(1)
        assert _fits(dict(simulate(text, options, MACHINE).counts), probabilities), text
        for method in (Method.STATEVECTOR, Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE):
            run = by_aer.run(read(text) or text, Options(shots=SHOTS, seed=seed, method=method), MACHINE, seed)
            assert _fits(dict(run.counts), probabilities), f"{method}: {text}"


@pytest.mark.parametrize("part", range(PARTS))
def test_stabilizers_give_the_distribution(part: int) -> None:
    """Of programs that have Clifford gates only."""
    for seed, random in enumerate(_random(part)):
        text = program(random, middle=random.choice((0.0, 0.1, 0.3)), most=5, gates=CLIFFORD)
        straight = read(text)
        assert straight
        run = by_aer.run(straight, Options(shots=SHOTS, seed=seed, method=Method.STABILIZER), MACHINE, seed)
        assert run.method is Method.STABILIZER
        assert _fits(dict(run.counts), distribution(text)), text


def test_a_wrong_distribution_is_seen() -> None:
    """A qubit that is turned further than the program says is told from the one that is not."""
    text = 'include "stdgates.inc"; qubit q; bit c; ry({angle}) q; c = measure q;'
    run = simulate(text.format(angle=1.2), Options(shots=SHOTS, seed=1), MACHINE)
    assert _fits(dict(run.counts), distribution(text.format(angle=1.2)))
    assert not _fits(dict(run.counts), distribution(text.format(angle=1.5)))
