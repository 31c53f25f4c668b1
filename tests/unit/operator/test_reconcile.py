"""What is decided for a task: a table of situations, and what holds in all of them."""

# ruff: noqa: ANN401 - the builders pass on whatever a test says

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quantum_operator.reconcile import (
    AWAY,
    Action,
    Away,
    Decision,
    Needs,
    Observed,
    Refusal,
    is_finished,
    reconcile,
    waits_for_pool,
)
from quantum_operator.status import End
from quantum_operator.views import QUEUE_LABEL, Job, Message, Pod
from quantum_tasks.errors import Code
from quantum_tasks.mirror import Report
from quantum_tasks.records import Summary
from quantum_tasks.resource import MAX_INLINE_COUNTS_BYTES, QuantumTask, Status
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.task import Failure, Method, Outcome

NOW = datetime(2026, 1, 2, 3, 4, 50, 250_000, tzinfo=UTC)
CREATED = NOW - timedelta(seconds=60)
STARTED = datetime(2026, 1, 2, 3, 4, 10, tzinfo=UTC)
ENDED = datetime(2026, 1, 2, 3, 4, 20, tzinfo=UTC)

OUTCOME = Outcome(counts={"00": 5, "11": 5}, shots=10, seed=7, qubits=2, method=Method.STATEVECTOR)
SUMMARY = Summary(shots=10, seed=7, qubits=2, method=Method.STATEVECTOR)
SYNTAX = Failure(Code.SYNTAX, "no such thing", 3, 1)
TOO_LARGE = Failure(Code.MEMORY, "needs 16 TiB")
NEEDS = Needs(2, Method.STATEVECTOR, 256 * 2**20)
NEW = {"phase": "Pending", "reason": "Queued"}
"""What the API server gives a task that nobody has looked at."""


# -- builders ------------------------------------------------------------------------------------------------------


def task(
    status: Status | None = None, *, labels: dict[str, str] | None = None, deleting: bool = False, **spec: Any
) -> QuantumTask:
    """A task as the operator keeps it: without its program, and with the status that is given or a new one's."""
    body = {
        "metadata": {
            "name": "bell",
            "namespace": "lab",
            "uid": "uid-1",
            "generation": 1,
            "resourceVersion": "5",
            "creationTimestamp": CREATED.isoformat(),
            "labels": labels or {},
            **({"deletionTimestamp": NOW.isoformat()} if deleting else {}),
        },
        "spec": spec,
        "status": NEW if status is None else as_json(status),
    }
    return QuantumTask.of(body)


def pod(name: str = "bell-1-a", **what: Any) -> Pod:
    """A Pod, pending and without a node unless something else is said."""
    return Pod(**{"name": name, "uid": f"uid-of-{name}", "created": CREATED, **what})


def running(name: str = "bell-1-a", **what: Any) -> Pod:
    """A Pod whose container runs."""
    return pod(name, **{"phase": "Running", "scheduled": True, "started": STARTED, **what})


def over(name: str = "bell-1-a", exit_code: int | None = 0, **what: Any) -> Pod:
    """A Pod that has run."""
    phase = "Succeeded" if exit_code == 0 else "Failed"
    known = {"phase": phase, "scheduled": True, "started": STARTED, "ended": ENDED, "exit_code": exit_code}
    return pod(name, **{**known, **what})


def job(*pods: Pod, **what: Any) -> Job:
    """The task's Job with these Pods, oldest first."""
    known = {"namespace": "lab", "name": "bell-1", "uid": "job-1", "owner_uid": "uid-1", "pods": pods}
    return Job(**{**known, **what})


def failed(*pods: Pod, **what: Any) -> Job:
    """A Job that has given up."""
    known = {"end": "Failed", "ended": ENDED, "failed": len(pods), "end_reason": "BackoffLimitExceeded"}
    return job(*pods, **{**known, **what})


def report(state: State = State.QUEUED, reason: Reason = Reason.QUEUED, **what: Any) -> Report:
    """What Redis says of the task: a record that waits, unless something else is said."""
    return Report(state=state, reason=reason, **what)


def ended_report(state: State, reason: Reason, **what: Any) -> Report:
    """What Redis says of a task that ended there."""
    return report(state, reason, **{"attempts": 1, "started_at": STARTED, "finished_at": ENDED, **what})


SUCCEEDED = ended_report(State.SUCCEEDED, Reason.COMPLETED, outcome=OUTCOME, summary=SUMMARY, size_bytes=90)
CANCELLED = ended_report(
    State.CANCELLED, Reason.CANCELLED, failure=Failure(Code.CANCELLED, "The task was cancelled."), started_at=None
)
BEGUN = report(State.RUNNING, Reason.STARTED, attempts=1, started_at=STARTED)
SAID = Message(Reason.COMPLETED, outcome=OUTCOME)
REFUSED = Message(Reason.INVALID_PROGRAM, failure=SYNTAX)


def as_json(status: Status) -> dict[str, Any]:
    """A status as the API server keeps it."""
    body = json.loads(status.model_dump_json(by_alias=True, exclude_none=True))
    assert isinstance(body, dict)
    return body


def look(subject: QuantumTask, at: datetime = NOW, **what: Any) -> Decision:
    """What is decided for a task, with what else is there."""
    return reconcile(Observed(subject, **what), at)


def written(subject: QuantumTask, decision: Decision) -> QuantumTask:
    """The task once the decided status has been to the API server and back."""
    if decision.status is None:
        return subject
    return subject.model_copy(update={"status": Status.model_validate(as_json(decision.status))})


def settled(subject: QuantumTask, **what: Any) -> QuantumTask:
    """The task with the status that is decided for it."""
    return written(subject, look(subject, **what))


def status_of(subject: QuantumTask, **what: Any) -> Status:
    """The status that a task has once everything that follows from this was done."""
    decision = look(subject, **what)
    if decision.end is not None:
        assert decision.actions == (Action.SETTLE,)
        told = in_redis(decision.end)
        return settled(subject, **{**what, "report": told}).status
    return settled(subject, **what).status


def in_redis(end: End) -> Report:
    """What Redis says after it was told of an end."""
    return Report(end.state, end.reason, end.attempts, finished_at=ENDED, failure=end.failure, outcome=end.outcome)


def condition(status: Status, kind: str) -> tuple[str, str] | None:
    """The status and the reason of a condition, None where there is none."""
    found = [(one.status, one.reason) for one in status.conditions if one.type == kind]
    return found[0] if found else None


# -- on the way ----------------------------------------------------------------------------------------------------

IMAGE = running(phase="Pending", started=None, waiting=("ImagePullBackOff", 'Back-off pulling image "nowhere/runner"'))
CONFIG = running(phase="Pending", started=None, waiting=("CreateContainerConfigError", 'secret "qt" not found'))
CREATING = running(phase="Pending", started=None, waiting=("ContainerCreating", ""))
NO_NODE = pod(unschedulable="0/1 nodes are available: 1 Insufficient memory.")
OOM = over(exit_code=137, end_reason="OOMKilled")
EVICTED = over(exit_code=None, phase="Failed", reason="Evicted")
PREEMPTED = over(exit_code=143, disrupted="PreemptionByScheduler")
CRASHED = over(exit_code=139)


