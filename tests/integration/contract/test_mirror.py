"""A cluster's tasks in a real Redis: what runs need, what came of them, and what is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from quantum_tasks.errors import (
    Code,
    IdempotencyMismatchError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from quantum_tasks.keys import Keys
from quantum_tasks.leases import Gone, Lease
from quantum_tasks.mirror import Mirror, Report
from quantum_tasks.records import Summary
from quantum_tasks.states import Reason, State
from quantum_tasks.store import Sight, Submitted, connect
from quantum_tasks.task import Engine, Failure, Frontend, Method, Options, Outcome, Output
from support.stores import run

ID = "lab/bell"
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
SUMMARY = Summary(shots=10, seed=3, qubits=1, method=Method.STATEVECTOR, engine=Engine.MACHINE)
FAILURE = Failure(Code.SYNTAX, "no", 1, 2)
SUCCEEDED = Report(State.SUCCEEDED, Reason.COMPLETED, attempts=2, outcome=OUTCOME)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mirror]:
    """The mirror, with the pool's consumer group."""
    redis = connect(url, timeout_seconds=5, retries=1, max_connections=5)
    mirror = Mirror(redis, Keys())
    try:
        await mirror.prepare()
        yield mirror
    finally:
        await redis.aclose()


async def provide(mirror: Mirror, uid: str = "u1", *, task_id: str = ID, qasm: str = "x") -> Submitted:
    """Provide a task that a Job is to run."""
    return (await mirror.provide(task_id, uid, qasm, OPTIONS, queued=False)).submitted


async def provide_for_the_pool(mirror: Mirror, **more: float) -> None:
    """Provide a task that the pool is to run."""
    attempts, deadline = more.get("max_attempts"), more.get("deadline_seconds")
    await mirror.provide(
        ID,
        "u1",
        "x",
        OPTIONS,
        queued=True,
        max_attempts=None if attempts is None else int(attempts),
        deadline_seconds=deadline,
    )


async def begun(mirror: Mirror, pod: str = "pod-1", uid: str = "u1") -> Lease:
    """An attempt that a Pod has begun."""
    lease = await mirror.begin(ID, uid, pod)
    assert isinstance(lease, Lease)
    return lease


async def report(mirror: Mirror, uid: str = "u1") -> Report:
    """What Redis says of the task, which is there."""
    found = await mirror.report(ID, uid, most_bytes=10_000)
    assert found is not None
    return found


async def claimed(mirror: Mirror, worker: str = "w") -> list[Lease]:
    """What a worker of the pool gets."""
    return await mirror.claim(worker, count=5, block_seconds=0.01, max_attempts=3)


async def ends(mirror: Mirror) -> list[str]:
    """The states that were told as ends so far."""
    return [event.state for event in await mirror.events("0-0", block_seconds=0.01)]


# -- provide -------------------------------------------------------------------------------------------------------


def test_a_task_goes_from_its_record_to_its_report(redis_url: str) -> None:
    """A provided task is begun in a Pod and reported with its outcome, its summary and its times."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            assert await provide(mirror) is Submitted.ACCEPTED
            assert await report(mirror) == Report(State.QUEUED, Reason.QUEUED)
            lease = await begun(mirror)
            assert (lease.task_id, lease.attempt, lease.qasm, lease.options) == (ID, 1, "x", OPTIONS)
            running = await report(mirror)
            assert (running.state, running.reason, running.attempts) == (State.RUNNING, Reason.STARTED, 1)
            assert await mirror.succeed(lease, OUTCOME)
            ended = await report(mirror)
            assert (ended.state, ended.reason, ended.attempts) == (State.SUCCEEDED, Reason.COMPLETED, 1)
            assert (ended.outcome, ended.summary) == (OUTCOME, SUMMARY)
            assert ended.size_bytes > 0
            assert running.started_at == ended.started_at
            assert ended.started_at is not None
            assert ended.finished_at is not None
            assert ended.started_at <= ended.finished_at
            assert await ends(mirror) == ["succeeded"]

    run(scenario())


def test_providing_again_changes_nothing(redis_url: str) -> None:
    """The same record again is a replay, before and after the end."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            lease = await begun(mirror)
            assert await provide(mirror) is Submitted.REPLAYED
            await mirror.succeed(lease, OUTCOME)
            assert await provide(mirror) is Submitted.REPLAYED
            assert (await report(mirror)).state is State.SUCCEEDED

    run(scenario())


