"""`POST /tasks` and `GET /tasks/{id}`: the two seed routes, bare bodies."""

from fastapi import APIRouter, Request, Response
from quantum_tasks.states import State
from quantum_tasks.task import Task

from quantum_api.routes.answers import ACCEPT_PROBLEMS, ENDS, NOT_FOUND, READ_PROBLEMS
from quantum_api.routes.requests import Backend, IdempotencyKey, TaskId, Wait, accept
from quantum_api.routes.strict import require_right
from quantum_api.schemas.answers import Accepted, Completed, Failed, Finished, Pending
from quantum_api.schemas.requests import Submission
from quantum_api.strict_json import StrictJsonRoute

router = APIRouter(route_class=StrictJsonRoute, tags=["tasks"])


@router.post(
    "/tasks",
    status_code=202,
    response_model=Accepted,
    responses={200: {"model": Finished, "description": "Ended within `Prefer: wait`"}, **ACCEPT_PROBLEMS},
)
async def submit_task(
    submission: Submission,
    backend: Backend,
    wait: Wait,
    *,
    request: Request,
    response: Response,
    key: IdempotencyKey = None,
) -> Accepted | Response:
    """Accept an OpenQASM 3 program. 202 means that it will end, with counts or with a reason."""
    await require_right(submission.qc, submission.options, "qc", request=request, response=response)
    task = await accept(backend, submission.qc, submission.options, wait, key, request=request, response=response)
    response.headers["Location"] = f"/tasks/{task.id}"
    if wait is not None and task.state.terminal:
        finished = Finished(task_id=task.id, **dict(_answer(task)))
        body = finished.model_dump_json(exclude_none=True)
        return Response(body, headers=dict(response.headers), media_type="application/json")
    return Accepted(task_id=task.id)


@router.get("/tasks/{task_id}", responses={**ENDS, **NOT_FOUND, **READ_PROBLEMS})
async def get_task(task_id: TaskId, backend: Backend, wait: Wait) -> Completed | Pending | Failed:
    """Say what became of a task: its counts, that it is still in progress, or why it has none."""
    return _answer(await backend.get(task_id) if wait is None else await backend.wait(task_id, wait))


def _answer(task: Task) -> Completed | Pending | Failed:
    if task.outcome:
        return Completed(result=task.outcome.counts)
    if not task.state.terminal:
        return Pending()
    return Failed(message=_why(task))


def _why(task: Task) -> str:
    failure = task.failure
    if failure is None:
        return "The task was cancelled." if task.state is State.CANCELLED else "The task failed."
    return failure.message if failure.line is None else f"{failure.line}:{failure.column}: {failure.message}"
