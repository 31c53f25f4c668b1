"""The demo's table: one row for each program, with its counts as bars or its error with its place."""

import re
from dataclasses import dataclass

from quantum_tasks.states import Status
from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from quantum_client import bars
from quantum_client.tasks import Answer

_PLACE = re.compile(r"(\d+):(\d+): ")
_REST_OF_ROW = 54
"""What a row has beside its bars, in cells, for the widest counts of the demo's programs."""


@dataclass(frozen=True, slots=True)
class Run:
    """A program and what the server made of it; `answer` is None when it was not to be had, and `problem` says why."""

    name: str
    program: str
    shots: int
    seconds: float
    answer: Answer | None = None
    problem: str = ""

    @property
    def about(self) -> str:
        """What the program's first line says of it."""
        return self.program.partition("\n")[0].removeprefix("// ")


def place(message: str) -> tuple[int, int] | None:
    """The line and the column that an error's message leads with, as `5:1: ...`, both counted from 1."""
    found = _PLACE.match(message)
    return (int(found[1]), int(found[2])) if found else None


def excerpt(program: str, line: int, column: int) -> str:
    """The line of the program, with a mark under the column."""
    lines = program.splitlines()
    if not 1 <= line <= len(lines):
        return ""
    number = f"{line} | "
    return f"{number}{lines[line - 1]}\n{' ' * (len(number) + column - 1)}^"


def table(runs: list[Run], console: Console) -> Table:
    """All runs, for this console's width and letters."""
    grid = Table(box=box.ROUNDED, show_lines=True, pad_edge=True)
    grid.add_column("program", no_wrap=True, style="bold")
    grid.add_column("shots", no_wrap=True, justify="right")
    grid.add_column("counts", overflow="fold", ratio=1)
    grid.add_column("time", no_wrap=True, justify="right")
    bar_width = max(4, min(40, console.width - _REST_OF_ROW))
    for run in runs:
        what = Group(Text(run.about, style="dim"), *_outcome(run, bar_width, ascii_only=console.options.ascii_only))
        grid.add_row(Text(run.name), str(run.shots), what, f"{run.seconds:.2f} s")
    return grid


def _outcome(run: Run, bar_width: int, *, ascii_only: bool) -> list[RenderableType]:
    if run.answer is None:
        return [Text(run.problem, style="red")]
    if run.answer.status is not Status.COMPLETED:
        return _error(run, run.answer.message)
    counts = bars.last_register(run.answer.result)
    lines: list[RenderableType] = [
        Text(line, style="cyan", no_wrap=True) for line in bars.rows(counts, bar_width, ascii_only=ascii_only)
    ]
    if len(counts) < len(run.answer.result):
        lines.append(Text(f"* is either; {len(run.answer.result)} different counts in all", style="dim"))
    return lines


def _error(run: Run, message: str) -> list[RenderableType]:
    found = place(message)
    if found is None:
        return [Text(message, style="red")]
    line, column = found
    why = message.partition(": ")[2]
    return [
        Text(f"error in line {line}, column {column}: {why}", style="red"),
        Padding(Text(excerpt(run.program, line, column), no_wrap=True), (0, 0, 0, 2)),
    ]
