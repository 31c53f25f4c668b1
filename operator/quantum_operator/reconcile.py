"""What is to be done for one task: a pure function of what is there, never of what happened before.

It is level-triggered: whatever was missed, the next look decides alike, and looking twice changes nothing. Each pass
gives the next actions and the status as it should read now; once the actions are done, the task is looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from quantum_tasks.errors import Code
from quantum_tasks.mirror import Report
from quantum_tasks.records import Summary
from quantum_tasks.resource import ExecutionMode, QuantumTask, Status
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.task import Failure, Method, Outcome

from quantum_operator.status import End, Progress, ended, progressing
from quantum_operator.views import NOT_YET, Job, Message, Pod

STORE_RETRY_SECONDS = 2.0
"""How soon to look again while Redis is away; its return wakes nobody."""

EXIT_REFUSED = 65
"""The runner's exit code for a program that nobody can run."""

_EXIT_TERMINATED = 15
_OOM_KILLED = "OOMKilled"


class Away(Enum):
    """Redis cannot be asked now: nothing is known, and nothing may be concluded."""

    AWAY = "away"


AWAY = Away.AWAY


@dataclass(frozen=True, slots=True)
class Needs:
    """What the check of a program found; all None when the check itself failed."""

    qubits: int | None = None
    method: Method | None = None
    container_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a task cannot be run: `final`, or until something outside changes."""

    reason: Reason
    failure: Failure
    final: bool = True


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that a decision depends on."""

    task: QuantumTask
    job: Job | None = None
    report: Report | Away | None = None
    needs: Needs | Refusal | None = None
    """None until the program was checked."""
    refused: Refusal | None = None
    """What the API server, or a missing circuit, has against it; None also once it is time to try again."""


class Action(Enum):
    """What can be done; each is safe to repeat."""

    PROVIDE = "put what the run needs into Redis"
    CHECK = "find out what the program needs"
    CREATE_JOB = "create the Job"
    SUSPEND_JOB = "suspend the Job"
    RESUME_JOB = "resume the Job"
    DELETE_JOB = "delete the Job"
    HOLD = "keep the task from the pool's workers"
    RELEASE = "let the task go on in Redis"
    NOTE = "say in Redis why the task waits"
    CANCEL = "cancel the task in Redis, unless it has ended"
    SETTLE = "have the record in Redis end alike, unless it has an end that was shown"
    DELETE_TASK = "delete the task: its time is over"


@dataclass(frozen=True, slots=True)
class Decision:
    """Actions, in order; the status to be written after them, or None when it reads well; when to look again.

    `end` is what SETTLE puts into Redis; where it is None, that is what the resource says.
    """

    actions: tuple[Action, ...] = ()
    status: Status | None = None
    again_seconds: float | None = None
    end: End | None = None


def reconcile(observed: Observed, now: datetime) -> Decision:
    """Decide what is to be done for a task."""
    task = observed.task
    if task.metadata.deletion_timestamp is not None:
        return Decision()  # its Job goes with it, and its record when it is gone
    decision = _decide(observed, now)
    if decision.status == task.status:
        decision = replace(decision, status=None)
    return decision


def _decide(observed: Observed, now: datetime) -> Decision:
    task = observed.task
    if is_finished(task.status):
        return _after_the_end(observed, now)
    end = _end_of(observed)
    report = observed.report
    if end is not None and isinstance(report, Report) and not report.state.terminal:
        # somebody may cancel the task in Redis at this moment: which came first is decided there, for all to see
        return Decision((Action.SETTLE,), end=replace(end, attempts=attempts_of(task, report, observed.job)))
    if end is not None:
        return _finish(observed, end, now)
    if task.spec.cancel:
        return _cancel(observed, now)
    if task.spec.suspend:
        return _hold(observed, now)
    return _advance(observed, now)


def waits_for_pool(observed: Observed) -> bool:
    """Whether a task needs a worker of the pool."""
    spec, report = observed.task.spec, observed.report
    waits = isinstance(report, Report) and report.state is State.QUEUED and not spec.suspend
    return waits and spec.execution_mode is ExecutionMode.POOL


def is_finished(status: Status) -> bool:
    """Whether a task has ended; that never changes."""
    return any(condition.type == "Finished" and condition.status == "True" for condition in status.conditions)


# -- the end -----------------------------------------------------------------------------------------------------


