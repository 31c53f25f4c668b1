"""One attempt at a task, from its begin to its end, and how the scripts are told of it. Only values: no client."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from quantum_tasks.records import failure_fields, options_of, outcome_fields
from quantum_tasks.states import Reason, State
from quantum_tasks.task import Failure, Options, Outcome


class Gone(StrEnum):
    """Why a Pod finds nothing to run."""

    ABSENT = "absent"
    """Redis does not know the task, or not yet: the operator puts it there."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt at one task, held until finished, released or idle for too long."""

    task_id: str
    token: str
    attempt: int
    qasm: str
    options: Options
    deadline_seconds: float | None = None
    """The task's own longest run, where it has one."""


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ended, as `Store.end` is told it."""

    lease: Lease
    state: State
    reason: Reason
    fields: tuple[str, ...]
    """Names and values of the task's record."""

    @classmethod
    def succeeded(cls, lease: Lease, outcome: Outcome) -> Self:
        """With its outcome."""
        return cls(lease, State.SUCCEEDED, Reason.COMPLETED, outcome_fields(outcome))

    @classmethod
    def failed(cls, lease: Lease, reason: Reason, failure: Failure) -> Self:
        """With a failure."""
        return cls(lease, State.FAILED, reason, failure_fields(failure))


def begun(task_id: str, token: str, answer: str | Sequence[str]) -> Lease | Gone:
    """What `begin.lua` answers."""
    if isinstance(answer, str):
        return Gone(answer)
    attempt, qasm, *options = answer
    return Lease(task_id, token, int(attempt), qasm, options_of(*options))


def values_of(ends: Iterable[End]) -> list[str | int]:
    """The arguments of `finish.lua`."""
    values: list[str | int] = []
    for end in ends:
        values += (end.lease.task_id, end.lease.token, end.state, end.reason, len(end.fields), *end.fields)
    return values
