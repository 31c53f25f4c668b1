"""What every task backend does, on the real servers. A new backend is added to `home` and passes this suite."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from typing import Any, Protocol

import pytest
from pydantic import SecretStr
from quantum_api.backends.base import TaskBackend
from quantum_api.backends.kubernetes import KubernetesBackend
from quantum_api.backends.redis import RedisBackend
from quantum_api.settings import ApiSettings
from quantum_tasks.cluster import Cluster, ClusterError
from quantum_tasks.errors import (
    IdempotencyMismatchError,
    InvalidCursorError,
    QueueFullError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from quantum_tasks.leases import Lease
from quantum_tasks.mirror import Mirror
from quantum_tasks.resource import ExecutionMode
from quantum_tasks.room import Room
from quantum_tasks.states import Phase, State
from quantum_tasks.store import NewTask, Receipt, Store, Submitted
from quantum_tasks.task import Engine, Frontend, Method, Options, Outcome, Output
from support.control_plane import ControlPlane
from support.redis_server import RedisServer
from support.stores import flush, open_store, run
from support.takeover import taking_over
from support.waiting import eventually

OPTIONS = Options(shots=10, seed=3, frontend=Frontend.QISKIT, inputs={"a": "pi / 2", "n": "3"})
OUTCOME = Outcome(
    counts={"0": 10},
    shots=10,
    seed=3,
    qubits=1,
    method=Method.STATEVECTOR,
    engine=Engine.AER,
    outputs=(Output(10, {"c": "0", "x": 0.5}),),
)
SOON = 30.0
"""Seconds within which a wait must end that has a reason to; never waited in full."""


class Home(Protocol):
    """What keeps the tasks of a backend, and how to open that backend on it."""

    newest_first: bool
    """Whether listings are."""

    def open(self, **settings: Any) -> "AbstractAsyncContextManager[tuple[TaskBackend, Store]]":  # noqa: ANN401
        """A backend, and the store as the worker on the other side has it."""


class InRedis:
    """Redis is the truth."""

    newest_first = True

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def open(self, **settings: Any) -> AsyncIterator[tuple[TaskBackend, Store]]:  # noqa: ANN401
        """See Home."""
        api_settings = ApiSettings(redis_url=SecretStr(self._url), **settings)
        async with RedisBackend(api_settings) as backend, open_store(self._url) as store:
            yield backend, store


class InKubernetes:
    """Resources are the truth. The tasks are the pool's, whose workers take them from the queue as elsewhere.

    Unless it is `operated` no end gets into its resource.
    """

    newest_first = False

    def __init__(self, url: str, *, operated: bool = True) -> None:
        self._url = url
        self._operated = operated

    @asynccontextmanager
    async def open(self, **settings: Any) -> AsyncIterator[tuple[TaskBackend, Store]]:  # noqa: ANN401
        """See Home."""
        api_settings = ApiSettings(redis_url=SecretStr(self._url), execution_mode=ExecutionMode.POOL, **settings)
        operator = taking_over(self._url) if self._operated else nullcontext()
        async with KubernetesBackend(api_settings) as backend, open_store(self._url) as store, operator:
            yield backend, store


@pytest.fixture(params=["redis", "kubernetes"])
def home(request: pytest.FixtureRequest, redis_url: str) -> Home:
    """An empty home of each kind."""
    if request.param == "redis":
        return InRedis(redis_url)
    request.getfixturevalue("empty_cluster")
    return InKubernetes(redis_url)


async def _lease(store: Store) -> Lease:
    [lease] = await store.claim("w", count=1, block_seconds=5, max_attempts=3)
    return lease


async def _waiter(backend: TaskBackend, task_id: str, seconds: float = SOON) -> "asyncio.Task[Any]":
    """A wait that has begun: it has read the task and sleeps."""
    return await _begun(backend.wait(task_id, seconds))


async def _begun(wait: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
    waiting = asyncio.create_task(wait)
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    assert not done
    return waiting


def test_a_submission_is_accepted_once(home: Home) -> None:
    """The same submission again is a replay, another one under the same id a mismatch."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            assert (await backend.submit("a", "x", OPTIONS)).submitted is Submitted.ACCEPTED
            assert (await backend.submit("a", "x", OPTIONS)).submitted is Submitted.REPLAYED
            with pytest.raises(IdempotencyMismatchError):
                await backend.submit("a", "y", OPTIONS)

    run(scenario())


