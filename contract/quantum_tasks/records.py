"""The fields of a task's hash in Redis, and the values of the contract that they stand for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from quantum_tasks.errors import Code
from quantum_tasks.states import Reason, State
from quantum_tasks.task import Engine, Failure, Frontend, Method, Options, Outcome, Output, Task

FIELDS = (
    "state",
    "reason",
    "shots",
    "seed",
    "method",
    "frontend",
    "inputs",
    "attempts",
    "created_at",
    "started_at",
    "finished_at",
    "failure",
    "message",
)
"""What every view of a task reads; the program and the outcome are read only where they are wanted."""

RESULT_FIELDS = (*FIELDS, "outcome")
"""What a view of one task reads; known to the scripts under the same name."""


@dataclass(frozen=True, slots=True)
class Summary:
    """An outcome without its counts."""

    shots: int
    seed: int
    qubits: int
    method: Method
    engine: Engine | None = None


def outcome_fields(outcome: Outcome) -> tuple[str, ...]:
    """A task's fields for an outcome: the whole, and what is short of it."""
    summary = {"shots": outcome.shots, "seed": outcome.seed, "qubits": outcome.qubits, "method": outcome.method}
    if outcome.engine:
        summary["engine"] = outcome.engine
    whole = {"counts": outcome.counts, **summary}
    if outcome.outputs:
        whole["outputs"] = [[output.count, output.values] for output in outcome.outputs]
    return ("outcome", compact(whole), "summary", compact(summary))


def failure_fields(failure: Failure) -> tuple[str, ...]:
    """A task's fields for a failure."""
    return ("failure", compact(asdict(failure)))


def submission_of(task_id: str, qasm: str, options: Options) -> tuple[str | int, ...]:
    """The arguments of `submit.lua` that say what is submitted, with a fingerprint of them."""
    seed = "" if options.seed is None else options.seed
    told = [qasm, options.shots, seed, options.method, *more_of(options)]
    fingerprint = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return (task_id, qasm, options.shots, seed, options.method, fingerprint)


def more_of(options: Options) -> tuple[str, ...]:
    """A task's further fields for its options: nothing where they are as most tasks have them."""
    fields: tuple[str, ...] = ()
    if options.frontend is not Frontend.AUTOMATIC:
        fields += ("frontend", options.frontend)
    if options.inputs:
        fields += ("inputs", json.dumps(dict(options.inputs), separators=(",", ":"), sort_keys=True))
    return fields


def compact(value: Mapping[str, Any]) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def text(value: bytes | str | None) -> str | None:
    """What a client that decodes gives, for the type checker."""
    return value.decode() if isinstance(value, bytes) else value


def options_of(shots: str, seed: str, method: str, frontend: str | None, inputs: str | None) -> Options:
    """How to run a program, from the fields of that."""
    return Options(
        shots=int(shots),
        seed=int(seed) if seed else None,
        method=Method(method),
        frontend=Frontend(frontend or Frontend.AUTOMATIC),
        inputs=json.loads(inputs) if inputs else {},
    )


def time_of(milliseconds: str | None) -> datetime | None:
    """A time, from Redis's milliseconds."""
    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def milliseconds_of(time: datetime) -> int:
    """Redis's milliseconds, from a time that was made of them."""
    return round(time.timestamp() * 1000)


def failure_of(body: str | None) -> Failure | None:
    """A failure, as it is kept."""
    if body is None:
        return None
    fields = json.loads(body)
    return Failure(Code(fields.pop("code")), **fields)


def outcome_of(body: str | None) -> Outcome | None:
    """An outcome, as it is kept."""
    if body is None:
        return None
    fields = json.loads(body)
    outputs = tuple(Output(count, values) for count, values in fields.pop("outputs", ()))
    return Outcome(**_typed(fields), outputs=outputs)


def task_of(task_id: str, fields: dict[str, str | None], left_out_bytes: int = 0) -> Task:
    """A task, from the fields that were read of it; of an outcome that was left out, its size is given."""
    present = {name: value for name, value in fields.items() if value is not None}
    return Task(
        id=task_id,
        options=options_of(*(fields[name] or "" for name in ("shots", "seed", "method", "frontend", "inputs"))),
        state=State(present["state"]),
        reason=Reason(present["reason"]),
        attempts=int(present["attempts"]),
        created_at=datetime.fromtimestamp(int(present["created_at"]) / 1000, UTC),
        started_at=time_of(fields["started_at"]),
        finished_at=time_of(fields["finished_at"]),
        failure=failure_of(fields["failure"]),
        outcome=outcome_of(fields.get("outcome")),
        qasm=fields.get("qasm"),
        message=fields.get("message"),
        outcome_bytes=left_out_bytes or len(present.get("outcome", "")),
    )


def before_of(task_id: str, fields: dict[str, str | None]) -> Task | None:
    """A task as it was before its end, where that is not to be shown yet."""
    body = fields["before"]
    if body is None:
        return None
    was = json.loads(body)
    return replace(
        task_of(task_id, fields),
        state=State(was["state"]),
        reason=Reason(was["reason"]),
        message=was.get("message"),
        finished_at=None,
        failure=None,
        outcome=None,
        outcome_bytes=0,
    )


def summary_of(body: str | None) -> Summary | None:
    """An outcome without its counts, as it is kept."""
    if not body:
        return None
    return Summary(**_typed(json.loads(body)))


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    engine = fields.get("engine")
    return {**fields, "method": Method(fields["method"]), "engine": None if engine is None else Engine(engine)}
