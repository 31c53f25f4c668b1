"""The load generator: clients that each do one thing after the other on a connection of their own, for a while.

Counted is a window in the middle: after a time to come up to speed, and before the last tasks are waited for. The
servers' CPU time is read at both ends of it, the generator's own, too, which is this process's.
"""

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks import processes
from benchmarks.clients import Way
from benchmarks.connection import Connection
from benchmarks.medians import percentile
from benchmarks.results import Load
from benchmarks.stacks import Server

FEWEST_ENDS = 20
MOST_WINDOWS = 5
ENDS_OF_FEW = 8
"""A window goes on until FEWEST_ENDS tasks or batches have ended in it. After MOST_WINDOWS windows fewer will do:
one of each client, or ENDS_OF_FEW."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long clients come up to speed, and how long they are counted at least: seconds."""

    warm: float
    counted: float


LONGEST_SECONDS = 300
"""A server that takes longer for one answer is broken, and there is nothing to measure."""


@dataclass
class _Tally:
    tasks: int = 0
    latencies_ms: list[float] = field(default_factory=list)


@dataclass
class _Run:
    """What the clients of one window share. `ids` are all tasks of the run, counted or not."""

    tally: _Tally = field(default_factory=_Tally)
    ids: list[str] = field(default_factory=list)
    ends: bool = False


@dataclass(frozen=True, slots=True)
class _Counted:
    """See Load."""

    seconds: float
    tasks: int
    requests: int
    cpu_seconds: processes.Cpu
    generator_cpu_seconds: float
    p50_ms: float
    p99_ms: float


async def drive(server: Server, way: Way, clients: int, window: Window, number: int) -> tuple[Load, Sequence[str]]:
    """Load a server for round `number`. Returns what was counted, and the ids of all tasks that were made.

    Raises WrongAnswerError, ConnectionError, and TimeoutError when an answer takes LONGEST_SECONDS.
    """
    connections = [await Connection.to(server.port) for _ in range(clients)]
    run = _Run()
    working = [asyncio.create_task(_client(connection, way, run)) for connection in connections]
    gc.collect()
    gc.disable()  # a pause of the generator is none of the server
    try:
        await _sleep_unless_one_fails(working, window.warm)
        counted = await _count(server, run, working, connections, window)
        run.ends = True
        await asyncio.gather(*working)
    finally:
        gc.enable()
        for task in working:
            task.cancel()
        for connection in connections:
            connection.close()
    return Load(server=server.name, way=way.name, clients=clients, round=number, **asdict(counted)), run.ids


async def _count(
    server: Server, run: _Run, working: Sequence[asyncio.Task[None]], connections: Sequence[Connection], window: Window
) -> _Counted:
    run.tally = tally = _Tally()
    cpu, asked = processes.cpu(server.roots), sum(one.asked for one in connections)
    own, began = time.process_time(), time.perf_counter()
    windows = 0
    while not is_enough(len(tally.latencies_ms), len(connections), windows):
        await _sleep_unless_one_fails(working, window.counted)
        windows += 1
    own, seconds = time.process_time() - own, time.perf_counter() - began
    run.tally = _Tally()
    return _Counted(
        seconds=seconds,
        tasks=tally.tasks,
        requests=sum(one.asked for one in connections) - asked,
        cpu_seconds=processes.cpu_between(cpu, processes.cpu(server.roots)),
        generator_cpu_seconds=own,
        p50_ms=percentile(tally.latencies_ms, 50),
        p99_ms=percentile(tally.latencies_ms, 99),
    )


def is_enough(ends: int, clients: int, windows: int) -> bool:
    """Whether a load was counted for long enough, after so many times the window and with so many ends in it."""
    if windows < 1:
        return False
    return ends >= (FEWEST_ENDS if windows < MOST_WINDOWS else min(clients, ENDS_OF_FEW))


async def _client(connection: Connection, way: Way, run: _Run) -> None:
    while not run.ends:
        began = time.perf_counter()
        async with asyncio.timeout(LONGEST_SECONDS):
            ids = await way.once(connection)
        took = (time.perf_counter() - began) * 1000
        run.ids += ids
        run.tally.tasks += len(ids)
        run.tally.latencies_ms.append(took)


async def _sleep_unless_one_fails(working: Sequence[asyncio.Task[None]], seconds: float) -> None:
    done, _ = await asyncio.wait(working, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