def test_one_object_has_one_program(redis_url: str) -> None:
    """Another program under the same uid is an error."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            with pytest.raises(IdempotencyMismatchError):
                await provide(mirror, qasm="y")

    run(scenario())


def test_a_new_object_of_the_same_name_takes_the_place_of_the_old_one(redis_url: str) -> None:
    """The record of a deleted object makes way, and its Pod's late report is not taken for the new one's."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            old = await begun(mirror)
            assert await provide(mirror, "u2", qasm="y") is Submitted.ACCEPTED
            assert await mirror.report(ID, "u1", most_bytes=10) is None
            assert not await mirror.succeed(old, OUTCOME)
            assert await report(mirror, "u2") == Report(State.QUEUED, Reason.QUEUED)
            assert (await begun(mirror, "pod-2", "u2")).qasm == "y"

    run(scenario())


def test_what_is_said_of_another_object_is_not_taken(redis_url: str) -> None:
    """Every call that names a uid leaves the record of another object alone."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            before = await report(mirror)
            assert await mirror.begin(ID, "u9", "pod") is Gone.ABSENT
            assert await mirror.report(ID, "u9", most_bytes=10) is None
            assert await mirror.settle(ID, "u9", SUCCEEDED, shown=True) is None
            await mirror.note(ID, "u9", before, Reason.UNSCHEDULABLE, "no", state=State.RUNNING)
            await mirror.hold(ID, "u9", "no")
            await mirror.resume(ID, "u9", queued=True)
            await mirror.forget(ID, "u9")
            assert await report(mirror) == before
            assert await claimed(mirror) == []

    run(scenario())


def test_a_compose_task_of_the_same_id_is_no_object(redis_url: str) -> None:
    """A record without a uid is nobody's here."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await mirror.submit(ID, "x", OPTIONS)
            assert await mirror.report(ID, "u1", most_bytes=10) is None
            assert await mirror.begin(ID, "u1", "pod") is Gone.ABSENT

    run(scenario())


# -- begin ---------------------------------------------------------------------------------------------------------


def test_an_unknown_task_is_absent(redis_url: str) -> None:
    """A Pod that comes before the record learns that there is none yet."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            assert await mirror.begin(ID, "u1", "pod-1") is Gone.ABSENT
            await provide(mirror)
            assert (await begun(mirror)).attempt == 1

    run(scenario())


def test_the_same_pod_may_ask_again(redis_url: str) -> None:
    """A Pod whose answer was lost begins the same attempt."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            first, again = await begun(mirror), await begun(mirror)
            assert first == again
            assert (await report(mirror)).attempts == 1

    run(scenario())


def test_of_two_pods_the_later_one_holds_the_task(redis_url: str) -> None:
    """A second Pod begins a second attempt; the first one's report is refused then, and the second one's counts."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            first = await begun(mirror, "pod-1")
            started = (await report(mirror)).started_at
            second = await begun(mirror, "pod-2")
            assert (first.attempt, second.attempt) == (1, 2)
            assert not await mirror.succeed(first, OUTCOME)
            assert not await mirror.fail(first, Reason.INVALID_PROGRAM, FAILURE)
            assert (await report(mirror)).state is State.RUNNING
            assert (await report(mirror)).started_at == started
            assert await mirror.succeed(second, OUTCOME)
            assert (await report(mirror)).attempts == 2

    run(scenario())


@pytest.mark.parametrize("end", ["cancelled", "failed", "succeeded"])
def test_an_ended_task_is_not_begun(redis_url: str, end: str) -> None:
    """A Pod that comes after the end learns so, and starts no attempt."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            if end == "cancelled":
                await mirror.cancel(ID)
            elif end == "failed":
                await mirror.fail(await begun(mirror), Reason.INVALID_PROGRAM, FAILURE)
            else:
                await mirror.succeed(await begun(mirror), OUTCOME)
            attempts = (await report(mirror)).attempts
            assert await mirror.begin(ID, "u1", "pod-2") is Gone.ENDED
            assert (await report(mirror)).attempts == attempts

    run(scenario())


