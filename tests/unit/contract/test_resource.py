"""The QuantumTask resource, and the task of the contract that it stands for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from quantum_tasks.errors import Code
from quantum_tasks.resource import Condition, QuantumTask, Status, state_of, store_id
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.task import Engine, Failure, Frontend, Method, Options, Outcome, Output

SUCCEEDED = {
    "phase": "Succeeded",
    "reason": "Completed",
    "message": "The task has its counts.",
    "attempts": 2,
    "startTime": "2026-01-02T03:04:07Z",
    "completionTime": "2026-01-02T03:04:09Z",
    "qubits": 2,
    "method": "stabilizer",
    "seed": 7,
    "counts": {"00": 4, "11": 6},
}
FAILED = {
    "phase": "Failed",
    "reason": "InvalidProgram",
    "message": "no such gate",
    "error": {"code": "sem.undefined", "message": "no such gate", "line": 3, "column": 1},
}


def body(status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An object as the API server gives it."""
    return {
        "apiVersion": "quantumtask.dev/v1alpha1",
        "kind": "QuantumTask",
        "metadata": {
            "name": "bell",
            "namespace": "lab",
            "uid": "uid-1",
            "generation": 2,
            "resourceVersion": "77",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {"team": "a"},
            "managedFields": [{"manager": "kubectl", "fieldsV1": {}}],
        },
        "spec": {"qasm": "OPENQASM 3.0;", "shots": 10, "method": "automatic", "executionMode": "Job", **spec},
        "status": {"phase": "Pending", "reason": "Queued"} if status is None else status,
    }


def test_an_object_is_read_as_the_api_server_gives_it() -> None:
    """Names in camelCase become fields, and what is not looked at is no obstacle."""
    found = QuantumTask.of(body(activeDeadlineSeconds=5, ttlSecondsAfterFinished=9, suspend=True))
    assert (found.metadata.name, found.metadata.uid, found.metadata.resource_version) == ("bell", "uid-1", "77")
    assert (found.spec.active_deadline_seconds, found.spec.ttl_seconds_after_finished) == (5, 9)
    assert (found.spec.suspend, found.spec.cancel) == (True, False)
    assert found.metadata.creation_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("status", [None, {}], ids=["defaulted", "empty"])
def test_a_new_object_is_a_queued_task(status: dict[str, Any] | None) -> None:
    """An object that nobody has looked at is a queued task with its program and its options."""
    asked = {"frontend": "qiskit", "inputs": {"theta": "pi / 2", "n": 3}}
    task = QuantumTask.of(body(status, seed=3, method="stabilizer", **asked)).task()
    assert (task.id, task.state, task.reason, task.attempts) == ("bell", State.QUEUED, Reason.QUEUED, 0)
    inputs = {"theta": "pi / 2", "n": "3"}
    assert task.options == Options(10, 3, Method.STABILIZER, Frontend.QISKIT, inputs)
    assert task.qasm == "OPENQASM 3.0;"
    assert (task.outcome, task.failure, task.started_at, task.finished_at) == (None, None, None, None)
    assert task.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_succeeded_object_is_a_task_with_its_outcome() -> None:
    """Counts, outputs, seed, qubits, method and engine come from the status, shots from the spec."""
    rows = [{"count": 10, "values": {"n": "-2", "c": '"01"', "x": "[0.5, true]"}}]
    task = QuantumTask.of(body({**SUCCEEDED, "engine": "machine", "outputs": rows})).task()
    assert (task.state, task.reason, task.attempts) == (State.SUCCEEDED, Reason.COMPLETED, 2)
    outcome = Outcome(counts={"00": 4, "11": 6}, shots=10, seed=7, qubits=2, method=Method.STABILIZER)
    outputs = (Output(10, {"n": -2, "c": "01", "x": [0.5, True]}),)
    assert task.outcome == replace(outcome, engine=Engine.MACHINE, outputs=outputs)
    assert QuantumTask.of(body(SUCCEEDED)).task().outcome == outcome
    assert task.failure is None
    assert task.started_at == datetime(2026, 1, 2, 3, 4, 7, tzinfo=UTC)
    assert task.finished_at == datetime(2026, 1, 2, 3, 4, 9, tzinfo=UTC)


