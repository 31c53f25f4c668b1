"""A worker of the pool: it ends when there is nothing to do, and leaves old tasks to the operator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from quantum_runner import worker as worker_module
from quantum_runner.children import Child
from quantum_runner.container import one_thread_per_library
from quantum_runner.settings import RunnerSettings
from quantum_runner.worker import Worker
from quantum_tasks.errors import TaskNotFoundError
from quantum_tasks.states import State
from quantum_tasks.store import Store
from quantum_tasks.task import Options, Task
from support.programs import BELL, ENDLESS
from support.stores import open_store, run


@asynccontextmanager
async def working(url: str, **settings: float) -> AsyncIterator[tuple[asyncio.Task[None], Store]]:
    """A worker at work, and a store to give it tasks through; afterwards the worker is stopped."""
    one_thread_per_library()
    place = Child(memory_bytes=2**30, threads=1, simulations=1000)
    await place.start()
    async with open_store(url) as store:
        told = {"lease_seconds": 1, "shutdown_seconds": 0, **settings}
        worker = Worker(store, [place], RunnerSettings.model_validate(told))
        work = asyncio.create_task(worker.run())
        try:
            yield work, store
        finally:
            worker.stop()
            await work
            await place.stop()


async def ended(store: Store, task_id: str) -> Task:
    """The task once it has ended, within half a minute."""
    async with asyncio.timeout(30):
        while not (task := await store.get(task_id)).state.terminal:  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0.02)
        return task


async def is_running(store: Store, task_id: str) -> None:
    """Return once the task runs, within half a minute."""
    async with asyncio.timeout(30):
        while (await store.get(task_id)).state is not State.RUNNING:  # noqa: ASYNC110 - another process sets it
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def _short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look into an empty queue is short here, so that the end comes soon after the idle time."""
    monkeypatch.setattr(worker_module, "CLAIM_SECONDS", 0.1)


def test_a_worker_without_a_task_ends(redis_url: str) -> None:
    """After its idle time the worker's run returns by itself, and well."""

    async def scenario() -> None:
        async with working(redis_url, idle_seconds=0.3) as (work, _):
            await asyncio.wait_for(asyncio.shield(work), 10)

    run(scenario())


def test_a_worker_runs_what_there_is_before_it_ends(redis_url: str) -> None:
    """The idle time begins after the last task: everything that waits is run, and then the worker ends."""

    async def scenario() -> None:
        async with working(redis_url, idle_seconds=0.3) as (work, store):
            for number in range(20):
                await store.submit(str(number), BELL, Options())
            await asyncio.wait_for(asyncio.shield(work), 40)
            states = {(await store.get(str(number))).state for number in range(20)}
            assert states == {State.SUCCEEDED}

    run(scenario())


def test_a_worker_with_a_long_task_is_not_idle(redis_url: str) -> None:
    """A task that runs for longer than the idle time is run to its end."""

    async def scenario() -> None:
        async with working(redis_url, idle_seconds=0.3, task_deadline_seconds=2) as (work, store):
            await store.submit("endless", ENDLESS, Options())
            task = await ended(store, "endless")
            assert (task.attempts, task.reason) == (1, "DeadlineExceeded")
            await asyncio.wait_for(asyncio.shield(work), 10)

    run(scenario())


def test_a_task_starts_the_idle_time_anew(redis_url: str) -> None:
    """A worker that is given tasks in time goes on, for much longer than its idle time in all."""

    async def scenario() -> None:
        async with working(redis_url, idle_seconds=1.5) as (work, store):
            loop = asyncio.get_running_loop()
            begun = loop.time()
            number = 0
            while loop.time() - begun < 3:
                await store.submit(str(number), BELL, Options())
                await ended(store, str(number))
                assert not work.done()
                number += 1
            await asyncio.wait_for(asyncio.shield(work), 10)

    run(scenario())


def test_a_worker_without_an_idle_time_goes_on(redis_url: str) -> None:
    """Unless it is told otherwise, a worker waits for ever."""

    async def scenario() -> None:
        async with working(redis_url) as (work, store):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(work), 1)
            await store.submit("a", BELL, Options())
            assert (await ended(store, "a")).state is State.SUCCEEDED

    run(scenario())


def test_a_stop_comes_before_the_idle_time(redis_url: str) -> None:
    """A worker that is told to stop does so though its idle time is long, and gives its task back."""

    async def scenario() -> None:
        async with working(redis_url, idle_seconds=3600) as (_, store):
            await store.submit("endless", ENDLESS, Options())
            await is_running(store, "endless")
        async with open_store(redis_url) as store:
            assert (await store.get("endless")).state is State.QUEUED

    run(scenario())


@pytest.mark.parametrize("sweep", [True, False], ids=["on", "off"])
def test_old_tasks_are_swept_only_where_they_are_to_be(redis_url: str, sweep: bool) -> None:  # noqa: FBT001 - a table
    """With `sweep` ended tasks are forgotten after their time; without it they are the operator's to remove."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("old", BELL, Options())
            await store.cancel("old")
        async with working(redis_url, sweep=sweep, retention_seconds=0) as (_, store):
            await store.submit("next", BELL, Options())
            if sweep:
                async with asyncio.timeout(10):
                    while await _is_there(store, "old"):  # noqa: ASYNC110 - the worker removes it
                        await asyncio.sleep(0.02)
            else:
                await ended(store, "next")
                assert await _is_there(store, "old")

    run(scenario())


async def _is_there(store: Store, task_id: str) -> bool:
    try:
        await store.get(task_id)
    except TaskNotFoundError:
        return False
    return True