def test_a_finish_after_a_flush_ends_nothing_until_the_task_is_begun_anew(redis_url: str) -> None:
    """When Redis was emptied during a run, the report is refused; provided and begun anew, it is taken."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            lost = await begun(mirror)
            await mirror._redis.flushall()  # noqa: SLF001 - the accident itself
            assert not await mirror.succeed(lost, OUTCOME)
            assert await mirror.report(ID, "u1", most_bytes=10) is None
            await provide(mirror)
            assert not await mirror.succeed(lost, OUTCOME)
            assert await mirror.succeed(await begun(mirror), OUTCOME)
            assert (await report(mirror)).outcome == OUTCOME

    run(scenario())


def test_a_cancellation_comes_first_or_the_end_does(redis_url: str) -> None:
    """Whichever Redis takes first is the end, and the other one is refused."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            lease = await begun(mirror)
            await mirror.cancel(ID)
            assert not await mirror.succeed(lease, OUTCOME)
            cancelled = await report(mirror)
            assert (cancelled.state, cancelled.reason, cancelled.outcome) == (
                *(State.CANCELLED, Reason.CANCELLED, None),
            )
            await provide(mirror, "u2")
            await mirror.succeed(await begun(mirror, uid="u2"), OUTCOME)
            with pytest.raises(TaskFinishedError):
                await mirror.cancel(ID)

    run(scenario())


# -- report --------------------------------------------------------------------------------------------------------


def test_a_large_outcome_is_reported_by_its_size(redis_url: str) -> None:
    """An outcome over the bound is left out; its summary and its size are there."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.succeed(await begun(mirror), OUTCOME)
            whole = await report(mirror)
            exact = await mirror.report(ID, "u1", most_bytes=whole.size_bytes)
            assert exact == whole
            short = await mirror.report(ID, "u1", most_bytes=whole.size_bytes - 1)
            assert short is not None
            assert (short.outcome, short.summary, short.size_bytes) == (None, SUMMARY, whole.size_bytes)

    run(scenario())


def test_a_failure_is_reported(redis_url: str) -> None:
    """Reason, code, message and place come back as they were told."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.fail(await begun(mirror), Reason.INVALID_PROGRAM, FAILURE)
            found = await report(mirror)
            assert (found.state, found.reason, found.failure) == (State.FAILED, Reason.INVALID_PROGRAM, FAILURE)
            assert (found.outcome, found.summary, found.size_bytes) == (None, None, 0)

    run(scenario())


# -- settle and note -----------------------------------------------------------------------------------------------


def test_a_record_is_settled_as_its_resource_has_ended(redis_url: str) -> None:
    """An end that the resource knows and Redis does not is read from Redis then, and told to who waits."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            assert await mirror.settle(ID, "u1", SUCCEEDED, shown=True) is State.SUCCEEDED
            found = await report(mirror)
            assert (found.state, found.reason, found.attempts) == (State.SUCCEEDED, Reason.COMPLETED, 2)
            assert (found.outcome, found.summary, found.shown) == (OUTCOME, SUMMARY, True)
            assert (await mirror.get(ID)).outcome == OUTCOME
            assert await ends(mirror) == ["succeeded"]

    run(scenario())


def test_an_end_is_not_settled_away(redis_url: str) -> None:
    """A record that has ended keeps its end, and says which; once it is shown, for the resource too."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.cancel(ID)
            assert await mirror.settle(ID, "u1", SUCCEEDED, shown=False) is State.CANCELLED
            await mirror.show(ID, "u1", await report(mirror), attempts=0)
            assert await mirror.settle(ID, "u1", SUCCEEDED, shown=True) is State.CANCELLED
            assert (await report(mirror)).outcome is None
            assert await ends(mirror) == ["cancelled", "cancelled"]

    run(scenario())


