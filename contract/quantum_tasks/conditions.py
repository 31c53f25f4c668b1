"""A task's conditions: the same facts as its state, in the form that Kubernetes tools read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from quantum_tasks.states import Reason, State
from quantum_tasks.task import Task

ConditionType = Literal["Scheduled", "Running", "Finished"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One fact: whether it holds, since when, and why."""

    type: ConditionType
    status: Literal["True", "False"]
    reason: Reason
    message: str
    last_transition_time: datetime


def conditions(task: Task) -> tuple[Condition, ...]:
    """The conditions of a task, as far as it has come: `Scheduled`, then `Running`, then `Finished`."""
    return tuple(_conditions(task))


_WAITING = frozenset({Reason.SUSPENDED, Reason.IMAGE_PULL_BACK_OFF, Reason.CONTAINER_ERROR, Reason.JOB_REFUSED})
"""Why a task that has a place to run does not run."""


def _conditions(task: Task) -> Iterator[Condition]:
    if task.state is State.QUEUED and task.reason is Reason.UNSCHEDULABLE:
        yield Condition("Scheduled", "False", task.reason, task.message or "No node has room.", task.created_at)
    else:
        yield Condition("Scheduled", "True", Reason.QUEUED, "The task is accepted.", task.created_at)
    if task.state is State.QUEUED and task.reason in _WAITING:
        yield Condition("Running", "False", task.reason, task.message or "The task waits.", task.created_at)
    elif task.started_at:
        running = task.state is State.RUNNING
        reason = Reason.STARTED if running else task.reason
        since = task.finished_at or task.started_at
        message = f"Attempt {task.attempts} is running." if running else "No attempt is running."
        yield Condition("Running", "True" if running else "False", reason, message, since)
    if task.finished_at:
        message = task.failure.message if task.failure else "The task has its counts."
        yield Condition("Finished", "True", task.reason, message, task.finished_at)
