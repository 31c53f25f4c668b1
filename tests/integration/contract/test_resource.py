"""What the API server itself makes of QuantumTasks: what it refuses, fills in, selects and explains."""

import json
import subprocess
from typing import Any

import pytest
from quantum_tasks.task import MAX_PROGRAM_BYTES, MAX_SHOTS
from support.control_plane import ControlPlane
from support.programs import BELL

DIGEST = "sha256:" + "0" * 64


def _task(name: str = "bell", **spec: Any) -> str:  # noqa: ANN401 - the resource's fields
    body = {
        "apiVersion": "quantumtask.dev/v1alpha1",
        "kind": "QuantumTask",
        "metadata": {"name": name},
        "spec": {"qasm": BELL, **spec},
    }
    body["spec"] = {key: value for key, value in spec.items() if value is not None} if "qasm" in spec else body["spec"]
    return json.dumps(body)


def _create(plane: ControlPlane, body: str) -> "subprocess.CompletedProcess[str]":
    return plane.try_kubectl("create", "--validate=strict", "-f", "-", stdin=body)


def _change(plane: ControlPlane, **spec: Any) -> "subprocess.CompletedProcess[str]":  # noqa: ANN401 - any field
    return plane.try_kubectl("patch", "quantumtask", "bell", "--type=merge", "-p", json.dumps({"spec": spec}))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        pytest.param({"shots": 0}, "spec.shots", id="no-shots"),
        pytest.param({"shots": MAX_SHOTS + 1}, "spec.shots", id="too-many-shots"),
        pytest.param({"shots": "many"}, "spec.shots", id="shots-in-words"),
        pytest.param({"seed": -1}, "spec.seed", id="negative-seed"),
        pytest.param({"seed": 2**31}, "spec.seed", id="large-seed"),
        pytest.param({"method": "magic"}, "spec.method", id="unknown-method"),
        pytest.param({"executionMode": "Daemon"}, "spec.executionMode", id="unknown-mode"),
        pytest.param({"activeDeadlineSeconds": 0}, "spec.activeDeadlineSeconds", id="no-time"),
        pytest.param({"backoffLimit": -1}, "spec.backoffLimit", id="negative-backoff"),
        pytest.param({"ttlSecondsAfterFinished": -1}, "spec.ttlSecondsAfterFinished", id="negative-ttl"),
        pytest.param({"resources": {"limits": {"memory": "much"}}}, "memory", id="quantity-in-words"),
        pytest.param({"qasm": ""}, "spec.qasm", id="empty-program"),
        pytest.param({"qasm": "\n \n"}, "spec.qasm", id="blank-program"),
        pytest.param({"qasm": "x" * (MAX_PROGRAM_BYTES + 1)}, "spec.qasm", id="large-program"),
        pytest.param({"circuitRef": {"digest": DIGEST}}, "exactly one", id="two-programs"),
        pytest.param({"qasm": None}, "exactly one", id="no-program"),
        pytest.param({"qasm": None, "circuitRef": {"digest": "sha256:0"}}, "digest", id="short-digest"),
        pytest.param({"wishes": 3}, "wishes", id="unknown-field"),
    ],
)
def test_a_wrong_task_is_refused_by_name(empty_cluster: ControlPlane, spec: dict[str, Any], says: str) -> None:
    """The API server refuses what no task may say, and names it."""
    done = _create(empty_cluster, _task(**spec))
    assert done.returncode == 1
    assert says in done.stderr


@pytest.mark.parametrize("name", ["a.b", "a" * 64], ids=["dotted", "long"])
def test_a_name_that_cannot_be_an_id_is_refused(empty_cluster: ControlPlane, name: str) -> None:
    """A task's name is its id over HTTP, and so a DNS label."""
    done = _create(empty_cluster, _task(name))
    assert done.returncode == 1
    assert "id over HTTP" in done.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"qasm": BELL + "\n"},
        {"circuitRef": {"digest": DIGEST}, "qasm": None},
        {"shots": 5},
        {"seed": 5},
        {"method": "stabilizer"},
        {"frontend": "qiskit"},
        {"inputs": {"theta": "0.5"}},
        {"executionMode": "Pool"},
        {"activeDeadlineSeconds": 5},
        {"backoffLimit": 5},
        {"resources": {"limits": {"memory": "1Gi"}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_to_be_run_cannot_be_changed(empty_cluster: ControlPlane, change: dict[str, Any]) -> None:
    """A task that is there keeps its program and how it is run."""
    assert _create(empty_cluster, _task()).returncode == 0
    done = _change(empty_cluster, **change)
    assert done.returncode == 1
    assert "cannot be changed" in done.stderr


def test_a_task_can_be_held_back_cancelled_and_given_a_time(empty_cluster: ControlPlane) -> None:
    """Suspension can be taken back and the TTL changed; a cancellation is final, however it is taken back."""
    assert _create(empty_cluster, _task(ttlSecondsAfterFinished=5)).returncode == 0
    for change in ({"suspend": True}, {"suspend": False}, {"ttlSecondsAfterFinished": None}, {"cancel": True}):
        assert _change(empty_cluster, **change).returncode == 0
    for change in ({"cancel": False}, {"cancel": None}):
        done = _change(empty_cluster, **change)
        assert done.returncode == 1
        assert "a cancellation is final" in done.stderr


def test_a_new_task_is_whole_before_the_operator_has_seen_it(empty_cluster: ControlPlane) -> None:
    """Defaults are filled in, and the task has a phase to be shown and selected by."""
    assert _create(empty_cluster, _task()).returncode == 0
    [task] = empty_cluster.get("quantumtasks", "--field-selector=status.phase=Pending")["items"]
    spec = {name: value for name, value in task["spec"].items() if name != "qasm"}
    assert spec == {
        "shots": 1024,
        "method": "automatic",
        "frontend": "automatic",
        "executionMode": "Job",
        "suspend": False,
        "cancel": False,
    }
    assert (task["status"]["phase"], task["status"]["reason"]) == ("Pending", "Queued")
    assert "bell" in empty_cluster.kubectl("get", "qt")
    assert "quantumtask.quantumtask.dev/bell" in empty_cluster.kubectl("get", "all")


@pytest.mark.parametrize("field", ["spec.shots", "spec.suspend", "spec.resources.limits", "status.counts"])
def test_kubectl_explains_every_field(empty_cluster: ControlPlane, field: str) -> None:
    """`kubectl explain` has a sentence for a field."""
    text = empty_cluster.kubectl("explain", f"quantumtask.{field}").partition("DESCRIPTION:")[2].strip()
    assert len(text) > 20
