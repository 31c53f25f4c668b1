"""What an answer says: which task it shows in which state, and whether it is an answer that the contract has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chaos.history import Answered, Door, Exchange, Kind, Operation
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from quantum_api.schemas.answers import Accepted, Completed, Failed, Finished, Pending, Place
from quantum_api.schemas.resources import TaskList, TaskResource
from quantum_tasks.states import Reason, State, Status
from support.client import leaks

ENDED = frozenset(state for state in State if state.terminal)
OPEN = frozenset(State) - ENDED

STATUSES: Mapping[Kind, frozenset[int]] = {
    Kind.SUBMIT: frozenset({200, 202, 404, 422, 503}),
    Kind.GET: frozenset({200, 404, 503}),
    Kind.WAIT: frozenset({200, 404, 503}),
    Kind.LIST: frozenset({200, 503}),
    Kind.CANCEL: frozenset({200, 404, 409, 503}),
    Kind.DELETE: frozenset({204, 404, 503}),
}
"""What may be answered to requests that are all well-formed, under any fault. Never 500.

A submission may find its task deleted (404), or its key used for something else (422): rules of their own see to
whether it truly was. A listing may be told, beside these, that its cursor is too old (400).
"""

_SEED_ANSWER: TypeAdapter[Completed | Pending | Failed] = TypeAdapter(Completed | Pending | Failed)


class _Problem(BaseModel):
    """The contract's one shape of errors, and nothing beside it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Literal["error"]
    message: str
    errors: list[Place] | None = None


class MalformedError(Exception):
    """The answer is none that the contract has."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A task as one answer shows it, at some moment between `start` and `end`, monotonic seconds.

    `states` are those that it may be in for all that the answer says: none for one that is not there. `details` are
    facts that never change once the task has ended, by name; other answers may have more or fewer of them.
    """

    line: int
    task: str
    start: float
    end: float
    states: frozenset[State]
    details: Mapping[str, object] = field(default_factory=dict)
    resource: TaskResource | None = None
    listed: bool = False

    @property
    def absent(self) -> bool:
        """Whether the answer says that there is no such task."""
        return not self.states

    @property
    def ended(self) -> bool:
        """Whether the answer says that the task has ended."""
        return bool(self.states) and self.states <= ENDED

    @property
    def open(self) -> bool:
        """Whether the answer says that the task has not ended."""
        return bool(self.states) and self.states <= OPEN

    @property
    def counts(self) -> Mapping[str, int] | None:
        """The counts that it shows, if any."""
        counts = self.details.get("counts")
        return counts if isinstance(counts, dict) else None

    def may_be_as(self, other: "Sight") -> bool:
        """Whether the task may be in one state at both, or is at neither."""
        return bool(self.states & other.states) or (self.absent and other.absent)

    def says_no_more_than(self, other: "Sight") -> bool:
        """Whether it is as the other one in all that it says."""
        return (self.states, self.details, self.listed) == (other.states, other.details, other.listed)

    def disagreements(self, other: "Sight") -> list[str]:
        """The names of the facts of which the two say different things."""
        common = sorted(self.details.keys() & other.details.keys())
        return [name for name in common if self.details[name] != other.details[name]]


def sights_of(line: int, exchange: Exchange, *, since: float | None = None) -> list[Sight]:
    """The tasks that an exchange shows, as they were at some time `since` then, or since it was asked.

    Raises MalformedError.
    """
    answer, operation = exchange.outcome, exchange.operation
    if not isinstance(answer, Answered):
        return []
    span = (exchange.invoked.monotonic if since is None else since, exchange.completed.monotonic)
    _check_status(operation, answer)
    if answer.status >= 400:
        _check_problem(answer)
        return list(_refusal(line, operation, answer, span))
    try:
        return list(_shown(line, operation, answer, span))
    except ValidationError as error:
        raise MalformedError(f"{answer.status} with a body of another shape: {error.errors()[0]['msg']}") from error


def result_sight(line: int, task: str, span: tuple[float, float], text: str) -> Sight:
    """The task in an answer of `GET /tasks/{id}`. Raises ValidationError."""
    body = _SEED_ANSWER.validate_json(text)
    if isinstance(body, Completed):
        return Sight(line, task, *span, frozenset({State.SUCCEEDED}), {"counts": dict(body.result)})
    if isinstance(body, Pending):
        return Sight(line, task, *span, OPEN)
    return Sight(line, task, *span, frozenset({State.FAILED, State.CANCELLED}), {"message": body.message})


