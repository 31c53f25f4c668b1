"""`/v1/tasks:batch` and `/v1/tasks:batchGet`: up to a thousand tasks in one request, each with its own outcome."""

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from quantum_tasks.errors import QuantumTasksError, TaskNotFoundError
from quantum_tasks.store import NewTask, Receipt, Submitted
from quantum_tasks.task import Task

from quantum_api.problems import invalid, refusal, wrong_program
from quantum_api.routes.answers import BAD_REQUEST, TOO_LARGE, UNAVAILABLE
from quantum_api.routes.requests import Backend, IdempotencyKey, Wait, accept_all, item_id, may_be_id
from quantum_api.routes.strict import errors_of
from quantum_api.schemas.answers import Problem
from quantum_api.schemas.requests import Batch, BatchOfIds, TaskSpec
from quantum_api.schemas.resources import Outcomes, RefusedOutcome, TaskOutcome, TaskResource
from quantum_api.strict_json import StrictJsonRoute

router = APIRouter(route_class=StrictJsonRoute, prefix="/v1", tags=["v1"])

PATH = "/v1/tasks:batch"

Outcome = TaskOutcome | RefusedOutcome


@router.post("/tasks:batch", response_model=Outcomes, responses={**BAD_REQUEST, **TOO_LARGE, **UNAVAILABLE})
async def create_tasks(
    batch: Batch, backend: Backend, wait: Wait, *, request: Request, response: Response, key: IdempotencyKey = None
) -> Response:
    """Accept each of up to 1,000 tasks, or say what is wrong with it.

    An item's outcome has the status that `POST /v1/tasks` would have answered it with, and the task or the error.
    """
    outcomes: dict[int, Outcome] = {}
    tasks: dict[int, NewTask] = {}
    for place, item in enumerate(batch.tasks):
        try:
            spec = TaskSpec.model_validate(item)
        except ValidationError as error:
            found = invalid(error.errors(include_url=False, include_input=False), "body", "tasks", place)
            outcomes[place] = RefusedOutcome(status=400, error=Problem.model_validate(found))
        else:
            tasks[place] = NewTask(item_id(key, place), spec.qasm, spec.options)
    asked = {place: (task.qasm, task.options) for place, task in tasks.items()}
    for place, errors in (await errors_of(asked, request=request, response=response)).items():
        del tasks[place]
        found = wrong_program(errors, "body", "tasks", place, "qasm")
        outcomes[place] = RefusedOutcome(status=400, error=Problem.model_validate(found))
    answers = await accept_all(backend, list(tasks.values()), wait, request=request)
    for place, answer in zip(tasks, answers, strict=True):
        outcomes[place] = _accepted(answer, waited=wait is not None, keyed=key is not None)
    return _answer((outcomes[place] for place in range(len(batch.tasks))), response)


@router.post("/tasks:batchGet", response_model=Outcomes, responses={**BAD_REQUEST, **TOO_LARGE, **UNAVAILABLE})
async def get_tasks(batch: BatchOfIds, backend: Backend, wait: Wait, *, response: Response) -> Response:
    """Give each of up to 1,000 tasks, without their programs; with `Prefer: wait=N`, when all of them have ended."""
    ids = list(dict.fromkeys(filter(may_be_id, batch.ids)))
    tasks = await (backend.wait_all(ids, wait) if wait else backend.get_all(ids))
    found = dict(zip(ids, tasks, strict=True))
    return _answer((_found(found.get(task_id), task_id) for task_id in batch.ids), response)


def _accepted(answer: tuple[Receipt, Task | None] | QuantumTasksError, *, waited: bool, keyed: bool) -> Outcome:
    if isinstance(answer, QuantumTasksError):
        return _refused(answer)
    receipt, task = answer
    if task is None:
        return _refused(TaskNotFoundError(receipt.task.id))
    return TaskOutcome(
        status=200 if waited and task.state.terminal else 202,
        replayed=keyed and receipt.submitted is Submitted.REPLAYED,
        result_left_out=task.is_outcome_left_out,
        task=TaskResource.of(task),
    )


def _found(task: Task | None, task_id: str) -> Outcome:
    if task is None:
        return _refused(TaskNotFoundError(task_id))
    return TaskOutcome(status=200, result_left_out=task.is_outcome_left_out, task=TaskResource.of(task))


def _refused(error: QuantumTasksError) -> RefusedOutcome:
    status, body = refusal(error)
    return RefusedOutcome(status=status, error=Problem.model_validate(body))


def _answer(outcomes: Iterable[Outcome], response: Response) -> Response:
    body = Outcomes(outcomes=list(outcomes)).model_dump_json(by_alias=True)
    return Response(body, headers=dict(response.headers), media_type="application/json")
