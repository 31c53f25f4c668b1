"""Who acts in which scenario: clients, workers, Pods and the operator, each with a few steps."""

import asyncio
from contextlib import suppress

from integration.model.interleavings import LEASE_SECONDS, TASK, Behaviour, Scenario, World
from integration.model.promises import MAX_ATTEMPTS, Contents, end_of
from quantum_runner.job import Job, JobSettings
from quantum_tasks.errors import Code, TaskFinishedError, TaskNotFoundError
from quantum_tasks.leases import Lease
from quantum_tasks.logs import JsonLines, LogLevel
from quantum_tasks.mirror import Report
from quantum_tasks.records import outcome_fields, outcome_of
from quantum_tasks.states import Reason, State
from quantum_tasks.task import Failure, Method, Options, Outcome

FIRST, SECOND = "uid1", "uid2"
OPTIONS = Options(shots=1, seed=1)
OUTCOME = Outcome(counts={"1": 1}, shots=1, seed=1, qubits=1, method=Method.STABILIZER)
OTHER = Outcome(counts={"0": 1}, shots=1, seed=2, qubits=1, method=Method.STABILIZER)
FAILURE = Failure(Code.SYNTAX, "no")
LOST = Report(State.FAILED, Reason.BACKOFF_LIMIT_EXCEEDED, 1, failure=Failure(Code.RUNNER_LOST, "the Pod was lost"))

# -- clients -----------------------------------------------------------------------------------------------------


async def submits(world: World) -> None:
    """Submit the task; every client's key stands for the same one."""
    await world.store.submit(TASK, "x", OPTIONS)


async def deletes_and_submits_again(world: World) -> None:
    """Submit, delete, and submit under the same key."""
    await submits(world)
    with suppress(TaskNotFoundError):
        await world.store.delete(TASK)
    await submits(world)


def cancels(uid: str = "") -> Behaviour:
    """Cancel the task, of a resource if one is named."""

    async def behave(world: World) -> None:
        with suppress(TaskNotFoundError, TaskFinishedError):
            await world.store.cancel(TASK, uid)

    return behave


async def nobody(_: World) -> None:
    """Do nothing."""


# -- time --------------------------------------------------------------------------------------------------------


def time_passes(times: int) -> Behaviour:
    """Have the leases that are held run out, so many times."""

    async def behave(world: World) -> None:
        for _ in range(times):
            await world.let_leases_run_out()

    return behave


# -- workers of the queue ----------------------------------------------------------------------------------------


async def _claim(world: World, name: str) -> list[Lease]:
    return await world.store.claim(name, count=1, block_seconds=1, max_attempts=MAX_ATTEMPTS)


async def _take(world: World, name: str) -> list[Lease]:
    """What a worker takes: of a lost one first."""
    left = await world.store.reclaim(name, count=1, lease_seconds=LEASE_SECONDS, max_attempts=MAX_ATTEMPTS)
    return left or await _claim(world, name)


async def succeeds(world: World) -> None:
    """Run a task with one renewal; the first answer to its end is lost, and it asks again."""
    for lease in await _claim(world, "w1"):
        await world.store.renew("w1", [lease])
        await world.store.succeed(lease, OUTCOME)
        await world.store.succeed(lease, OUTCOME)


async def fails(world: World) -> None:
    """Take a task, another worker's perhaps, and refuse its program."""
    for lease in await _take(world, "w2"):
        await world.store.fail(lease, Reason.INVALID_PROGRAM, FAILURE)


def gives_back(name: str, *, counts: bool) -> Behaviour:
    """Take a task, another worker's perhaps, and give it back."""

    async def behave(world: World) -> None:
        for lease in await _take(world, name):
            await world.store.release(lease, "its child was lost", counts=counts, max_attempts=MAX_ATTEMPTS)

    return behave


async def takes_over(world: World) -> None:
    """Take a task, another worker's perhaps, and end it well."""
    for lease in await _take(world, "w3"):
        await world.store.succeed(lease, OUTCOME)


async def _works_fairly(world: World, left: Contents) -> None:
    for task, record in left.tasks.items():
        if record["reason"] == Reason.SUSPENDED:
            await world.store.resume(task, record["uid"], queued=True)
    await world.let_leases_run_out()
    for lease in await _take(world, "fair"):
        await world.store.succeed(lease, OUTCOME)


# -- on Kubernetes -----------------------------------------------------------------------------------------------


