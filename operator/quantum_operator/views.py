"""What the operator looks at of Jobs and Pods: frozen values, read from the objects as the API server gives them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, JsonValue, NonNegativeInt, PositiveInt, ValidationError, model_validator
from quantum_tasks.cluster import Object
from quantum_tasks.errors import Code
from quantum_tasks.states import Reason
from quantum_tasks.task import Engine, Failure, Method, Outcome, Output

TASK_LABEL = "quantumtask.dev/task-uid"
"""On Jobs and Pods: the uid of the task that they belong to."""

POOL_LABEL = "quantumtask.dev/pool"
"""On the Jobs and Pods of the pool."""

MANAGED_BY = ("app.kubernetes.io/managed-by", "quantum-tasks-operator")
"""On every Job and Pod of ours: what the operator watches by."""

OWN_LABELS = frozenset({"app.kubernetes.io/name", "app.kubernetes.io/component", MANAGED_BY[0]})
"""The names of what else is on every Job and Pod of ours."""

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
"""On Jobs that Kueue admits, and on tasks that say so themselves."""

PRIORITY_LABEL = "kueue.x-k8s.io/priority-class"
"""On tasks, and so on their Jobs: Kueue's workload priority."""

RUNNER = "runner"
"""The container that runs the program; whatever else is in its Pod is the administrator's."""

NOT_YET = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Kubernetes' words for a container that waits for nothing but its turn."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a Pod said at its end."""

    reason: Reason
    outcome: Outcome | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """One attempt, as far as Kubernetes has come with it."""

    name: str
    uid: str
    created: datetime
    namespace: str = ""
    owner_uid: str | None = None
    phase: str = "Pending"
    reason: str = ""
    unschedulable: str | None = None
    scheduled: bool = False
    waiting: tuple[str, str] | None = None
    started: datetime | None = None
    ended: datetime | None = None
    exit_code: int | None = None
    end_reason: str = ""
    message: Message | None = None
    disrupted: str | None = None
    deleting: bool = False

    @property
    def over(self) -> bool:
        """Whether it will not run any more."""
        return self.exit_code is not None or self.phase in ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Job:
    """A Job and its Pods, oldest first."""

    namespace: str
    name: str
    uid: str
    owner_uid: str | None = None
    suspended: bool = False
    queue: str | None = None
    """Kueue's queue, if Kueue admits the Job: as the Job has it, whatever the task or the settings say by now."""
    active: int = 0
    failed: int = 0
    succeeded: int = 0
    end: Literal["Complete", "Failed"] | None = None
    end_reason: str = ""
    end_message: str = ""
    ended: datetime | None = None
    deleting: bool = False
    pods: Sequence[Pod] = field(default=())


def job_of(body: Object) -> Job:
    """Read a Job; its Pods are other objects."""
    meta, status = body["metadata"], body.get("status", {})
    ends = [
        condition
        for condition in status.get("conditions", ())
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
    ]
    end = ends[0] if ends else None
    return Job(
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        owner_uid=_controller(meta),
        suspended=bool(body["spec"].get("suspend")),
        queue=meta.get("labels", {}).get(QUEUE_LABEL) or None,
        active=status.get("active", 0),
        failed=status.get("failed", 0),
        succeeded=status.get("succeeded", 0),
        end=end["type"] if end else None,
        end_reason=end.get("reason", "") if end else "",
        end_message=end.get("message", "") if end else "",
        ended=_time(end.get("lastTransitionTime")) if end else None,
        deleting="deletionTimestamp" in meta,
    )


def pod_of(body: Object) -> Pod:
    """Read a Pod, as the container `runner` has fared."""
    meta, status = body["metadata"], body.get("status", {})
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    scheduled = conditions.get("PodScheduled", {})
    disrupted = conditions.get("DisruptionTarget", {})
    state = next((state for name, state in _states(status, "containerStatuses") if name == RUNNER), {})
    waiting, running, ended = (state.get(name) for name in ("waiting", "running", "terminated"))
    before = list(_states(status, "initContainerStatuses"))
    created = _time(meta["creationTimestamp"])
    assert created is not None  # noqa: S101 - every object has one
    return Pod(
        name=meta["name"],
        uid=meta["uid"],
        created=created,
        namespace=meta["namespace"],
        owner_uid=_controller(meta),
        phase=status.get("phase", "Pending"),
        reason=status.get("reason") or (_failure_before(before) if waiting else ""),
        scheduled=scheduled.get("status") == "True",
        unschedulable=scheduled.get("message", "") if scheduled.get("reason") == "Unschedulable" else None,
        waiting=_wait_before(before) or _wait(waiting) if waiting else None,
        started=_time((running or ended or {}).get("startedAt")),
        ended=_time((ended or {}).get("finishedAt")),
        exit_code=ended["exitCode"] if ended else None,
        end_reason=ended.get("reason", "") if ended else "",
        message=message_of(ended.get("message", "")) if ended else None,
        disrupted=disrupted.get("reason") if disrupted.get("status") == "True" else None,
        deleting="deletionTimestamp" in meta,
    )


def _states(status: Mapping[str, Any], which: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for container in status.get(which) or ():
        yield container["name"], container.get("state") or {}


def _wait(waiting: Mapping[str, Any]) -> tuple[str, str]:
    return waiting.get("reason", ""), waiting.get("message", "")


def _wait_before(states: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[str, str] | None:
    """Why an init container waits, where that is not merely its turn: the runner's own state does not tell."""
    waits = (_wait(state["waiting"]) for _, state in states if state.get("waiting"))
    return next((wait for wait in waits if wait[0] not in NOT_YET), None)


def _failure_before(states: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    ended = [(name, state["terminated"]["exitCode"]) for name, state in states if state.get("terminated")]
    return next((f"init container {name} ended with exit code {code}" for name, code in ended if code != 0), "")


def message_of(text: str) -> Message | None:
    """Read a termination message: the runner's, or None for whatever else stands there."""
    try:
        told = _Told.model_validate_json(text)
    except ValidationError:
        return None
    outcome, failure = told.outcome, told.failure
    return Message(
        reason=told.reason,
        outcome=outcome.outcome() if outcome else None,
        failure=Failure(**dict(failure)) if failure else None,
    )


class _Strict(BaseModel):
    """Taken as it is written, or not at all: a Pod that runs strangers' programs may say anything."""

    model_config = ConfigDict(strict=True, extra="forbid")


class _ToldOutput(_Strict):
    count: PositiveInt
    values: dict[str, JsonValue]


class _ToldOutcome(_Strict):
    counts: dict[str, PositiveInt]
    shots: PositiveInt
    seed: NonNegativeInt
    qubits: NonNegativeInt
    method: Method
    engine: Engine | None = None
    outputs: list[_ToldOutput] = []

    def outcome(self) -> Outcome:
        outputs = tuple(Output(**dict(output)) for output in self.outputs)
        return Outcome(**{**dict(self), "outputs": outputs})


class _ToldFailure(_Strict):
    code: Code
    message: str
    line: PositiveInt | None
    column: PositiveInt | None


class _Told(_Strict):
    reason: Reason
    outcome: _ToldOutcome | None = None
    failure: _ToldFailure | None = None

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.outcome is None) == (self.failure is None):
            raise ValueError("either an outcome or a failure")
        if (self.reason is Reason.COMPLETED) != (self.outcome is not None):
            raise ValueError("the reason is another one's")
        return self


def _controller(meta: Mapping[str, Any]) -> str | None:
    return next((owner["uid"] for owner in meta.get("ownerReferences", ()) if owner.get("controller")), None)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
