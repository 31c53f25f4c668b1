"""The QuantumTask resource: one typed source for the CRD, for what the API creates and for what the operator reads.

`python -m quantum_tasks.crd` turns these classes into the CustomResourceDefinition; descriptions here are the texts of
`kubectl explain`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer
from pydantic.alias_generators import to_camel

from quantum_tasks.errors import Code
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.task import (
    DEFAULT_SHOTS,
    MAX_INPUT_CHARACTERS,
    MAX_INPUTS,
    MAX_PROGRAM_BYTES,
    MAX_SEED,
    MAX_SHOTS,
    Engine,
    Failure,
    Frontend,
    Method,
    Options,
    Outcome,
    Output,
    Task,
)

GROUP = "quantumtask.dev"
VERSION = "v1alpha1"
PLURAL = "quantumtasks"
KIND = "QuantumTask"
API_VERSION = f"{GROUP}/{VERSION}"

MAX_NAME = 63
"""Characters of a task's name, a DNS label: it is the task's id over HTTP."""

MAX_INLINE_COUNTS_BYTES = 16 * 1024
"""Counts up to this size, as JSON, are kept in the status; larger ones in Redis alone."""


class ExecutionMode(StrEnum):
    """How a task is run."""

    JOB = "Job"
    POOL = "Pool"


Time = Annotated[
    datetime, PlainSerializer(lambda time: time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
]
"""In the form of Kubernetes: UTC, whole seconds."""


_RULES = "x-kubernetes-validations"

_FIXED: dict[str, JsonValue] = {_RULES: [{"rule": "self == oldSelf", "message": "cannot be changed"}]}
"""Of a field that stays as it is. Its rule is its own: one of the whole spec costs the API server far more."""

_FIXED_WHETHER_THERE_OR_NOT = (
    *("qasm", "circuitRef", "seed", "inputs", "activeDeadlineSeconds", "backoffLimit", "resources"),
)
"""Such fields as have no default."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class CircuitRef(_Part):
    """A program that is kept in Redis."""

    digest: Annotated[
        str,
        Field(
            pattern=r"^sha256:[0-9a-f]{64}$",
            max_length=71,
            description="SHA-256 of the program's UTF-8 text: `sha256:` and 64 hexadecimal digits.",
        ),
    ]


Quantity = Annotated[
    int | str,
    Field(
        json_schema_extra={
            "x-kubernetes-int-or-string": True,
            "pattern": r"^([0-9]+|[0-9]*\.[0-9]+)([eE][+-]?[0-9]+|[KMGTPE]i|[mkMGTPE])?$",
            "maxLength": 32,
        }
    ),
]
Input = Annotated[
    int | str,
    Field(json_schema_extra={"x-kubernetes-int-or-string": True, "maxLength": MAX_INPUT_CHARACTERS}),
]
Quantities = Annotated[dict[str, Quantity], Field(json_schema_extra={"maxProperties": 8})]


class Resources(_Part):
    """Resources of the runner's container; what is left out follows from the program's size."""

    requests: Annotated[Quantities | None, Field(description="What the scheduler sets aside: `cpu`, `memory`.")] = None
    limits: Annotated[Quantities | None, Field(description="What the container may use: `cpu`, `memory`.")] = None


