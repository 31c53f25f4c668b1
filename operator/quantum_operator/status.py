"""A task's status, written so that `kubectl get` and `kubectl describe` tell its whole story. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from quantum_tasks.records import Summary
from quantum_tasks.resource import (
    MAX_INLINE_COUNTS_BYTES,
    Condition,
    Error,
    OutputRow,
    QuantumTask,
    ResultRef,
    Status,
    store_id,
)
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.task import Failure, Outcome, Output

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a task is that has not ended.

    `scheduled` is whether its Pod has a node, None when there is nothing to say; `started` is when its Pod began.
    """

    phase: Phase
    reason: Reason
    message: str
    scheduled: bool | None = None
    started: datetime | None = None
    job: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How a task has ended. `outcome` is None where there is none, and where it is too large to be passed on."""

    state: State
    reason: Reason
    failure: Failure | None = None
    summary: Summary | None = None
    outcome: Outcome | None = None
    size_bytes: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    attempts: int = 0
    job: str | None = None
    scheduled: bool = False
    """Whether a Pod had a node: the status may not have said so yet."""


_SAID_IN_CHANGING_WORDS = frozenset({Reason.UNSCHEDULABLE, Reason.IMAGE_PULL_BACK_OFF, Reason.CONTAINER_ERROR})


def progressing(task: QuantumTask, progress: Progress, attempts: int, now: datetime) -> Status:
    """The status of a task on its way."""
    old, running = task.status, progress.phase is Phase.RUNNING
    if progress.reason is Reason.QUEUED and old.reason == Reason.QUEUED and progress.job is None:
        return old  # a task that waits says so from the start
    message = progress.message
    if old.reason == progress.reason and progress.reason in _SAID_IN_CHANGING_WORDS and old.message:
        message = old.message  # each change of words would be a write
    known = {condition.type for condition in old.conditions}
    changes = []
    if progress.scheduled:
        changes.append(_SCHEDULED)
    elif progress.scheduled is False or "Scheduled" in known:
        changes.append(_Change("Scheduled", "False", progress.reason, message))
    if running or "Running" in known or progress.reason not in (Reason.QUEUED, Reason.UNSCHEDULABLE):
        changes.append(_Change("Running", "True" if running else "False", progress.reason, message))
    return old.model_copy(
        update={
            "phase": progress.phase,
            "reason": progress.reason.value,
            "message": message,
            "conditions": _conditions(task, changes, now),
            "job_name": progress.job or old.job_name,
            "attempts": attempts,
            "start_time": old.start_time or _whole_seconds(progress.started),
            "observed_generation": task.metadata.generation,
        }
    )


def ended(task: QuantumTask, end: End, attempts: int, now: datetime) -> Status:
    """The status of a task at its end."""
    old = task.status
    started = _first_start(old.start_time, end.started)
    finished = max(end.finished or now, started or end.finished or now)
    message = end.failure.message if end.failure else "The task has its counts."
    known = {condition.type for condition in old.conditions}
    changes = [_SCHEDULED] if end.scheduled and "Scheduled" not in known else []
    changes.append(_Change("Finished", "True", end.reason, message))
    if started or "Running" in known:
        changes.append(_Change("Running", "False", end.reason, "No attempt is running."))
    update: dict[str, object] = {
        "phase": end.state.phase,
        "reason": end.reason.value,
        "message": message,
        "conditions": _conditions(task, changes, now),
        "job_name": end.job or old.job_name,
        "attempts": attempts,
        "start_time": _whole_seconds(started),
        "completion_time": _whole_seconds(finished),
        "duration": duration(finished - started) if started else None,
        "observed_generation": task.metadata.generation,
        **_result(task, end),
    }
    if end.failure and end.state is State.FAILED:
        failure = end.failure
        update["error"] = Error(
            code=failure.code, message=failure.message, line=failure.line or None, column=failure.column or None
        )
    return old.model_copy(update=update)


def _first_start(known: datetime | None, told: datetime | None) -> datetime | None:
    """When the first run began: as exactly as it is told, unless an earlier time was known before."""
    if known is None or told is None:
        return told or known
    return told if _whole_seconds(told) == known else min(known, told)


def _result(task: QuantumTask, end: End) -> dict[str, object]:
    summary = end.summary
    if summary is None:
        return {}
    found: dict[str, object] = {
        "qubits": summary.qubits,
        "method": summary.method,
        "engine": summary.engine,
        "seed": summary.seed,
    }
    if end.outcome is not None and _size(end.outcome) <= MAX_INLINE_COUNTS_BYTES:
        found["counts"] = dict(end.outcome.counts)
        if end.outcome.outputs:
            found["outputs"] = [_row(output) for output in end.outcome.outputs]
        return found
    key = store_id(task.metadata.namespace, task.metadata.name)
    return {**found, "result_ref": ResultRef(key=key, size_bytes=end.size_bytes)}


def _row(output: Output) -> OutputRow:
    return OutputRow(count=output.count, values={name: json.dumps(value) for name, value in output.values.items()})


def _size(outcome: Outcome) -> int:
    counts = sum(len(bits) + len(str(count)) + 4 for bits, count in outcome.counts.items())
    return counts + sum(len(json.dumps(output.values)) for output in outcome.outputs)


@dataclass(frozen=True, slots=True)
class _Change:
    type: Literal["Scheduled", "Running", "Finished"]
    status: Literal["True", "False"]
    reason: str
    message: str


_SCHEDULED = _Change("Scheduled", "True", "Scheduled", "The Pod has a node.")


def _conditions(task: QuantumTask, changes: Iterable[_Change], now: datetime) -> list[Condition]:
    """The conditions with some of them new; the time of one is that of its last turn."""
    known = {condition.type: condition for condition in task.status.conditions}
    for change in changes:
        before = known.get(change.type)
        same = before is not None and before.status == change.status
        if before is not None and same and (before.reason, before.message) == (change.reason, change.message):
            continue
        known[change.type] = Condition(
            type=change.type,
            status=change.status,
            reason=change.reason,
            message=change.message[:32768],
            last_transition_time=before.last_transition_time if before is not None and same else _now(now),
        )
    return list(known.values())


def duration(span: timedelta) -> str:
    """A time span for a column: `1.2s`, `3m4s`, `2h5m`."""
    tenths = round(max(0.0, span.total_seconds()), 1)
    if tenths < 10:  # noqa: PLR2004 - from here on a tenth of a second says nothing
        return f"{tenths:.1f}s"
    seconds = round(tenths)
    if seconds < _MINUTE:
        return f"{seconds}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m{seconds % _MINUTE}s"
    return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE}m"


def _now(now: datetime) -> datetime:
    return now.replace(microsecond=0)


def _whole_seconds(time: datetime | None) -> datetime | None:
    return time.replace(microsecond=0) if time else None
