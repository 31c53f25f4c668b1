"""The programs that are measured are what they are called."""

import pytest
from quantum_qasm.straight import reader
from scipy.stats import chi2_contingency

from benchmarks.feed_forward import ways as feed_forward_ways
from benchmarks.programs import (
    MIXES,
    SHOTS,
    Case,
    clifford,
    entangled_feed_forward,
    feed_forward,
    gates,
    ghz,
    layers,
    qft,
)


@pytest.mark.parametrize(
    ("program", "qubits", "steps"),
    [
        (ghz(8), 8, 8 + 8),
        (qft(12), 12, 4 + 12 + 66 + 6 + 12),
        (gates(1000), 4, 1000 + 4),
        (layers(20, 20), 20, 20 * 20 + 10 * 10 + 10 * 9 + 20),
        (clifford(100, 10), 100, 10 * 100 + 5 * 50 + 5 * 49 + 100),
    ],
)
def test_a_program_has_its_size(program: str, qubits: int, steps: int) -> None:
    """Qubits, and gates with measurements, are as many as the name says."""
    read = reader.read(program)
    assert read is not None
    assert (read.qubits, len(read.steps)) == (qubits, steps)


def test_feed_forward_depends_on_measurements() -> None:
    """Every round measures, and has a gate that depends on it."""
    assert feed_forward(4).count("if (c[") == 4
    assert entangled_feed_forward(16).count("if (c[") == 15


def test_what_is_measured_of_feed_forward_is_of_one_distribution() -> None:
    """Ours and Aer's ways give as many shots as were asked for, and each bit as often."""
    measured = [run() for run in feed_forward_ways(entangled_feed_forward(4)).values()]
    assert [sum(counts.values()) for counts in measured] == [SHOTS] * 3
    keys = sorted(set().union(*measured))
    table = [[counts.get(key, 0) for key in keys] for counts in measured]
    assert chi2_contingency(table).pvalue > 1e-7


@pytest.mark.parametrize("case", MIXES, ids=lambda case: case.name)
def test_cases_are_told_apart(case: Case) -> None:
    """No two cases have the same name, by which figures are found."""
    assert [other.name for other in MIXES].count(case.name) == 1