def _end_of(observed: Observed) -> End | None:
    """How the task has ended, if it has: by Redis, by what its Pod said, by its Job, or because it cannot be run."""
    report, job = observed.report, observed.job
    if isinstance(report, Report) and report.state.terminal:
        return _end_by_report(report)
    if observed.task.spec.cancel:
        return None  # which of the two came first, only Redis knows; nobody was shown another end
    said = _said(job)
    if said is not None:
        return _end_by_message(said)
    if report is AWAY:
        return None  # nobody knows whether the last run ended well, nor would Redis know of another end
    refusals = [found for found in (observed.needs, observed.refused) if isinstance(found, Refusal) and found.final]
    if refusals:
        return End(State.FAILED, refusals[0].reason, failure=refusals[0].failure)
    return _end_by_job(observed.task, report, job) if job is not None and job.end == "Failed" else None


def _end_by_report(report: Report) -> End:
    summary = report.summary
    if summary is None and report.outcome:
        summary = _summary(report.outcome)
    return End(
        state=report.state,
        reason=report.reason,
        failure=report.failure,
        summary=summary,
        outcome=report.outcome,
        size_bytes=report.size_bytes,
        started=report.started_at,
        finished=report.finished_at,
    )


def _end_by_message(message: Message) -> End:
    return End(
        state=State.SUCCEEDED if message.outcome else State.FAILED,
        reason=message.reason,
        failure=message.failure,
        summary=_summary(message.outcome) if message.outcome else None,
        outcome=message.outcome,
    )


def _end_by_job(task: QuantumTask, report: Report | Away | None, job: Job) -> End:
    times = _times(attempts_of(task, report, job))
    if job.end_reason == "DeadlineExceeded":
        seconds = task.spec.active_deadline_seconds
        deadline = f"{seconds} s" if seconds is not None else "its Job may"
        failure = Failure(Code.DEADLINE, f"The task took longer than {deadline} and was stopped.")
        return End(State.FAILED, Reason.DEADLINE_EXCEEDED, failure=failure, finished=job.ended)
    last = job.pods[-1] if job.pods else None
    reason, cause = _loss(last) if last else (Reason.BACKOFF_LIMIT_EXCEEDED, job.end_message or "its Pods were lost")
    failure = Failure(Code.RUNNER_LOST, f"Gave up after {times}; the last one ended: {cause}.")
    return End(State.FAILED, reason, failure=failure, finished=job.ended)


def _said(job: Job | None) -> Message | None:
    """The report that a Pod left in its termination message."""
    said = [pod.message for pod in job.pods if pod.message and pod.exit_code in (0, EXIT_REFUSED)] if job else []
    return said[0] if said else None


def _loss(pod: Pod) -> tuple[Reason, str]:
    """Why a Pod ended without a report: for a program and for a person."""
    if pod.end_reason == _OOM_KILLED:
        return Reason.OOM_KILLED, "the memory ran out and the container was killed"
    if pod.reason == "Evicted" or pod.disrupted:
        return Reason.EVICTED, f"the Pod was evicted ({pod.disrupted or pod.reason})"
    if pod.exit_code == _EXIT_TERMINATED or pod.deleting:
        return Reason.BACKOFF_LIMIT_EXCEEDED, "the Pod was stopped"
    if pod.exit_code is None:
        return Reason.BACKOFF_LIMIT_EXCEEDED, f"the Pod was lost ({pod.reason or pod.phase})"
    return Reason.BACKOFF_LIMIT_EXCEEDED, f"the container ended with exit code {pod.exit_code}"


def _finish(observed: Observed, end: End, now: datetime) -> Decision:
    """Only the end is written; what follows from it does so at the next look."""
    task, job = observed.task, observed.job
    attempts = attempts_of(task, observed.report, job)
    started = [pod.started for pod in job.pods if pod.started] if job else []
    if end.started is None and started:
        end = replace(end, started=min(started))
    if job is not None:
        # the status of a quick task may have said nothing of its Job
        end = replace(end, job=job.name, scheduled=any(pod.scheduled for pod in job.pods))
    return Decision(status=ended(task, end, attempts, now))


