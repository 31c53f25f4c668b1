"""The load generator on real servers: this project's, and the usual design's."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from quantum_tasks.keys import Keys
from quantum_tasks.states import State
from redis import Redis

from benchmarks import growth, stacks
from benchmarks.clients import Way, batch, poll, post_then_wait, post_wait, takes_batches
from benchmarks.load import Window, drive
from benchmarks.programs import BELL, Case
from benchmarks.stacks import Server

WINDOW = Window(warm=0.1, counted=0.5)


@pytest.fixture(scope="module")
def ours() -> Iterator[Server]:
    """The local stack, with one simulation at a time."""
    with stacks.ours(QT_CONCURRENCY="1") as server:
        yield server


@pytest.fixture(scope="module")
def usual() -> Iterator[Server]:
    """The usual design, with one worker."""
    with stacks.usual(workers=1) as server:
        yield server


def keys(server: Server, call: Callable[[Any], int]) -> int:
    """What Redis says."""
    with Redis.from_url(server.redis_url, decode_responses=True) as redis:
        return call(redis)


@pytest.mark.parametrize("way", [post_then_wait(BELL), post_wait(BELL), poll(BELL)], ids=lambda way: way.name)
def test_ours_is_loaded_by_every_way(ours: Server, way: Way) -> None:
    """Tasks end, every client asks, and each part of the server is seen to use time."""
    load, ids = asyncio.run(drive(ours, way, 2, WINDOW, 0))
    assert 0 < load.tasks < len(ids)
    assert load.requests >= load.tasks
    assert {"API", "Redis", "simulations", "stack supervisor", "worker supervisors"} <= set(load.cpu_seconds)
    assert 0 < load.p50_ms <= load.p99_ms


def test_the_usual_design_is_loaded_by_polls(usual: Server) -> None:
    """The two routes of the usual design give counts that add up, too."""
    load, ids = asyncio.run(drive(usual, poll(BELL), 2, WINDOW, 0))
    assert 0 < load.tasks < len(ids)
    assert set(load.cpu_seconds) == {"API", "Redis", "workers"}


def test_a_server_without_batches_is_known(usual: Server) -> None:
    """A server that has no route for batches says so, and is left alone."""
    assert not asyncio.run(takes_batches(usual.port, BELL))


def test_batches_give_counts_of_each_of_their_tasks(ours: Server) -> None:
    """Our API takes batches, and one gives as many ids as it had tasks."""
    assert asyncio.run(takes_batches(ours.port, BELL))
    load, ids = asyncio.run(drive(ours, batch(BELL, 10), 2, WINDOW, 0))
    assert 0 < load.tasks <= len(ids)
    assert load.tasks % 10 == len(ids) % 10 == 0


def test_a_server_keeps_as_many_tasks_as_it_is_filled_with(ours: Server) -> None:
    """Filling ends tasks, and what a load makes is forgotten."""
    before = keys(ours, lambda redis: redis.zcard(Keys().index(State.SUCCEEDED)))
    asyncio.run(growth.fill(ours, before + 50))
    kept = keys(ours, lambda redis: redis.zcard(Keys().index()))
    assert kept >= before + 50
    _, ids = asyncio.run(drive(ours, post_then_wait(BELL), 2, WINDOW, 0))
    asyncio.run(growth.forget(ours, ids))
    assert keys(ours, lambda redis: redis.zcard(Keys().index())) == kept


def test_a_program_that_fails_ends_the_load(ours: Server) -> None:
    """An answer without counts is no figure."""
    with pytest.raises(Exception, match="the counts of 1024 shots are None"):
        asyncio.run(drive(ours, post_wait(Case("broken", "OPENQASM 3; nonsense")), 1, WINDOW, 0))
