"""The store on a real Redis: submissions, leases, ends."""

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chaos.harms.shifted_clock import ShiftedClock
from quantum_tasks.errors import (
    Code,
    IdempotencyMismatchError,
    QueueFullError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from quantum_tasks.leases import End, Lease
from quantum_tasks.room import Room
from quantum_tasks.states import Reason, State
from quantum_tasks.store import MAX_CLAIM_BYTES, MAX_REPLAY_BYTES, NewTask, Receipt, Store, Submitted
from quantum_tasks.task import Engine, Failure, Frontend, Method, Options, Outcome, Output
from support.redis_server import RedisServer
from support.stores import open_store, run

INPUTS = {"a": "pi / 2", "b": "{1, 2}"}
OPTIONS = Options(shots=10, seed=3, method=Method.STATEVECTOR, frontend=Frontend.QISKIT, inputs=INPUTS)
OUTCOME = Outcome(
    counts={"0": 4, "1": 6},
    shots=10,
    seed=3,
    qubits=1,
    method=Method.STATEVECTOR,
    engine=Engine.MACHINE,
    outputs=(Output(6, {"n": -1, "c": "1", "x": [0.5, True]}), Output(4, {"n": 0, "c": "0", "x": ["nan", False]})),
)
FAILURE = Failure(Code.SYNTAX, "no", 1, 2)


async def _claim(store: Store, consumer: str = "w", count: int = 1) -> list[Lease]:
    return await store.claim(consumer, count=count, block_seconds=0.01, max_attempts=3)


async def _reclaim(store: Store, consumer: str, *, idle: float = 0) -> list[Lease]:
    return await store.reclaim(consumer, count=10, lease_seconds=idle, max_attempts=3)


def test_a_task_goes_from_submission_to_its_outcome(redis_url: str) -> None:
    """A task that is submitted, claimed and ended is read back with all that was said of it."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            assert (await store.submit("a", "qasm", OPTIONS)).submitted is Submitted.ACCEPTED
            queued = await store.get("a", with_program=True)
            assert (queued.state, queued.reason, queued.attempts) == (State.QUEUED, Reason.QUEUED, 0)
            assert (queued.qasm, queued.options) == ("qasm", OPTIONS)
            [lease] = await _claim(store)
            assert (lease.task_id, lease.qasm, lease.options, lease.attempt) == ("a", "qasm", OPTIONS, 1)
            running = await store.get("a")
            assert (running.state, running.started_at is not None, running.qasm) == (State.RUNNING, True, None)
            assert await store.succeed(lease, OUTCOME)
            ended = await store.get("a")
            assert (ended.state, ended.reason, ended.outcome) == (State.SUCCEEDED, Reason.COMPLETED, OUTCOME)
            assert ended.finished_at
            assert ended.created_at <= ended.finished_at

    run(scenario())


def test_tasks_are_claimed_in_the_order_of_their_submission(redis_url: str) -> None:
    """A worker is given the oldest queued tasks, each once."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            for name in "abc":
                await store.submit(name, "x", OPTIONS)
            first, second = await _claim(store, count=2), await _claim(store, "other", count=2)
            assert [lease.task_id for lease in first + second] == ["a", "b", "c"]

    run(scenario())


def test_a_repeated_submission_is_a_replay(redis_url: str) -> None:
    """The same id with the same program and options changes nothing, also after the end."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            assert (await store.submit("a", "x", OPTIONS)).submitted is Submitted.REPLAYED
            [lease] = await _claim(store, count=5)
            await store.succeed(lease, OUTCOME)
            assert (await store.submit("a", "x", OPTIONS)).submitted is Submitted.REPLAYED
            assert await _claim(store) == []

    run(scenario())


@pytest.mark.parametrize(
    ("qasm", "options"),
    [
        ("y", OPTIONS),
        ("x", Options()),
        ("x", replace(OPTIONS, inputs={**INPUTS, "b": "{1, 3}"})),
        ("x", replace(OPTIONS, frontend=Frontend.AUTOMATIC)),
    ],
)
def test_an_id_that_stands_for_something_else_is_refused(redis_url: str, qasm: str, options: Options) -> None:
    """The same id with another program or other options is a mismatch."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            with pytest.raises(IdempotencyMismatchError):
                await store.submit("a", qasm, options)

    run(scenario())


def test_the_queue_is_bounded(redis_url: str) -> None:
    """When as many tasks are unfinished as may be, a further one is refused, and an end makes room."""

    async def scenario() -> None:
        async with open_store(redis_url, max_unfinished=1) as store:
            await store.submit("a", "x", OPTIONS)
            with pytest.raises(QueueFullError):
                await store.submit("b", "x", OPTIONS)
            assert (await store.submit("a", "x", OPTIONS)).submitted is Submitted.REPLAYED
            await store.cancel("a")
            assert (await store.submit("b", "x", OPTIONS)).submitted is Submitted.ACCEPTED

    run(scenario())


def test_an_end_is_told_once_and_never_changes(redis_url: str) -> None:
    """After its end a task takes no other end; the same report again is fine and is no news."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            [lease] = await _claim(store)
            assert await store.fail(lease, Reason.INVALID_PROGRAM, FAILURE)
            assert await store.fail(lease, Reason.INVALID_PROGRAM, FAILURE)
            assert not await store.succeed(lease, OUTCOME)
            with pytest.raises(TaskFinishedError):
                await store.cancel("a")
            task = await store.get("a")
            assert (task.state, task.failure, task.outcome) == (State.FAILED, FAILURE, None)
            events = await store.events("0-0", block_seconds=0.01)
            assert [(event.task_id, event.state) for event in events] == [("a", "failed")]

    run(scenario())


def test_tasks_end_together_and_each_by_itself(redis_url: str) -> None:
    """Ends that are told at once are each taken or refused, as if told alone."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            for name in "abc":
                await store.submit(name, "x", OPTIONS)
            first, second, third = await _claim(store, count=3)
            await store.cancel("b")
            ends = [End.succeeded(first, OUTCOME), End.succeeded(second, OUTCOME)]
            ends.append(End.failed(third, Reason.INVALID_PROGRAM, FAILURE))
            assert await store.end(ends) == [True, False, True]
            assert await store.end(ends) == [True, False, True]
            tasks = [await store.get(name) for name in "abc"]
            assert [task.state for task in tasks] == [State.SUCCEEDED, State.CANCELLED, State.FAILED]
            assert (tasks[0].outcome, tasks[1].outcome, tasks[2].failure) == (OUTCOME, None, FAILURE)

    run(scenario())


def test_a_claim_gives_only_so_much_program(redis_url: str) -> None:
    """Long programs come in small claims: what is too much for one waits in the queue as if never claimed."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            long = "x" * (MAX_CLAIM_BYTES // 2)
            for name, qasm in {"a": long, "b": long, "c": long, "d": "x"}.items():
                await store.submit(name, qasm, OPTIONS)
            assert [lease.task_id for lease in await _claim(store, count=4)] == ["a", "b"]
            left = await store.get("c")
            assert (left.state, left.attempts, left.started_at) == (State.QUEUED, 0, None)
            assert sorted(lease.task_id for lease in await _claim(store, count=4)) == ["c", "d"]
            assert await _claim(store, count=4) == []

    run(scenario())


def test_a_lost_lease_ends_nothing(redis_url: str) -> None:
    """Once another worker took a task over, the former holder's report is refused and the new one's counts."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            [old] = await _claim(store, "old")
            [new] = await _reclaim(store, "new")
            assert new.attempt == 2
            assert not await store.succeed(old, OUTCOME)
            assert await store.release(old, "late", counts=True, max_attempts=3) is None
            assert await store.renew("old", [old]) == {old.token}
            assert await store.renew("new", [new, old]) == {old.token}
            assert await store.succeed(new, OUTCOME)

    run(scenario())


def test_a_renewed_lease_is_not_taken_over(redis_url: str) -> None:
    """A lease that was renewed within its time stays with its holder."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            [lease] = await _claim(store, "old")
            assert await store.renew("old", [lease]) == set()
            assert await _reclaim(store, "new", idle=30) == []

    run(scenario())


class Unheard(Store):
    """A store that does not hear some answers to `start`, by their numbers, though they are given."""

    missing: frozenset[int] = frozenset()
    starts = 0

    async def _run(self, script: str, *args: str | float) -> Any:  # noqa: ANN401 - as the store has it
        answer = await super()._run(script, *args)
        self.starts += script == "start"
        if script == "start" and self.starts in self.missing:
            raise StoreUnavailableError("the answer was lost")
        return answer


@pytest.mark.parametrize("missing", [set[int](), {1}, {1, 2}, {1, 2, 3}])
def test_a_claim_that_was_not_heard_is_gone_on_with(redis_url: str, missing: set[int]) -> None:
    """Tasks whose leases were granted in an answer that was lost are had by the next claim, and spend no attempt."""

    async def scenario() -> None:
        async with open_store(redis_url) as plain:
            for name in "abc":
                await plain.submit(name, "x", OPTIONS)
            store = Unheard(plain._redis)  # noqa: SLF001 - the same Redis
            store.missing = frozenset(missing)
            leases: list[Lease] = []
            for _ in range(6):
                with suppress(StoreUnavailableError):
                    leases += await _reclaim(store, "w", idle=30) or await _claim(store, count=3)
            assert [(lease.task_id, lease.attempt) for lease in leases] == [("a", 1), ("b", 1), ("c", 1)]
            for lease in leases:
                assert await store.succeed(lease, OUTCOME)
            assert [(await store.get(name)).attempts for name in "abc"] == [1, 1, 1]

    run(scenario())


def test_a_clock_that_is_set_back_turns_no_times_around(redis_url: str) -> None:
    """A task is not begun before it was accepted, nor ended before it was begun, whatever Redis's clock says."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            ahead = int(time.time() * 1000) + 3_600_000
            await store._redis.hset("{qt}:task:a", "created_at", ahead)  # noqa: SLF001 - accepted an hour ahead
            [lease] = await _claim(store)
            await store.succeed(lease, OUTCOME)
            await store.submit("b", "x", OPTIONS)
            await store._redis.hset("{qt}:task:b", "created_at", ahead)  # noqa: SLF001 - this one, too
            await store.cancel("b")
            for name in "ab":
                task = await store.get(name)
                assert task.finished_at
                assert task.created_at <= (task.started_at or task.created_at) <= task.finished_at

    run(scenario())


def test_what_was_taken_before_a_clock_was_set_back_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost worker's lease runs out in its time, and not when Redis's clock has come to where it was before."""

    async def scenario(server: RedisServer, clock: ShiftedClock) -> None:
        async with open_store(server.url) as store:
            await store.submit("a", "x", OPTIONS)
            with clock.shifted(3600):
                assert await _claim(store, "lost")
            assert await _reclaim(store, "new", idle=1) == []
            async with asyncio.timeout(10):
                while not (leases := await _reclaim(store, "new", idle=1)):  # noqa: ASYNC110 - time passes in Redis
                    await asyncio.sleep(0.1)
            assert [(lease.task_id, lease.attempt) for lease in leases] == [("a", 2)]

    with ShiftedClock(tmp_path) as clock:
        if clock.missing:
            pytest.skip(f"a clock of a test's own needs {clock.missing}")
        for name, value in clock.environment.items():
            monkeypatch.setenv(name, value)
        with RedisServer() as server:
            run(scenario(server, clock))


def test_a_claim_that_never_started_is_taken_over(redis_url: str) -> None:
    """A worker that died right after it read the queue costs no attempt."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            await store._redis.xreadgroup("workers", "dead", {"{qt}:queue": ">"})  # noqa: SLF001 - half of a claim
            [lease] = await _reclaim(store, "new")
            assert lease.attempt == 1

    run(scenario())


def test_lost_attempts_are_counted_and_bounded(redis_url: str) -> None:
    """After as many lost attempts as may be, the task fails with their number and the last cause."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            for expected in (State.QUEUED, State.QUEUED, State.FAILED):
                [lease] = await _claim(store)
                assert await store.release(lease, "killed", counts=True, max_attempts=3) is expected
            task = await store.get("a")
            assert (task.reason, task.attempts) == (Reason.BACKOFF_LIMIT_EXCEEDED, 3)
            assert task.failure
            assert task.failure.message == "Gave up after 3 attempts; the last one ended: killed."

    run(scenario())


def test_lost_workers_are_counted_like_lost_attempts(redis_url: str) -> None:
    """A task whose workers vanish one after the other fails as well, when the last lease has run out."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            assert len(await _claim(store, "w1")) == 1
            assert [len(await _reclaim(store, name)) for name in ("w2", "w3", "w4")] == [1, 1, 0]
            task = await store.get("a")
            assert (task.state, task.reason, task.attempts) == (State.FAILED, Reason.BACKOFF_LIMIT_EXCEEDED, 3)

    run(scenario())


def test_an_attempt_that_does_not_count_is_free(redis_url: str) -> None:
    """A worker that stops in an orderly way gives the task back without using up an attempt."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            for _ in range(5):
                [lease] = await _claim(store)
                assert lease.attempt == 1
                assert await store.release(lease, "stopped", counts=False, max_attempts=1) is State.QUEUED
                task = await store.get("a")
                assert (task.reason, task.attempts, task.started_at) == (Reason.QUEUED, 0, None)

    run(scenario())


def test_a_cancelled_task_is_never_run(redis_url: str) -> None:
    """Cancelling a queued task takes it out of the queue; cancelling it again is fine."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            await store.cancel("a")
            await store.cancel("a")
            assert await _claim(store) == []
            task = await store.get("a")
            assert (task.state, task.reason) == (State.CANCELLED, Reason.CANCELLED)

    run(scenario())


def test_cancelling_a_running_task_takes_its_lease(redis_url: str) -> None:
    """The worker learns of it when it renews, and its result is refused."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            [lease] = await _claim(store)
            await store.cancel("a")
            assert await store.renew("w", [lease]) == {lease.token}
            assert not await store.succeed(lease, OUTCOME)
            assert (await store.get("a")).state is State.CANCELLED

    run(scenario())


def test_a_deleted_task_is_gone_everywhere(redis_url: str) -> None:
    """Deleting a task in any state leaves nothing of it, and a late result does not bring it back."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            for name in ("queued", "running", "ended"):
                await store.submit(name, "x", OPTIONS)
            leases = {lease.task_id: lease for lease in await _claim(store, count=3)}
            await store.release(leases["queued"], "stopped", counts=False, max_attempts=3)
            await store.succeed(leases["ended"], OUTCOME)
            for name in ("queued", "running", "ended"):
                await store.delete(name)
                with pytest.raises(TaskNotFoundError):
                    await store.get(name)
            assert not await store.succeed(leases["running"], OUTCOME)
            assert await _claim(store) == []
            assert (await store.page()).tasks == []
            keys = set(await store._redis.keys("*"))  # noqa: SLF001 - nothing may be left behind
            assert keys == {"{qt}:seq", "{qt}:queue", "{qt}:events"}

    run(scenario())


@pytest.mark.parametrize("method", ["get", "cancel", "delete"])
def test_an_unknown_task_is_not_found(redis_url: str, method: str) -> None:
    """Reading, cancelling and deleting an unknown id are errors of one type."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            with pytest.raises(TaskNotFoundError):
                await getattr(store, method)("nobody")

    run(scenario())


def test_a_listing_is_walked_without_gaps_or_repeats(redis_url: str) -> None:
    """The pages of a listing, newest first, hold every task once, though others come in between."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            for number in range(7):
                await store.submit(str(number), "x", OPTIONS)
            page = await store.page(limit=3)
            seen = [task.id for task in page.tasks]
            while page.cursor is not None:
                await store.submit(f"late-{page.cursor}", "x", OPTIONS)
                page = await store.page(cursor=page.cursor, limit=3)
                seen += [task.id for task in page.tasks]
            assert seen == [str(number) for number in reversed(range(7))]

    run(scenario())


def test_a_listing_can_be_of_one_state(redis_url: str) -> None:
    """A listing of a state holds the tasks in it now, without their outcomes."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            for name in "abcd":
                await store.submit(name, "x", OPTIONS)
            a, _b = await _claim(store, count=2)
            await store.succeed(a, OUTCOME)
            await store.cancel("c")
            states = (State.SUCCEEDED, State.RUNNING, State.CANCELLED, State.QUEUED, State.FAILED)
            pages = [await store.page(state=state) for state in states]
            assert [[task.id for task in page.tasks] for page in pages] == [["a"], ["b"], ["c"], ["d"], []]
            assert pages[0].tasks[0].outcome is None

    run(scenario())


def test_old_ends_are_forgotten_and_unfinished_tasks_are_not(redis_url: str) -> None:
    """A sweep takes what ended longer ago than the retention, and nothing that has not ended."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            await store.submit("b", "x", OPTIONS)
            await store.cancel("a")
            assert await store.sweep(retention_seconds=3600) == 0
            assert await store.sweep(retention_seconds=-1) == 1
            assert [task.id for task in (await store.page()).tasks] == ["b"]

    run(scenario())


def test_two_prefixes_share_a_redis_without_meeting(redis_url: str) -> None:
    """A task of one installation is unknown to another on the same Redis."""

    async def scenario() -> None:
        async with open_store(redis_url, prefix="one") as one, open_store(redis_url, prefix="two") as two:
            await one.submit("a", "x", OPTIONS)
            assert await _claim(two) == []
            with pytest.raises(TaskNotFoundError):
                await two.get("a")

    run(scenario())


def test_what_was_accepted_survives_the_death_of_redis() -> None:
    """A task accepted right before Redis is killed is there, and can be claimed, after its restart."""

    async def scenario(server: RedisServer) -> None:
        async with open_store(server.url) as store:
            await store.submit("a", "x", OPTIONS)
            server.signal(signal.SIGKILL)
            with pytest.raises(StoreUnavailableError):
                await store.get("a")
            server.start()
            assert [lease.task_id for lease in await _claim(store)] == ["a"]

    with RedisServer() as server:
        run(scenario(server))


def test_an_emptied_redis_is_used_again(redis_url: str) -> None:
    """When the consumer group has vanished, a claim fails as an outage does and the next one works."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store._redis.flushall()  # noqa: SLF001 - the accident itself
            with pytest.raises(StoreUnavailableError):
                await _claim(store)
            await store.submit("a", "x", OPTIONS)
            assert len(await _claim(store)) == 1

    run(scenario())


def test_a_full_redis_refuses_and_says_so() -> None:
    """When Redis has no memory left, nothing is accepted, the check says why, and what was accepted is kept."""

    async def scenario(server: RedisServer) -> None:
        async with open_store(server.url) as store:
            await store.submit("a", "x", OPTIONS)
            submissions = [store.submit(str(number), "x" * 100_000, OPTIONS) for number in range(100)]
            answers = await asyncio.gather(*submissions, return_exceptions=True)
            assert {type(answer) for answer in answers} == {Receipt, StoreUnavailableError}
            with pytest.raises(StoreUnavailableError, match="full"):
                await store.check()
            assert (await store.get("a")).state is State.QUEUED

    with RedisServer("--maxmemory", "4mb") as server:
        run(scenario(server))


def test_a_redis_that_hangs_is_away(redis_url: str) -> None:
    """A Redis that does not answer in time is unavailable, and usable again once it answers."""

    async def scenario(server: RedisServer) -> None:
        async with open_store(server.url) as store:
            store._redis.connection_pool.connection_kwargs["socket_timeout"] = 0.1  # noqa: SLF001 - to wait less
            await store._redis.connection_pool.disconnect()  # noqa: SLF001
            server.signal(signal.SIGSTOP)
            with pytest.raises(StoreUnavailableError):
                await store.submit("a", "x", OPTIONS)
            server.signal(signal.SIGCONT)
            assert (await store.submit("a", "x", OPTIONS)).submitted in Submitted
            assert len(await _claim(store, count=5)) == 1

    assert redis_url
    with RedisServer() as server:
        run(scenario(server))


def test_a_redis_that_became_a_replica_is_away() -> None:
    """After a failover the old primary takes no writes; that is an outage, and the error says which."""

    async def scenario(server: RedisServer) -> None:
        async with open_store(server.url) as store:
            await store.submit("a", "x", OPTIONS)
            server.execute("REPLICAOF", "127.0.0.1", "1")
            with pytest.raises(StoreUnavailableError, match="read only replica"):
                await store.submit("b", "x", OPTIONS)
            server.execute("REPLICAOF", "NO", "ONE")
            assert (await store.submit("b", "x", OPTIONS)).submitted is Submitted.ACCEPTED

    with RedisServer() as server:
        run(scenario(server))


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        pytest.param("~* -@all", "'evalsha' command", id="no-script"),
        pytest.param("~* -@all +evalsha +script|load +hmget", "script", id="no-command-of-it"),
        pytest.param("~other* +@all", "key", id="no-key"),
        pytest.param("~*queue +@all", "script", id="no-key-of-it"),
    ],
)
def test_a_redis_that_denies_a_right_is_away(rights: str, told: str) -> None:
    """What a user may not do may be allowed later: it is an outage, and the error names what is missing."""

    async def scenario(server: RedisServer) -> None:
        async with open_store(server.url) as store:
            server.execute("ACL", "SETUSER", "default", "reset", "on", "nopass", *rights.split())
            with pytest.raises(StoreUnavailableError, match=told):
                await store.submit("a", "x", OPTIONS)

    with RedisServer() as server:
        run(scenario(server))


def test_scripts_that_were_loaded_can_be_run_by_who_may_load_none() -> None:
    """After `load_scripts` a user without the right to load scripts may use the store; before, it is away for them."""

    async def scenario(server: RedisServer) -> None:
        user = f"{server.url}&username=restricted&password=x"
        server.execute("ACL", "SETUSER", "restricted", "reset", "on", ">x", "~*", "+@all", "-script", "-eval")
        async with open_store(server.url) as store, open_store(user) as restricted:
            with pytest.raises(StoreUnavailableError, match="script"):
                await restricted.submit("a", "x", OPTIONS)
            await store.load_scripts()
            assert (await restricted.submit("a", "x", OPTIONS)).submitted is Submitted.ACCEPTED
            [lease] = await _claim(restricted)
            assert await restricted.succeed(lease, OUTCOME)

    with RedisServer() as server:
        run(scenario(server))


def test_waiting_for_events_ends_with_the_first_one(redis_url: str) -> None:
    """A reader that waits gets an event as soon as a task ends."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            await store.submit("a", "x", OPTIONS)
            reading = asyncio.create_task(store.events(await store.last_event(), block_seconds=30))
            await store.cancel("a")
            assert [event.task_id for event in await reading] == ["a"]

    run(scenario())


def _of_size(size: int) -> Outcome:
    """An outcome that is kept in so many bytes and few more."""
    return replace(OUTCOME, counts={"0" * size: 10})


async def _end_each(store: Store, outcomes: dict[str, Outcome]) -> None:
    for task_id in outcomes:
        await store.submit(task_id, "qasm", OPTIONS)
    for lease in await _claim(store, count=len(outcomes)):
        assert await store.succeed(lease, outcomes[lease.task_id])


def test_outcomes_that_have_no_room_together_are_left_out(redis_url: str) -> None:
    """It is known of them that they are there, and how large they are; the first is always given."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            outcomes = {"a": _of_size(600), "b": _of_size(500), "c": _of_size(10)}
            await _end_each(store, outcomes)
            room = Room(1000)
            a, nobody, b, c = await store.get_all(["a", "nobody", "b", "c"], room)
            assert a
            assert b
            assert c
            assert nobody is None
            assert [task.outcome for task in (a, b, c)] == [outcomes["a"], None, outcomes["c"]]
            assert [task.is_outcome_left_out for task in (a, b, c)] == [False, True, False]
            assert 500 < b.outcome_bytes < 700
            assert room == Room(1000)
            assert await store.get_all(["b"], Room(0)) == [replace(b, outcome=outcomes["b"])]
            assert await store.get_all(["b"], Room(0, empty=False)) == [b]

    run(scenario())


def test_room_is_for_all_that_is_read_together(redis_url: str) -> None:
    """More tasks than one script reads have no more room."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            ids = [f"t{number}" for number in range(250)]
            await _end_each(store, dict.fromkeys(ids, _of_size(100)))
            size = (await store.get("t0")).outcome_bytes
            found = await store.get_all(ids, Room(size * 120))
            assert [task and task.is_outcome_left_out for task in found] == [False] * 120 + [True] * 130

    run(scenario())


def test_a_large_outcome_is_no_part_of_a_batchs_replay(redis_url: str) -> None:
    """A thousand of them would be too much at once; a replay by itself has it."""

    async def scenario() -> None:
        async with open_store(redis_url) as store:
            outcomes = {"small": OUTCOME, "large": _of_size(MAX_REPLAY_BYTES)}
            await _end_each(store, outcomes)
            replays = await store.submit_all([NewTask(task_id, "qasm", OPTIONS) for task_id in outcomes])
            tasks = [replay.task for replay in replays if isinstance(replay, Receipt)]
            assert [task.outcome for task in tasks] == [OUTCOME, None]
            assert [task.is_outcome_left_out for task in tasks] == [False, True]
            assert (await store.submit("large", "qasm", OPTIONS)).task.outcome == outcomes["large"]

    run(scenario())
