"""Part `http`: Bell tasks from POST to counts, over HTTP, on whole servers: this project's beside the usual design's.

Both are up all the time, each with its own Redis, and are loaded in turns; the one that is not is idle.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import processes, stacks
from benchmarks.clients import BATCH_PATH, Way, batch, poll, post_then_wait, post_wait, takes_batches
from benchmarks.load import Window, drive
from benchmarks.programs import BELL
from benchmarks.results import Load, Memory, Results
from benchmarks.stacks import Server
from benchmarks.turns import in_turn

CLIENTS = (1, 8, 64)
BATCH_SIZE = 100
BATCH_CLIENTS = 8
IDLE_SECONDS = 3.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Kind:
    server: Server
    way: Way
    clients: int


async def measure(results: Results, rounds: int, seconds: float, tell: Tell) -> None:
    """Start both, and load them in turns."""
    simulations = len(os.sched_getaffinity(0))
    with stacks.ours() as ours, stacks.usual(simulations) as usual:
        await asyncio.sleep(IDLE_SECONDS)
        for server in (ours, usual):
            _note_memory(results, server, "idle")
        await _measure_idle(results, (ours, usual))
        kinds = await _kinds(results, ours, usual, tell)
        window = Window(warm=1.0, counted=seconds)
        for number in range(rounds):
            for kind in in_turn(kinds, number):
                load, _ = await drive(kind.server, kind.way, kind.clients, window, number)
                results.http.append(load)
                tell(describe(load))
                if number == rounds - 1 and kind.clients == max(CLIENTS):
                    _note_memory(results, kind.server, f"after {kind.way.name}, {kind.clients} clients")


async def _kinds(results: Results, ours: Server, usual: Server, tell: Tell) -> list[_Kind]:
    kinds = []
    for clients in CLIENTS:
        kinds.append(_Kind(usual, poll(BELL), clients))
        kinds += [_Kind(ours, way(BELL), clients) for way in (post_then_wait, post_wait, poll)]
    if await takes_batches(ours.port, BELL):
        kinds.append(_Kind(ours, batch(BELL, BATCH_SIZE), BATCH_CLIENTS))
    else:
        tell(f"batches are left out: the API has no POST {BATCH_PATH}")
        results.note(f"Batches were left out: the API has no `POST {BATCH_PATH}`.")
    return kinds


async def _measure_idle(results: Results, servers: tuple[Server, ...]) -> None:
    """What each uses when nobody asks for anything."""
    before = {server.name: processes.cpu(server.roots) for server in servers}
    await asyncio.sleep(IDLE_SECONDS)
    for server in servers:
        used = processes.cpu_between(before[server.name], processes.cpu(server.roots))
        results.idle_cpu[server.name] = {part: each / IDLE_SECONDS for part, each in used.items()}


def _note_memory(results: Results, server: Server, when: str) -> None:
    results.memory += memory_now(server, when)


def memory_now(server: Server, when: str) -> list[Memory]:
    """What each part of a server has now."""
    return [
        Memory(server.name, part, when, taken.rss_mb, taken.pss_mb)
        for part, taken in processes.memory(server.roots).items()
    ]


def describe(load: Load) -> str:
    """One line for who watches."""
    return (
        f"{load.server}, {load.way}, {load.clients} clients: {load.rate:.0f} tasks/s, "
        f"{load.cpu_ms_per_task:.2f} ms CPU per task, p50 {load.p50_ms:.1f} ms"
    )
