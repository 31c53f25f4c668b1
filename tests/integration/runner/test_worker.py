"""The worker on a real Redis, with real children, and with Redis taken away from it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from quantum_runner.children import Child, ChildLostError
from quantum_runner.container import one_thread_per_library
from quantum_runner.settings import RunnerSettings
from quantum_runner.simulate import Machine, simulate
from quantum_runner.worker import Worker
from quantum_tasks.errors import Code, ProgramError, StoreUnavailableError, TaskNotFoundError
from quantum_tasks.leases import End, Lease
from quantum_tasks.states import Reason, State
from quantum_tasks.store import Store
from quantum_tasks.task import Options, Outcome, Task
from support.programs import BELL, ENDLESS
from support.redis_server import RedisServer
from support.stores import open_store, run


@asynccontextmanager
async def working(url: str, *, children: int = 1, **settings: Any) -> AsyncIterator[tuple[Worker, Store]]:  # noqa: ANN401
    """A worker at work, and a store to give it tasks through; afterwards the worker is stopped."""
    one_thread_per_library()
    places = [Child(memory_bytes=2**30, threads=1, simulations=1000) for _ in range(children)]
    async with open_store(url) as store:
        worker = Worker(store, places, RunnerSettings(**{"lease_seconds": 1, "shutdown_seconds": 0, **settings}))
        work = asyncio.create_task(worker.run())
        try:
            yield worker, store
        finally:
            worker.stop()
            await work
            await asyncio.gather(*(place.stop() for place in places))


async def ended(store: Store, task_id: str) -> Task:
    """The task once it has ended, within half a minute."""
    return await reached(store, task_id, {State.SUCCEEDED, State.FAILED, State.CANCELLED})


async def reached(store: Store, task_id: str, states: set[State]) -> Task:
    """The task once it is in one of the states."""
    async with asyncio.timeout(30):
        while (task := await store.get(task_id)).state not in states:  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0.02)
        return task


def test_tasks_are_run_to_their_ends(redis_url: str) -> None:
    """Good programs succeed with counts that sum to their shots, bad ones fail with code and place."""

    async def scenario() -> None:
        async with working(redis_url, children=2) as (_, store):
            for number in range(10):
                await store.submit(f"good-{number}", BELL, Options(shots=100))
            await store.submit("bad", "qubit q;\nh q;", Options())
            for number in range(10):
                outcome = (await ended(store, f"good-{number}")).outcome
                assert outcome
                assert sum(outcome.counts.values()) == 100
            bad = await ended(store, "bad")
            assert (bad.state, bad.reason) == (State.FAILED, Reason.INVALID_PROGRAM)
            assert bad.failure
            assert (bad.failure.code, bad.failure.line) == (Code.UNDEFINED, 2)

    run(scenario())


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many ends the store was told of at once, each time."""
    noted: list[int] = []
    end = Store.end

    async def noting(self: Store, ends: Sequence[End]) -> list[bool]:
        noted.append(len(ends))
        return await end(self, ends)

    monkeypatch.setattr(Store, "end", noting)
    return noted


async def _submit(url: str, tasks: Mapping[str, tuple[str, Options]]) -> None:
    """Have tasks in the queue before anyone takes them."""
    async with open_store(url) as store:
        for name, (program, options) in tasks.items():
            await store.submit(name, program, options)


def test_small_tasks_are_run_and_ended_many_at_once(redis_url: str, sizes: list[int]) -> None:
    """A long queue of small tasks goes through a child in batches that grow; each task gets counts of its own."""
    tasks = {f"a{number}": (BELL, Options(shots=100 + number, seed=number)) for number in range(200)}

    async def scenario() -> None:
        await _submit(redis_url, tasks)
        async with working(redis_url) as (_, store):
            for name, (program, options) in tasks.items():
                task = await ended(store, name)
                assert (task.outcome, task.attempts) == (simulate(program, options, Machine(memory_bytes=2**30)), 1)

    run(scenario())
    assert (sum(sizes), max(sizes)) == (200, 64)