def test_concurrent_submissions_under_one_id_make_one_task(home: Home) -> None:
    """Of many submissions at once exactly one is accepted."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            answers = await asyncio.gather(*(backend.submit("a", "x", OPTIONS) for _ in range(50)))
            assert sorted(answer.submitted for answer in answers) == [Submitted.ACCEPTED] + [Submitted.REPLAYED] * 49

    run(scenario())


def test_a_submission_is_answered_with_the_task(home: Home) -> None:
    """As it is then, without its program: queued if it is new, with its outcome if it is repeated after its end."""

    async def scenario() -> None:
        async with home.open() as (backend, store):
            receipt = await backend.submit("a", "x", OPTIONS)
            assert receipt.task == await backend.get("a")
            waiting = await _waiter(backend, "a")
            await store.succeed(await _lease(store), OUTCOME)
            ended = await waiting
            assert await backend.submit("a", "x", OPTIONS) == Receipt(Submitted.REPLAYED, ended)
            assert ended.outcome == OUTCOME

    run(scenario())


def test_submissions_of_a_batch_are_accepted_each_by_itself(home: Home) -> None:
    """One that stands for something else is refused, and what is before and after it is accepted, in order."""

    async def scenario() -> None:
        async with home.open() as (backend, store):
            await backend.submit("b", "y", OPTIONS)
            batch = [NewTask(name, "x", OPTIONS) for name in "abc"]
            for how in Submitted:
                first, other, last = await backend.submit_all(batch)
                assert isinstance(first, Receipt)
                assert isinstance(other, IdempotencyMismatchError)
                assert isinstance(last, Receipt)
                assert [(each.submitted, each.task.id) for each in (first, last)] == [(how, "a"), (how, "c")]
            assert {(await _lease(store)).task_id.rpartition("/")[2] for _ in "abc"} == {"a", "b", "c"}

    run(scenario())


def test_a_batch_is_accepted_until_there_are_too_many(home: Home) -> None:
    """What is over the bound of unfinished tasks is refused, and nothing else."""

    async def scenario() -> None:
        async with home.open(max_unfinished=2) as (backend, _):
            await backend.submit("z", "x", OPTIONS)
            await backend.submit_all([NewTask("a", "x", OPTIONS)])
            again, more = await backend.submit_all([NewTask(name, "x", OPTIONS) for name in "ab"])
            assert isinstance(again, Receipt)
            assert again.submitted is Submitted.REPLAYED
            assert isinstance(more, QueueFullError)

    run(scenario())


def test_a_batch_is_read_in_its_order(home: Home) -> None:
    """Each task that there is stands at its place, and nothing at the others'."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit_all([NewTask(name, "x", OPTIONS) for name in "ab"])
            found = await backend.get_all(["b", "nobody", "a"])
            assert [task and task.id for task in found] == ["b", None, "a"]
            assert found[0] == await backend.get("b")

    run(scenario())


def test_outcomes_that_are_large_together_are_left_out(home: Home) -> None:
    """Whoever waits for all of them is given as many as whoever reads them, and each alone."""

    async def scenario() -> None:
        async with home.open() as (backend, store):
            await backend.submit_all([NewTask(name, "x", OPTIONS) for name in "abc"])
            for _ in "abc":
                await store.succeed(await _lease(store), OUTCOME)
            await backend.wait_all(list("abc"), SOON)
            size = (await backend.get("a")).outcome_bytes
            found = await backend.get_all(list("abc"), Room(size * 2))
            assert [task and task.outcome for task in found] == [OUTCOME, OUTCOME, None]
            assert [task and task.is_outcome_left_out for task in found] == [False, False, True]
            with backend.watch(list("abc")) as watch:
                watch.room = Room(size * 2)
                for task_id, task in zip("abc", await backend.get_all(list("abc"), Room(size)), strict=True):
                    watch.learn(task_id, task)
                await watch.until_ended(SOON)
                assert sum(task is not None and task.outcome == OUTCOME for task in watch.known.values()) == 2
                assert sum(task is not None and task.is_outcome_left_out for task in watch.known.values()) == 1
            assert (await backend.wait("c", SOON)).outcome == OUTCOME

    run(scenario())