class Spec(_Part):
    """What to run, and how. Only `suspend`, `cancel` and `ttlSecondsAfterFinished` may be changed later."""

    model_config = ConfigDict(
        json_schema_extra={
            _RULES: [
                {
                    "rule": "has(self.qasm) != has(self.circuitRef)",
                    "message": "give exactly one of spec.qasm and spec.circuitRef",
                },
                {
                    "rule": " && ".join(
                        f"has(self.{name}) == has(oldSelf.{name})" for name in _FIXED_WHETHER_THERE_OR_NOT
                    ),
                    "message": "what is to be run cannot be changed, and no field of it be added or taken away",
                },
            ]
        }
    )

    qasm: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_PROGRAM_BYTES,
            repr=False,
            description="The program, in OpenQASM 3, up to 512 KiB. It must measure something.",
            json_schema_extra={"pattern": r"\S", **_FIXED},
        ),
    ] = None
    circuit_ref: Annotated[
        CircuitRef | None,
        Field(description="A program that was put into Redis before, instead of `qasm`.", json_schema_extra=_FIXED),
    ] = None
    shots: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_SHOTS,
            description="How often the circuit is run and measured, up to 10^6.",
            json_schema_extra=_FIXED,
        ),
    ] = DEFAULT_SHOTS
    seed: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_SEED,
            description="Equal seeds give equal counts. Without one, a seed is drawn.",
            json_schema_extra=_FIXED,
        ),
    ] = None
    method: Annotated[
        Method,
        Field(
            description="AerSimulator's method. `automatic` takes one that fits the circuit; the status names it.",
            json_schema_extra=_FIXED,
        ),
    ] = Method.AUTOMATIC
    frontend: Annotated[
        Frontend,
        Field(
            description="Who reads the program. `automatic` takes the whole language; `qiskit` is Qiskit's importer "
            "alone, which refuses what it cannot read.",
            json_schema_extra=_FIXED,
        ),
    ] = Frontend.AUTOMATIC
    inputs: Annotated[
        dict[str, Input] | None,
        Field(
            description="Values of the program's `input`s, by their names: constants as the language has them, such as "
            '`pi / 2`, `true`, `"0110"`, `{1, 2}`.',
            json_schema_extra={
                "maxProperties": MAX_INPUTS,
                **_FIXED,
            },  # names are an object's keys, which no schema bounds
        ),
    ] = None
    execution_mode: Annotated[
        ExecutionMode,
        Field(
            description="`Job` runs the task in a Pod of its own, with resources by its size. `Pool` hands it to warm "
            "workers that many tasks share: for tasks of milliseconds.",
            json_schema_extra=_FIXED,
        ),
    ] = ExecutionMode.JOB
    suspend: Annotated[
        bool, Field(description="Holds the task back; a running one is stopped, and starts anew once this is false.")
    ] = False
    cancel: Annotated[
        bool,
        Field(
            description="Ends the task for good, unless it has ended already. Cannot be taken back.",
            json_schema_extra={_RULES: [{"rule": "self || !oldSelf", "message": "a cancellation is final"}]},
        ),
    ] = False
    active_deadline_seconds: Annotated[
        int | None,
        Field(
            ge=1,
            le=604_800,
            description="Longest time from the Job's start to its end; then the task fails.",
            json_schema_extra=_FIXED,
        ),
    ] = None
    backoff_limit: Annotated[
        int | None,
        Field(
            ge=0,
            le=100,
            description="How many lost attempts are repeated before the task fails.",
            json_schema_extra=_FIXED,
        ),
    ] = None
    ttl_seconds_after_finished: Annotated[
        int | None,
        Field(ge=0, le=2**31 - 1, description="How long task and result are kept after the end. Without it: for good."),
    ] = None
    resources: Annotated[
        Resources | None,
        Field(
            description="Resources of the runner's container, instead of those by the size.", json_schema_extra=_FIXED
        ),
    ] = None

    @property
    def options(self) -> Options:
        """How to run the program, in the contract's words."""
        return Options(
            shots=self.shots,
            seed=self.seed,
            method=self.method,
            frontend=self.frontend,
            inputs={name: str(value) for name, value in (self.inputs or {}).items()},
        )


class Condition(_Part):
    """One fact about the task, as Kubernetes tools read it."""

    type: Annotated[
        Literal["Scheduled", "Running", "Finished"],
        Field(description="`Scheduled`: a node was found. `Running`: the program runs. `Finished`: the task ended."),
    ]
    status: Annotated[Literal["True", "False", "Unknown"], Field(description="Whether it holds.")]
    reason: Annotated[str, Field(max_length=64, description="Why, for a program: one CamelCase word.")]
    message: Annotated[str, Field(max_length=32768, description="Why, for a person.")] = ""
    last_transition_time: Annotated[Time, Field(description="Since when the status is what it is.")]


class ResultRef(_Part):
    """Where counts are that are too large for the status."""

    key: Annotated[str, Field(description="The task's key in Redis; `GET /tasks/NAME` of the API reads it.")]
    size_bytes: Annotated[int, Field(ge=0, description="Size of the result, as JSON.")]


class OutputRow(_Part):
    """Values that some shots gave."""

    count: Annotated[int, Field(ge=1, description="How many shots gave them together.")]
    values: Annotated[dict[str, str], Field(description="The outputs' values by their names, each as JSON.")]


class Error(_Part):
    """Why there are no counts."""

    code: Annotated[str, Field(description="What is wrong, for a program: `syntax.invalid`, `limit.memory`, ...")]
    message: Annotated[str, Field(description="What is wrong, for a person.")]
    line: Annotated[int | None, Field(ge=1, description="Line in the program, counted from 1.")] = None
    column: Annotated[int | None, Field(ge=1, description="Column in the line, counted from 1.")] = None


