"""What the routes read from a request, and what both doors do with a submission."""

import re
import uuid
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Response
from quantum_tasks.errors import QuantumTasksError, StoreUnavailableError, TaskNotFoundError
from quantum_tasks.room import Room
from quantum_tasks.store import NewTask, Receipt, Submitted
from quantum_tasks.task import Options, Task

from quantum_api.backends.base import TaskBackend
from quantum_api.backends.ends import Watch
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
    if not may_be_id(task_id):
        raise TaskNotFoundError(task_id)
    return task_id


def may_be_id(task_id: str) -> bool:
    """Whether a task could have this id."""
    return _TASK_ID.fullmatch(task_id) is not None


async def _wait(
    request: Request,
    response: Response,
    prefer: Annotated[
        str | None,
        Header(
            description="`wait=N`: answer when the task has ended, after N seconds at the latest (RFC 7240). "
            "`handling=strict`, on `POST`: answer 400 to a program with mistakes, and make no task of it"
        ),
    ] = None,
) -> int | None:
    if prefer is None:
        return None
    seconds = wait_seconds(request.headers.getlist("prefer"), request.app.state.settings.max_wait_seconds)
    if seconds is not None:
        response.headers["Preference-Applied"] = f"wait={seconds}"
        if seconds > 0:
            request.scope[WAITS] = True
            metrics_of(request).waiting.inc()  # until it is answered
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
    backend: TaskBackend,
    qasm: str,
    options: Options,
    wait: int | None,
    key: str | None,
    *,
    request: Request,
    response: Response,
) -> Task:
    """Submit a task, whose id is a function of the idempotency key if there is one, and wait for its end if asked to.

    Returns the task without its program, as it is then.
    """
    task_id = str(uuid.uuid4() if key is None else uuid.uuid5(_IDEMPOTENCY, key))
    with backend.watch([task_id] if wait else []) as watch:
        try:
            receipt = await backend.submit(task_id, qasm, options)
        except QuantumTasksError as error:
            _count(request, [error])
            raise
        _count(request, [receipt])
        if key is not None and receipt.submitted is Submitted.REPLAYED:
            response.headers["Idempotency-Replayed"] = "true"
        await _until_ended(watch, [receipt], wait)
    task = watch.known.get(task_id, receipt.task)
    if task is None:
        raise TaskNotFoundError(task_id)
    return task


async def accept_all(
    backend: TaskBackend, tasks: list[NewTask], wait: int | None, *, request: Request
) -> list[tuple[Receipt, Task | None] | QuantumTasksError]:
    """Submit some tasks, and wait for their ends if asked to: receipts, and the tasks as they are then.

    None stands for a task that was deleted. Raises StoreUnavailableError where none was accepted because of that.
    """
    with backend.watch([task.id for task in tasks] if wait else []) as watch:
        try:
            answers = await backend.submit_all(tasks)
        except QuantumTasksError as error:
            _count(request, [error] * len(tasks))
            raise
        _count(request, answers)
        receipts = [answer for answer in answers if isinstance(answer, Receipt)]
        away = [answer for answer in answers if isinstance(answer, StoreUnavailableError)]
        if away and not receipts:
            raise away[0]
        await _until_ended(watch, receipts, wait)
    seen = {receipt.task.id: watch.known.get(receipt.task.id, receipt.task) for receipt in receipts}
    await _read_left_out(backend, seen)
    return [(answer, seen[answer.task.id]) if isinstance(answer, Receipt) else answer for answer in answers]


def item_id(key: str | None, place: int) -> str:
    """The id of a batch's task: where there is an idempotency key, a function of that and of the task's place."""
    return str(uuid.uuid4() if key is None else uuid.uuid5(uuid.uuid5(_IDEMPOTENCY, key), str(place)))


def _count(request: Request, answers: Iterable[Receipt | QuantumTasksError]) -> None:
    """Count each submission by its outcome."""
    submissions = metrics_of(request).submissions
    for answer in answers:
        submissions.labels(answer.submitted if isinstance(answer, Receipt) else "refused").inc()


async def _read_left_out(backend: TaskBackend, tasks: dict[str, Task | None]) -> None:
    """Read the outcomes that replays were not answered with, as far as there is room for them."""
    room = Room()
    left_out = [task.id for task in tasks.values() if task and room.admit(task).is_outcome_left_out]
    with suppress(StoreUnavailableError):
        tasks.update(zip(left_out, await backend.get_all(left_out, room), strict=True))


async def _until_ended(watch: Watch, receipts: Iterable[Receipt], wait: int | None) -> None:
    """Wait for the ends of tasks that were accepted, and are so whatever becomes of the wait."""
    if wait:
        for receipt in receipts:
            watch.learn(receipt.task.id, receipt.task)
        with suppress(StoreUnavailableError):
            await watch.until_ended(wait)
