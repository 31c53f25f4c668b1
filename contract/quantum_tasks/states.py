"""The states of a task, why it is in one, and the words for them at each door.

    queued -> running -> succeeded | failed | cancelled
      ^          |
      +----------+   an attempt was lost and another one is allowed

A terminal state never changes. The transitions below are the whole machine; the store's scripts carry them out.
"""

from enum import StrEnum


class Phase(StrEnum):
    """The word for a state in `/v1/tasks` and in the resource's status."""

    PENDING = "Pending"
    SUSPENDED = "Suspended"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class Status(StrEnum):
    """The word for a state in `GET /tasks/{id}`."""

    PENDING = "pending"
    COMPLETED = "completed"
    ERROR = "error"


class State(StrEnum):
    """Where a task is between acceptance and its end."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Whether the task has ended; such a state never changes."""
        return not TRANSITIONS[self]

    @property
    def phase(self) -> Phase:
        """The resource's word for this state."""
        return _PHASES[self]

    @classmethod
    def of(cls, phase: Phase) -> "State":
        """The state behind a phase; a suspended task is a queued one that is held back."""
        return cls.QUEUED if phase is Phase.SUSPENDED else next(s for s, word in _PHASES.items() if word is phase)

    @property
    def status(self) -> Status:
        """The seed route's word for this state."""
        return _STATUSES[self]


class Reason(StrEnum):
    """Why a task is in its state: the closed list, in the words of the Kubernetes conditions."""

    QUEUED = "Queued"
    SUSPENDED = "Suspended"
    UNSCHEDULABLE = "Unschedulable"
    IMAGE_PULL_BACK_OFF = "ImagePullBackOff"
    CONTAINER_ERROR = "ContainerError"
    JOB_REFUSED = "JobRefused"
    STARTED = "Started"
    RETRYING = "Retrying"
    COMPLETED = "Completed"
    CANCELLED = "Cancelled"
    INVALID_PROGRAM = "InvalidProgram"
    TOO_LARGE = "TooLarge"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    BACKOFF_LIMIT_EXCEEDED = "BackoffLimitExceeded"
    OOM_KILLED = "OOMKilled"
    EVICTED = "Evicted"
    ENGINE_FAILED = "EngineFailed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.SUCCEEDED, State.FAILED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}

_PHASES = {
    State.QUEUED: Phase.PENDING,
    State.RUNNING: Phase.RUNNING,
    State.SUCCEEDED: Phase.SUCCEEDED,
    State.FAILED: Phase.FAILED,
    State.CANCELLED: Phase.CANCELLED,
}

_STATUSES = {
    State.QUEUED: Status.PENDING,
    State.RUNNING: Status.PENDING,
    State.SUCCEEDED: Status.COMPLETED,
    State.FAILED: Status.ERROR,
    State.CANCELLED: Status.ERROR,
}