class Status(_Part):
    """What became of the task. Only the operator writes it."""

    phase: Annotated[Phase | None, Field(description="One word for the conditions below.")] = None
    reason: Annotated[str | None, Field(description="Why the task is in its phase: one CamelCase word.")] = None
    message: Annotated[str | None, Field(description="The same for a person.")] = None
    conditions: Annotated[
        list[Condition],
        Field(
            description="What is known of the task: `kubectl wait --for=condition=Finished` waits for its end.",
            json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = []
    job_name: Annotated[str | None, Field(description="The Job that runs the task, in the same namespace.")] = None
    attempts: Annotated[int, Field(ge=0, description="How many runs were begun.")] = 0
    start_time: Annotated[Time | None, Field(description="When the first run began.")] = None
    completion_time: Annotated[Time | None, Field(description="When the task ended.")] = None
    duration: Annotated[str | None, Field(description="From the start to the end: `1.2s`, `3m4s`.")] = None
    qubits: Annotated[int | None, Field(ge=0, description="Qubits of the circuit.")] = None
    method: Annotated[Method | None, Field(description="The method that runs, never `automatic`.")] = None
    engine: Annotated[Engine | None, Field(description="What ran the program: `direct`, `machine` or `aer`.")] = None
    seed: Annotated[int | None, Field(ge=0, description="The seed that was used: it gives the same counts again.")] = (
        None
    )
    counts: Annotated[
        dict[str, int] | None,
        Field(
            description="Bit strings, and how many shots gave each. Registers are joined by a space, the last declared "
            "one first; bit 0 is rightmost. Absent when large: see `resultRef`."
        ),
    ] = None
    outputs: Annotated[
        list[OutputRow] | None,
        Field(description="Values of the program's `output`s, where it declares any; with the counts, or not at all."),
    ] = None
    result_ref: Annotated[ResultRef | None, Field(description="Where the counts are when they are large.")] = None
    error: Annotated[Error | None, Field(description="Why there are no counts.")] = None
    observed_generation: Annotated[int | None, Field(ge=0, description="The generation this status is about.")] = None


class Metadata(_Part):
    """What is read of an object's metadata."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    labels: dict[str, str] = {}


class QuantumTask(_Part):
    """A quantum circuit to be run on a simulator, and its counts."""

    metadata: Metadata
    spec: Annotated[Spec, Field(description="What to run, and how.")]
    status: Annotated[Status, Field(description="What became of it.")] = Status()

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read an object as the API server gives it."""
        return cls.model_validate(body)

    def task(self) -> Task:
        """The task that this object is, in the contract's words; the program goes along."""
        status, spec = self.status, self.spec
        state = state_of(status.phase)
        return Task(
            id=self.metadata.name,
            options=spec.options,
            state=state,
            reason=Reason(status.reason) if status.reason else Reason.QUEUED,
            message=status.message,
            attempts=status.attempts,
            created_at=self.metadata.creation_timestamp or datetime.fromtimestamp(0, UTC),
            started_at=status.start_time,
            finished_at=status.completion_time,
            failure=self._failure(state),
            outcome=self._outcome(),
            qasm=spec.qasm,
        )

    def _failure(self, state: State) -> Failure | None:
        error = self.status.error
        if error is not None:
            return Failure(Code(error.code), error.message, error.line, error.column)
        if state is State.CANCELLED:
            return Failure(Code.CANCELLED, self.status.message or "The task was cancelled.")
        if state is State.SUCCEEDED and self.status.counts is None:
            message = "The counts were too large for the resource, and Redis has lost them. Submit the task again."
            return Failure(Code.RESULT_LOST, message)
        return None

    def _outcome(self) -> Outcome | None:
        status = self.status
        if status.counts is None or status.seed is None or status.qubits is None or status.method is None:
            return None
        return Outcome(
            counts=status.counts,
            shots=self.spec.shots,
            seed=status.seed,
            qubits=status.qubits,
            method=status.method,
            engine=status.engine,
            outputs=tuple(
                Output(row.count, {name: json.loads(value) for name, value in row.values.items()})
                for row in status.outputs or ()
            ),
        )


def state_of(phase: Phase | None) -> State:
    """The state behind a phase; an object that the operator has not seen yet is queued."""
    return State.QUEUED if phase in (None, Phase.SUSPENDED) else State.of(phase)


def store_id(namespace: str, name: str) -> str:
    """The id that a task of a cluster has in Redis, which all namespaces share."""
    return f"{namespace}/{name}"
