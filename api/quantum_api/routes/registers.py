"""`/v1/tasks/{id}/registers`: the counts of each register by itself."""

from fastapi import APIRouter, HTTPException, Request
from quantum_qasm.check import check
from quantum_qasm.registers import RegisterCounts, by_register

from quantum_api.routes.answers import NO_COUNTS, NOT_FOUND, READ_PROBLEMS
from quantum_api.routes.circuits import turns_of
from quantum_api.routes.requests import Backend, TaskId
from quantum_api.schemas.resources import RegisterResource, Registers

router = APIRouter(prefix="/v1", tags=["v1"])


@router.get("/tasks/{task_id}/registers", responses={**NOT_FOUND, **NO_COUNTS, **READ_PROBLEMS})
async def get_registers(task_id: TaskId, backend: Backend, request: Request) -> Registers:
    """Give the counts of each register of a task that has succeeded, in the order of the program."""
    task = await backend.get(task_id, with_program=True)
    outcome, qasm = task.outcome, task.qasm
    if outcome is None:
        raise HTTPException(409, f"The task has no counts: it is {task.phase}.")

    def told_apart() -> list[RegisterCounts]:
        return by_register(outcome.counts, check(qasm).program if qasm else None)

    found = await turns_of(request).done(told_apart)
    return Registers(registers=[RegisterResource.model_validate(one) for one in found])
