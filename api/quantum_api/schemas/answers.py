"""Answers of the first version's paths, of probes, and to what was not done."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from quantum_tasks.states import Status

from quantum_api.schemas.checks import DiagnosticBody
from quantum_api.schemas.fields import EXAMPLE_COUNTS, EXAMPLE_ID


class Accepted(BaseModel):
    """The task is accepted, and durable."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task_id": EXAMPLE_ID, "message": "Task submitted successfully."}]}
    )

    task_id: str
    message: Literal["Task submitted successfully."] = "Task submitted successfully."


class Completed(BaseModel):
    """The task has its counts."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "completed", "result": EXAMPLE_COUNTS}]})

    status: Literal[Status.COMPLETED] = Status.COMPLETED
    result: Annotated[Mapping[str, int], Field(description="Bit strings, and how many shots gave each")]


class Finished(BaseModel):
    """The task that was submitted ended within `Prefer: wait`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"task_id": EXAMPLE_ID, "status": "completed", "result": EXAMPLE_COUNTS}]}
    )

    task_id: str
    status: Literal[Status.COMPLETED, Status.ERROR]
    result: Mapping[str, int] | None = None
    message: str | None = None


class Pending(BaseModel):
    """The task is queued or running."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "pending", "message": "Task is still in progress."}]}
    )

    status: Literal[Status.PENDING] = Status.PENDING
    message: Literal["Task is still in progress."] = "Task is still in progress."


class Failed(BaseModel):
    """The task ended without counts."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "error", "message": "5:1: gate 'hh' is not defined."}]}
    )

    status: Literal[Status.ERROR] = Status.ERROR
    message: str


class Place(BaseModel):
    """One place in a request that is wrong."""

    loc: list[str | int]
    message: str


class Problem(BaseModel):
    """The request was not done."""

    status: Literal["error"] = "error"
    message: Annotated[str, Field(description="Why, for a person")]
    errors: Annotated[
        list[Place] | None,
        Field(description="Where, when the request itself is wrong", exclude_if=lambda errors: errors is None),
    ] = None
    diagnostics: Annotated[
        list[DiagnosticBody] | None,
        Field(
            description="What is wrong with the program, where `Prefer: handling=strict` had it checked",
            exclude_if=lambda diagnostics: diagnostics is None,
        ),
    ] = None


class Health(BaseModel):
    """The answer of a probe."""

    status: Literal["ok"] = "ok"