def test_a_wait_for_a_batch_ends_with_the_last_task(home: Home) -> None:
    """Ended, deleted and unknown ones are waited for no longer; all are given as they are then."""

    async def scenario() -> None:
        async with home.open() as (backend, store):
            await backend.submit("ended", "x", OPTIONS)
            await backend.cancel("ended")
            await backend.submit_all([NewTask(name, "x", OPTIONS) for name in ("deleted", "run")])
            ids = ["run", "ended", "nobody", "deleted"]
            waiting = await _begun(backend.wait_all(ids, SOON))
            await backend.delete("deleted")
            await store.succeed(await _lease(store), OUTCOME)
            run_, ended, *rest = await waiting
            assert run_
            assert run_.outcome == OUTCOME
            assert ended
            assert ended.state is State.CANCELLED
            assert rest == [None, None]

    run(scenario())


def test_a_wait_for_a_batch_gives_up_when_its_time_is_over(home: Home) -> None:
    """What has not ended in time is given as it is, beside what has."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit_all([NewTask(name, "x", OPTIONS) for name in "ab"])
            await backend.cancel("a")
            found = await backend.wait_all(["a", "b"], 0.05)
            assert [task and task.state for task in found] == [State.CANCELLED, State.QUEUED]

    run(scenario())


def test_an_end_between_the_submission_and_the_wait_is_not_missed(home: Home) -> None:
    """Whoever watches before the task is there is told of its end, however soon that is."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            with backend.watch(["a"]) as watch:
                receipt = await backend.submit("a", "x", OPTIONS)
                await backend.cancel("a")
                watch.learn("a", receipt.task)
                await watch.until_ended(SOON)
                assert watch.known["a"]
                assert watch.known["a"].state is State.CANCELLED

    run(scenario())


def test_too_many_submissions_are_refused(home: Home) -> None:
    """A task over the bound of unfinished ones is not accepted."""

    async def scenario() -> None:
        async with home.open(max_unfinished=1) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            with pytest.raises(QueueFullError):
                await backend.submit("b", "x", OPTIONS)

    run(scenario())


def test_the_program_is_given_only_where_it_is_wanted(home: Home) -> None:
    """Reading a task leaves its program out unless asked."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            assert (await backend.get("a")).qasm is None
            assert (await backend.get("a", with_program=True)).qasm == "x"

    run(scenario())


def test_a_wait_ends_with_the_task(home: Home) -> None:
    """Whoever waits is given the task with its outcome as soon as there is one."""

    async def scenario() -> None:
        async with home.open() as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            waiters = [await _waiter(backend, "a") for _ in range(3)]
            await store.succeed(await _lease(store), OUTCOME)
            assert [task.outcome for task in await asyncio.gather(*waiters)] == [OUTCOME] * 3

    run(scenario())


def test_a_wait_for_a_task_that_has_ended_is_none(home: Home) -> None:
    """Waiting for an ended task gives it at once."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            await backend.cancel("a")
            assert (await backend.wait("a", SOON)).state is State.CANCELLED

    run(scenario())


def test_a_wait_gives_up_when_its_time_is_over(home: Home) -> None:
    """A task that does not end in time is given as it is."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            assert (await backend.wait("a", 0)).state is State.QUEUED
            assert (await backend.wait("a", 0.05)).state is State.QUEUED

    run(scenario())


def test_a_wait_ends_when_the_task_is_deleted(home: Home) -> None:
    """Whoever waits for a task that is deleted learns that there is none."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a")
            await backend.delete("a")
            with pytest.raises(TaskNotFoundError):
                await waiting

    run(scenario())