def test_a_failed_object_is_a_task_with_its_failure() -> None:
    """Code, message and place come from the status."""
    task = QuantumTask.of(body(FAILED)).task()
    assert (task.state, task.reason) == (State.FAILED, Reason.INVALID_PROGRAM)
    assert task.failure == Failure(Code.UNDEFINED, "no such gate", 3, 1)
    assert task.outcome is None


def test_a_cancelled_object_says_so_as_redis_does() -> None:
    """A cancelled task has the same failure whichever of the two it is read from."""
    status = {"phase": "Cancelled", "reason": "Cancelled", "message": "The task was cancelled."}
    task = QuantumTask.of(body(status)).task()
    assert (task.state, task.reason) == (State.CANCELLED, Reason.CANCELLED)
    assert task.failure == Failure(Code.CANCELLED, "The task was cancelled.")


def test_a_large_result_that_redis_lost_is_said_to_be_lost() -> None:
    """A success whose counts are not in the status has none here, and says what to do."""
    reference = {"key": "lab/bell", "sizeBytes": 99_999}
    status = {**{name: value for name, value in SUCCEEDED.items() if name != "counts"}, "resultRef": reference}
    task = QuantumTask.of(body(status)).task()
    assert (task.state, task.outcome) == (State.SUCCEEDED, None)
    assert task.failure is not None
    assert task.failure.code is Code.RESULT_LOST
    assert "again" in task.failure.message


def test_a_result_without_a_single_count_is_not_lost() -> None:
    """Empty counts are counts."""
    task = QuantumTask.of(body({**SUCCEEDED, "counts": {}})).task()
    assert (task.outcome is not None, task.failure) == (True, None)


@pytest.mark.parametrize(
    ("phase", "state"),
    [
        (None, State.QUEUED),
        (Phase.PENDING, State.QUEUED),
        (Phase.SUSPENDED, State.QUEUED),
        (Phase.RUNNING, State.RUNNING),
        (Phase.SUCCEEDED, State.SUCCEEDED),
        (Phase.FAILED, State.FAILED),
        (Phase.CANCELLED, State.CANCELLED),
    ],
)
def test_every_phase_is_a_state(phase: Phase | None, state: State) -> None:
    """The phase of the resource is the state of the task."""
    assert state_of(phase) is state


@pytest.mark.parametrize("phase", Phase)
def test_a_task_has_the_phase_of_its_object(phase: Phase) -> None:
    """Both doors show the same word."""
    reason = "Suspended" if phase is Phase.SUSPENDED else "Queued"
    assert QuantumTask.of(body({"phase": phase.value, "reason": reason})).task().phase is phase


def test_times_are_written_as_kubernetes_writes_them() -> None:
    """UTC, whole seconds and a Z, whatever zone they came in."""
    time = datetime(2026, 1, 2, 5, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=2)))
    condition = Condition(type="Running", status="True", reason="Started", last_transition_time=time)
    written = condition.model_dump(mode="json", by_alias=True)
    assert written["lastTransitionTime"] == "2026-01-02T03:04:05Z"


def test_a_status_survives_the_way_to_the_api_server_and_back() -> None:
    """What is written is read as what it was."""
    status = Status.model_validate(SUCCEEDED)
    assert Status.model_validate(json.loads(status.model_dump_json(by_alias=True, exclude_none=True))) == status


def test_the_program_is_in_no_log() -> None:
    """A task's repr is short and shows no stranger's text."""
    assert "OPENQASM" not in repr(QuantumTask.of(body()))
    assert "OPENQASM" not in repr(QuantumTask.of(body()).task())


def test_names_of_two_namespaces_do_not_meet_in_redis() -> None:
    """The id in Redis has the namespace, which holds no slash."""
    assert store_id("lab", "bell") == "lab/bell"
    assert store_id("a", "b-c") != store_id("a-b", "c")
