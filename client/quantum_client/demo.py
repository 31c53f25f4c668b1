"""The demo: five programs over HTTP, and what came back."""

import asyncio
import contextlib
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text

from quantum_client.local.stack import Plan, StackError, running

SHOTS = 1024
WAIT_SECONDS = 30
_BAR_CELLS = 24
_MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Program:
    """One program of the demo; a broken one is there to show its error."""

    title: str
    file: str
    broken: bool = False

    @property
    def qasm(self) -> str:
        """The program's text."""
        return (resources.files("quantum_client") / "programs" / self.file).read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Ran:
    """What the API answered for a program, and after how many seconds."""

    program: Program
    answer: Mapping[str, object]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """The counts, most frequent first; none if there are none."""
        result = self.answer.get("result")
        pairs = result.items() if isinstance(result, dict) else ()
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    @property
    def message(self) -> str:
        """Why there are no counts."""
        return str(self.answer.get("message", ""))

    @property
    def as_expected(self) -> bool:
        """Whether a good program gave all its counts, or a broken one an error with its line and column."""
        if self.program.broken:
            return self.answer.get("status") == "error" and bool(re.match(r"\d+:\d+: ", self.message))
        return self.answer.get("status") == "completed" and sum(self.counts.values()) == SHOTS


PROGRAMS = (
    Program("Bell pair", "bell.qasm"),
    Program("GHZ, 5 qubits", "ghz.qasm"),
    Program("Grover, 3 qubits", "grover.qasm"),
    Program("Teleportation", "teleport.qasm"),
    Program("A broken one", "broken.qasm", broken=True),
)


async def show_on_a_stack(on_line: Callable[[str, str], None] | None) -> int:
    """Start a stack, show the programs on it, and stop it. Returns the exit code."""
    console = Console()
    last_lines: deque[str] = deque(maxlen=30)
    remember = on_line or (lambda name, line: last_lines.append(f"{name:<9}| {line}"))
    with tempfile.TemporaryDirectory(prefix="quantum-tasks-demo-") as folder:
        try:
            with _progress(console, "starting Redis, the API and a worker"):
                stack = running(Plan(Path(folder), port=0, on_line=remember))
                started = await stack.__aenter__()
            try:
                code = await show_at(started.url, console)
            finally:
                await stack.__aexit__(None, None, None)
        except StackError:
            console.print("\n".join(last_lines), markup=False, highlight=False)
            raise
    return code


async def show_at(url: str, console: Console | None = None) -> int:
    """Show the programs on an API. Returns the exit code: 0 if every program did what it should."""
    console = console or Console()
    try:
        async with httpx.AsyncClient(base_url=url, timeout=WAIT_SECONDS + 10) as client:
            with _progress(console, f"running {len(PROGRAMS)} programs on {url}"):
                results = await asyncio.gather(*(_run(client, program) for program in PROGRAMS))
    except httpx.HTTPError as error:
        raise StackError(f"{url} does not answer as an API of Quantum Tasks: {error}") from error
    console.print(table(results))
    failed = [ran for ran in results if not ran.as_expected]
    for ran in failed:
        console.print(f"[red]{ran.program.title} did not do what it should:[/red] {ran.answer}")
    if not failed:
        console.print("Go on with [bold]make up[/bold], and send your own: see the README.")
    return 1 if failed else 0


async def _run(client: httpx.AsyncClient, program: Program) -> Ran:
    began = time.monotonic()
    submitted = await client.post("/tasks", json={"qc": program.qasm, "shots": SHOTS})
    submitted.raise_for_status()
    answer = await client.get(f"/tasks/{submitted.json()['task_id']}", headers={"Prefer": f"wait={WAIT_SECONDS}"})
    answer.raise_for_status()
    return Ran(program, answer.json(), time.monotonic() - began)


def table(results: list[Ran]) -> Table:
    """What came back, with counts as bars."""
    shown = Table(title=f"Counts of {SHOTS} shots", title_justify="left", show_lines=True)
    shown.add_column("program")
    shown.add_column("what came back")
    shown.add_column("seconds", justify="right")
    for ran in results:
        outcome = bars(ran.counts) if ran.counts else Text(ran.message, style="red")
        shown.add_row(ran.program.title, outcome, f"{ran.seconds:.2f}")
    return shown


def bars(counts: Mapping[str, int]) -> Text:
    """Counts as bars, the most frequent first; what is too rare for a row is summed up in the last."""
    total = sum(counts.values())
    rows = list(counts.items())[:_MOST_ROWS]
    lines = []
    for bits, count in rows:
        share = count / total
        cells = max(1, round(share * _BAR_CELLS))
        lines.append(f"{bits}  {'█' * cells:<{_BAR_CELLS}} {count:>6} {share:>6.1%}")
    if len(counts) > len(rows):
        lines.append(f"… and {len(counts) - len(rows)} more")
    return Text("\n".join(lines))


def _progress(console: Console, what: str) -> contextlib.AbstractContextManager[object]:
    if console.is_terminal:
        return console.status(f"{what} …")
    console.print(f"{what} …")
    return contextlib.nullcontext()