def test_waits_end_when_the_server_is_about_to_stop(home: Home) -> None:
    """Stopping ends every wait with the task as it is, and new waits do not begin."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            waiters = [await _waiter(backend, "a") for _ in range(3)]
            backend.stop_waiting()
            assert {task.state for task in await asyncio.gather(*waiters)} == {State.QUEUED}
            assert (await backend.wait("a", SOON)).state is State.QUEUED

    run(scenario())


def test_waiters_over_the_bound_do_not_wait(home: Home) -> None:
    """When as many wait as may, a further one is given the task as it is."""

    async def scenario() -> None:
        async with home.open(max_waiting=1) as (backend, _):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a")
            assert (await backend.wait("a", SOON)).state is State.QUEUED
            await backend.cancel("a")
            assert (await waiting).state is State.CANCELLED

    run(scenario())


def test_a_batch_over_the_bound_of_waiters_does_not_wait(home: Home) -> None:
    """It counts as its tasks do: when fewer may be waited for, it is given as it is."""

    async def scenario() -> None:
        async with home.open(max_waiting=1) as (backend, _):
            await backend.submit_all([NewTask(name, "x", OPTIONS) for name in "ab"])
            found = await backend.wait_all(["a", "b"], SOON)
            assert [task and task.state for task in found] == [State.QUEUED] * 2

    run(scenario())


def test_an_end_is_read_once_for_all_who_wait(redis_url: str, redis_server: RedisServer) -> None:
    """A hundred who wait for one task do not cost Redis a hundred reads when it ends."""

    def reads() -> int:
        return int(redis_server.execute("INFO", "commandstats").get("cmdstat_hmget", {"calls": 0})["calls"])

    async def scenario() -> None:
        async with InRedis(redis_url).open() as (backend, store), AsyncExitStack() as watching:
            await backend.ready()
            watches = [watching.enter_context(backend.watch(["a"])) for _ in range(100)]
            await store.submit("a", "x", OPTIONS)
            lease = await _lease(store)
            before = reads()
            await store.succeed(lease, OUTCOME)
            await asyncio.gather(*(watch.until_ended(SOON) for watch in watches))
            assert reads() < before + 10  # that of the reader, and those of the script that ends the task
            ended = await backend.get("a")
            assert [watch.known["a"] for watch in watches] == [ended] * 100

    run(scenario())


def test_waiting_costs_redis_nothing(home: Home) -> None:
    """However many wait, Redis is asked only by the one reader of events."""

    async def commands(store: Store) -> int:
        info = await store._redis.info("commandstats")  # noqa: SLF001 - what Redis saw, not what we think
        return int(info.get("cmdstat_hmget", {"calls": 0})["calls"])

    async def scenario() -> None:
        async with home.open() as (backend, store):
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
        async with InRedis(server.url).open() as (backend, store):
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


async def _walk(backend: TaskBackend, phase: Phase | None) -> str:
    seen, cursor = "", None
    while True:
        listing = await backend.page(phase=phase, cursor=cursor, limit=2)
        seen += "".join(task.id for task in listing.tasks)
        cursor = listing.cursor
        if cursor is None:
            return seen


def test_a_listing_is_walked_by_its_cursor(home: Home) -> None:
    """The parts of a listing hold every task once: newest first, or by name."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            for name in "abcde":
                await backend.submit(name, "x", OPTIONS)
            assert await _walk(backend, None) == ("edcba" if home.newest_first else "abcde")
            assert await _walk(backend, Phase.SUSPENDED) == ""

    run(scenario())


def test_a_listing_holds_the_tasks_of_one_phase(redis_url: str) -> None:
    """A task leaves the listing of a phase when it leaves the phase (in a cluster, when the operator says so)."""

    async def scenario() -> None:
        async with InRedis(redis_url).open() as (backend, _):
            for name in "abcde":
                await backend.submit(name, "x", OPTIONS)
            await backend.cancel("c")
            assert await _walk(backend, Phase.PENDING) == "edba"
            assert await _walk(backend, Phase.CANCELLED) == "c"

    run(scenario())


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 30, "\u0661"])
def test_a_cursor_of_no_listing_is_refused(home: Home, cursor: str) -> None:
    """A cursor that no listing gave is an error of its own type."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            with pytest.raises(InvalidCursorError):
                await backend.page(phase=None, cursor=cursor, limit=2)

    run(scenario())


@pytest.mark.usefixtures("empty_cluster")
def test_a_cursor_that_etcd_has_forgotten_is_refused(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cursor that was good once and is too old is the request's mistake, whose error says to begin again."""

    async def expired(*_: object, **__: object) -> None:
        raise ClusterError(410, "Expired", "The provided continue parameter is too old")

    async def scenario() -> None:
        async with InKubernetes(redis_url).open() as (backend, _):
            monkeypatch.setattr(Cluster, "page", expired)
            with pytest.raises(InvalidCursorError):
                await backend.page(phase=None, cursor="good-once", limit=2)

    run(scenario())


