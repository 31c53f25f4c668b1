"""What the demo counts as a success."""

import pytest
from quantum_client import demo
from quantum_client.programs import program
from quantum_client.report import Run
from quantum_client.tasks import Answer
from quantum_tasks.states import Status


def _run(name: str, answer: Answer | None, problem: str = "") -> Run:
    return Run(name, program(name), 10, 0.1, answer, problem)


@pytest.mark.parametrize("name", [*demo.GOOD, demo.BROKEN])
def test_every_program_is_there_and_says_what_it_is(name: str) -> None:
    """Each of the demo's programs is OpenQASM 3 with a first line for the table."""
    run = _run(name, None)
    assert "OPENQASM 3;" in run.program
    assert run.program.startswith("// ")
    assert run.about.endswith(".")


def test_counts_that_sum_to_the_shots_are_right() -> None:
    """A program that completed with as many counts as shots is as it should be."""
    assert demo.shortcoming(_run("bell", Answer(status=Status.COMPLETED, result={"00": 4, "11": 6}))) is None


def test_a_broken_program_that_fails_with_a_place_is_right() -> None:
    """The broken program is meant to fail, and to say where."""
    assert demo.shortcoming(_run(demo.BROKEN, Answer(status=Status.ERROR, message="5:1: no such gate"))) is None


@pytest.mark.parametrize(
    ("name", "answer", "expected"),
    [
        ("bell", Answer(status=Status.COMPLETED, result={"00": 4}), "4 in all, not 10"),
        ("bell", Answer(status=Status.COMPLETED), "0 in all, not 10"),
        ("bell", Answer(status=Status.ERROR, message="cancelled"), "cancelled"),
        ("bell", None, "away"),
        (demo.BROKEN, Answer(status=Status.COMPLETED, result={"00": 10}), "was to end in an error"),
        (demo.BROKEN, Answer(status=Status.ERROR, message="no such gate"), "no place"),
        (demo.BROKEN, None, "away"),
    ],
)
def test_anything_else_is_a_shortcoming(name: str, answer: Answer | None, expected: str) -> None:
    """Whatever is not as it should be is named."""
    assert expected in str(demo.shortcoming(_run(name, answer, "away")))
