"""Claims, tables and the picture, from figures that were made up."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.claims import Claim, claims
from benchmarks.plot import plot
from benchmarks.report import claims_table, number, report, table
from benchmarks.results import Cold, Filled, Load, Memory, Mix, Results

USUAL = Load("usual", "POST, then polls", 64, 0, 2.0, 40, 500, {"API": 0.4, "workers": 3.2}, 0.02, 2000.0, 3000.0)
OURS = Load("ours", "POST, then GET that waits", 64, 0, 2.0, 1600, 3200, {"API": 1.6, "Redis": 0.4}, 0.3, 60.0, 90.0)


def mix(name: str, floor: float, ours: float, usual: float | None) -> Mix:
    """A program with two equal pairs."""
    cpu = {"floor": [floor] * 2, "ours": [ours] * 2, **({"usual": [usual] * 2} if usual else {})}
    return Mix(name, native_floor=True, usual_says="" if usual else "too slow", cpu_ms=cpu, wall_ms=cpu)


@pytest.fixture
def results() -> Results:
    """One round of every part."""
    alone = [replace(USUAL, clients=1, p50_ms=80.0), replace(OURS, clients=1, p50_ms=4.0)]
    return Results(
        about={"processors": 2},
        notes=["a note"],
        mixes=[mix("Bell", 1.0, 0.2, 80.0), mix("20 qubits, depth 20", 1000.0, 1020.0, None)],
        cold=Cold({"ours": [0.2], "usual": [1.0]}, {"ours": [0.2], "usual": [1.1]}),
        http=[USUAL, OURS, *alone, replace(OURS, way="batches of 100", tasks=8000)],
        memory=[Memory("ours", "API", "idle", 60.0, 50.0)],
        idle_cpu={"ours": {"API": 0.001}},
        growth=[replace(OURS, server="100 kept"), replace(OURS, server="100,000 kept", tasks=1200)],
        filled=[Filled(100, "by hand", 1.0)],
        growth_memory=[
            Memory("100 kept", "API", "after all", 60.0, 50.0),
            Memory("100,000 kept", "API", "after all", 61.0, 51.0),
        ],
        workers=[replace(OURS, server="1 workers")],
        kubernetes={
            "about": {"when": "2026-11-29"},
            "bare": [{"count": 10, "seconds": 5.0, "cpu": {"all of the node": 6.0}}],
            "jobs": [],
            "pool": [],
            "memory": {"no task": {"working set": 60.0, "RSS": 57.0}},
        },
    )


def test_claims_are_told_with_figure_and_verdict(results: Results) -> None:
    """Each claim is the quotient of what was measured, and holds or does not."""
    found = [(round(claim.figure, 3) if claim.figure else None, claim.holds) for claim in claims(results)]
    assert found == [
        (None, None),  # GHZ-8 was not measured
        (0.2, True),
        (1.02, True),
        (40.0, True),
        (200.0, True),
        (0.05, True),
        (0.75, False),
        (1.02, True),
        (0.2, True),
        (None, None),  # nor whole Jobs
    ]


def test_rounds_are_compared_with_their_own(results: Results) -> None:
    """A claim is the median of the rounds' quotients, and a round without the other design counts for nothing."""
    results.http += [replace(USUAL, round=1, tasks=80), replace(OURS, round=1, tasks=1600), replace(OURS, round=2)]
    [claim] = [claim for claim in claims(results) if claim.target == 30]
    assert claim.figure == pytest.approx((40 + 20) / 2)


@pytest.mark.parametrize(
    ("figure", "at_least", "word"),
    [(2.0, True, "| yes |"), (2.0, False, "**no**"), (None, True, "not measured: no such server")],
)
def test_a_claim_says_whether_it_holds(figure: float | None, at_least: bool, word: str) -> None:  # noqa: FBT001 - a table of cases
    """Yes, no, or why nobody knows."""
    assert word in claims_table([Claim("it is fast", figure, 1.0, at_least=at_least, why_not="no such server")])


def test_nothing_measured_is_a_report_too() -> None:
    """Without results all claims are there, and no part is."""
    text = report(Results())
    assert text.count("not measured") == len(claims(Results()))
    assert "##" not in text


def test_a_report_has_every_part(results: Results) -> None:
    """What was measured has a heading and its figures, after the claims and the notes."""
    text = report(results)
    assert text.index("| claim |") < text.index("- a note") < text.index("## ")
    for heading in ("One warm task", "A fresh process", "From POST", "Memory", "Many kept", "Workers", "On a cluster"):
        assert f"## {heading}" in text
    assert "| Bell | 2 | 1.00 (1.00) | 0.200 (0.200) | 80.0 (80.0) | 0.200 | 80.0 | 400 |" in text
    assert "| 20 qubits, depth 20 | 2 | 1,000 (1,000) | 1,020 (1,020) | too slow | 1.02 | - | - |" in text


def test_results_are_json(results: Results) -> None:
    """All of it goes into a JSON file."""
    assert json.loads(json.dumps(asdict(results)))["http"][0]["tasks"] == USUAL.tasks


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.1234, "0.123"), (1.005, "1.00"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    """Three digits count; those before the point all stay."""
    assert number(value) == text


def test_a_table_is_markdown() -> None:
    """Columns, a line, rows."""
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_picture_is_drawn(results: Results, tmp_path: Path) -> None:
    """The picture is an SVG with something in it."""
    assert plot(results, tmp_path / "plot.svg")
    assert "<svg" in (tmp_path / "plot.svg").read_text()


def test_nothing_is_no_picture(tmp_path: Path) -> None:
    """Without figures no file is written."""
    assert not plot(Results(), tmp_path / "plot.svg")
    assert list(tmp_path.iterdir()) == []