def test_cancelling_is_idempotent_and_never_undoes_an_end(home: Home) -> None:
    """A cancelled task may be cancelled again; one that ended otherwise may not."""

    async def scenario() -> None:
        async with home.open() as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            await backend.cancel("a")
            await backend.cancel("a")
            await backend.submit("b", "x", OPTIONS)
            await store.succeed(await _lease(store), OUTCOME)
            with pytest.raises(TaskFinishedError):
                await backend.cancel("b")

    run(scenario())


@pytest.mark.parametrize("method", ["get", "cancel", "delete"])
def test_an_unknown_task_is_not_found(home: Home, method: str) -> None:
    """Reading, cancelling and deleting an unknown id are errors of one type."""

    async def scenario() -> None:
        async with home.open() as (backend, _):
            with pytest.raises(TaskNotFoundError):
                await getattr(backend, method)("nobody")

    run(scenario())


def test_a_backend_whose_store_is_away_says_so() -> None:
    """Every call fails as unavailable while Redis is away, and works once it is back."""

    async def scenario(server: RedisServer) -> None:
        async with InRedis(server.url).open() as (backend, _):
            server.signal(signal.SIGKILL)
            for call in (
                lambda: backend.submit("a", "x", OPTIONS),
                lambda: backend.submit_all([NewTask("a", "x", OPTIONS)]),
                lambda: backend.get("a"),
                lambda: backend.get_all(["a"]),
                lambda: backend.page(phase=None, cursor=None, limit=1),
                lambda: backend.cancel("a"),
                lambda: backend.delete("a"),
                lambda: backend.wait("a", SOON),
                lambda: backend.wait_all(["a"], SOON),
                backend.ready,
            ):
                with pytest.raises(StoreUnavailableError):
                    await call()
            server.start()
            await backend.ready()
            assert (await backend.submit("a", "x", OPTIONS)).submitted is Submitted.ACCEPTED

    with RedisServer() as server:
        run(scenario(server))


@pytest.mark.usefixtures("empty_cluster")
def test_a_cluster_serves_while_redis_is_away() -> None:
    """Without Redis, tasks are accepted, read and listed; what only Redis can say or do is the store's trouble."""

    async def scenario(server: RedisServer) -> None:
        async with InKubernetes(server.url).open(redis_timeout_seconds=1) as (backend, store):
            server.signal(signal.SIGKILL)
            assert (await backend.submit("a", "x", OPTIONS)).submitted is Submitted.ACCEPTED
            assert (await backend.submit("a", "x", OPTIONS)).submitted is Submitted.REPLAYED
            await backend.ready()
            assert (await backend.get("a", with_program=True)).qasm == "x"
            assert (await backend.wait("a", SOON)).state is State.QUEUED
            assert await _walk(backend, None) == "a"
            with pytest.raises(StoreUnavailableError):
                await backend.cancel("a")
            with pytest.raises(StoreUnavailableError):
                await backend.delete("a")  # Redis would say that it is there
            with pytest.raises(TaskNotFoundError):
                await backend.get("nobody")
            server.start()
            await store.prepare()
            assert (await backend.submit("b", "x", OPTIONS)).submitted is Submitted.ACCEPTED
            assert (await _lease(store)).task_id == "default/b"

    with RedisServer() as server:
        run(scenario(server))


def test_what_redis_has_lost_is_read_from_the_resource(empty_cluster: ControlPlane, redis_url: str) -> None:
    """A task whose record is gone is answered from its resource: its counts, or that they were too many for it."""
    rows = [{"count": 10, "values": {"c": '"0"', "x": "0.5"}}]
    counts = {"counts": {"0": 10}, "seed": 3, "qubits": 1, "method": "statevector", "engine": "aer", "outputs": rows}
    end = {"phase": "Succeeded", "reason": "Completed", "attempts": 1}

    async def scenario() -> None:
        async with InKubernetes(redis_url).open() as (backend, _):
            for name, status in {"small": {**end, **counts}, "large": end}.items():
                await backend.submit(name, "x", OPTIONS)
                patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
                empty_cluster.kubectl("patch", "quantumtask", name, *patch)
            await flush(redis_url)
            assert (await backend.get("small")).outcome == OUTCOME
            lost = await backend.get("large")
            assert (lost.state, lost.outcome) == (State.SUCCEEDED, None)
            assert lost.failure
            assert "Redis has lost them" in lost.failure.message
            listed = (await backend.page(phase=None, cursor=None, limit=10)).tasks
            assert [task.failure for task in listed] == [None, None]

    run(scenario())


