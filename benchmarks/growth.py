"""Parts `growth` and `workers`: what becomes of the speed when many tasks are kept, and with more workers.

Every size has a server of its own; all are up at the same time and are loaded in turns. The tasks that a load makes are
deleted after it, so that each server keeps as many as it is said to.
"""

import asyncio
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TypeVar

from quantum_tasks.keys import Keys
from quantum_tasks.states import State
from quantum_tasks.store import Store, connect
from quantum_tasks.task import Method, Options, Outcome
from redis.asyncio import Redis

from benchmarks import stacks
from benchmarks.clients import batch, post_then_wait, takes_batches
from benchmarks.connection import Connection
from benchmarks.load import Window, drive
from benchmarks.over_http import Tell, describe, memory_now
from benchmarks.programs import BELL
from benchmarks.results import Filled, Load, Memory, Results
from benchmarks.stacks import Server
from benchmarks.turns import in_turn

T = TypeVar("T", Load, Memory)

CLIENTS = 64
WORKERS = (1, 2, 4)
FILL_BATCH = 200
FILL_AT_ONCE = 32
FILL_SECONDS = 900
FILL_CLAIM = 32
WARM = 1.0


async def measure(results: Results, kept: Sequence[int], rounds: int, seconds: float, tell: Tell) -> None:
    """Fill a server for each number of kept tasks, and load them in turns."""
    with ExitStack() as running:
        servers = {number: running.enter_context(stacks.ours()) for number in kept}
        for number, server in servers.items():
            began = time.monotonic()
            way = await fill(server, number)
            results.filled.append(Filled(number, way, time.monotonic() - began))
            tell(f"{number:,} tasks kept, {way}, in {results.filled[-1].seconds:.0f} s")
        for turn in range(rounds):
            for number in in_turn(servers, turn):
                load, ids = await drive(servers[number], post_then_wait(BELL), CLIENTS, Window(WARM, seconds), turn)
                results.growth.append(_named(load, f"{number:,} kept"))
                tell(describe(results.growth[-1]))
                await forget(servers[number], ids)
        for number, server in servers.items():
            results.growth_memory += [_named(each, f"{number:,} kept") for each in memory_now(server, "after all")]


async def measure_workers(results: Results, rounds: int, seconds: float, tell: Tell) -> None:
    """Load servers with 1, 2, 4 workers of one simulation each, in turns."""
    with ExitStack() as running:
        servers = {number: running.enter_context(stacks.ours(workers=number, QT_CONCURRENCY="1")) for number in WORKERS}
        for turn in range(rounds):
            for number in in_turn(servers, turn):
                load, _ = await drive(servers[number], post_then_wait(BELL), CLIENTS, Window(WARM, seconds), turn)
                results.workers.append(_named(load, f"{number} workers"))
                tell(describe(results.workers[-1]))


async def fill(server: Server, number: int) -> str:
    """Have a server keep so many ended tasks. Returns how, for the report."""
    if await takes_batches(server.port, BELL):
        left = number - 1  # the question was a task
        await asyncio.gather(*(_post_batches(server, sizes) for sizes in _dealt(left, FILL_BATCH, at_once=2)))
        return "through batches over HTTP"
    redis = connect(server.redis_url, timeout_seconds=60, retries=1, max_connections=2 * FILL_AT_ONCE)
    try:
        store = Store(redis)
        async with asyncio.timeout(FILL_SECONDS), asyncio.TaskGroup() as hands:
            for sizes in _dealt(number, 1, at_once=FILL_AT_ONCE):
                hands.create_task(_submit(store, len(sizes)))
            for hand in range(FILL_AT_ONCE):
                hands.create_task(_finish(store, f"benchmark-{hand}", number, redis))
    finally:
        await redis.aclose()
    return "submitted to the store, and ended there as a worker does"


async def forget(server: Server, ids: Iterable[str]) -> None:
    """Delete tasks."""
    redis = connect(server.redis_url, timeout_seconds=60, retries=1, max_connections=FILL_AT_ONCE)
    store, left = Store(redis), iter(ids)

    async def some() -> None:
        for task_id in left:
            await store.delete(task_id)

    try:
        await asyncio.gather(*(some() for _ in range(FILL_AT_ONCE)))
    finally:
        await redis.aclose()


def _named(thing: T, name: str) -> T:
    return replace(thing, server=name)


def _dealt(number: int, size: int, *, at_once: int) -> list[list[int]]:
    """Batches of at most `size`, that make `number` together, dealt to so many hands."""
    sizes = [size] * (number // size) + ([number % size] if number % size else [])
    return [sizes[hand::at_once] for hand in range(at_once)]


async def _post_batches(server: Server, sizes: Iterable[int]) -> None:
    connection = await Connection.to(server.port)
    try:
        for size in sizes:
            await batch(BELL, size).once(connection)
    finally:
        connection.close()


async def _submit(store: Store, number: int) -> None:
    for _ in range(number):
        await store.submit(str(uuid.uuid4()), BELL.program, Options(shots=BELL.shots))


async def _finish(store: Store, name: str, number: int, redis: Redis) -> None:
    """End tasks, with counts that were made up, until so many have ended; the server's own worker takes some, too."""
    half = BELL.shots // 2
    counts = {"00": half, "11": BELL.shots - half}
    outcome = Outcome(counts, shots=BELL.shots, seed=1, qubits=2, method=Method.STATEVECTOR)
    while await redis.zcard(Keys().index(State.SUCCEEDED)) < number:
        for lease in await store.claim(name, count=FILL_CLAIM, block_seconds=0.2, max_attempts=3):
            await store.succeed(lease, outcome)