# -- what is shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("begins", [False, True])
def test_an_end_is_shown_once_the_resource_has_it(redis_url: str, *, begins: bool) -> None:
    """Until then the task is shown as it was before; then its end is told once more."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            if begins:
                await mirror.succeed(await begun(mirror), OUTCOME)
            else:
                await mirror.note(ID, "u1", await report(mirror), Reason.UNSCHEDULABLE, "no node")
                await mirror.cancel(ID)
            sight, found = await mirror.sight(ID), await report(mirror)
            before = sight.before
            assert before
            is_shown = (before.state, before.reason, before.message, before.attempts)
            waits = (State.QUEUED, Reason.UNSCHEDULABLE, "no node", 0)
            assert is_shown == ((State.RUNNING, Reason.STARTED, None, 1) if begins else waits)
            assert (before.finished_at, before.outcome, before.failure) == (None, None, None)
            assert (sight.task.state.terminal, found.shown) == (True, False)
            assert await mirror.show(ID, "u1", found, attempts=2)
            assert await mirror.sight(ID) == Sight(replace(sight.task, attempts=2))
            assert await report(mirror) == replace(found, shown=True, attempts=2)
            assert await ends(mirror) == [found.state, found.state]
            assert not await mirror.show(ID, "u1", found, attempts=3)
            assert (await report(mirror)).attempts == 2
            assert await ends(mirror) == [found.state, found.state]

    run(scenario())


def test_another_end_than_the_resource_has_is_not_shown(redis_url: str) -> None:
    """After everything was lost a task may have ended once more, at another time: that is not what was taken over."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.succeed(await begun(mirror), OUTCOME)
            found = await report(mirror)
            assert found.finished_at
            others = (
                replace(found, finished_at=found.finished_at - timedelta(milliseconds=1)),
                replace(found, state=State.FAILED),
            )
            for other in others:
                assert not await mirror.show(ID, "u1", other, attempts=1)
            assert not await mirror.show(ID, "u9", found, attempts=1)
            assert await report(mirror) == found
            assert await ends(mirror) == ["succeeded"]

    run(scenario())


def test_an_end_without_a_resource_is_shown_at_once(redis_url: str) -> None:
    """Where Redis is the only place, nobody waits for another one."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await mirror.submit(ID, "x", OPTIONS)
            await mirror.cancel(ID)
            assert (await mirror.sight(ID)).before is None

    run(scenario())


def test_an_end_that_nobody_was_shown_gives_way_to_the_resources(redis_url: str) -> None:
    """What the resource says is shown then, and nothing of the other end is left."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            [lease] = await claimed(mirror)
            await mirror.fail(lease, Reason.INVALID_PROGRAM, FAILURE)
            assert await mirror.settle(ID, "u1", SUCCEEDED, shown=True) is State.SUCCEEDED
            found = await report(mirror)
            assert (found.state, found.reason, found.attempts) == (State.SUCCEEDED, Reason.COMPLETED, 2)
            assert (found.outcome, found.failure, found.shown) == (OUTCOME, None, True)
            assert [task.id for task in (await mirror.page(state=State.SUCCEEDED)).tasks] == [ID]
            assert (await mirror.page(state=State.FAILED)).tasks == []
            assert await mirror.depth() == 0
            assert await ends(mirror) == ["failed", "succeeded"]

    run(scenario())


def test_the_same_end_with_other_counts_gives_way_too(redis_url: str) -> None:
    """Counts of another run are those of the resource; where it has none, since they are many, they stay."""
    other = replace(OUTCOME, counts={"0": 10})
    lost = Report(State.SUCCEEDED, Reason.COMPLETED, attempts=3, failure=Failure(Code.RESULT_LOST, "too large"))

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.succeed(await begun(mirror), other)
            finished_at = (await report(mirror)).finished_at
            await mirror.settle(ID, "u1", SUCCEEDED, shown=True)
            found = await report(mirror)
            assert (found.outcome, found.finished_at, found.attempts) == (OUTCOME, finished_at, 2)
            await provide(mirror, "u2")
            await mirror.succeed(await begun(mirror, uid="u2"), other)
            await mirror.settle(ID, "u2", lost, shown=True)
            found = await report(mirror, "u2")
            assert (found.outcome, found.failure, found.attempts, found.shown) == (other, None, 3, True)

    run(scenario())


def test_attempts_of_before_are_counted_on(redis_url: str) -> None:
    """A record that is put back says how many attempts there were, of which its bound may know."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await mirror.provide(ID, "u1", "x", OPTIONS, queued=True, attempts=2, max_attempts=3)
            assert (await report(mirror)).attempts == 2
            [lease] = await claimed(mirror)
            assert lease.attempt == 3
            assert await mirror.release(lease, "killed", counts=True, max_attempts=9) is State.FAILED

    run(scenario())


def test_settling_what_is_unknown_wakes_who_waits(redis_url: str) -> None:
    """Without a record there is none afterwards, but whoever waits is told to look at the resource."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            failed = Report(State.FAILED, Reason.OOM_KILLED, failure=FAILURE)
            assert await mirror.settle(ID, "u1", failed, shown=True) is None
            assert await mirror.report(ID, "u1", most_bytes=10) is None
            assert await ends(mirror) == ["failed"]

    run(scenario())