@pytest.mark.usefixtures("empty_cluster")
def test_an_end_that_was_read_is_not_taken_back() -> None:
    """What was shown once is shown while Redis is away, when it is back, and when it has lost everything."""

    async def scenario(server: RedisServer) -> None:
        async with InKubernetes(server.url).open(redis_timeout_seconds=1) as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a")
            await store.succeed(await _lease(store), OUTCOME)
            ends = [await waiting, await backend.get("a")]
            server.signal(signal.SIGKILL)
            ends.append(await backend.get("a"))
            server.start()
            ends.append(await backend.get("a"))
            await flush(server.url)
            ends.append(await backend.get("a"))
            assert [(end.state, end.outcome, end.attempts) for end in ends] == [(State.SUCCEEDED, OUTCOME, 1)] * 5

    with RedisServer() as server:
        run(scenario(server))


@pytest.mark.usefixtures("empty_cluster")
def test_an_end_that_the_resource_has_not_got_is_shown_to_nobody() -> None:
    """Until the operator has taken an end over the task runs on for all to see: what Redis loses nobody has seen."""

    async def scenario(server: RedisServer) -> None:
        async with InKubernetes(server.url, operated=False).open(redis_timeout_seconds=1) as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            waiting = await _waiter(backend, "a", 1)
            await store.succeed(await _lease(store), OUTCOME)
            for task in (await waiting, await backend.get("a"), await backend.wait("a", 0.1)):
                assert (task.state, task.attempts) == (State.RUNNING, 1)
                assert (task.outcome, task.finished_at) == (None, None)
            server.signal(signal.SIGKILL)
            assert (await backend.get("a")).state is State.QUEUED
            server.start()
            assert (await backend.get("a")).state is State.RUNNING
            await flush(server.url)
            assert (await backend.get("a")).state is State.QUEUED

    with RedisServer() as server:
        run(scenario(server))


ENDED = {"phase": "Succeeded", "reason": "Completed", "seed": 3, "qubits": 1, "method": "statevector", "attempts": 2}


@pytest.mark.parametrize("counts", [{"0": 10}, {"1": 10}, None], ids=["same", "others", "large"])
def test_an_end_of_the_resource_is_shown_before_it_is_marked_in_redis(
    empty_cluster: ControlPlane, redis_url: str, counts: dict[str, int] | None
) -> None:
    """Listings and kubectl show it, and so does a look at the task: as the resource has it, which counts."""
    status = {**ENDED, "counts": counts} if counts else ENDED

    async def scenario() -> None:
        async with InKubernetes(redis_url, operated=False).open() as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            await store.succeed(await _lease(store), OUTCOME)
            patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
            empty_cluster.kubectl("patch", "quantumtask", "a", *patch)
            for task in (await backend.get("a", with_program=True), await backend.wait("a", SOON)):
                assert (task.state, task.attempts) == (State.SUCCEEDED, 2)
                assert task.outcome
                assert task.outcome.counts == (counts or OUTCOME.counts)
            assert (await backend.get("a", with_program=True)).qasm == "x"

    run(scenario())


@pytest.mark.usefixtures("empty_cluster")
def test_a_cancellation_that_is_not_shown_yet_is_answered_all_the_same(redis_url: str) -> None:
    """After two seconds the answer is the task as it is shown; where another end came first, to ask again."""

    async def scenario() -> None:
        async with InKubernetes(redis_url, operated=False).open() as (backend, store):
            for name in "ab":
                await backend.submit(name, "x", OPTIONS)
            await store.succeed(await _lease(store), OUTCOME)
            with pytest.raises(StoreUnavailableError):
                await backend.cancel("a")
            await backend.cancel("b")
            assert (await backend.get("b")).state is State.QUEUED
            async with taking_over(redis_url):
                await store.delete("default/b")  # told, and so looked at; the record is lost
                assert (await backend.wait("b", SOON)).state is State.CANCELLED
                await backend.cancel("b")

    run(scenario())