def resource_sight(line: int, span: tuple[float, float], resource: TaskResource, *, listed: bool = False) -> Sight:
    """The task in an answer of `/v1/tasks`."""
    states = frozenset({State.of(resource.phase)})
    return Sight(line, resource.id, *span, states, dict(_details(resource, listed=listed)), resource, listed)


def flaws(sight: Sight) -> Iterator[str]:
    """What is missing of a task that has ended, or too much of one that has not."""
    resource = sight.resource
    if resource is None:
        return
    state = State.of(resource.phase)
    if state.terminal != (resource.finished_at is not None):
        yield f"{resource.phase} with finishedAt {resource.finished_at}"
    if resource.result and state is not State.SUCCEEDED:
        yield f"{resource.phase} with counts"
    if not sight.listed and state is State.SUCCEEDED and resource.result is None:
        yield "Succeeded without counts"
    if state is State.FAILED and resource.error is None:
        yield "Failed without an error"
    if state in {State.SUCCEEDED, State.QUEUED, State.RUNNING} and resource.error is not None:
        yield f"{resource.phase} with an error"
    if (resource.reason is Reason.COMPLETED) != (state is State.SUCCEEDED):
        yield f"{resource.phase} because of {resource.reason}"


def _check_status(operation: Operation, answer: Answered) -> None:
    too_old = operation.cursor is not None and answer.status == 400
    if answer.status not in STATUSES[operation.kind] and not too_old:
        raise MalformedError(f"{answer.status} for {operation.kind}: {answer.text[:200]}")
    if answer.status == 200 and operation.kind is Kind.SUBMIT and operation.wait_seconds is None:
        raise MalformedError("200 for a submission that did not ask to wait")
    if leaks(answer.text):
        raise MalformedError(f"the answer shows the server's inside: {answer.text[:200]}")


def _check_problem(answer: Answered) -> None:
    try:
        problem = _Problem.model_validate_json(answer.text)
    except ValidationError as error:
        raise MalformedError(f"{answer.status} with {answer.text[:200]!r}, which is no problem's body") from error
    if not problem.message:
        raise MalformedError(f"{answer.status} without a message")
    retry = answer.headers.get("retry-after", "")
    if answer.status == 503 and not (retry.isdecimal() and int(retry) > 0):
        raise MalformedError(f"503 with Retry-After {retry!r}")


def _refusal(line: int, operation: Operation, answer: Answered, span: tuple[float, float]) -> Iterator[Sight]:
    if operation.task is None:
        return
    if answer.status == 404:
        yield Sight(line, operation.task, *span, frozenset())
    if answer.status == 409:
        yield Sight(line, operation.task, *span, ENDED - {State.CANCELLED})


def _shown(line: int, operation: Operation, answer: Answered, span: tuple[float, float]) -> Iterator[Sight]:
    match operation.kind:
        case Kind.DELETE:
            if answer.text:
                raise MalformedError("204 with a body")
        case Kind.LIST:
            for resource in TaskList.model_validate_json(answer.text).tasks:
                yield resource_sight(line, span, resource, listed=True)
        case Kind.SUBMIT if operation.door is Door.SEED:
            yield _submitted(line, answer, span)
        case Kind.GET | Kind.WAIT if operation.door is Door.SEED:
            yield result_sight(line, operation.task or "", span, answer.text)
        case _:
            yield resource_sight(line, span, TaskResource.model_validate_json(answer.text))


def _submitted(line: int, answer: Answered, span: tuple[float, float]) -> Sight:
    if answer.status == 202:
        return Sight(line, Accepted.model_validate_json(answer.text).task_id, *span, frozenset(State))
    body = Finished.model_validate_json(answer.text)
    if body.status is Status.COMPLETED:
        if body.result is None:
            raise MalformedError("completed without a result")
        return Sight(line, body.task_id, *span, frozenset({State.SUCCEEDED}), {"counts": dict(body.result)})
    states = frozenset({State.FAILED, State.CANCELLED})
    return Sight(line, body.task_id, *span, states, {"message": body.message})


def _details(resource: TaskResource, *, listed: bool) -> Iterator[tuple[str, Any]]:
    yield "createdAt", resource.created_at
    if not State.of(resource.phase).terminal:
        return
    yield "reason", resource.reason
    yield "attempts", resource.attempts
    yield "startedAt", resource.started_at
    yield "finishedAt", resource.finished_at
    yield "error", resource.error
    if resource.error:
        yield "message", _message(resource)
    if resource.result and not listed:
        yield "counts", dict(resource.result.counts)
        yield "result", resource.result


def _message(resource: TaskResource) -> str:
    """What the seed route says of the same end."""
    error = resource.error
    if error is None or error.line is None:
        return error.message if error else ""
    return f"{error.line}:{error.column}: {error.message}"