def test_a_settled_task_of_the_pool_leaves_the_queue(redis_url: str) -> None:
    """A worker that has it loses its lease, and no other one gets it."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            [lease] = await claimed(mirror)
            await mirror.settle(ID, "u1", SUCCEEDED, shown=True)
            assert await mirror.renew("w", [lease]) == {lease.token}
            assert await mirror.depth() == 0

    run(scenario())


def test_a_note_says_why_a_task_waits(redis_url: str) -> None:
    """Reason, message and state are read by who polls, until an attempt begins."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.note(ID, "u1", await report(mirror), Reason.UNSCHEDULABLE, "no node")
            task = await mirror.get(ID)
            assert (task.state, task.reason, task.message) == (State.QUEUED, Reason.UNSCHEDULABLE, "no node")
            await begun(mirror)
            task = await mirror.get(ID)
            assert (task.state, task.reason, task.message) == (State.RUNNING, Reason.STARTED, None)
            await mirror.note(ID, "u1", await report(mirror), Reason.RETRYING, "lost", state=State.QUEUED)
            assert (await mirror.get(ID)).state is State.QUEUED
            assert [task.id for task in (await mirror.page(state=State.QUEUED)).tasks] == [ID]
            assert (await mirror.page(state=State.RUNNING)).tasks == []

    run(scenario())


def test_an_ended_task_takes_no_note(redis_url: str) -> None:
    """After the end nothing is said of it any more."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            before = await report(mirror)
            await mirror.cancel(ID)
            for seen in (before, await report(mirror)):
                await mirror.note(ID, "u1", seen, Reason.UNSCHEDULABLE, "no node", state=State.QUEUED)
            task = await mirror.get(ID)
            assert (task.state, task.reason, task.message) == (State.CANCELLED, Reason.CANCELLED, None)

    run(scenario())


def test_a_note_on_what_is_past_is_not_taken(redis_url: str) -> None:
    """Once a Pod has begun, or another one, or the task is held, what was seen before is no reason to move it."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            waiting = await report(mirror)
            await begun(mirror, "pod-1")
            running = await report(mirror)
            await mirror.note(ID, "u1", waiting, Reason.UNSCHEDULABLE, "no node", state=State.QUEUED)
            assert await report(mirror) == running
            await begun(mirror, "pod-2")
            await mirror.note(ID, "u1", running, Reason.RETRYING, "lost", state=State.QUEUED)
            assert (await report(mirror)).state is State.RUNNING
            await mirror.hold(ID, "u1", "held back")
            await mirror.note(ID, "u1", waiting, Reason.UNSCHEDULABLE, "no node", state=State.QUEUED)
            assert (await report(mirror)).reason is Reason.SUSPENDED

    run(scenario())


def test_a_run_that_was_taken_for_lost_is_one_attempt_all_the_same(redis_url: str) -> None:
    """A Pod that lives after all is refused while the task is queued, goes on when it asks, and costs no attempt."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            lease = await begun(mirror)
            await mirror.note(ID, "u1", await report(mirror), Reason.RETRYING, "lost", state=State.QUEUED)
            assert not await mirror.succeed(lease, OUTCOME)
            assert await begun(mirror) == lease
            assert await mirror.succeed(lease, OUTCOME)
            assert (await report(mirror)).attempts == 1

    run(scenario())


# -- hold and resume -----------------------------------------------------------------------------------------------


def test_a_held_task_of_the_pool_is_given_to_nobody_until_it_is_resumed(redis_url: str) -> None:
    """A queued task that is held leaves the queue, and comes back to its end once."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            await mirror.hold(ID, "u1", "held back")
            await mirror.hold(ID, "u1", "held back")
            held = await mirror.get(ID)
            assert (held.state, held.reason, held.message) == (State.QUEUED, Reason.SUSPENDED, "held back")
            assert (await claimed(mirror), await mirror.depth()) == ([], 0)
            await mirror.resume(ID, "u1", queued=True)
            await mirror.resume(ID, "u1", queued=True)
            assert await mirror.depth() == 1
            assert (await mirror.get(ID)).reason is Reason.QUEUED
            assert [lease.attempt for lease in await claimed(mirror)] == [1]

    run(scenario())