@pytest.mark.parametrize(
    ("there", "phase", "reason", "says"),
    [
        pytest.param(job(), Phase.PENDING, Reason.QUEUED, "Waiting for a Pod", id="no-pod-yet"),
        pytest.param(job(pod()), Phase.PENDING, Reason.QUEUED, "Waiting for a node", id="no-node-yet"),
        pytest.param(job(NO_NODE), Phase.PENDING, Reason.UNSCHEDULABLE, "Insufficient memory", id="unschedulable"),
        pytest.param(job(CREATING), Phase.PENDING, Reason.QUEUED, "prepares", id="container-creating"),
        pytest.param(job(IMAGE), Phase.PENDING, Reason.IMAGE_PULL_BACK_OFF, "nowhere/runner", id="image-pull-back-off"),
        pytest.param(
            job(replace(IMAGE, waiting=("ErrImagePull", ""))),
            *(Phase.PENDING, Reason.IMAGE_PULL_BACK_OFF, "ErrImagePull"),
            id="image-error-without-words",
        ),
        pytest.param(
            job(replace(IMAGE, waiting=("InvalidImageName", "bad"))),
            *(Phase.PENDING, Reason.IMAGE_PULL_BACK_OFF, "bad"),
            id="image-name",
        ),
        pytest.param(job(CONFIG), Phase.PENDING, Reason.CONTAINER_ERROR, 'secret "qt" not found', id="container-error"),
        pytest.param(job(running()), Phase.RUNNING, Reason.STARTED, "bell-1-a runs", id="running"),
        pytest.param(job(over()), Phase.RUNNING, Reason.STARTED, "about to end", id="pod-over-job-not"),
        pytest.param(job(OOM, failed=1), Phase.PENDING, Reason.RETRYING, "memory ran out", id="retrying-after-oom"),
        pytest.param(job(EVICTED, failed=1), Phase.PENDING, Reason.RETRYING, "evicted", id="retrying-after-eviction"),
        pytest.param(
            job(CRASHED, failed=1), Phase.PENDING, Reason.RETRYING, "exit code 139", id="retrying-after-crash"
        ),
        pytest.param(job(failed=1), Phase.PENDING, Reason.RETRYING, "another one follows", id="retrying-pod-gone"),
        pytest.param(
            job(running(deleting=True)), Phase.PENDING, Reason.RETRYING, "Pod was stopped", id="pod-being-deleted"
        ),
        pytest.param(
            job(CRASHED, running("bell-1-b"), failed=1),
            Phase.RUNNING,
            Reason.STARTED,
            "bell-1-b runs",
            id="2nd-attempt",
        ),
    ],
)
def test_a_task_says_where_its_job_is(there: Job, phase: Phase, reason: Reason, says: str) -> None:
    """Phase, reason and message of an unfinished task follow from its Job and the newest of its Pods."""
    status = status_of(task(), job=there, report=report(), needs=NEEDS)
    assert (status.phase, status.reason, status.job_name) == (phase, reason, "bell-1")
    assert says in (status.message or "")
    assert condition(status, "Finished") is None


@pytest.mark.parametrize(
    ("there", "scheduled", "runs"),
    [
        pytest.param(job(), None, None, id="no-pod"),
        pytest.param(job(pod()), None, None, id="no-node-yet"),
        pytest.param(job(NO_NODE), ("False", "Unschedulable"), None, id="unschedulable"),
        pytest.param(job(CREATING), ("True", "Scheduled"), None, id="creating"),
        pytest.param(job(IMAGE), ("True", "Scheduled"), ("False", "ImagePullBackOff"), id="image"),
        pytest.param(job(CONFIG), ("True", "Scheduled"), ("False", "ContainerError"), id="container-error"),
        pytest.param(job(running()), ("True", "Scheduled"), ("True", "Started"), id="running"),
        pytest.param(job(CRASHED, failed=1), None, ("False", "Retrying"), id="retrying"),
    ],
)
def test_the_conditions_say_why_a_task_waits(
    there: Job, scheduled: tuple[str, str] | None, runs: tuple[str, str] | None
) -> None:
    """`Scheduled` and `Running` carry the reason for which they do not hold."""
    status = status_of(task(), job=there, report=report(), needs=NEEDS)
    assert (condition(status, "Scheduled"), condition(status, "Running")) == (scheduled, runs)


def test_a_new_task_first_gets_its_record() -> None:
    """Before anything else Redis is given what the run needs, and nothing is said yet."""
    assert look(task()) == Decision((Action.PROVIDE,))


def test_a_task_with_a_record_is_checked() -> None:
    """A Job's size follows from the program, so the program is checked before there is a Job."""
    assert look(task(), report=report()) == Decision((Action.CHECK,))


def test_a_checked_task_gets_its_job() -> None:
    """Once the record is there and the needs are known, the Job is created."""
    assert look(task(), report=report(), needs=NEEDS) == Decision((Action.CREATE_JOB,))


def test_a_failed_check_is_no_reason_to_wait() -> None:
    """A program that could not be checked is run all the same."""
    assert look(task(), report=report(), needs=Needs()).actions == (Action.CREATE_JOB,)


def test_what_the_check_found_is_in_the_status() -> None:
    """Qubits and method are told as soon as they are known."""
    status = status_of(task(), job=job(), report=report(), needs=NEEDS)
    assert (status.qubits, status.method) == (2, Method.STATEVECTOR)


def test_a_job_that_runs_needs_nothing() -> None:
    """A running task, told so, gives no actions, no status and no time to look again."""
    there: dict[str, Any] = {"job": job(running()), "report": BEGUN, "needs": NEEDS}
    assert look(settled(task(), **there), **there) == Decision()


def test_a_job_that_was_deleted_is_made_again() -> None:
    """When somebody deletes the Job of an unfinished task, another one is created, by the same check."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    assert look(subject, report=BEGUN, needs=NEEDS).actions == (Action.CREATE_JOB,)


def test_a_job_that_is_being_deleted_is_waited_for() -> None:
    """While the Job is on its way out, no other one is made."""
    assert Action.CREATE_JOB not in look(task(), job=job(deleting=True), report=BEGUN, needs=NEEDS).actions


def test_a_record_that_was_lost_is_put_back_beside_the_job() -> None:
    """When Redis was emptied while the Job runs, the record is provided anew and the Job is left alone."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    assert look(subject, job=job(running()), report=None, needs=NEEDS).actions == (Action.PROVIDE,)


