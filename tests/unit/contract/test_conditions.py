"""Conditions say what the state says."""

from datetime import UTC, datetime, timedelta

import pytest
from quantum_tasks.conditions import Condition, conditions
from quantum_tasks.errors import Code
from quantum_tasks.states import Reason, State
from quantum_tasks.task import Failure, Options, Task

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = CREATED + timedelta(seconds=1)
FINISHED = CREATED + timedelta(seconds=3)


def _facts(task: Task) -> list[tuple[str, str, Reason]]:
    return [(condition.type, condition.status, condition.reason) for condition in conditions(task)]


def test_a_queued_task_is_scheduled() -> None:
    """A task that waits for its first attempt has one condition."""
    task = Task("a", Options(), State.QUEUED, Reason.QUEUED, 0, CREATED)
    assert _facts(task) == [("Scheduled", "True", Reason.QUEUED)]


def test_a_running_task_is_running() -> None:
    """A task in its second attempt says which attempt it is."""
    task = Task("a", Options(), State.RUNNING, Reason.STARTED, 2, CREATED, STARTED)
    assert _facts(task)[1:] == [("Running", "True", Reason.STARTED)]
    assert conditions(task)[1].message == "Attempt 2 is running."


def test_a_task_between_attempts_is_not_running_and_says_why() -> None:
    """A task whose attempt was lost is not running, with the reason Retrying."""
    task = Task("a", Options(), State.QUEUED, Reason.RETRYING, 1, CREATED, STARTED)
    assert _facts(task)[1:] == [("Running", "False", Reason.RETRYING)]


def test_a_failed_task_is_finished_with_its_reason_and_message() -> None:
    """A task that failed names the reason and the message at the time of its end."""
    failure = Failure(Code.DEADLINE, "too slow")
    task = Task("a", Options(), State.FAILED, Reason.DEADLINE_EXCEEDED, 1, CREATED, STARTED, FINISHED, failure)
    finished = conditions(task)[-1]
    assert (finished.type, finished.reason, finished.message) == ("Finished", Reason.DEADLINE_EXCEEDED, "too slow")
    assert finished.last_transition_time == FINISHED


def test_a_task_cancelled_before_it_started_was_never_running() -> None:
    """A task without a start has no Running condition."""
    task = Task("a", Options(), State.CANCELLED, Reason.CANCELLED, 0, CREATED, None, FINISHED)
    assert [kind for kind, _, _ in _facts(task)] == ["Scheduled", "Finished"]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (Reason.UNSCHEDULABLE, "Scheduled"),
        (Reason.IMAGE_PULL_BACK_OFF, "Running"),
        (Reason.CONTAINER_ERROR, "Running"),
        (Reason.JOB_REFUSED, "Running"),
        (Reason.SUSPENDED, "Running"),
    ],
)
def test_why_a_task_waits_in_a_cluster_is_a_condition(reason: Reason, kind: str) -> None:
    """What keeps a task from running is false in its conditions, with the cluster's own words."""
    waiting = Task(
        id="a",
        options=Options(),
        state=State.QUEUED,
        reason=reason,
        attempts=0,
        created_at=datetime(2026, 11, 24, tzinfo=UTC),
        message="in these words",
    )
    found: dict[str, Condition] = {condition.type: condition for condition in conditions(waiting)}
    assert (found[kind].status, found[kind].reason, found[kind].message) == ("False", reason, "in these words")