def test_holding_a_running_task_of_the_pool_abandons_its_run(redis_url: str) -> None:
    """The worker learns of it when it renews, its report is refused, and resumed the task is run anew."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            [lease] = await claimed(mirror)
            assert await mirror.renew("w", [lease]) == set()
            await mirror.hold(ID, "u1", "held back")
            assert await mirror.renew("w", [lease]) == {lease.token}
            assert not await mirror.succeed(lease, OUTCOME)
            assert await mirror.release(lease, "stopped", counts=True, max_attempts=3) is None
            assert (await report(mirror)).reason is Reason.SUSPENDED
            assert await mirror.reclaim("w2", count=5, lease_seconds=0, max_attempts=3) == []
            await mirror.resume(ID, "u1", queued=True)
            [again] = await claimed(mirror, "w2")
            assert again.attempt == 1  # what was held back was no attempt
            assert await mirror.succeed(again, OUTCOME)

    run(scenario())


def test_a_held_task_of_a_job_is_resumed_without_a_queue(redis_url: str) -> None:
    """A Job's task is in no queue, neither before nor after."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.hold(ID, "u1", "held back")
            await mirror.resume(ID, "u1", queued=False)
            assert await mirror.depth() == 0
            assert (await begun(mirror)).attempt == 1

    run(scenario())


def test_holding_a_running_task_of_a_job_refuses_its_report(redis_url: str) -> None:
    """The Pod that ran it when it was held is stopped: what it still says is not taken."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            lease = await begun(mirror)
            await mirror.hold(ID, "u1", "held back")
            assert not await mirror.succeed(lease, OUTCOME)
            assert (await report(mirror)).reason is Reason.SUSPENDED

    run(scenario())


def test_a_held_task_can_be_cancelled_and_an_ended_one_not_held(redis_url: str) -> None:
    """Cancelling ends a held task; holding and resuming change nothing after that."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            await mirror.hold(ID, "u1", "held back")
            await mirror.cancel(ID)
            await mirror.hold(ID, "u1", "held back")
            await mirror.resume(ID, "u1", queued=True)
            assert (await report(mirror)).state is State.CANCELLED
            assert await mirror.depth() == 0

    run(scenario())


# -- the pool ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_a_task_of_the_pool_has_as_many_attempts_as_it_says(redis_url: str, attempts: int) -> None:
    """The task's own number of attempts comes before the worker's, be it smaller or larger."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror, max_attempts=attempts)
            for number in range(attempts):
                [lease] = await claimed(mirror)
                last = number + 1 == attempts
                released = await mirror.release(lease, "killed", counts=True, max_attempts=3)
                assert released is (State.FAILED if last else State.QUEUED)
            found = await report(mirror)
            assert (found.reason, found.attempts) == (Reason.BACKOFF_LIMIT_EXCEEDED, attempts)

    run(scenario())


def test_lost_workers_use_up_a_tasks_own_attempts(redis_url: str) -> None:
    """A task with one attempt ends when its worker vanishes."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror, max_attempts=1)
            assert len(await claimed(mirror)) == 1
            assert await mirror.reclaim("w2", count=5, lease_seconds=0, max_attempts=3) == []
            assert (await report(mirror)).reason is Reason.BACKOFF_LIMIT_EXCEEDED

    run(scenario())


def test_a_task_of_the_pool_has_its_own_deadline(redis_url: str) -> None:
    """The lease carries the task's deadline, or none, also for a second attempt."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror, deadline_seconds=7)
            [lease] = await claimed(mirror)
            assert lease.deadline_seconds == 7
            [again] = await mirror.reclaim("w2", count=5, lease_seconds=0, max_attempts=3)
            assert again.deadline_seconds == 7
            await mirror.delete(ID)
            await provide_for_the_pool(mirror)
            [plain] = await claimed(mirror)
            assert plain.deadline_seconds is None

    run(scenario())


# -- forget, known, counts -----------------------------------------------------------------------------------------


def test_a_forgotten_task_leaves_nothing(redis_url: str) -> None:
    """The record of an object that is gone is removed, from the queue too; an unknown one is fine."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            await mirror.forget(ID, "u1")
            await mirror.forget(ID, "u1")
            with pytest.raises(TaskNotFoundError):
                await mirror.get(ID)
            assert (await mirror.depth(), await mirror.unfinished()) == (0, 0)
            assert [ids async for ids in mirror.known()] == []
            assert await ends(mirror) == ["deleted"]

    run(scenario())