def test_a_job_that_ended_well_without_a_report_is_done_again() -> None:
    """A result that was lost with Redis, too large for the termination message, is computed again."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    complete = job(over(), end="Complete", succeeded=1)
    assert look(subject, job=complete, report=None, needs=NEEDS).actions == (Action.PROVIDE, Action.DELETE_JOB)
    assert look(subject, job=complete, report=report(), needs=NEEDS).actions == (Action.DELETE_JOB,)


def test_the_end_of_another_kind_of_condition_keeps_its_time() -> None:
    """A condition whose status does not turn keeps the time of its last turn, though its reason changes."""
    first = settled(task(), job=job(IMAGE), report=report(), needs=NEEDS)
    later = written(first, look(first, NOW + timedelta(seconds=30), job=job(CONFIG), report=report(), needs=NEEDS))
    before, after = (
        next(one for one in subject.status.conditions if one.type == "Running") for subject in (first, later)
    )
    assert (before.reason, after.reason) == ("ImagePullBackOff", "ContainerError")
    assert before.last_transition_time == after.last_transition_time


def test_changing_words_of_kubernetes_are_no_news() -> None:
    """A message that only counts nodes differently is not written, however often it changes."""
    first = settled(task(), job=job(NO_NODE), report=report(reason=Reason.UNSCHEDULABLE), needs=NEEDS)
    other = replace(NO_NODE, unschedulable="0/2 nodes are available: 2 Insufficient memory.")
    assert look(first, job=job(other), report=report(reason=Reason.UNSCHEDULABLE), needs=NEEDS) == Decision()


def test_a_status_names_the_pod_that_runs_now() -> None:
    """A second attempt is named though nobody saw the first one end: the status says what is there."""
    first = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    second = job(CRASHED, running("bell-1-b"), failed=1)
    assert "bell-1-b" in (status_of(first, job=second, report=replace(BEGUN, attempts=2), needs=NEEDS).message or "")


def test_a_pod_without_a_node_is_not_scheduled() -> None:
    """When the Pod of a second attempt has no node yet, `Scheduled` does not hold for it by the first one's."""
    first = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    status = status_of(first, job=job(CRASHED, pod("bell-1-b"), failed=1), report=BEGUN, needs=NEEDS)
    found = condition(status, "Scheduled")
    assert found is not None
    assert found[0] != "True"


@pytest.mark.parametrize(
    ("known", "by_redis", "there", "attempts"),
    [
        pytest.param(0, 0, job(), 0, id="none"),
        pytest.param(0, 1, job(running()), 1, id="redis-and-job-agree"),
        pytest.param(0, 2, job(), 2, id="redis-knows-more"),
        pytest.param(0, 0, job(CRASHED, running("b"), failed=1), 2, id="emptied-redis-the-job-knows"),
        pytest.param(3, 1, job(running()), 3, id="never-fewer-than-were-known"),
    ],
)
def test_attempts_are_counted_by_who_knows_most(known: int, by_redis: int, there: Job, attempts: int) -> None:
    """The attempts are the most of what Redis, the Job and the status know."""
    subject = task(Status(phase=Phase.PENDING, reason="Retrying", attempts=known))
    there = replace(there, pods=there.pods or (pod(),))
    assert status_of(subject, job=there, report=report(attempts=by_redis), needs=NEEDS).attempts == attempts


@pytest.mark.parametrize(
    ("told", "there", "noted"),
    [
        pytest.param(Reason.QUEUED, job(NO_NODE), True, id="unschedulable"),
        pytest.param(Reason.UNSCHEDULABLE, job(NO_NODE), False, id="unschedulable-is-told"),
        pytest.param(Reason.UNSCHEDULABLE, job(IMAGE), True, id="another-reason"),
        pytest.param(Reason.IMAGE_PULL_BACK_OFF, job(CREATING), True, id="no-reason-any-more"),
        pytest.param(Reason.STARTED, job(CRASHED, failed=1), True, id="retrying"),
        pytest.param(Reason.QUEUED, job(), False, id="queued"),
        pytest.param(Reason.QUEUED, job(running()), False, id="running-says-the-runner"),
    ],
)
def test_redis_is_told_why_a_task_waits(told: Reason, there: Job, noted: bool) -> None:  # noqa: FBT001 - a table
    """Whoever polls Redis learns what keeps the task, and that it is over."""
    actions = look(task(), job=there, report=report(reason=told), needs=NEEDS).actions
    assert (Action.NOTE in actions) is noted


@pytest.mark.parametrize(
    ("lease", "noted"),
    [
        pytest.param("uid-of-bell-1-b", False, id="its-own"),
        pytest.param("uid-of-bell-1-a", True, id="of-the-one-before"),
        pytest.param("uid-of-somebody", True, id="of-one-that-is-gone"),
    ],
)
def test_a_pod_that_has_begun_does_not_wait(lease: str, noted: bool) -> None:  # noqa: FBT001 - a table
    """Where Redis has it that a Pod has begun, older news of that Pod are no note; what became of others is one."""
    there = job(over("bell-1-a", exit_code=137), replace(IMAGE, name="bell-1-b", uid="uid-of-bell-1-b"))
    begun = report(State.RUNNING, Reason.STARTED, attempts=2, started_at=STARTED, lease=lease)
    assert (Action.NOTE in look(task(), job=there, report=begun, needs=NEEDS).actions) is noted


# -- the end -------------------------------------------------------------------------------------------------------


def test_an_end_tells_of_the_job_where_nothing_has_yet() -> None:
    """A task that ends before its Job is told of has the Job's name all the same, and had a node."""
    found = ended_report(State.SUCCEEDED, Reason.COMPLETED, outcome=OUTCOME)
    status = status_of(task(), job=job(over()), report=found, needs=NEEDS)
    assert status.job_name == "bell-1"
    assert [(one.type, one.status) for one in status.conditions] == [
        ("Scheduled", "True"),
        ("Finished", "True"),
        ("Running", "False"),
    ]


