"""How much of some outcomes is given together."""

from dataclasses import replace
from datetime import UTC, datetime

from quantum_tasks.room import Room
from quantum_tasks.states import Reason, State
from quantum_tasks.task import Method, Options, Outcome, Task

OUTCOME = Outcome(counts={"0": 1}, shots=1, seed=1, qubits=1, method=Method.STATEVECTOR)
QUEUED = Task("a", Options(), State.QUEUED, Reason.QUEUED, 0, datetime(2026, 1, 1, tzinfo=UTC))


def _ended(size: int) -> Task:
    return replace(QUEUED, state=State.SUCCEEDED, reason=Reason.COMPLETED, outcome=OUTCOME, outcome_bytes=size)


def test_what_is_over_the_bound_is_left_out() -> None:
    """What has room after it is given all the same."""
    room = Room(10)
    admitted = [room.admit(_ended(size)) for size in (6, 5, 4, 1)]
    assert [task.outcome for task in admitted] == [OUTCOME, None, OUTCOME, None]
    assert [task.is_outcome_left_out for task in admitted] == [False, True, False, True]


def test_the_first_is_given_however_large_it_is() -> None:
    """Else there were tasks whose outcome nobody is ever given."""
    room = Room(10)
    assert room.admit(_ended(11)).outcome is OUTCOME
    assert room.admit(_ended(1)).is_outcome_left_out


def test_a_task_without_an_outcome_takes_no_room() -> None:
    """It stays as it is, and the next one is the first."""
    room = Room(10)
    assert room.admit(QUEUED) is QUEUED
    assert not QUEUED.is_outcome_left_out
    assert room == Room(10)
