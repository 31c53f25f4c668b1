"""Resources of `/v1`: tasks, their results, and lists of them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel
from quantum_tasks.conditions import Condition, conditions
from quantum_tasks.states import Phase, Reason
from quantum_tasks.task import Engine, Frontend, Method, Task

from quantum_api.schemas.answers import Problem
from quantum_api.schemas.fields import BELL, EXAMPLE_COUNTS, EXAMPLE_ID, Time


class _Resource(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class ConditionResource(_Resource):
    """One fact about a task, in the words of Kubernetes."""

    type: Literal["Scheduled", "Running", "Finished"]
    status: Literal["True", "False"]
    reason: Reason
    message: str
    last_transition_time: Time


class OutputResource(_Resource):
    """Values that some shots gave together."""

    count: Annotated[int, Field(description="How many shots gave them")]
    values: Annotated[
        Mapping[str, JsonValue],
        Field(
            description="By the outputs' names: booleans, numbers (an angle's are radians), strings of bits, lists for "
            "arrays and for the two parts of a complex number"
        ),
    ]


class ResultResource(_Resource):
    """What the simulation gave."""

    counts: Annotated[Mapping[str, int], Field(description="Bit strings, and how many shots gave each")]
    shots: int
    seed: Annotated[int, Field(description="The seed that was used: the same one gives the same counts")]
    qubits: int
    method: Annotated[Method, Field(description="The method that ran")]
    engine: Annotated[
        Engine | None,
        Field(description="What ran the program; null in results of releases that did not say"),
    ]
    outputs: Annotated[
        list[OutputResource],
        Field(
            description="Values of the program's `output`s, the most frequent ones first; none where it declares none"
        ),
    ]


class ErrorResource(_Resource):
    """Why there are no counts; `line` and `column` count from 1."""

    code: str
    message: str
    line: int | None
    column: int | None


EXAMPLE_SPEC: dict[str, JsonValue] = {
    "shots": 1024,
    "seed": None,
    "method": "automatic",
    "frontend": "automatic",
    "inputs": {},
}


EXAMPLE_TASK: dict[str, JsonValue] = {
    "id": EXAMPLE_ID,
    "spec": {"qasm": BELL, **EXAMPLE_SPEC},
    "phase": "Succeeded",
    "reason": "Completed",
    "conditions": [
        {
            "type": "Scheduled",
            "status": "True",
            "reason": "Queued",
            "message": "The task is accepted.",
            "lastTransitionTime": "2026-11-24T09:17:17.904Z",
        },
        {
            "type": "Running",
            "status": "False",
            "reason": "Completed",
            "message": "No attempt is running.",
            "lastTransitionTime": "2026-11-24T09:17:17.924Z",
        },
        {
            "type": "Finished",
            "status": "True",
            "reason": "Completed",
            "message": "The task has its counts.",
            "lastTransitionTime": "2026-11-24T09:17:17.924Z",
        },
    ],
    "attempts": 1,
    "createdAt": "2026-11-24T09:17:17.904Z",
    "startedAt": "2026-11-24T09:17:17.905Z",
    "finishedAt": "2026-11-24T09:17:17.924Z",
    "result": {
        "counts": EXAMPLE_COUNTS,
        "shots": 1024,
        "seed": 1234567,
        "qubits": 2,
        "method": "statevector",
        "engine": "direct",
        "outputs": [],
    },
    "error": None,
}
"""A task as `GET /v1/tasks/{id}` gives it."""


class SpecResource(_Resource):
    """What was asked for. Listings leave the program out."""

    qasm: Annotated[str | None, Field(exclude_if=lambda qasm: qasm is None)] = None
    shots: int
    seed: int | None
    method: Method
    frontend: Frontend
    inputs: Annotated[Mapping[str, str], Field(description="Each as a constant of the language")]


class TaskResource(_Resource):
    """A task, whole."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TASK]})

    id: str
    spec: SpecResource
    phase: Phase
    reason: Reason
    conditions: list[ConditionResource]
    attempts: int
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    result: ResultResource | None
    error: ErrorResource | None

    @classmethod
    def of(cls, task: Task) -> "TaskResource":
        """The resource of a task."""
        return cls(
            id=task.id,
            spec=SpecResource(
                qasm=task.qasm,
                shots=task.options.shots,
                seed=task.options.seed,
                method=task.options.method,
                frontend=task.options.frontend,
                inputs=task.options.inputs,
            ),
            phase=task.phase,
            reason=task.reason,
            conditions=[_condition(condition) for condition in conditions(task)],
            attempts=task.attempts,
            created_at=task.created_at,
            started_at=task.started_at,
            finished_at=task.finished_at,
            result=ResultResource.model_validate(task.outcome) if task.outcome else None,
            error=ErrorResource.model_validate(task.failure) if task.failure else None,
        )


class RegisterResource(_Resource):
    """A register's values, and how many shots gave each."""

    name: Annotated[str | None, Field(description="Null where the program is not known")]
    bits: int
    counts: Mapping[str, int]


class Registers(_Resource):
    """The counts of each register by itself, first declared first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"registers": [{"name": "c", "bits": 2, "counts": EXAMPLE_COUNTS}]}],
        }
    )

    registers: list[RegisterResource]


class TaskList(_Resource):
    """A part of a listing."""

    tasks: list[TaskResource]
    next_cursor: Annotated[str | None, Field(description="Leads to the next part; null at the end")]


class TaskOutcome(_Resource):
    """A task of a batch: 202 says that it is accepted, 200 that this is what became of it."""

    status: Literal[200, 202]
    replayed: Annotated[
        bool,
        Field(
            description="There if the `Idempotency-Key` had made it before", exclude_if=lambda replayed: not replayed
        ),
    ] = False
    result_left_out: Annotated[
        bool,
        Field(
            description="There if the batch has larger results than one answer holds (64 MiB), and this task's is not "
            "among those given: `GET /v1/tasks/{id}` has it",
            exclude_if=lambda left_out: not left_out,
        ),
    ] = False
    task: Annotated[TaskResource, Field(description="Without its program")]


class RefusedOutcome(_Resource):
    """What a request by itself would have been answered with, where that is an error."""

    status: Annotated[int, Field(ge=400, le=599)]
    error: Problem


class Outcomes(_Resource):
    """What became of each of a batch, in its order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "outcomes": [
                        {"status": 200, "task": EXAMPLE_TASK | {"spec": EXAMPLE_SPEC}},
                        {"status": 404, "error": {"status": "error", "message": "Task not found."}},
                    ]
                }
            ]
        }
    )

    outcomes: list[TaskOutcome | RefusedOutcome]


def _condition(condition: Condition) -> ConditionResource:
    return ConditionResource.model_validate(condition)
