"""What every task backend does, on the real servers. A new backend is added to `open_backend` and passes this suite."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from quantum_api.backends.base import TaskBackend
from quantum_api.backends.redis import RedisBackend
from quantum_api.settings import ApiSettings
from quantum_tasks.errors import (
    IdempotencyMismatchError,
    InvalidCursorError,
    QueueFullError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from quantum_tasks.states import Phase, State
from quantum_tasks.store import Lease, Store, Submitted
from quantum_tasks.task import Method, Options, Outcome
from support.redis_server import RedisServer
from support.stores import open_store, run

OPTIONS = Options(shots=10, seed=3)
OUTCOME = Outcome(counts={"0": 10}, shots=10, seed=3, qubits=1, method=Method.STATEVECTOR)
SOON = 30.0
"""Seconds within which a wait must end that has a reason to; never waited in full."""


@asynccontextmanager
async def open_backend(url: str, **settings: Any) -> AsyncIterator[tuple[TaskBackend, Store]]:  # noqa: ANN401
    """A backend, and the store as the worker on the other side has it."""
    api_settings = ApiSettings(redis_url=SecretStr(url), **settings)
    async with RedisBackend(api_settings) as backend, open_store(url) as store:
        yield backend, store


async def _lease(store: Store) -> Lease:
    [lease] = await store.claim("w", count=1, block_seconds=5, max_attempts=3)
    return lease


async def _waiter(backend: TaskBackend, task_id: str, seconds: float = SOON) -> "asyncio.Task[Any]":
    """A wait that has begun: it has read the task and sleeps."""
    waiting = asyncio.create_task(backend.wait(task_id, seconds))
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    return waiting


def test_a_submission_is_accepted_once(redis_url: str) -> None:
    """The same submission again is a replay, another one under the same id a mismatch."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            assert await backend.submit("a", "x", OPTIONS) is Submitted.ACCEPTED
            assert await backend.submit("a", "x", OPTIONS) is Submitted.REPLAYED
            with pytest.raises(IdempotencyMismatchError):
                await backend.submit("a", "y", OPTIONS)

    run(scenario())


def test_concurrent_submissions_under_one_id_make_one_task(redis_url: str) -> None:
    """Of many submissions at once exactly one is accepted."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            answers = await asyncio.gather(*(backend.submit("a", "x", OPTIONS) for _ in range(50)))
            assert sorted(answers) == [Submitted.ACCEPTED] + [Submitted.REPLAYED] * 49

    run(scenario())


def test_too_many_submissions_are_refused(redis_url: str) -> None:
    """A task over the bound of unfinished ones is not accepted."""

    async def scenario() -> None:
        async with open_backend(redis_url, max_unfinished=1) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            with pytest.raises(QueueFullError):
                await backend.submit("b", "x", OPTIONS)

    run(scenario())


def test_the_program_is_given_only_where_it_is_wanted(redis_url: str) -> None:
    """Reading a task leaves its program out unless asked."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            assert (await backend.get("a")).qasm is None
            assert (await backend.get("a", with_program=True)).qasm == "x"

    run(scenario())


def test_a_wait_ends_with_the_task(redis_url: str) -> None:
    """Whoever waits is given the task with its outcome as soon as there is one."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            waiters = [await _waiter(backend, "a") for _ in range(3)]
            await store.succeed(await _lease(store), OUTCOME)
            assert [task.outcome for task in await asyncio.gather(*waiters)] == [OUTCOME] * 3

    run(scenario())


def test_a_wait_for_a_task_that_has_ended_is_none(redis_url: str) -> None:
    """Waiting for an ended task gives it at once."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            await backend.cancel("a")
            assert (await backend.wait("a", SOON)).state is State.CANCELLED

    run(scenario())


def test_a_wait_gives_up_when_its_time_is_over(redis_url: str) -> None:
    """A task that does not end in time is given as it is."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            assert (await backend.wait("a", 0)).state is State.QUEUED
            assert (await backend.wait("a", 0.05)).state is State.QUEUED

    run(scenario())


def test_a_wait_ends_when_the_task_is_deleted(redis_url: str) -> None:
    """Whoever waits for a task that is deleted learns that there is none."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a")
            await backend.delete("a")
            with pytest.raises(TaskNotFoundError):
                await waiting

    run(scenario())


