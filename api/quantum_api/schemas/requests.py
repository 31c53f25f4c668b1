"""The bodies of requests."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr
from quantum_tasks.task import DEFAULT_SHOTS, MAX_INPUT_CHARACTERS, MAX_INPUTS, Frontend, Method, Options

from quantum_api.schemas.fields import BELL, EXAMPLE_ID, InputValue, Program, Seed, Shots, literals

MAX_BATCH = 1000
"""How many tasks one batch may have."""


class _OptionFields(BaseModel):
    shots: Shots = DEFAULT_SHOTS
    seed: Seed = None
    method: Annotated[Method, Field(description="How the circuit is simulated")] = Method.AUTOMATIC
    frontend: Annotated[
        Frontend,
        Field(description="Who reads the program: whoever can, or Qiskit's importer alone, as it is"),
    ] = Frontend.AUTOMATIC
    inputs: Annotated[
        dict[Annotated[str, Field(max_length=MAX_INPUT_CHARACTERS)], InputValue],
        Field(
            max_length=MAX_INPUTS,
            description="Values of the program's `input`s by their names: numbers, true or false, lists for arrays, or "
            'text that is a constant of the language, such as `"pi / 2"`; for a register its bits, `"0110"`',
            examples=[{"theta": 0.5}],
        ),
        AfterValidator(literals),
    ] = {}

    @property
    def options(self) -> Options:
        return Options(
            shots=self.shots,
            seed=self.seed,
            method=self.method,
            frontend=self.frontend,
            inputs={name: str(value) for name, value in self.inputs.items()},
        )


class Submission(_OptionFields):
    """The body of `POST /tasks`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"qc": BELL}]})

    qc: Program


class TaskSpec(_OptionFields):
    """The body of `POST /v1/tasks`, and the `spec` of a task."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"qasm": BELL, "shots": 1024}]})

    qasm: Program


class Circuit(BaseModel):
    """The body of `POST /v1/circuits:check`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"qasm": BELL}]})

    qasm: Program


class Batch(BaseModel):
    """The body of `POST /v1/tasks:batch`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"tasks": [{"qasm": BELL, "shots": 100}, {"qasm": BELL, "shots": 0}]}]},
    )

    tasks: Annotated[
        list[Any],
        Field(
            min_length=1,
            max_length=MAX_BATCH,
            description="Bodies as `POST /v1/tasks` takes them; one that it would not take is refused by itself",
            json_schema_extra={"items": {"anyOf": [{"$ref": "#/components/schemas/TaskSpec"}, {}]}},
        ),
    ]


class BatchOfIds(BaseModel):
    """The body of `POST /v1/tasks:batchGet`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [EXAMPLE_ID, "no-such-task"]}]})

    ids: Annotated[list[StrictStr], Field(min_length=1, max_length=MAX_BATCH, description="The ids that `POST` gave")]