def _after_the_end(observed: Observed, now: datetime) -> Decision:
    """Have Redis and the Job follow the status, and remove the task when its time is over."""
    task, job, report = observed.task, observed.job, observed.report
    actions: list[Action] = []
    if isinstance(report, Report) and not (report.state.terminal and report.shown):
        actions.append(Action.SETTLE)
    if job is not None and _would_go_on(job, state_of(task.status)):
        actions.append(Action.DELETE_JOB)
    # the end stays what it is, but `kubectl wait` believes no status that is older than the spec
    status = task.status.model_copy(update={"observed_generation": task.metadata.generation})
    ttl = task.spec.ttl_seconds_after_finished
    if ttl is None:
        return Decision(tuple(actions), status)
    left = ((task.status.completion_time or now) + timedelta(seconds=ttl) - now).total_seconds()
    if left <= 0:
        return Decision((*actions, Action.DELETE_TASK))
    return Decision(tuple(actions), status, again_seconds=left)


def _would_go_on(job: Job, state: State) -> bool:
    """Whether a Job would go on although its task has ended; one that has reported is about to end by itself."""
    return job.end is None and not job.deleting and (state is State.CANCELLED or job.suspended)


def state_of(status: Status) -> State:
    """The state of a task that has ended."""
    return State.of(status.phase or Phase.PENDING)


# -- on the way --------------------------------------------------------------------------------------------------


def _cancel(observed: Observed, now: datetime) -> Decision:
    if observed.report is AWAY:
        return Decision(again_seconds=STORE_RETRY_SECONDS)
    if isinstance(observed.report, Report):
        return Decision((Action.CANCEL,))  # which of the end and the cancellation came first, Redis says
    failure = Failure(Code.CANCELLED, "The task was cancelled.")
    return _finish(observed, End(State.CANCELLED, Reason.CANCELLED, failure=failure), now)


def _hold(observed: Observed, now: datetime) -> Decision:
    task, job, report = observed.task, observed.job, observed.report
    actions: list[Action] = []
    if isinstance(report, Report) and report.reason is not Reason.SUSPENDED:
        actions.append(Action.HOLD)
    if job is not None and not job.deleting:
        if job.queue is not None:
            actions.append(Action.DELETE_JOB)  # suspended, it would be admitted again
        elif not job.suspended:
            actions.append(Action.SUSPEND_JOB)
    progress = Progress(Phase.SUSPENDED, Reason.SUSPENDED, "The task is held back until spec.suspend is false.")
    status = progressing(task, progress, attempts_of(task, report, job), now)
    again = STORE_RETRY_SECONDS if report is AWAY else None
    return Decision(tuple(actions), status, again)


def _advance(observed: Observed, now: datetime) -> Decision:
    task, report, job = observed.task, observed.report, observed.job
    pool = task.spec.execution_mode is ExecutionMode.POOL
    if report is AWAY and (pool or (job is not None and job.end is not None)):
        return Decision(again_seconds=STORE_RETRY_SECONDS)  # only Redis knows how it goes
    actions: list[Action] = []
    if report is None:
        actions.append(Action.PROVIDE)
    elif isinstance(report, Report) and report.reason is Reason.SUSPENDED:
        actions.append(Action.RELEASE)
    if not pool:
        actions += _for_the_job(observed)
    again = STORE_RETRY_SECONDS if report is AWAY else None
    if actions:
        return Decision(tuple(actions), again_seconds=again)  # the status that follows says more
    progress = _progress_in_the_pool(report) if pool else _progress_of_the_job(observed)
    status = progressing(task, progress, attempts_of(task, report, job), now)
    if isinstance(observed.needs, Needs):
        status = status.model_copy(update={"qubits": observed.needs.qubits, "method": observed.needs.method})
    notes = (Action.NOTE,) if not pool and _is_news(progress, report, job) else ()
    return Decision(notes, status, again)


def _for_the_job(observed: Observed) -> Sequence[Action]:
    job, report = observed.job, observed.report
    if job is None and isinstance(report, Report):
        if observed.needs is None:
            return (Action.CHECK,)
        may = isinstance(observed.needs, Needs) and observed.refused is None
        return (Action.CREATE_JOB,) if may else ()
    if job is None or job.deleting:
        return ()  # without a report: first what the run needs
    if job.end == "Complete" and report is not AWAY:
        # its report is lost: Redis was emptied, and the result was too large for the termination message
        return (Action.DELETE_JOB,)
    if job.suspended and job.queue is None:
        return (Action.RESUME_JOB,)
    return ()


def _progress_in_the_pool(report: Report | Away | None) -> Progress:
    if isinstance(report, Report) and report.state is State.RUNNING:
        return Progress(Phase.RUNNING, Reason.STARTED, "A worker of the pool runs the task.", started=report.started_at)
    if isinstance(report, Report) and report.reason is Reason.RETRYING:
        return Progress(Phase.PENDING, Reason.RETRYING, "An attempt was lost; another one follows.")
    return Progress(Phase.PENDING, Reason.QUEUED, "Waiting for a worker of the pool.")