def provides(*, queued: bool) -> Behaviour:
    """Put a resource's task into Redis."""

    async def behave(world: World) -> None:
        with suppress(TaskNotFoundError):
            await world.store.provide(TASK, FIRST, "x", OPTIONS, queued=queued)

    return behave


async def holds_and_resumes(world: World) -> None:
    """Suspend the task of the first object, and let it go on in the pool, twice: it missed that it had."""
    await world.store.hold(TASK, FIRST, "held")
    await world.store.resume(TASK, FIRST, queued=True)
    await world.store.resume(TASK, FIRST, queued=True)


async def settles_a_failed_job(world: World) -> None:
    """See a Job that failed, and have the record end so unless it has ended."""
    report = await world.store.report(TASK, FIRST, most_bytes=1000)
    if report is not None and not report.state.terminal:
        await world.store.settle(TASK, FIRST, LOST, shown=False)


async def holds_for_a_while(world: World) -> None:
    """Suspend the Job's task, and let it go on."""
    await world.store.hold(TASK, FIRST, "held")
    await world.store.resume(TASK, FIRST, queued=False)


async def says_why_it_waits(world: World) -> None:
    """See a Pod that waits for room, and say so."""
    report = await world.store.report(TASK, FIRST, most_bytes=1000)
    if report is not None and report.state is State.QUEUED:
        await world.store.note(TASK, FIRST, report, Reason.UNSCHEDULABLE, "no room", state=State.QUEUED)


async def says_that_it_is_lost(world: World) -> None:
    """See a Pod that was lost, and say so; then see that one starts. Neither need be the one that has begun."""
    report = await world.store.report(TASK, FIRST, most_bytes=1000)
    if report is not None and report.state is State.RUNNING:
        await world.store.note(TASK, FIRST, report, Reason.RETRYING, "an attempt was lost", state=State.QUEUED)
    report = await world.store.report(TASK, FIRST, most_bytes=1000)
    if report is not None and report.reason is Reason.RETRYING:
        await world.store.note(TASK, FIRST, report, Reason.STARTED, "it runs", state=State.RUNNING)


async def replaces_the_object(world: World) -> None:
    """Forget an object that was deleted, and provide another one of the same name."""
    await world.store.forget(TASK, FIRST)
    await world.store.provide(TASK, SECOND, "x", OPTIONS, queued=False)


async def holds_late(world: World) -> None:
    """Suspend the first object, and forget it, on old news."""
    await world.store.hold(TASK, FIRST, "held")
    await world.store.forget(TASK, FIRST)


async def loses_everything(world: World) -> None:
    """Have Redis lose what it has."""
    await world.lose_everything()


async def _look(world: World) -> None:
    """One look of the operator at a task and its resource."""
    ended = await world.end_of_the_resource()
    report = await world.store.report(TASK, FIRST, most_bytes=1000)
    if ended is not None:
        if report is not None and not (report.state.terminal and report.shown):
            state, _, outcome = ended.partition(" ")
            end = Report(State(state), Reason.COMPLETED, 1, failure=FAILURE, outcome=outcome_of(outcome or None))
            await world.store.settle(TASK, FIRST, end, shown=True)
    elif report is None:
        await provides(queued=False)(world)
    elif report.state.terminal:
        found = outcome_fields(report.outcome)[1] if report.outcome else None
        if await world.end_the_resource(end_of(report.state, found)):
            await world.store.show(TASK, FIRST, report, attempts=report.attempts)


def looks(times: int) -> Behaviour:
    """Look at the task, so many times."""

    async def behave(world: World) -> None:
        for _ in range(times):
            await _look(world)

    return behave


async def ends_by_a_message(world: World) -> None:
    """See a Pod's message while Redis is away, and end the resource by that."""
    await world.end_the_resource(end_of(State.SUCCEEDED, outcome_fields(OTHER)[1]))


def runs_in_a_pod(uid: str, pod: str, outcome: Outcome = OUTCOME) -> Behaviour:
    """A Pod, as the runner has it; only the simulation is left out."""
    settings = JobSettings("unix:///nowhere", TASK, uid, pod)
    log = JsonLines(LogLevel.ERROR)  # of thousands of runs

    async def behave(world: World) -> None:
        await Job(world.store, settings, lambda _: outcome, log, asyncio.sleep).run()

    return behave


async def _runs_fairly(world: World, left: Contents) -> None:
    for task, record in left.tasks.items():
        lease = await world.store.begin(task, record["uid"], "fair")
        if isinstance(lease, Lease):
            await world.store.succeed(lease, OUTCOME)


