"""What goes over the wire: requests and answers, with real examples."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from pydantic.alias_generators import to_camel
from quantum_qasm.check import Checked
from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.figures import figures_of
from quantum_qasm.inputs import literal
from quantum_qasm.plans import plan_of
from quantum_tasks.conditions import Condition, conditions
from quantum_tasks.errors import Code
from quantum_tasks.states import Phase, Reason, Status
from quantum_tasks.task import (
    DEFAULT_SHOTS,
    MAX_INPUT_CHARACTERS,
    MAX_INPUTS,
    MAX_PROGRAM_BYTES,
    MAX_SEED,
    MAX_SHOTS,
    Engine,
    Frontend,
    Json,
    Method,
    Options,
    Task,
)
from typing_extensions import TypeAliasType

BELL = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
"""The program of the examples."""

MAX_BATCH = 1000
"""How many tasks one batch may have."""

EXAMPLE_ID = "2f1f2f3c-8a58-4f0e-9b1e-6f6c0f6f2a11"
EXAMPLE_COUNTS: dict[str, JsonValue] = {"00": 498, "11": 526}


def _program_size(program: str) -> str:
    try:
        size = len(program.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"The program has half of a surrogate pair at position {error.start}") from None
    if size > MAX_PROGRAM_BYTES:
        raise ValueError(f"The program has {size} bytes, more than {MAX_PROGRAM_BYTES}")
    return program


def _not_blank(program: str) -> str:
    if not program.strip():
        raise ValueError("The program is empty")
    return program


Program = Annotated[
    StrictStr,
    AfterValidator(_not_blank),
    AfterValidator(_program_size),
    Field(
        min_length=1,
        max_length=MAX_PROGRAM_BYTES,
        description="An OpenQASM 3 program",
        examples=[BELL],
        json_schema_extra={"pattern": r"\S"},
    ),
]


def _integral(value: object) -> object:
    # in JSON Schema 5.0 is an integer, too
    return int(value) if isinstance(value, float) and value.is_integer() else value


Shots = Annotated[
    Annotated[StrictInt, Field(ge=1, le=MAX_SHOTS)],
    BeforeValidator(_integral),
    Field(description="How often the circuit is run and measured"),
]
Seed = Annotated[
    Annotated[StrictInt, Field(ge=0, le=MAX_SEED), BeforeValidator(_integral)] | None,
    Field(description="Equal seeds give equal counts; null draws one"),
]
Time = Annotated[datetime, PlainSerializer(lambda time: time.isoformat(timespec="milliseconds").replace("+00:00", "Z"))]


InputValue = TypeAliasType(
    "InputValue",
    # an integer that is larger is a float here; as text it may have any size
    "StrictBool | Annotated[StrictInt, Field(ge=-(2**63), lt=2**64)] "
    "| Annotated[StrictFloat, Field(allow_inf_nan=False)] "
    "| Annotated[StrictStr, Field(max_length=MAX_INPUT_CHARACTERS)] "
    "| Annotated[list[InputValue], Field(max_length=MAX_INPUT_CHARACTERS)]",
)


def _literals(inputs: Mapping[str, Json]) -> dict[str, str]:
    found = {name: literal(value) for name, value in inputs.items()}
    for name, text in found.items():
        if len(text) > MAX_INPUT_CHARACTERS:
            raise ValueError(f"The input {name!r} takes {len(text)} characters, more than {MAX_INPUT_CHARACTERS}")
    return found


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
        AfterValidator(_literals),
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


class DiagnosticBody(BaseModel):
    """One thing that is wrong with a program, or that may not be meant. Lines and columns count from 1."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    code: Code
    message: str
    line: int
    column: int
    end_line: int
    end_column: Annotated[int, Field(description="The column of the last character")]
    hint: Annotated[str | None, Field(description="What may be meant instead")] = None

    @classmethod
    def of(cls, found: Diagnostic) -> Self:
        """Read what the front end says."""
        span = found.span
        return cls(
            code=found.code,
            message=found.message,
            line=span.start_line,
            column=span.start_column + 1,
            end_line=span.end_line,
            end_column=max(span.end_column, 1),
            hint=found.hint or None,
        )


class CheckedCircuit(BaseModel):
    """What a check of a program found."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "valid": True,
                    "errors": [],
                    "warnings": [],
                    "qubits": 2,
                    "bits": 2,
                    "depth": 3,
                    "gates": {"h": 1, "cx": 1},
                    "engine": "direct",
                    "method": "statevector",
                    "memoryBytes": 64,
                }
            ]
        },
    )

    valid: Annotated[bool, Field(description="Whether there is no error")]
    errors: list[DiagnosticBody]
    warnings: list[DiagnosticBody]
    qubits: Annotated[int | None, Field(description="Qubits that are declared; null where there is an error")] = None
    bits: Annotated[int | None, Field(description="Bits that are counted; null where there is an error")] = None
    depth: Annotated[
        int | None,
        Field(description="The longest row of gates, measurements and resets each of which waits for the one before"),
    ] = None
    gates: Annotated[
        Mapping[str, int] | None,
        Field(
            description="How often each gate is applied, by its name with its modifiers; a register's qubits each count"
        ),
    ] = None
    engine: Annotated[
        Engine | None, Field(description="What would run a task of it; null where that is not known yet")
    ] = None
    method: Annotated[
        Method | None, Field(description="The method that would run it with 1,024 shots, if none is asked for")
    ] = None
    memory_bytes: Annotated[
        int | None, Field(description="What its state takes, at the most; where the method is null, as a state vector")
    ] = None

    @classmethod
    def of(cls, qasm: str, checked: Checked) -> Self:
        """Read what the front end says, and find the figures."""
        program = checked.program
        figures = None if program is None else figures_of(program)
        plan = plan_of(qasm, checked, figures)
        return cls(
            valid=not checked.errors,
            errors=[DiagnosticBody.of(found) for found in checked.errors],
            warnings=[DiagnosticBody.of(found) for found in checked.warnings],
            qubits=None if program is None else program.qubits,
            bits=None if program is None else program.bits,
            depth=None if figures is None else figures.depth,
            gates=None if figures is None else figures.gates,
            engine=plan.engine,
            method=plan.method,
            memory_bytes=plan.memory_bytes,
        )


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