def test_a_short_timeout_keeps_nobody_from_following(home: Home, redis_server: RedisServer) -> None:
    """The read that waits for events is over before the client gives it up: it is never begun anew."""

    def calls(command: str) -> int:
        return int(redis_server.execute("INFO", "commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])

    async def scenario() -> None:
        redis_server.execute("CONFIG", "RESETSTAT")
        async with home.open(redis_timeout_seconds=0.5):
            begun = calls("xrevrange")
            await asyncio.to_thread(eventually, lambda: calls("xread") > 6, SOON, "some reads")
            assert calls("xrevrange") <= max(begun, 2)

    run(scenario())


@pytest.mark.usefixtures("empty_cluster")
def test_a_deleted_task_stays_away_when_it_is_provided_late(redis_url: str) -> None:
    """Whoever read the resource before it was deleted, and tells Redis of it afterwards, brings nothing back."""

    async def scenario() -> None:
        async with InKubernetes(redis_url).open() as (backend, store):
            mirror = Mirror(store._redis)  # noqa: SLF001 - the same Redis, as the operator has it
            await backend.submit("a", "x", OPTIONS)
            before = await mirror.owner("default/a")
            assert before
            await backend.delete("a")
            with suppress(TaskNotFoundError):
                await mirror.provide("default/a", before, "x", OPTIONS, queued=True)
            with pytest.raises(TaskNotFoundError):
                await backend.get("a")
            assert (await backend.submit("a", "x", OPTIONS)).submitted is Submitted.ACCEPTED
            assert (await _lease(store)).task_id == "default/a"

    run(scenario())


@pytest.mark.usefixtures("empty_cluster")
def test_a_deletion_leaves_the_next_task_of_the_name_alone(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is made under the id between the two steps of a deletion keeps its record."""

    async def scenario() -> None:
        async with InKubernetes(redis_url).open() as (backend, store):
            await backend.submit("a", "x", OPTIONS)
            delete = Cluster.delete

            async def delete_and_be_overtaken(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
                done = await delete(*args, **kwargs)
                await backend.submit("a", "x", OPTIONS)
                await store.succeed(await _lease(store), OUTCOME)
                return done

            monkeypatch.setattr(Cluster, "delete", delete_and_be_overtaken)
            await backend.delete("a")
            assert (await backend.wait("a", SOON)).state is State.SUCCEEDED

    run(scenario())


def test_counts_are_not_said_to_be_lost_while_redis_is_away(empty_cluster: ControlPlane) -> None:
    """What only Redis can know is the store's trouble while it is away; what the resource knows is answered."""
    rows = [{"count": 10, "values": {"c": '"0"', "x": "0.5"}}]
    counts = {"counts": {"0": 10}, "seed": 3, "qubits": 1, "method": "statevector", "engine": "aer", "outputs": rows}
    end = {"phase": "Succeeded", "reason": "Completed", "attempts": 1}

    async def scenario(server: RedisServer) -> None:
        async with InKubernetes(server.url).open() as (backend, _):
            for name, status in {"small": {**end, **counts}, "large": end}.items():
                await backend.submit(name, "x", OPTIONS)
                patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
                empty_cluster.kubectl("patch", "quantumtask", name, *patch)
            server.signal(signal.SIGKILL)
            assert (await backend.get("small")).outcome == OUTCOME
            with pytest.raises(StoreUnavailableError):
                await backend.get("large")

    with RedisServer() as server:
        run(scenario(server))


@pytest.mark.usefixtures("empty_cluster")
def test_a_namespace_that_is_not_there_keeps_no_tasks(redis_url: str) -> None:
    """Where a cluster has no place for a task, that is the store's trouble and not the request's."""

    async def scenario() -> None:
        async with InKubernetes(redis_url).open(namespace="nowhere") as (backend, _):
            with pytest.raises(StoreUnavailableError):
                await backend.submit("a", "x", OPTIONS)

    run(scenario())