async def _looks_fairly(world: World, _: Contents) -> None:
    await _look(world)
    lease = await world.store.begin(TASK, FIRST, "fair")
    if isinstance(lease, Lease):
        await world.store.succeed(lease, OUTCOME)
    await looks(2)(world)


def _with_a_resource(lost_answers: int = 0, **actors: Behaviour) -> Scenario:
    setup = provides(queued=False)
    return Scenario(setup, actors, _looks_fairly, resource=True, in_queue=False, lost_answers=lost_answers)


def _in_the_queue(setup: Behaviour, lost_answers: int = 0, excused: str = "", **actors: Behaviour) -> Scenario:
    return Scenario(setup, actors, _works_fairly, lost_answers=lost_answers, excused=excused)


def _in_pods(lost_answers: int = 0, **actors: Behaviour) -> Scenario:
    return Scenario(provides(queued=False), actors, _runs_fairly, in_queue=False, lost_answers=lost_answers)


SCENARIOS = {
    "ends": _in_the_queue(submits, again=submits, user=cancels(), w1=succeeds, w2=fails, clock=time_passes(1)),
    "retries": _in_the_queue(
        submits,
        w1=gives_back("w1", counts=True),
        w2=gives_back("w2", counts=False),
        w3=takes_over,
        clock=time_passes(2),
    ),
    "replaced": _in_the_queue(
        nobody, client=deletes_and_submits_again, again=submits, w1=succeeds, w2=fails, clock=time_passes(1)
    ),
    "held": _in_the_queue(
        provides(queued=True),
        operator=holds_and_resumes,
        user=cancels(FIRST),
        w1=succeeds,
        w2=fails,
        clock=time_passes(1),
    ),
    "pods": _in_pods(
        operator=settles_a_failed_job, user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a"), b=runs_in_a_pod(FIRST, "b")
    ),
    "suspended": _in_pods(
        operator=holds_for_a_while, user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a"), b=runs_in_a_pod(FIRST, "b")
    ),
    "unheard by workers": _in_the_queue(
        nobody,
        lost_answers=1,
        client=submits,
        user=cancels(),
        w1=gives_back("w1", counts=False),
        w2=fails,
    ),
    "unheard at the start": _in_the_queue(submits, lost_answers=1, w3=takes_over, user=cancels()),
    "unheard by Pods": _in_pods(
        lost_answers=1, operator=holds_for_a_while, user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a")
    ),
    "noted": _in_pods(
        operator=says_why_it_waits, user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a"), b=runs_in_a_pod(FIRST, "b")
    ),
    "noted as lost": _in_pods(
        operator=says_that_it_is_lost, user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a"), b=runs_in_a_pod(FIRST, "b")
    ),
    "provided late": _in_pods(
        lost_answers=1,
        operator=replaces_the_object,
        api=provides(queued=False),
        b=runs_in_a_pod(SECOND, "b"),
    ),
    "noted late": _in_pods(
        operator=replaces_the_object, late=says_why_it_waits, user=cancels(FIRST), b=runs_in_a_pod(SECOND, "b")
    ),
    "unheard notes": _in_pods(lost_answers=1, operator=says_that_it_is_lost, a=runs_in_a_pod(FIRST, "a")),
    "names": _in_pods(
        operator=replaces_the_object,
        late=settles_a_failed_job,
        user=cancels(FIRST),
        a=runs_in_a_pod(FIRST, "a"),
        b=runs_in_a_pod(SECOND, "b"),
    ),
    "shown": _with_a_resource(
        operator=looks(2), a=runs_in_a_pod(FIRST, "a"), b=runs_in_a_pod(FIRST, "b", OTHER), loss=loses_everything
    ),
    "provided late and lost": _with_a_resource(
        operator=looks(1),
        api=provides(queued=False),
        a=runs_in_a_pod(FIRST, "a"),
        b=runs_in_a_pod(FIRST, "b", OTHER),
        loss=loses_everything,
    ),
    "cancelled and lost": _with_a_resource(
        operator=looks(2), user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a"), loss=loses_everything
    ),
    "ended by a message": _with_a_resource(
        operator=looks(2), away=ends_by_a_message, user=cancels(FIRST), a=runs_in_a_pod(FIRST, "a")
    ),
    "unheard by the operator": _with_a_resource(
        lost_answers=1, operator=looks(2), away=ends_by_a_message, a=runs_in_a_pod(FIRST, "a")
    ),
    "late": _in_pods(operator=replaces_the_object, late=holds_late, user=cancels(FIRST), b=runs_in_a_pod(SECOND, "b")),
}
"""By name; each is small enough to be searched whole."""
