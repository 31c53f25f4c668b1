"""`/v1/tasks`: the full resource."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from quantum_tasks.states import Phase

from quantum_api.routes.answers import ACCEPT_PROBLEMS, BAD_REQUEST, FINISHED, NOT_FOUND, READ_PROBLEMS, UNAVAILABLE
from quantum_api.routes.requests import Backend, IdempotencyKey, TaskId, Wait, accept
from quantum_api.routes.strict import require_right
from quantum_api.schemas.requests import TaskSpec
from quantum_api.schemas.resources import TaskList, TaskResource
from quantum_api.strict_json import StrictJsonRoute

router = APIRouter(route_class=StrictJsonRoute, prefix="/v1", tags=["v1"])


@router.post(
    "/tasks",
    status_code=202,
    responses={200: {"model": TaskResource, "description": "Ended within `Prefer: wait`"}, **ACCEPT_PROBLEMS},
)
async def create_task(
    spec: TaskSpec, backend: Backend, wait: Wait, *, request: Request, response: Response, key: IdempotencyKey = None
) -> TaskResource:
    """Accept a task and give the whole of it."""
    await require_right(spec.qasm, spec.options, "qasm", request=request, response=response)
    task = await accept(backend, spec.qasm, spec.options, wait, key, request=request, response=response)
    response.headers["Location"] = f"/v1/tasks/{task.id}"
    if wait is not None and task.state.terminal:
        response.status_code = 200
    return TaskResource.of(replace(task, qasm=spec.qasm))


@router.get("/tasks/{task_id}", responses={**NOT_FOUND, **READ_PROBLEMS})
async def get_task_resource(task_id: TaskId, backend: Backend, wait: Wait) -> TaskResource:
    """Give the whole of a task."""
    if wait is not None:
        await backend.wait(task_id, wait)
    return TaskResource.of(await backend.get(task_id, with_program=True))


@router.get("/tasks", responses={**BAD_REQUEST, **UNAVAILABLE})
async def list_tasks(
    backend: Backend,
    phase: Annotated[Phase | None, Query(description="Only tasks in this phase")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many")] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="`nextCursor` of the part before")] = None,
) -> TaskList:
    """List tasks without their programs and results: newest first, on Kubernetes by their ids."""
    listing = await backend.page(phase=phase, cursor=cursor, limit=limit)
    return TaskList(tasks=[TaskResource.of(task) for task in listing.tasks], next_cursor=listing.cursor)


@router.post("/tasks/{task_id}/cancel", responses={**NOT_FOUND, **FINISHED, **UNAVAILABLE})
async def cancel_task(task_id: TaskId, backend: Backend) -> TaskResource:
    """Cancel a task that has not ended. Cancelling it again is fine."""
    await backend.cancel(task_id)
    return TaskResource.of(await backend.get(task_id, with_program=True))


@router.delete("/tasks/{task_id}", status_code=204, responses={**NOT_FOUND, **UNAVAILABLE})
async def delete_task(task_id: TaskId, backend: Backend) -> None:
    """Forget a task in any state; one that runs is abandoned."""
    await backend.delete(task_id)
