"""The commands of `quantum-tasks`."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from quantum_tasks.task import MAX_PROGRAM_BYTES

from quantum_client import demo as demonstration
from quantum_client.local.errors import LocalStackError
from quantum_client.local.serve import serve
from quantum_client.local.stack import StackSettings

app = typer.Typer(
    help="OpenQASM 3 programs in, counts out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the API on 127.0.0.1; 0 takes a free one.")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    data: Annotated[Path, typer.Option(help="Folder that keeps the tasks.")] = Path(".data"),
) -> None:
    """Serve on this machine until ended: Redis, the API and workers."""
    with _errors_in_one_line():
        asyncio.run(serve(StackSettings(data, port, workers)))


@app.command()
def demo(
    *,
    url: Annotated[str | None, typer.Option(help="A server that is up; otherwise one is started for the demo.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the logs of what is started.")] = False,
) -> None:
    """Run real circuits and show their counts."""
    with _errors_in_one_line():
        if url is None:
            status = asyncio.run(demonstration.run_local(verbose=verbose))
        else:
            status = asyncio.run(demonstration.run_remote(url.rstrip("/")))
        raise typer.Exit(status)


@app.command()
def check(
    files: Annotated[list[typer.FileText], typer.Argument(help="Programs; - is what comes in.")],
) -> None:
    """Say what is wrong with programs, without running them."""
    from quantum_client.check import report  # noqa: PLC0415 - the front end takes a while to load

    right = True
    for file in files:
        text = file.read(MAX_PROGRAM_BYTES + 1)
        if len(text.encode(errors="replace")) > MAX_PROGRAM_BYTES:
            told, is_right = f"{file.name}: error: a program has {MAX_PROGRAM_BYTES} bytes at most\n", False
        else:
            told, is_right = report(file.name, text)
        (sys.stdout if is_right else sys.stderr).write(told)
        right = right and is_right
    raise typer.Exit(0 if right else 1)


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    try:
        yield
    except LocalStackError as error:
        sys.stderr.write(f"quantum-tasks: {error}\n")
        raise typer.Exit(1) from None