def test_what_is_gone_is_not_provided_again(redis_url: str) -> None:
    """A late word of an object that was forgotten, record or not, makes no record, and another object's stays."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.forget(ID, "u1")
            await mirror.forget(ID, "u2")
            for uid in ("u1", "u2"):
                with pytest.raises(TaskNotFoundError):
                    await provide(mirror, uid)
            assert await mirror.owner(ID) is None
            await provide(mirror, "u3")
            with pytest.raises(TaskNotFoundError):
                await provide(mirror, "u1")
            assert await mirror.owner(ID) == "u3"

    run(scenario())


def test_what_is_gone_is_remembered_for_an_hour(redis_url: str) -> None:
    """The list of objects that are gone does not grow for ever."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await mirror.forget(ID, "old")
            await mirror._redis.zincrby(Keys().gone, -3601_000, "old")  # noqa: SLF001 - time passes
            await mirror.forget(ID, "new")
            assert await mirror._redis.zrange(Keys().gone, 0, -1) == ["new"]  # noqa: SLF001 - what is kept

    run(scenario())


def test_a_full_redis_forgets(redis_url: str) -> None:
    """Where Redis has no memory left, tasks can be deleted, known there or not, to make room."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror._redis.config_set("maxmemory", 1)  # noqa: SLF001 - it is full
            try:
                with pytest.raises(StoreUnavailableError):
                    await provide(mirror, task_id="lab/more")
                await mirror.forget(ID, "u1")
                await mirror.forget(ID, "u2")
                assert await mirror.owner(ID) is None
            finally:
                await mirror._redis.config_set("maxmemory", 0)  # noqa: SLF001 - as it was

    run(scenario())


def test_a_record_may_be_forgotten_whatever_its_object(redis_url: str) -> None:
    """Without a uid the record goes in any case: nobody has that name any more."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide(mirror)
            await mirror.forget(ID, "")
            assert await mirror.report(ID, "u1", most_bytes=10) is None

    run(scenario())


def test_every_record_is_known(redis_url: str) -> None:
    """All ids are walked, ended ones as well, however many there are."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            names = {f"lab/{number}" for number in range(1001)}
            for name in names:
                await provide(mirror, task_id=name)
            await mirror.cancel("lab/7")
            parts = [ids async for ids in mirror.known()]
            assert len(parts) > 1
            assert sorted(one for ids in parts for one in ids) == sorted(names)

    run(scenario())


def test_what_is_unfinished_is_counted(redis_url: str) -> None:
    """Queued and running tasks count, of a Job's or the pool's; the pool's depth has its own only."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            await provide_for_the_pool(mirror)
            await provide(mirror, task_id="lab/job")
            await provide(mirror, task_id="lab/ended")
            await mirror.cancel("lab/ended")
            assert (await mirror.unfinished(), await mirror.depth()) == (2, 1)
            await claimed(mirror)
            assert (await mirror.unfinished(), await mirror.depth()) == (2, 1)

    run(scenario())


# -- circuits ------------------------------------------------------------------------------------------------------


def test_a_circuit_is_kept_by_its_digest(redis_url: str) -> None:
    """A program comes back by the digest of its text, and an unknown digest is nothing."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            digest = await mirror.put_circuit("qubit q; // psi")
            assert digest == await mirror.put_circuit("qubit q; // psi")
            assert digest.startswith("sha256:")
            assert len(digest) == 71
            assert await mirror.circuit(digest) == "qubit q; // psi"
            assert await mirror.circuit(f"sha256:{'0' * 64}") is None

    run(scenario())


def test_a_circuit_that_is_not_what_it_was_is_nothing(redis_url: str) -> None:
    """A program that somebody changed in Redis is not run under the old digest."""

    async def scenario() -> None:
        async with opened(redis_url) as mirror:
            digest = await mirror.put_circuit("qubit q;")
            await mirror._redis.set(Keys().circuit(digest), "qubit other;")  # noqa: SLF001 - the change
            assert await mirror.circuit(digest) is None

    run(scenario())