def test_waits_end_when_the_server_is_about_to_stop(redis_url: str) -> None:
    """Stopping ends every wait with the task as it is, and new waits do not begin."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            waiters = [await _waiter(backend, "a") for _ in range(3)]
            backend.stop_waiting()
            assert {task.state for task in await asyncio.gather(*waiters)} == {State.QUEUED}
            assert (await backend.wait("a", SOON)).state is State.QUEUED

    run(scenario())


def test_waiters_over_the_bound_do_not_wait(redis_url: str) -> None:
    """When as many wait as may, a further one is given the task as it is."""

    async def scenario() -> None:
        async with open_backend(redis_url, max_waiting=1) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a")
            assert (await backend.wait("a", SOON)).state is State.QUEUED
            await backend.cancel("a")
            assert (await waiting).state is State.CANCELLED

    run(scenario())


def test_waiting_costs_redis_nothing(redis_url: str) -> None:
    """However many wait, Redis is asked only by the one reader of events."""

    async def commands(store: Store) -> int:
        info = await store._redis.info("commandstats")  # noqa: SLF001 - what Redis saw, not what we think
        return int(info.get("cmdstat_hmget", {"calls": 0})["calls"])

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            waiters = [asyncio.create_task(backend.wait("a", SOON)) for _ in range(50)]
            done, _ = await asyncio.wait(waiters, timeout=1)
            before = await commands(store)
            done, _ = await asyncio.wait(waiters, timeout=1)
            assert not done
            assert await commands(store) == before
            await backend.cancel("a")
            await asyncio.gather(*waiters)

    run(scenario())


def test_a_wait_outlives_an_outage_of_redis() -> None:
    """A task that ends after Redis was away, or while the reader was not looking, still ends the wait for it."""

    async def scenario(server: RedisServer) -> None:
        async with open_backend(server.url) as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a")
            server.signal(signal.SIGKILL)
            with pytest.raises(StoreUnavailableError):
                await backend.ready()
            server.start()
            await store.succeed(await _lease(store), OUTCOME)
            assert (await waiting).state is State.SUCCEEDED

    with RedisServer() as server:
        run(scenario(server))


def test_a_listing_is_walked_by_its_cursor(redis_url: str) -> None:
    """The parts of a listing hold every task of the state once, newest first."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            for name in "abcde":
                await backend.submit(name, "x", OPTIONS)
            await backend.cancel("c")
            seen, cursor = "", None
            while True:
                listing = await backend.page(phase=Phase.PENDING, cursor=cursor, limit=2)
                seen += "".join(task.id for task in listing.tasks)
                cursor = listing.cursor
                if cursor is None:
                    break
            assert seen == "edba"

    run(scenario())


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 30, "\u0661"])
def test_a_cursor_of_no_listing_is_refused(redis_url: str, cursor: str) -> None:
    """A cursor that no listing gave is an error of its own type."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            with pytest.raises(InvalidCursorError):
                await backend.page(phase=None, cursor=cursor, limit=2)

    run(scenario())


def test_cancelling_is_idempotent_and_never_undoes_an_end(redis_url: str) -> None:
    """A cancelled task may be cancelled again; one that ended otherwise may not."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            await backend.cancel("a")
            await backend.cancel("a")
            await backend.submit("b", "x", OPTIONS)
            await store.succeed(await _lease(store), OUTCOME)
            with pytest.raises(TaskFinishedError):
                await backend.cancel("b")

    run(scenario())


@pytest.mark.parametrize("method", ["get", "cancel", "delete"])
def test_an_unknown_task_is_not_found(redis_url: str, method: str) -> None:
    """Reading, cancelling and deleting an unknown id are errors of one type."""

    async def scenario() -> None:
        async with open_backend(redis_url) as (backend, _):
            with pytest.raises(TaskNotFoundError):
                await getattr(backend, method)("nobody")

    run(scenario())


def test_a_backend_whose_store_is_away_says_so() -> None:
    """Every call fails as unavailable while Redis is away, and works once it is back."""

    async def scenario(server: RedisServer) -> None:
        async with open_backend(server.url) as (backend, _):
            server.signal(signal.SIGKILL)
            for call in (
                lambda: backend.submit("a", "x", OPTIONS),
                lambda: backend.get("a"),
                lambda: backend.page(phase=None, cursor=None, limit=1),
                lambda: backend.cancel("a"),
                lambda: backend.delete("a"),
                lambda: backend.wait("a", SOON),
                backend.ready,
            ):
                with pytest.raises(StoreUnavailableError):
                    await call()
            server.start()
            await backend.ready()
            assert await backend.submit("a", "x", OPTIONS) is Submitted.ACCEPTED

    with RedisServer() as server:
        run(scenario(server))