def test_a_task_that_takes_long_keeps_no_other_one_waiting(redis_url: str) -> None:
    """Of tasks that were taken together, small ones end at once, one runs, and the rest goes back to the queue."""
    small = {f"small-{number}": (BELL, Options(shots=1)) for number in range(6)}
    long = {f"long-{number}": (ENDLESS, Options()) for number in range(3)}
    # one, two and four small ones are taken, and then the other four
    tasks = {**small, "small": (BELL, Options()), **long, "last": (BELL, Options())}

    async def scenario() -> None:
        await _submit(redis_url, tasks)
        async with working(redis_url, task_deadline_seconds=3) as (_, store):
            for name in (*small, "small"):
                assert (await ended(store, name)).state is State.SUCCEEDED
            await reached(store, "long-0", {State.RUNNING})
            for name in ("long-1", "long-2"):
                waiting = await reached(store, name, {State.QUEUED})
                assert (waiting.reason, waiting.attempts, waiting.started_at) == (Reason.QUEUED, 0, None)
            for name in long:
                task = await ended(store, name)
                assert (task.reason, task.attempts) == (Reason.DEADLINE_EXCEEDED, 1)
            assert (await ended(store, "last")).state is State.SUCCEEDED

    run(scenario())


def test_programs_that_are_refused_are_refused_each_by_itself(redis_url: str) -> None:
    """A wrong program among small ones fails with its place, and the others have their counts."""
    tasks = {f"a{number}": (BELL, Options()) for number in range(20)}
    tasks["a9"] = ("qubit q;\nh q;", Options())
    tasks["a17"] = ("\x00", Options())

    async def scenario() -> None:
        await _submit(redis_url, tasks)
        async with working(redis_url) as (_, store):
            for name in tasks:
                task = await ended(store, name)
                assert (task.state is State.FAILED) == (name in {"a9", "a17"})
            failures = [(await store.get(name)).failure for name in ("a9", "a17")]
            assert [(one.code, one.line) for one in failures if one] == [(Code.UNDEFINED, 2), (Code.ENCODING, 1)]

    run(scenario())


def test_a_child_that_is_lost_with_many_tasks_costs_none_of_them_an_attempt(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose fault it was is not known, so each is run by itself, or by somebody else, in the attempt that it has."""

    async def lose(child: Child, programs: Sequence[tuple[str, Options]]) -> list[Outcome | ProgramError | None]:
        await child.stop()
        raise ChildLostError(f"lost with {len(programs)} tasks")

    monkeypatch.setattr(Child, "run_quick", lose)
    names = [f"a{number}" for number in range(9)]

    async def scenario() -> None:
        await _submit(redis_url, {name: (BELL, Options()) for name in names})
        async with working(redis_url) as (_, store):
            for name in names:
                task = await ended(store, name)
                assert (task.state, task.attempts) == (State.SUCCEEDED, 1)

    run(scenario())


def test_an_endless_program_ends_at_its_deadline(redis_url: str) -> None:
    """A program over its time fails with DeadlineExceeded, and the next task runs."""

    async def scenario() -> None:
        async with working(redis_url, task_deadline_seconds=0.5) as (_, store):
            await store.submit("endless", ENDLESS, Options())
            await store.submit("next", BELL, Options())
            task = await ended(store, "endless")
            assert (task.reason, task.attempts) == (Reason.DEADLINE_EXCEEDED, 1)
            assert (await ended(store, "next")).state is State.SUCCEEDED

    run(scenario())


def test_a_cancelled_task_frees_its_place(redis_url: str) -> None:
    """Cancelling a running task stops it, and the next task runs in its place."""

    async def scenario() -> None:
        async with working(redis_url) as (_, store):
            await store.submit("endless", ENDLESS, Options())
            await reached(store, "endless", {State.RUNNING})
            await store.cancel("endless")
            await store.submit("next", BELL, Options())
            assert (await ended(store, "next")).state is State.SUCCEEDED
            assert (await store.get("endless")).state is State.CANCELLED

    run(scenario())


def test_a_deleted_task_frees_its_place(redis_url: str) -> None:
    """Deleting a running task stops it, and it does not come back."""

    async def scenario() -> None:
        async with working(redis_url) as (_, store):
            await store.submit("endless", ENDLESS, Options())
            await reached(store, "endless", {State.RUNNING})
            await store.delete("endless")
            await store.submit("next", BELL, Options())
            assert (await ended(store, "next")).state is State.SUCCEEDED
            with pytest.raises(TaskNotFoundError):
                await store.get("endless")

    run(scenario())


def test_the_tasks_of_a_lost_worker_are_taken_over(redis_url: str) -> None:
    """A task whose worker vanished is run by another once its lease has run out, as its second attempt."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", BELL, Options())
            assert await store.claim("vanished", count=1, block_seconds=1, max_attempts=3)
        async with working(redis_url) as (_, store):
            task = await ended(store, "a")
            assert (task.state, task.attempts) == (State.SUCCEEDED, 2)

    run(scenario())


