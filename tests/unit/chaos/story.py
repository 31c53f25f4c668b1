"""Histories to try the checker on, told line by line: one second for each operation, unless told otherwise."""

import json
from collections.abc import Mapping
from typing import Any

from chaos.history import Answered, Door, Entry, Exchange, Kind, Moment, Operation, Outcome, Spec, Unknown
from chaos.verdict.checker import Final, Model, Program
from quantum_api.schemas.resources import TaskResource
from quantum_tasks.states import Phase, Reason

QASM = {"bell": "a Bell pair", "broken": "not a program"}
BELL = Spec("bell", shots=100, seed=7)
COUNTS = {"00": 48, "11": 52}
UNSEEDED = Spec("bell", shots=100)
BROKEN = Spec("broken", shots=100, seed=7)
MODEL = Model(
    programs={
        "bell": Program(QASM["bell"], {"00": 0.5, "11": 0.5}),
        "broken": Program(QASM["broken"], failures=frozenset({Reason.INVALID_PROGRAM})),
    },
    counts={BELL: COUNTS},
)

UNAVAILABLE = Answered(503, '{"status": "error", "message": "Try again later."}', {"retry-after": "1"})
NOT_FOUND = Answered(404, '{"status": "error", "message": "Task not found."}')
FINISHED = Answered(409, '{"status": "error", "message": "The task has already ended."}')
MISMATCH = Answered(422, '{"status": "error", "message": "This key was used for something else."}')
LOST_ANSWER = Unknown("ReadTimeout('')")
NO_CONNECTION = Unknown("ConnectError('')", sent=False)
NO_CONTENT = Answered(204, "")

_TIME = "2026-11-24T09:17:17.904Z"
_ENDS: Mapping[str, tuple[str, bool]] = {
    "Pending": ("Queued", False),
    "Running": ("Started", False),
    "Succeeded": ("Completed", True),
    "Failed": ("BackoffLimitExceeded", True),
    "Cancelled": ("Cancelled", True),
}

Span = tuple[float, float]


def result_body(counts: Mapping[str, int], shots: int, seed: int) -> dict[str, Any]:
    """The result of a task that has succeeded."""
    how = {"qubits": 2, "method": "stabilizer", "engine": "aer", "outputs": []}
    return {"counts": dict(counts), "shots": shots, "seed": seed, **how}


def body(
    task: str, phase: str, spec: Spec = BELL, counts: Mapping[str, int] = COUNTS, **other: object
) -> dict[str, Any]:
    """A task as `/v1/tasks/{id}` gives it; `other` replaces what it has by name."""
    reason, ended = _ENDS[phase]
    result = result_body(counts, spec.shots, spec.seed or 5)
    options: dict[str, Any] = {
        "shots": spec.shots,
        "seed": spec.seed,
        "method": "automatic",
        "frontend": "automatic",
        "inputs": {},
    }
    error = {"code": "engine.lost", "message": f"It is {phase}.", "line": None, "column": None}
    return {
        "id": task,
        "spec": {"qasm": QASM[spec.program], **options},
        "phase": phase,
        "reason": reason,
        "conditions": [],
        "attempts": 0 if phase == "Pending" else 1,
        "createdAt": _TIME,
        "startedAt": None if phase == "Pending" else _TIME,
        "finishedAt": _TIME if ended else None,
        "result": result if phase == "Succeeded" else None,
        "error": error if phase in {"Failed", "Cancelled"} else None,
        **other,
    }


def resource(task: str, phase: str, spec: Spec = BELL, counts: Mapping[str, int] = COUNTS, **other: object) -> Answered:
    """The answer with this body."""
    return Answered(200, json.dumps(body(task, phase, spec, counts, **other)))


def in_list(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A task as listings give it."""
    spec = {name: value for name, value in whole["spec"].items() if name != "qasm"}
    return {**whole, "spec": spec, "result": None}


def page(*tasks: Mapping[str, Any], cursor: str | None = None) -> Answered:
    """A page of a listing with these tasks."""
    return Answered(200, json.dumps({"tasks": [in_list(task) for task in tasks], "nextCursor": cursor}))


def result_of(whole: Mapping[str, Any]) -> Answered:
    """What the seed route answers of a task."""
    if whole["result"]:
        answer = {"status": "completed", "result": whole["result"]["counts"]}
    elif whole["error"]:
        answer = {"status": "error", "message": whole["error"]["message"]}
    else:
        answer = {"status": "pending", "message": "Task is still in progress."}
    return Answered(200, json.dumps(answer))


def final(*tasks: Mapping[str, Any], gone: tuple[str, ...] = ()) -> Final:
    """An end at which these tasks are there, the same at every door, and these are not."""
    return Final(
        resources={task["id"]: Answered(200, json.dumps(task)) for task in tasks} | dict.fromkeys(gone, NOT_FOUND),
        results={task["id"]: result_of(task) for task in tasks} | dict.fromkeys(gone, NOT_FOUND),
        listing=[TaskResource.model_validate(in_list(task)) for task in tasks],
    )


class Story:
    """A history as it grows: each operation comes after the one before, unless `at` gives when it began and ended."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def tell(self, operation: Operation, outcome: Outcome, at: Span | None = None) -> "Story":
        """Add an operation of any kind."""
        start, end = at or (len(self.entries) * 1.0, len(self.entries) + 0.5)
        self.entries.append(Exchange(operation, Moment(start, start), Moment(end, end), outcome))
        return self

    def submit(
        self,
        task: str = "a",
        spec: Spec = BELL,
        outcome: Outcome | None = None,
        *,
        key: str | None = None,
        replayed: bool = False,
        at: Span | None = None,
    ) -> "Story":
        """Submit at the seed route: 202 with this id, unless told otherwise."""
        headers = {"idempotency-replayed": "true"} if replayed else {}
        accepted = Answered(202, json.dumps({"task_id": task, "message": "Task submitted successfully."}), headers)
        return self.tell(Operation(Kind.SUBMIT, "c", Door.SEED, key=key, spec=spec), outcome or accepted, at)

    def get(self, outcome: Outcome, task: str = "a", door: Door = Door.V1, at: Span | None = None) -> "Story":
        """Ask for one task."""
        return self.tell(Operation(Kind.GET, "c", door, task), outcome, at)

    def cancel(self, outcome: Outcome, task: str = "a", at: Span | None = None) -> "Story":
        """Cancel one task."""
        return self.tell(Operation(Kind.CANCEL, "c", task=task), outcome, at)

    def delete(self, outcome: Outcome = NO_CONTENT, task: str = "a", at: Span | None = None) -> "Story":
        """Delete one task."""
        return self.tell(Operation(Kind.DELETE, "c", task=task), outcome, at)

    def listed(
        self, outcome: Outcome, *, cursor: str | None = None, phase: Phase | None = None, at: Span | None = None
    ) -> "Story":
        """Ask for a page of the one listing of this story."""
        return self.tell(Operation(Kind.LIST, "c", cursor=cursor, phase=phase, listing="all"), outcome, at)
