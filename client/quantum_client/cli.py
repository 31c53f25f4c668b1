"""`quantum-tasks`: the command line."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from quantum_tasks import logs
from quantum_tasks.settings import LogFormat, LogLevel

from quantum_client import demo as show
from quantum_client.local.console import PartLogs, say
from quantum_client.local.stack import Plan, StackError, running

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="OpenQASM 3 in, counts out."
)


@app.command()
def up(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the API on 127.0.0.1; 0 picks a free one")
    ] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes")] = 1,
    data: Annotated[Path, typer.Option(file_okay=False, help="Folder that keeps the tasks")] = Path(".data"),
) -> None:
    """Serve on this machine until ended: Redis, the API and workers, without containers."""
    logs.configure(LogFormat.CONSOLE, LogLevel.INFO)
    raise typer.Exit(asyncio.run(_until_told_to_stop(_serve(Plan(data, port, workers, PartLogs())))))


@app.command()
def demo(
    *,
    url: Annotated[str | None, typer.Option(help="An API that is already running; else one is started")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show the logs of what is started")] = False,
) -> None:
    """Run five programs through an API, Redis and a worker, and print their counts."""
    logs.configure(LogFormat.CONSOLE, LogLevel.INFO if verbose else LogLevel.ERROR)
    showing = show.show_at(url) if url else show.show_on_a_stack(PartLogs() if verbose else None)
    raise typer.Exit(asyncio.run(_until_told_to_stop(showing)))


async def _serve(plan: Plan) -> int:
    async with running(plan) as stack:
        say(f"Ready on {stack.url}")
        await stack.wait()
    return 0


async def _until_told_to_stop(work: Coroutine[Any, Any, int]) -> int:
    """Run a command; the first Ctrl-C or SIGTERM ends it in an orderly way, a second one at once."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return 0
    except StackError as error:
        typer.secho(f"quantum-tasks: {error}", err=True, fg=typer.colors.RED)
        return 1