def test_a_result_in_redis_ends_the_task() -> None:
    """Counts, summary, times and attempts come from the report, and the conditions say that it is over."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    status = status_of(subject, job=job(running()), report=SUCCEEDED, needs=NEEDS)
    assert (status.phase, status.reason, status.attempts) == (Phase.SUCCEEDED, Reason.COMPLETED, 1)
    assert (status.counts, status.seed, status.qubits, status.method) == (OUTCOME.counts, 7, 2, Method.STATEVECTOR)
    assert (status.start_time, status.completion_time, status.duration) == (STARTED, ENDED, "10s")
    assert condition(status, "Finished") == ("True", "Completed")
    assert condition(status, "Running") == ("False", "Completed")
    assert status.error is None
    assert status.result_ref is None


def test_a_large_result_is_referred_to() -> None:
    """Counts that are too large for the status stay in Redis, and the status says where."""
    counts = {f"{number:020b}": 1 for number in range(MAX_INLINE_COUNTS_BYTES // 20)}
    passed_on = replace(SUCCEEDED, outcome=replace(OUTCOME, counts=counts), size_bytes=20_000)
    for found in (passed_on, replace(passed_on, outcome=None)):
        status = status_of(task(), job=job(running()), report=found, needs=NEEDS)
        assert (status.phase, status.counts, status.qubits) == (Phase.SUCCEEDED, None, 2)
        assert status.result_ref is not None
        assert (status.result_ref.key, status.result_ref.size_bytes) == ("lab/bell", 20_000)


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        (Reason.INVALID_PROGRAM, SYNTAX),
        (Reason.TOO_LARGE, TOO_LARGE),
        (Reason.ENGINE_FAILED, Failure(Code.ENGINE_FAILED, "no")),
        (Reason.DEADLINE_EXCEEDED, Failure(Code.DEADLINE, "too long")),
        (Reason.BACKOFF_LIMIT_EXCEEDED, Failure(Code.RUNNER_LOST, "gave up")),
    ],
)
def test_a_failure_in_redis_ends_the_task(reason: Reason, failure: Failure) -> None:
    """Reason, code, message and place come from the report."""
    status = status_of(task(), job=job(running()), report=ended_report(State.FAILED, reason, failure=failure))
    assert (status.phase, status.reason, status.message) == (Phase.FAILED, reason, failure.message)
    assert condition(status, "Finished") == ("True", reason)
    error = status.error
    assert error is not None
    assert (error.code, error.message, error.line, error.column) == (
        *(failure.code, failure.message, failure.line, failure.column),
    )


@pytest.mark.parametrize("found", [pytest.param(AWAY, id="away"), pytest.param(None, id="emptied")])
@pytest.mark.parametrize(
    ("last", "phase", "reason"),
    [
        pytest.param(over(message=SAID), Phase.SUCCEEDED, Reason.COMPLETED, id="result"),
        pytest.param(over(exit_code=65, message=REFUSED), Phase.FAILED, Reason.INVALID_PROGRAM, id="refusal"),
    ],
)
def test_a_termination_message_ends_the_task_without_redis(
    found: Away | None, last: Pod, phase: Phase, reason: Reason
) -> None:
    """An outage of Redis loses nothing that was said in a termination message."""
    status = status_of(task(), job=job(last), report=found, needs=NEEDS)
    assert (status.phase, status.reason) == (phase, reason)
    assert status.counts == (OUTCOME.counts if phase is Phase.SUCCEEDED else None)
    assert (status.error and status.error.line) == (None if phase is Phase.SUCCEEDED else 3)


@pytest.mark.parametrize(
    ("there", "phase", "reason"),
    [
        pytest.param(
            job(over(message=SAID), end="Complete", succeeded=1), Phase.SUCCEEDED, Reason.COMPLETED, id="result"
        ),
        pytest.param(
            failed(over(exit_code=65, message=REFUSED), end_reason="PodFailurePolicy"),
            *(Phase.FAILED, Reason.INVALID_PROGRAM),
            id="refusal",
        ),
    ],
)
@pytest.mark.parametrize(
    "found", [pytest.param(BEGUN, id="redis-was-away"), pytest.param(report(), id="redis-was-emptied-and-provided")]
)
def test_a_termination_message_counts_when_redis_has_missed_it(
    there: Job, phase: Phase, reason: Reason, found: Report
) -> None:
    """A Pod that could not reach Redis is believed, also when Redis is back with a record that has not ended."""
    status = status_of(task(), job=there, report=found, needs=NEEDS)
    assert (status.phase, status.reason) == (phase, reason)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param(over(exit_code=137, message=SAID), id="killed"),
        pytest.param(over(exit_code=75, message=SAID), id="try-again"),
        pytest.param(over(exit_code=15, message=SAID), id="stopped"),
    ],
)
def test_a_pod_that_did_not_end_by_itself_is_not_believed(last: Pod) -> None:
    """Only the exit codes of a reported end make a termination message a report."""
    assert not is_finished(status_of(task(), job=job(last), report=None, needs=NEEDS))


def test_the_report_of_redis_comes_before_a_termination_message() -> None:
    """What Redis took first is the end, whatever a Pod says."""
    status = status_of(task(), job=job(over(message=SAID)), report=CANCELLED, needs=NEEDS)
    assert status.phase is Phase.CANCELLED


@pytest.mark.parametrize("found", [pytest.param(BEGUN, id="known"), pytest.param(None, id="emptied")])
@pytest.mark.parametrize(
    ("there", "reason", "says"),
    [
        pytest.param(failed(OOM), Reason.OOM_KILLED, "memory ran out", id="oom"),
        pytest.param(failed(EVICTED), Reason.EVICTED, "evicted (Evicted)", id="evicted"),
        pytest.param(failed(PREEMPTED), Reason.EVICTED, "PreemptionByScheduler", id="preempted"),
        pytest.param(failed(CRASHED), Reason.BACKOFF_LIMIT_EXCEEDED, "exit code 139", id="crashed"),
        pytest.param(failed(over(exit_code=15)), Reason.BACKOFF_LIMIT_EXCEEDED, "stopped", id="stopped"),
        pytest.param(
            failed(over(exit_code=None, phase="Failed", reason="NodeLost")),
            *(Reason.BACKOFF_LIMIT_EXCEEDED, "NodeLost"),
            id="node-lost",
        ),
        pytest.param(failed(CRASHED, replace(OOM, name="b")), Reason.OOM_KILLED, "2 attempts", id="by-the-last-one"),
        pytest.param(
            failed(failed=1, end_message="Job has reached the specified backoff limit"),
            *(Reason.BACKOFF_LIMIT_EXCEEDED, "backoff limit"),
            id="no-pod-left",
        ),
    ],
)
def test_a_job_that_gave_up_ends_the_task(there: Job, reason: Reason, says: str, found: Report | None) -> None:
    """A failed Job without a report ends the task for the reason of its last Pod."""
    status = status_of(task(), job=there, report=found, needs=NEEDS)
    assert (status.phase, status.reason, status.completion_time) == (Phase.FAILED, reason, ENDED)
    assert status.error is not None
    assert status.error.code == Code.RUNNER_LOST
    assert says in status.error.message


def test_a_task_that_gave_up_counts_alike_everywhere() -> None:
    """The message of a task that gave up names as many attempts as the status has."""
    status = status_of(task(), job=failed(CRASHED), report=replace(BEGUN, attempts=3), needs=NEEDS)
    assert status.error is not None
    assert f"{status.attempts} attempts" in status.error.message


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"activeDeadlineSeconds": 5}, "longer than 5 s", id="its-own"),
        pytest.param({}, "longer than its Job may", id="default"),
    ],
)
def test_a_job_over_its_deadline_ends_the_task(spec: dict[str, Any], says: str) -> None:
    """The Job's DeadlineExceeded is the task's, with the figure where the task has one."""
    there = failed(running(deleting=True), end_reason="DeadlineExceeded")
    status = status_of(task(**spec), job=there, report=BEGUN, needs=NEEDS)
    assert (status.phase, status.reason) == (Phase.FAILED, Reason.DEADLINE_EXCEEDED)
    assert status.error is not None
    assert (status.error.code, says in status.error.message) == (Code.DEADLINE, True)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        pytest.param(Refusal(Reason.INVALID_PROGRAM, SYNTAX), Reason.INVALID_PROGRAM, id="broken-program"),
        pytest.param(Refusal(Reason.TOO_LARGE, TOO_LARGE), Reason.TOO_LARGE, id="too-large"),
    ],
)
def test_a_program_that_the_check_refuses_never_gets_a_pod(refusal: Refusal, reason: Reason) -> None:
    """A refusal of the check ends the task before there is a Job, with code and place."""
    assert look(task(), report=report(), needs=refusal).actions == (Action.SETTLE,)
    status = status_of(task(), report=report(), needs=refusal)
    assert (status.phase, status.reason, status.attempts, status.start_time) == (Phase.FAILED, reason, 0, None)
    assert status.error is not None
    assert (status.error.code, status.error.line) == (refusal.failure.code, refusal.failure.line)
    assert condition(status, "Running") is None


def test_a_job_that_the_api_server_finds_invalid_ends_the_task() -> None:
    """A final refusal of the Job ends the task with JobRefused."""
    refusal = Refusal(Reason.JOB_REFUSED, Failure(Code.JOB_REFUSED, "spec.template: invalid"))
    status = status_of(task(), report=report(), needs=NEEDS, refused=refusal)
    assert (status.phase, status.reason) == (Phase.FAILED, Reason.JOB_REFUSED)


def test_a_job_that_is_refused_for_now_makes_the_task_wait() -> None:
    """A refusal that may go away (a quota) is said, told to Redis, and not repeated at once."""
    refusal = Refusal(Reason.JOB_REFUSED, Failure(Code.JOB_REFUSED, "exceeded quota"), final=False)
    decision = look(task(), report=report(), needs=NEEDS, refused=refusal)
    assert decision.actions == (Action.NOTE,)
    assert decision.status is not None
    assert (decision.status.phase, decision.status.reason) == (Phase.PENDING, Reason.JOB_REFUSED)
    assert "exceeded quota" in (decision.status.message or "")
    subject = written(task(), decision)
    told = report(reason=Reason.JOB_REFUSED)
    assert look(subject, report=told, needs=NEEDS, refused=refusal) == Decision()
    assert Action.CREATE_JOB in look(subject, report=told, needs=NEEDS).actions


def test_the_first_start_stays_the_first() -> None:
    """`startTime` is when the first run began, also when Redis was emptied and knows a later run only."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    assert subject.status.start_time == STARTED
    later = replace(SUCCEEDED, started_at=STARTED + timedelta(seconds=5))
    assert status_of(subject, job=job(running()), report=later, needs=NEEDS).start_time == STARTED