_IMAGE_REASONS = frozenset(
    {
        *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"),
        *("RegistryUnavailable", "SignatureValidationFailed"),
    }
)


def _progress_of_the_job(observed: Observed) -> Progress:
    job = observed.job
    if observed.refused is not None:
        return Progress(Phase.PENDING, observed.refused.reason, observed.refused.failure.message)
    if job is None:
        return Progress(Phase.PENDING, Reason.QUEUED, "Waiting for its Job.")
    if job.suspended and job.queue is not None:
        return Progress(Phase.PENDING, Reason.QUEUED, "Waiting for Kueue to admit the Job.", job=job.name)
    waiting = [pod for pod in job.pods if not pod.over and not pod.deleting]
    if not waiting:
        return replace(_between_attempts(job), job=job.name)
    return replace(_progress_of_a_pod(waiting[-1]), job=job.name)


def _between_attempts(job: Job) -> Progress:
    over = [pod for pod in job.pods if pod.over or pod.deleting]
    if job.end is not None or not (over or job.failed):
        return Progress(Phase.PENDING, Reason.QUEUED, "Waiting for a Pod.")
    if not over:
        return Progress(Phase.PENDING, Reason.RETRYING, "An attempt was lost; another one follows.")
    if _is_done(over[-1]):
        return Progress(
            Phase.RUNNING, Reason.STARTED, "The Pod is about to end.", scheduled=True, started=over[-1].started
        )
    _, cause = _loss(over[-1])
    return Progress(Phase.PENDING, Reason.RETRYING, f"An attempt was lost ({cause}); another one follows.")


def _is_done(pod: Pod) -> bool:
    return pod.exit_code in (0, EXIT_REFUSED)


def _progress_of_a_pod(pod: Pod) -> Progress:
    if pod.unschedulable is not None:
        return Progress(Phase.PENDING, Reason.UNSCHEDULABLE, pod.unschedulable, scheduled=False)
    if not pod.scheduled:
        return Progress(Phase.PENDING, Reason.QUEUED, "Waiting for a node.")
    if pod.started is not None:
        return Progress(
            Phase.RUNNING, Reason.STARTED, f"Pod {pod.name} runs the task.", scheduled=True, started=pod.started
        )
    why, message = pod.waiting or ("", "")
    if why in _IMAGE_REASONS:
        return Progress(Phase.PENDING, Reason.IMAGE_PULL_BACK_OFF, message or why, scheduled=True)
    if why not in NOT_YET:
        return Progress(Phase.PENDING, Reason.CONTAINER_ERROR, f"{why}: {message}", scheduled=True)
    return Progress(Phase.PENDING, Reason.QUEUED, "A node prepares the Pod.", scheduled=True)


_WORTH_A_NOTE = frozenset(
    {
        *(Reason.UNSCHEDULABLE, Reason.IMAGE_PULL_BACK_OFF, Reason.CONTAINER_ERROR, Reason.JOB_REFUSED),
        Reason.RETRYING,
    }
)


def _is_news(progress: Progress, report: Report | Away | None, job: Job | None) -> bool:
    """Whether the record in Redis says something else of why the task waits."""
    if not isinstance(report, Report) or report.reason is progress.reason:
        return False
    if report.state is State.RUNNING and _lives(report.lease, job):
        return False  # it has begun, which Redis hears before Kubernetes tells
    return progress.reason in _WORTH_A_NOTE or report.reason in _WORTH_A_NOTE


def _lives(pod_uid: str, job: Job | None) -> bool:
    return any(pod.uid == pod_uid and not (pod.over or pod.deleting) for pod in (job.pods if job else ()))


def attempts_of(task: QuantumTask, report: Report | Away | None, job: Job | None) -> int:
    """How many runs were begun: by Redis, unless it was emptied, by the Job, and never fewer than were known."""
    by_redis = report.attempts if isinstance(report, Report) else 0
    running = any(pod.started and not pod.over for pod in job.pods) if job else False
    by_job = job.failed + job.succeeded + running if job else 0
    return max(by_redis, by_job, task.status.attempts)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def _summary(outcome: Outcome) -> Summary:
    return Summary(
        shots=outcome.shots, seed=outcome.seed, qubits=outcome.qubits, method=outcome.method, engine=outcome.engine
    )