def test_the_tasks_of_a_lost_worker_do_not_wait_for_each_other(redis_url: str) -> None:
    """However many it had: whoever takes over as many as it can run comes back for more as soon as it has run them."""

    async def scenario() -> None:
        names = [f"a{number}" for number in range(60)]
        async with open_store(redis_url) as store:
            for name in names:
                await store.submit(name, BELL, Options())
            assert len(await store.claim("vanished", count=60, block_seconds=1, max_attempts=3)) == 60
        # every one of them a quarter of a lease apart would be a minute
        async with working(redis_url, lease_seconds=4) as (_, store), asyncio.timeout(40):
            tasks = [await ended(store, name) for name in names]
            assert {(task.state, task.attempts) for task in tasks} == {(State.SUCCEEDED, 2)}

    run(scenario())


class Paused(Store):
    """A store that finds a worker's own lease over, once, as after a pause that was longer than a lease."""

    paused = False

    async def reclaim(self, consumer: str, *, count: int, lease_seconds: float, max_attempts: int) -> list[Lease]:
        """See Store."""
        if self.paused:
            lease_seconds = 0
        leases = await super().reclaim(consumer, count=count, lease_seconds=lease_seconds, max_attempts=max_attempts)
        self.paused = self.paused and not leases
        return leases


def test_a_worker_that_takes_over_its_own_task_goes_on_with_it(redis_url: str) -> None:
    """After a pause a worker may take its own task for a lost one's: only the run that lost its lease is abandoned."""

    async def scenario() -> None:
        async with open_store(redis_url) as plain:
            store = Paused(plain._redis)  # noqa: SLF001 - the same Redis
            places = [Child(memory_bytes=2**30, threads=1, simulations=1000) for _ in range(2)]
            settings = RunnerSettings(lease_seconds=1, shutdown_seconds=0, task_deadline_seconds=3)
            worker = Worker(store, places, settings)
            work = asyncio.create_task(worker.run())
            await store.submit("endless", ENDLESS, Options())
            await reached(store, "endless", {State.RUNNING})
            store.paused = True
            task = await ended(store, "endless")
            assert (task.reason, task.attempts) == (Reason.DEADLINE_EXCEEDED, 2)
            worker.stop()
            await work
            await asyncio.gather(*(place.stop() for place in places))

    one_thread_per_library()
    run(scenario())


def test_a_stopped_worker_gives_its_tasks_back_for_free(redis_url: str) -> None:
    """A worker told to stop gives back what it cannot finish, and the attempt does not count."""

    async def scenario() -> None:
        async with working(redis_url) as (_, store):
            await store.submit("endless", ENDLESS, Options())
            await reached(store, "endless", {State.RUNNING})
        async with open_store(redis_url) as store:
            task = await store.get("endless")
            assert (task.state, task.attempts) == (State.QUEUED, 0)

    run(scenario())


def test_a_worker_lives_through_an_outage_of_redis() -> None:
    """Redis may be killed in the middle of a run: the worker goes on with it, reports it, and takes the next task."""

    async def scenario(server: RedisServer) -> None:
        async with working(server.url, task_deadline_seconds=2, lease_seconds=10) as (_, store):
            await store.submit("endless", ENDLESS, Options())
            await reached(store, "endless", {State.RUNNING})
            server.signal(signal.SIGKILL)
            with pytest.raises(StoreUnavailableError):
                await store.get("endless")
            server.start()
            task = await ended(store, "endless")
            assert (task.reason, task.attempts) == (Reason.DEADLINE_EXCEEDED, 1)
            await store.submit("next", BELL, Options())
            assert (await ended(store, "next")).state is State.SUCCEEDED

    with RedisServer() as server:
        run(scenario(server))


def test_a_worker_outlives_an_emptied_redis() -> None:
    """When everything in Redis is gone, the worker makes the queue anew and runs what comes next."""

    async def scenario(server: RedisServer) -> None:
        async with working(server.url) as (_, store):
            await store.submit("first", BELL, Options())
            await ended(store, "first")
            await store._redis.flushall()  # noqa: SLF001 - the accident itself
            await store.submit("next", BELL, Options())
            assert (await ended(store, "next")).state is State.SUCCEEDED

    with RedisServer() as server:
        run(scenario(server))