# -- Redis is away -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(job(over(), end="Complete", succeeded=1), id="complete"),
        pytest.param(failed(CRASHED), id="failed"),
        pytest.param(failed(over(exit_code=65), end_reason="PodFailurePolicy"), id="refused-without-words"),
        pytest.param(failed(running(deleting=True), end_reason="DeadlineExceeded"), id="deadline"),
    ],
)
def test_no_end_is_concluded_while_redis_is_away(there: Job) -> None:
    """A Job that ended may have reported to a Redis that cannot be asked now: the task waits for it as it is."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    decision = look(subject, job=there, report=AWAY, needs=NEEDS)
    assert decision.actions == ()
    assert decision.again_seconds is not None
    status = written(subject, decision).status
    assert not is_finished(status)
    assert status.phase is Phase.RUNNING, f"went back to {status.phase}: {status.message}"


@pytest.mark.parametrize(
    "what",
    [
        pytest.param({"needs": Refusal(Reason.INVALID_PROGRAM, SYNTAX)}, id="program"),
        pytest.param({"needs": NEEDS, "refused": Refusal(Reason.JOB_REFUSED, SYNTAX)}, id="job"),
    ],
)
def test_a_refusal_waits_for_redis(what: dict[str, Any]) -> None:
    """What Redis would still call queued when it is back is not ended before: nobody could run it meanwhile."""
    decision = look(task(), report=AWAY, **what)
    assert not is_finished(written(task(), decision).status)
    assert (decision.actions, decision.again_seconds is not None) == ((), True)
    assert look(task(), report=report(), **what).actions == (Action.SETTLE,)


def test_nothing_is_created_while_redis_is_away() -> None:
    """Without a record there is no Job, and the task is looked at again soon, Redis's return waking nobody."""
    decision = look(task(), report=AWAY)
    assert (decision.actions, decision.again_seconds is not None) == ((), True)
    assert (decision.status or task().status).phase is Phase.PENDING


@pytest.mark.parametrize(
    ("before", "phase"),
    [pytest.param(BEGUN, Phase.RUNNING, id="running"), pytest.param(report(), Phase.PENDING, id="queued")],
)
def test_a_pools_task_stays_what_it_was_while_redis_is_away(before: Report, phase: Phase) -> None:
    """Only Redis knows of a run in the pool; while it is away nothing new is said of it."""
    subject = settled(task(executionMode="Pool"), report=before)
    assert subject.status.phase is phase
    decision = look(subject, report=AWAY)
    assert (decision.actions, decision.status, decision.again_seconds is not None) == ((), None, True)


# -- cancel --------------------------------------------------------------------------------------------------------


def test_a_cancellation_goes_through_redis() -> None:
    """Which came first, the end or the cancellation, Redis says: it is asked, and nothing is concluded yet."""
    for found in (report(), BEGUN, report(reason=Reason.SUSPENDED)):
        assert look(task(cancel=True), job=job(running()), report=found, needs=NEEDS) == Decision((Action.CANCEL,))


def test_a_cancelled_record_ends_the_task_as_cancelled() -> None:
    """Once Redis has it, the task is Cancelled, and then its Job goes."""
    subject = settled(task(cancel=True), job=job(running()), report=CANCELLED, needs=NEEDS)
    status = subject.status
    assert (status.phase, status.reason, status.message) == (
        *(Phase.CANCELLED, Reason.CANCELLED, "The task was cancelled."),
    )
    assert condition(status, "Finished") == ("True", "Cancelled")
    assert status.error is None
    assert look(subject, job=job(running()), report=CANCELLED).actions == (Action.DELETE_JOB,)


@pytest.mark.parametrize(
    ("found", "phase"),
    [
        pytest.param(SUCCEEDED, Phase.SUCCEEDED, id="succeeded"),
        pytest.param(ended_report(State.FAILED, Reason.INVALID_PROGRAM, failure=SYNTAX), Phase.FAILED, id="failed"),
    ],
)
def test_a_report_of_an_end_comes_before_a_cancellation(found: Report, phase: Phase) -> None:
    """A cancellation that comes after the end in Redis changes nothing."""
    assert status_of(task(cancel=True), job=job(running()), report=found).phase is phase


def test_a_cancellation_waits_for_redis() -> None:
    """While Redis is away nobody knows which came first, whatever the Pod says."""
    for there in (None, job(running()), job(over(message=SAID)), failed(CRASHED)):
        decision = look(task(cancel=True), job=there, report=AWAY, needs=NEEDS)
        assert (decision.actions, decision.status) == ((), None)
        assert decision.again_seconds is not None


def test_a_cancelled_task_without_a_record_ends_at_once() -> None:
    """When Redis knows nothing of it, the task is Cancelled there and then, and never provided."""
    decision = look(task(cancel=True))
    assert decision.actions == ()
    assert decision.status is not None
    assert decision.status.phase is Phase.CANCELLED


@pytest.mark.parametrize("there", [job(over(message=SAID)), failed(CRASHED)], ids=["message", "job"])
def test_only_what_redis_knows_comes_before_a_cancellation(there: Job) -> None:
    """Nobody was shown what a Pod or a Job says of the end: a task that is to be cancelled is, emptied Redis or not."""
    assert status_of(task(cancel=True), job=there, report=None).phase is Phase.CANCELLED
    assert look(task(cancel=True), job=there, report=BEGUN, needs=NEEDS) == Decision((Action.CANCEL,))


def test_a_suspended_task_can_be_cancelled() -> None:
    """Cancelling comes before holding back."""
    assert look(task(cancel=True, suspend=True), report=report(reason=Reason.SUSPENDED)).actions == (Action.CANCEL,)


# -- suspend and resume --------------------------------------------------------------------------------------------


def test_a_suspended_task_is_held_in_redis_and_its_job_suspended() -> None:
    """A running task that is suspended is taken from its workers, its Job is suspended, and the status says so."""
    subject = settled(task(), job=job(running()), report=BEGUN, needs=NEEDS)
    held = subject.model_copy(update={"spec": subject.spec.model_copy(update={"suspend": True})})
    decision = look(held, job=job(running()), report=BEGUN, needs=NEEDS)
    assert decision.actions == (Action.HOLD, Action.SUSPEND_JOB)
    status = written(held, decision).status
    assert (status.phase, status.reason) == (Phase.SUSPENDED, Reason.SUSPENDED)
    assert condition(status, "Running") == ("False", "Suspended")
    done: dict[str, Any] = {
        "job": job(suspended=True),
        "report": report(reason=Reason.SUSPENDED, attempts=1),
        "needs": NEEDS,
    }
    assert look(written(held, decision), **done) == Decision()


