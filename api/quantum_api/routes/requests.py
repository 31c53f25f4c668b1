"""What the routes read from a request, and what both doors do with a submission."""

import re
import uuid
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Response
from quantum_tasks.errors import QuantumTasksError, TaskNotFoundError
from quantum_tasks.store import Submitted
from quantum_tasks.task import Options

from quantum_api.backends.base import TaskBackend
from quantum_api.metrics import WAITS, Metrics
from quantum_api.prefer import wait_seconds

_IDEMPOTENCY = uuid.UUID("6f0b8f0e-6d8c-5d0a-9a52-3c4a55a5b6c1")
"""The namespace of the ids that are made from idempotency keys."""

_TASK_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""Ids are UUIDs over HTTP and may be any DNS label in Kubernetes."""


# Coroutines, all of them: what is none FastAPI sends through its thread pool, which costs more than the rest.
async def _backend(request: Request) -> TaskBackend:
    backend = request.app.state.backend
    assert isinstance(backend, TaskBackend)  # noqa: S101 - create_app put it there
    return backend


def metrics_of(request: Request) -> Metrics:
    """The metrics of the application that serves a request."""
    metrics = request.app.state.metrics
    assert isinstance(metrics, Metrics)  # noqa: S101 - create_app put it there
    return metrics


async def _task_id(task_id: Annotated[str, Path(description="The id that `POST` gave")]) -> str:
    if not _TASK_ID.fullmatch(task_id):
        raise TaskNotFoundError(task_id)
    return task_id


async def _wait(
    request: Request,
    response: Response,
    prefer: Annotated[
        str | None,
        Header(description="`wait=N`: answer when the task has ended, after N seconds at the latest (RFC 7240)"),
    ] = None,
) -> int | None:
    if prefer is None:
        return None
    seconds = wait_seconds(request.headers.getlist("prefer"), request.app.state.settings.max_wait_seconds)
    if seconds is not None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
        if seconds > 0:
            request.scope[WAITS] = True
    return seconds


Backend = Annotated[TaskBackend, Depends(_backend)]
TaskId = Annotated[str, Depends(_task_id)]
Wait = Annotated[int | None, Depends(_wait)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Makes the request safe to repeat: the same key never makes two tasks",
    ),
]


async def accept(
    backend: TaskBackend, qasm: str, options: Options, key: str | None, *, request: Request, response: Response
) -> tuple[str, Submitted]:
    """Submit a program. Returns the task's id, a function of the idempotency key if there is one, and how it went."""
    task_id = str(uuid.uuid4() if key is None else uuid.uuid5(_IDEMPOTENCY, key))
    submissions = metrics_of(request).submissions
    try:
        submitted = await backend.submit(task_id, qasm, options)
    except QuantumTasksError:
        submissions.labels("refused").inc()
        raise
    submissions.labels(submitted).inc()
    if key is not None and submitted is Submitted.REPLAYED:
        response.headers["Idempotency-Replayed"] = "true"
    return task_id, submitted
