"""The state machine and its words."""

import pytest
from quantum_tasks.states import TRANSITIONS, Phase, State, Status

TERMINAL = {State.SUCCEEDED, State.FAILED, State.CANCELLED}


def test_the_three_ends_are_terminal_and_nothing_else_is() -> None:
    """A state is terminal exactly when no transition leads out of it."""
    assert {state for state in State if state.terminal} == TERMINAL


def test_every_state_but_the_first_can_be_reached() -> None:
    """Each state other than queued is the target of some transition."""
    assert set().union(*TRANSITIONS.values()) == set(State)


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.SUSPENDED}))
def test_phases_and_states_are_one_to_one(phase: Phase) -> None:
    """The state that a phase stands for has that phase."""
    assert State.of(phase).phase is phase


def test_a_suspended_task_is_a_queued_one_that_is_held_back() -> None:
    """The phase Suspended has no state of its own."""
    assert State.of(Phase.SUSPENDED) is State.QUEUED


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (State.QUEUED, Status.PENDING),
        (State.RUNNING, Status.PENDING),
        (State.SUCCEEDED, Status.COMPLETED),
        (State.FAILED, Status.ERROR),
        (State.CANCELLED, Status.ERROR),
    ],
)
def test_the_seed_routes_have_one_word_for_each_state(state: State, status: Status) -> None:
    """A state is pending, completed or error at the seed routes."""
    assert state.status is status
