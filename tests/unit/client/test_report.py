"""The demo's table."""

import io

import pytest
from quantum_client import report
from quantum_client.report import Run
from quantum_client.tasks import Answer
from quantum_tasks.states import Status
from rich.console import Console

BELL = "// Both agree.\nOPENQASM 3;\nqubit q;\nhh q;\n"
COUNTS = {f"{number:05b}": 2 * number + 1 for number in range(32)}
COMPLETED = Run("teleportation", BELL, 1024, 1.234, Answer(status=Status.COMPLETED, result=COUNTS))
FAILED = Run("broken", BELL, 1024, 0.5, Answer(status=Status.ERROR, message="4:1: Gate 'hh' is not defined."))


def _render(*runs: Run, width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    console = Console(file=stream, width=width, force_terminal=False)
    console.print(report.table(list(runs), console))
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("message", "expected"),
    [("5:1: Gate 'hh' is not defined.", (5, 1)), ("12:34: no", (12, 34)), ("No place: 5:1: here", None), ("", None)],
)
def test_an_errors_place_leads_its_message(message: str, expected: tuple[int, int] | None) -> None:
    """The line and the column are those that the message starts with."""
    assert report.place(message) == expected


def test_an_excerpt_marks_the_column() -> None:
    """The mark stands under the column that the error names."""
    assert report.excerpt("one\nh q[0];\n", 2, 3) == "2 | h q[0];\n      ^"


@pytest.mark.parametrize("line", [0, 3, 99])
def test_an_excerpt_of_no_line_is_empty(line: int) -> None:
    """A place outside of the program has no excerpt, and is no error."""
    assert report.excerpt("one\ntwo\n", line, 1) == ""


def test_a_completed_run_shows_shots_counts_and_time() -> None:
    """A row has the program's first line, its shots, its counts with percentages, and its time."""
    shown = _render(COMPLETED)
    for text in ("teleportation", "Both agree.", "1024", "11111", "6.2 %", "… 24 more", "1.23 s"):
        assert text in shown


def test_a_failed_run_shows_its_place() -> None:
    """A row of a program that failed says where, shows the line, and marks the column."""
    shown = _render(FAILED, width=100)
    assert "error in line 4, column 1: Gate 'hh' is not defined." in shown
    assert "4 | hh q;" in shown
    assert "    ^" in shown


def test_a_message_is_not_markup() -> None:
    """Brackets in an answer are shown as they are."""
    run = Run("x", BELL, 1, 0.1, Answer(status=Status.ERROR, message="[bold]q[0][/bold] is not"))
    assert "[bold]q[0][/bold] is not" in _render(run)


def test_a_run_without_an_answer_says_why() -> None:
    """When the server gave no answer, the row has the reason."""
    assert "no answer from" in _render(Run("x", BELL, 1, 0.1, problem="no answer from http://x: refused"))


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_table_fits_its_console(width: int) -> None:
    """No line is wider than the console, and every percentage is whole."""
    shown = _render(COMPLETED, FAILED, width=width)
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count(" %") == 8


def test_the_table_can_do_without_unicode() -> None:
    """Where the output takes ASCII alone, the table is made of it."""
    assert "####" in _render(Run("x", BELL, 4, 0.1, Answer(status=Status.COMPLETED, result={"0": 4})), encoding="ascii")