def test_a_task_that_is_born_suspended_has_no_job() -> None:
    """A task that is held back from the start is neither provided nor checked nor given a Job."""
    decision = look(task(suspend=True))
    assert decision.actions == ()
    assert decision.status is not None
    assert decision.status.phase is Phase.SUSPENDED


def test_a_suspended_task_may_still_end() -> None:
    """An end that Redis took before the suspension is the end."""
    assert status_of(task(suspend=True), job=job(running()), report=SUCCEEDED).phase is Phase.SUCCEEDED


def test_a_resumed_task_goes_on() -> None:
    """The record is released and the Job resumed; the phase is Pending again once both are done."""
    subject = settled(task(suspend=True), job=job(suspended=True), report=report(reason=Reason.SUSPENDED), needs=NEEDS)
    free = subject.model_copy(update={"spec": subject.spec.model_copy(update={"suspend": False})})
    decision = look(free, job=job(suspended=True), report=report(reason=Reason.SUSPENDED), needs=NEEDS)
    assert decision.actions == (Action.RELEASE, Action.RESUME_JOB)
    assert status_of(free, job=job(), report=report(), needs=NEEDS).phase is Phase.PENDING


def test_a_task_is_suspended_while_redis_is_away() -> None:
    """The Job is suspended at once, and Redis is asked again soon."""
    decision = look(task(suspend=True), job=job(running()), report=AWAY, needs=NEEDS)
    assert decision.actions == (Action.SUSPEND_JOB,)
    assert decision.again_seconds is not None


# -- Kueue ---------------------------------------------------------------------------------------------------------

QUEUED = {QUEUE_LABEL: "team-a"}


@pytest.mark.parametrize("labels", [{}, QUEUED], ids=["task-says-nothing", "task-says-so"])
@pytest.mark.parametrize(
    ("queue", "suspend", "there", "actions"),
    [
        pytest.param("team-a", False, job(suspended=True), (), id="kueues-waits"),
        pytest.param(None, False, job(suspended=True), (Action.RESUME_JOB,), id="ours-is-resumed"),
        pytest.param("team-a", True, job(running()), (Action.HOLD, Action.DELETE_JOB), id="kueues-held-back-goes"),
        pytest.param(None, True, job(running()), (Action.HOLD, Action.SUSPEND_JOB), id="ours-held-back-is-suspended"),
        pytest.param(
            "team-a", True, job(suspended=True), (Action.HOLD, Action.DELETE_JOB), id="kueues-held-back-waits"
        ),
        pytest.param(None, True, job(suspended=True), (Action.HOLD,), id="ours-that-is-suspended-stays"),
    ],
)
def test_whose_a_job_is_its_own_label_says(
    labels: dict[str, str],
    queue: str | None,
    suspend: bool,  # noqa: FBT001 - a table
    there: Job,
    actions: tuple[Action, ...],
) -> None:
    """A Job with a queue's name is Kueue's, whatever its task or the settings say by now; no other one is."""
    subject = task(labels=labels, suspend=suspend)
    assert look(subject, job=replace(there, queue=queue), report=report(), needs=NEEDS).actions == actions


def test_a_task_whose_job_waits_for_kueue_says_so() -> None:
    """A Job that Kueue has yet to admit leaves its task Pending, with Kueue's name in the message."""
    status = status_of(task(), job=job(suspended=True, queue="team-a"), report=report(), needs=NEEDS)
    assert (status.phase, status.reason) == (Phase.PENDING, Reason.QUEUED)
    assert "Kueue" in (status.message or "")


def test_a_task_whose_job_of_kueues_was_given_up_is_suspended() -> None:
    """The phase is Suspended though the Job is gone."""
    there = job(running(), queue="team-a")
    assert status_of(task(suspend=True), job=there, report=BEGUN, needs=NEEDS).phase is Phase.SUSPENDED


def test_a_preempted_job_of_kueues_waits_again() -> None:
    """When Kueue suspends a running Job, the task is Pending and no longer running."""
    subject = settled(task(), job=job(running(), queue="team-a"), report=BEGUN, needs=NEEDS)
    status = status_of(subject, job=job(suspended=True, queue="team-a"), report=BEGUN, needs=NEEDS)
    assert (status.phase, condition(status, "Running")) == (Phase.PENDING, ("False", "Queued"))


def test_an_admitted_job_that_waits_for_ever_goes_with_its_task() -> None:
    """A suspended Job whose task has ended will never end by itself, so it is deleted, even after a success."""
    subject = settled(task(), report=SUCCEEDED)
    there = job(suspended=True, queue="team-a")
    assert look(subject, job=there, report=SUCCEEDED).actions == (Action.DELETE_JOB,)


# -- the pool ------------------------------------------------------------------------------------------------------


def test_a_task_of_the_pool_has_no_job() -> None:
    """It is provided, and then waits for a worker: it is neither checked nor given a Job."""
    subject = task(executionMode="Pool")
    assert look(subject) == Decision((Action.PROVIDE,))
    assert look(subject, report=report()) == Decision()


@pytest.mark.parametrize(
    ("found", "phase", "reason"),
    [
        pytest.param(BEGUN, Phase.RUNNING, Reason.STARTED, id="running"),
        pytest.param(report(reason=Reason.RETRYING, attempts=1), Phase.PENDING, Reason.RETRYING, id="retrying"),
        pytest.param(SUCCEEDED, Phase.SUCCEEDED, Reason.COMPLETED, id="succeeded"),
        pytest.param(CANCELLED, Phase.CANCELLED, Reason.CANCELLED, id="cancelled"),
        pytest.param(
            ended_report(State.FAILED, Reason.DEADLINE_EXCEEDED, failure=Failure(Code.DEADLINE, "too long")),
            *(Phase.FAILED, Reason.DEADLINE_EXCEEDED),
            id="deadline",
        ),
    ],
)
def test_a_task_of_the_pool_is_where_redis_says(found: Report, phase: Phase, reason: Reason) -> None:
    """Phase, reason and attempts of a pool's task are those of its record."""
    decision = look(task(executionMode="Pool"), report=found)
    assert decision.actions == ()
    assert decision.status is not None
    assert (decision.status.phase, decision.status.reason) == (phase, reason)
    assert (decision.status.attempts, decision.status.job_name) == (found.attempts, None)


@pytest.mark.parametrize(
    ("spec", "found", "waits"),
    [
        pytest.param({"executionMode": "Pool"}, report(), True, id="queued"),
        pytest.param({"executionMode": "Pool"}, report(reason=Reason.RETRYING), True, id="retrying"),
        pytest.param({"executionMode": "Pool"}, BEGUN, False, id="running"),
        pytest.param({"executionMode": "Pool"}, SUCCEEDED, False, id="ended"),
        pytest.param({"executionMode": "Pool"}, None, False, id="not-provided"),
        pytest.param({"executionMode": "Pool"}, AWAY, False, id="away"),
        pytest.param({"executionMode": "Pool", "suspend": True}, report(), False, id="held-back"),
        pytest.param({}, report(), False, id="of-a-job"),
    ],
)
def test_a_worker_is_needed_by_what_waits_for_the_pool(
    spec: dict[str, Any],
    found: Report | Away | None,
    waits: bool,  # noqa: FBT001 - a table
) -> None:
    """The pool grows for tasks that Redis has queued for it, and for no others."""
    assert waits_for_pool(Observed(task(**spec), report=found)) is waits


