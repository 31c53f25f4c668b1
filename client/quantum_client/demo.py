"""Real circuits through the whole service, over HTTP, and what to make of the answers."""

import ipaddress
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from quantum_tasks.states import Status
from quantum_tasks.task import DEFAULT_SHOTS
from rich.console import Console

from quantum_client import report
from quantum_client.local.logs import to_stderr
from quantum_client.local.stack import Stack, StackSettings, until_signal
from quantum_client.programs import program
from quantum_client.progress import Progress
from quantum_client.report import Run
from quantum_client.tasks import REQUEST_SECONDS, ServerError, Tasks, TaskTimeoutError

GOOD = ("bell", "ghz-5", "grover-3", "teleport")
BROKEN = "misspelled"
TASK_SECONDS = 60.0
INTERRUPTED = 130
"""The exit status of a program that Ctrl-C ended, as shells count."""

_TRY = (
    """ -H 'content-type: application/json' -H 'prefer: wait=10' -d '{"qc": "OPENQASM 3; """
    """include \\"stdgates.inc\\"; qubit q; h q; bit c; c = measure q;"}'"""
)


async def run_local(*, verbose: bool) -> int:
    """Show the demo on a stack of its own, which is gone afterwards. Returns the exit status.

    Raises LocalStackError when the stack cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="quantum-tasks-", ignore_cleanup_errors=True) as folder:
        settings = StackSettings(Path(folder), port=0)
        with Progress(Console(stderr=True), to_stderr(settings.names), verbose=verbose) as progress:
            passed = await _show_on(Stack(settings, progress), progress)
            if passed is False:
                progress.show_kept()
    if passed:
        _say_how_to_go_on("make up, then ", "http://127.0.0.1:8000")
    return INTERRUPTED if passed is None else int(not passed)


async def run_remote(url: str) -> int:
    """Show the demo on a server that is there already. Returns the exit status."""
    passed = await show(url)
    if passed:
        _say_how_to_go_on("", url)
    return int(not passed)


async def show(url: str) -> bool:
    """Submit every program, print what came of it, and return whether all is as it should be."""
    async with httpx.AsyncClient(base_url=url, timeout=REQUEST_SECONDS, trust_env=not _is_local(url)) as http:
        runs = [await _run(Tasks(http), name) for name in (*GOOD, BROKEN)]
    console = Console()
    console.print(report.table(runs, console))
    failures = [f"{run.name}: {why}" for run in runs if (why := shortcoming(run))]
    for failure in failures:
        sys.stderr.write(f"failed: {failure}\n")
    return not failures


def shortcoming(run: Run) -> str | None:
    """What is wrong with a run, None when it ended as its program should."""
    if run.answer is None:
        return run.problem
    if run.name == BROKEN:
        if run.answer.status is not Status.ERROR:
            return f"was to end in an error, and is {run.answer.status}"
        return None if report.place(run.answer.message) else f"the error has no place: {run.answer.message}"
    if run.answer.status is not Status.COMPLETED:
        return run.answer.message
    total = sum(run.answer.result.values())
    return None if total == run.shots else f"the counts are {total} in all, not {run.shots}"


async def _show_on(stack: Stack, progress: Progress) -> bool | None:
    """Start the stack and show the demo on it; None when a signal ended it."""
    passed = None
    with until_signal(stack, progress):
        began = time.monotonic()
        async with stack:
            progress.done(f"Redis, the API and a worker are ready after {time.monotonic() - began:.1f} s")
            passed = await show(stack.url)
    return passed


async def _run(tasks: Tasks, name: str) -> Run:
    text = program(name)
    began = time.monotonic()
    answer, problem = None, ""
    try:
        answer = await tasks.wait(await tasks.submit(text, shots=DEFAULT_SHOTS), TASK_SECONDS)
    except (ServerError, TaskTimeoutError) as error:
        problem = str(error)
    return Run(name, text, DEFAULT_SHOTS, time.monotonic() - began, answer, problem)


def _is_local(url: str) -> bool:
    """Whether the URL is this machine's, which no proxy of the environment can reach."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say_how_to_go_on(first: str, url: str) -> None:
    Console().print(f"Go on: {first}curl {url}/tasks{_TRY}", soft_wrap=True, highlight=False, markup=False)