def test_a_task_of_the_pool_is_queued_again_after_redis_was_emptied() -> None:
    """A running task whose record is gone is provided anew, and then waits again."""
    subject = settled(task(executionMode="Pool"), report=BEGUN)
    assert look(subject, report=None).actions == (Action.PROVIDE,)
    assert status_of(subject, report=report()).phase is Phase.PENDING


def test_a_task_of_the_pool_is_held_and_released_in_redis() -> None:
    """Suspending and resuming a pool's task is an affair of its record alone."""
    held = settled(task(executionMode="Pool", suspend=True), report=BEGUN)
    assert look(task(executionMode="Pool", suspend=True), report=BEGUN).actions == (Action.HOLD,)
    assert held.status.phase is Phase.SUSPENDED
    free = held.model_copy(update={"spec": held.spec.model_copy(update={"suspend": False})})
    assert look(free, report=report(reason=Reason.SUSPENDED)).actions == (Action.RELEASE,)


# -- after the end -------------------------------------------------------------------------------------------------


def finished(state: State = State.SUCCEEDED, **spec: Any) -> QuantumTask:
    """A task that has ended in a state."""
    found = {
        State.SUCCEEDED: SUCCEEDED,
        State.FAILED: ended_report(State.FAILED, Reason.INVALID_PROGRAM, failure=SYNTAX),
        State.CANCELLED: CANCELLED,
    }
    return settled(task(**spec), report=found[state])


@pytest.mark.parametrize(
    ("state", "there", "goes"),
    [
        pytest.param(State.SUCCEEDED, job(running()), False, id="succeeded-is-about-to-end"),
        pytest.param(State.SUCCEEDED, job(suspended=True), True, id="succeeded-but-suspended"),
        pytest.param(State.FAILED, job(running()), False, id="failed-is-about-to-end"),
        pytest.param(State.FAILED, job(suspended=True), True, id="failed-but-suspended"),
        pytest.param(State.CANCELLED, job(running()), True, id="cancelled-but-runs"),
        pytest.param(State.CANCELLED, job(running(), deleting=True), False, id="already-going"),
        pytest.param(State.FAILED, failed(CRASHED), False, id="ended-kept-for-its-time"),
        pytest.param(State.SUCCEEDED, job(over(), end="Complete"), False, id="complete-kept-for-its-time"),
        pytest.param(State.SUCCEEDED, None, False, id="no-job"),
    ],
)
def test_no_job_goes_on_without_its_task(state: State, there: Job | None, goes: bool) -> None:  # noqa: FBT001 - a table
    """A Job that would go on although its task has ended is deleted; one that ends by itself is left to its TTL."""
    assert (Action.DELETE_JOB in look(finished(state), job=there, report=SUCCEEDED).actions) is goes


@pytest.mark.parametrize(
    "found",
    [report(), BEGUN, replace(SUCCEEDED, shown=False), replace(CANCELLED, shown=False)],
    ids=["queued", "running", "not-shown", "another-end-that-is-not-shown"],
)
def test_a_record_follows_the_end_of_its_resource(found: Report) -> None:
    """A record that has not ended, or whose end is not shown, is settled, so that who polls Redis learns of the end."""
    assert look(finished(), report=found).actions == (Action.SETTLE,)


@pytest.mark.parametrize(
    "found", [pytest.param(None, id="emptied"), pytest.param(AWAY, id="away"), pytest.param(SUCCEEDED, id="same")]
)
def test_nothing_is_left_to_do_after_the_end(found: Report | Away | None) -> None:
    """A finished task without a lifetime is never looked at again, and not provided anew to an emptied Redis."""
    assert look(finished(), report=found) == Decision()


def test_a_finished_task_follows_its_generation() -> None:
    """A change of the spec after the end changes nothing of the status but the generation that it is about.

    `kubectl wait` believes no status that is older than the spec.
    """
    subject = finished()
    changed = subject.model_copy(update={"metadata": subject.metadata.model_copy(update={"generation": 2})})
    decision = look(changed, report=SUCCEEDED)
    assert decision == Decision(status=subject.status.model_copy(update={"observed_generation": 2}))
    assert look(written(changed, decision), report=SUCCEEDED) == Decision()


def test_a_task_is_removed_when_its_time_is_over() -> None:
    """With a TTL the task is deleted that long after its end, and looked at again right then."""
    subject = finished(ttlSecondsAfterFinished=60)
    assert subject.status.completion_time == ENDED
    assert look(subject, ENDED + timedelta(seconds=59.5), report=SUCCEEDED) == Decision(again_seconds=0.5)
    assert look(subject, ENDED + timedelta(seconds=60), report=SUCCEEDED) == Decision((Action.DELETE_TASK,))


def test_a_task_may_live_for_no_time_at_all_or_for_decades() -> None:
    """The bounds of the TTL are usable."""
    assert look(finished(ttlSecondsAfterFinished=0), report=SUCCEEDED).actions == (Action.DELETE_TASK,)
    again = look(finished(ttlSecondsAfterFinished=2**31 - 1), report=SUCCEEDED).again_seconds
    assert again is not None
    assert again > 2**30


def test_an_unfinished_task_has_no_end_of_its_time() -> None:
    """The TTL counts from the end, so an old task that runs is left alone."""
    subject = task(ttlSecondsAfterFinished=1)
    assert Action.DELETE_TASK not in look(subject, NOW + timedelta(days=9), job=job(running()), report=BEGUN).actions


@pytest.mark.parametrize("subject", [task(deleting=True), task(deleting=True, cancel=True)], ids=["plain", "cancelled"])
def test_a_task_that_is_being_deleted_is_left_alone(subject: QuantumTask) -> None:
    """What belongs to it goes with it."""
    for found in (None, AWAY, report(), SUCCEEDED):
        assert look(subject, job=job(running()), report=found) == Decision()


# -- whatever there is ---------------------------------------------------------------------------------------------

times = st.datetimes(
    min_value=datetime(2026, 1, 2, 3, 0),  # noqa: DTZ001 - Hypothesis wants bounds without a zone
    max_value=datetime(2026, 1, 2, 4, 0),  # noqa: DTZ001
    timezones=st.just(UTC),
)
names = st.sampled_from(["", "Evicted", "OOMKilled", "Error", "NodeLost", "whatever"])
outcomes = st.sampled_from(
    [OUTCOME, replace(OUTCOME, counts={}), replace(OUTCOME, counts={"1" * 40: 1, "0" * MAX_INLINE_COUNTS_BYTES: 9})]
)
failures = st.builds(
    Failure,
    code=st.sampled_from(Code),
    message=st.text(max_size=40),
    line=st.none() | st.integers(0, 9),
    column=st.none() | st.integers(0, 9),
)
messages = st.one_of(
    st.builds(Message, reason=st.just(Reason.COMPLETED), outcome=outcomes),
    st.builds(Message, reason=st.sampled_from(Reason), failure=failures),
)
pods = st.builds(
    Pod,
    name=st.sampled_from(["a", "b", "c"]),
    uid=st.sampled_from(["1", "2", "3"]),
    created=times,
    phase=st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"]),
    reason=names,
    unschedulable=st.none() | st.text(max_size=10),
    scheduled=st.booleans(),
    waiting=st.none()
    | st.tuples(st.sampled_from(["", "ErrImagePull", "ContainerCreating", "Odd"]), st.text(max_size=9)),
    started=st.none() | times,
    ended=st.none() | times,
    exit_code=st.none() | st.sampled_from([0, 1, 15, 65, 75, 137]),
    end_reason=names,
    message=st.none() | messages,
    disrupted=st.none() | st.sampled_from(["PreemptionByScheduler", "EvictionByEvictionAPI"]),
    deleting=st.booleans(),
)
jobs = st.builds(
    Job,
    namespace=st.just("lab"),
    name=st.just("bell-1"),
    uid=st.just("job-1"),
    owner_uid=st.just("uid-1"),
    suspended=st.booleans(),
    queue=st.sampled_from([None, "team-a"]),
    active=st.integers(0, 2),
    failed=st.integers(0, 4),
    succeeded=st.integers(0, 1),
    end=st.sampled_from([None, "Complete", "Failed"]),
    end_reason=st.sampled_from(["", "BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"]),
    end_message=st.text(max_size=9),
    ended=st.none() | times,
    deleting=st.booleans(),
    pods=st.lists(pods, max_size=3).map(tuple),
)
waiting_reports = st.builds(
    Report,
    state=st.sampled_from([State.QUEUED, State.RUNNING]),
    reason=st.sampled_from(Reason),
    attempts=st.integers(0, 4),
    started_at=st.none() | times,
)
good_reports = st.builds(
    Report,
    state=st.just(State.SUCCEEDED),
    reason=st.just(Reason.COMPLETED),
    attempts=st.integers(0, 4),
    started_at=st.none() | times,
    finished_at=st.none() | times,
    summary=st.none() | st.just(SUMMARY),
    outcome=st.none() | outcomes,
    size_bytes=st.integers(0, 10**6),
)
bad_reports = st.builds(
    Report,
    state=st.sampled_from([State.FAILED, State.CANCELLED]),
    reason=st.sampled_from(Reason),
    attempts=st.integers(0, 4),
    started_at=st.none() | times,
    finished_at=st.none() | times,
    failure=st.none() | failures,
)
reports = waiting_reports | good_reports | bad_reports
refusals = st.builds(Refusal, reason=st.sampled_from(Reason), failure=failures, final=st.booleans())
needed = st.none() | refusals | st.sampled_from([NEEDS, Needs()])
surroundings = st.fixed_dictionaries(
    {
        "job": st.none() | jobs,
        "report": st.none() | st.just(AWAY) | reports,
        "needs": needed,
        "refused": st.none() | refusals,
    }
)
specs = st.fixed_dictionaries(
    {},
    optional={
        "cancel": st.booleans(),
        "suspend": st.booleans(),
        "executionMode": st.sampled_from(["Job", "Pool"]),
        "ttlSecondsAfterFinished": st.integers(0, 100),
        "activeDeadlineSeconds": st.integers(1, 9),
        "labels": st.sampled_from([{}, QUEUED]),
        "deleting": st.booleans(),
    },
)
histories = st.lists(surroundings, max_size=3)


def after(spec: dict[str, Any], history: Sequence[dict[str, Any]]) -> QuantumTask:
    """A task that was looked at in each of these situations, one after the other."""
    subject = task(**spec)
    for number, around in enumerate(history):
        subject = written(subject, look(subject, NOW + timedelta(minutes=number), **around))
    return subject


@settings(deadline=None)
@given(specs, histories, surroundings)
def test_a_second_look_finds_nothing_to_write(
    spec: dict[str, Any], history: list[dict[str, Any]], around: dict[str, Any]
) -> None:
    """Once the decided status is written, the same situation gives no other one, however much later."""
    subject = after(spec, history)
    decision = look(subject, NOW + timedelta(hours=1), **around)
    again = look(written(subject, decision), NOW + timedelta(hours=2), **around)
    assert again.status is None
    if decision.status is None or not is_finished(decision.status):
        assert again.actions == decision.actions


@settings(deadline=None)
@given(specs, histories, surroundings)
def test_a_finished_task_stays_as_it_is(
    spec: dict[str, Any], history: list[dict[str, Any]], around: dict[str, Any]
) -> None:
    """Whatever is there after the end, the status does not change, and no run is started or let go on."""
    subject = after(spec, history)
    if is_finished(subject.status):
        decision = look(subject, NOW + timedelta(hours=1), **around)
        assert decision.status is None
        assert set(decision.actions) <= {Action.SETTLE, Action.DELETE_JOB, Action.DELETE_TASK}


@settings(deadline=None)
@given(specs, histories, surroundings)
def test_a_job_is_created_only_where_none_is_and_redis_has_the_record(
    spec: dict[str, Any], history: list[dict[str, Any]], around: dict[str, Any]
) -> None:
    """Never is a second Job made, nor one whose Pod would find nothing to run, nor one that nobody wants."""
    subject = after(spec, history)
    if Action.CREATE_JOB in look(subject, NOW + timedelta(hours=1), **around).actions:
        assert around["job"] is None
        assert isinstance(around["report"], Report)
        assert not around["report"].state.terminal
        assert isinstance(around["needs"], Needs)
        assert not any(spec.get(name) for name in ("cancel", "suspend", "deleting"))
        assert spec.get("executionMode") != "Pool"


@settings(deadline=None)
@given(specs, histories, surroundings)
def test_nothing_ends_while_redis_is_away_but_by_a_message(
    spec: dict[str, Any], history: list[dict[str, Any]], around: dict[str, Any]
) -> None:
    """While Redis cannot be asked, only what a Pod said ends a task, and nothing a cancelled one."""
    subject = after(spec, history)
    if is_finished(subject.status):
        return
    decision = look(subject, NOW + timedelta(hours=1), **{**around, "report": AWAY})
    if decision.status is not None and is_finished(decision.status):
        assert around["job"] is not None
        assert any(one.message for one in around["job"].pods)
        assert not spec.get("cancel")


@settings(deadline=None)
@given(specs, histories)
def test_attempts_never_become_fewer(spec: dict[str, Any], history: list[dict[str, Any]]) -> None:
    """However much is forgotten, the status counts upwards only."""
    counts = [after(spec, history[:length]).status.attempts for length in range(len(history) + 1)]
    assert counts == sorted(counts)


@settings(deadline=None)
@given(specs, histories, surroundings)
def test_a_status_holds_together(spec: dict[str, Any], history: list[dict[str, Any]], around: dict[str, Any]) -> None:
    """Phase and conditions tell the same story: a running task runs, a finished one has an end and no run."""
    status = after(spec, [*history, around]).status
    terminal = status.phase is not None and State.of(status.phase).terminal
    assert is_finished(status) is terminal
    assert ((condition(status, "Running") or ("False", ""))[0] == "True") is (status.phase is Phase.RUNNING)
    if terminal:
        assert status.completion_time is not None
        assert status.start_time is None or status.start_time <= status.completion_time
        assert (status.counts is not None or status.result_ref is not None) <= (status.phase is Phase.SUCCEEDED)
    assert len({one.type for one in status.conditions}) == len(status.conditions)
