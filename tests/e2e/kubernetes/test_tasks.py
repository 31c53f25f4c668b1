"""QuantumTasks on a real cluster, from built images: what a user of kubectl and of HTTP sees."""

import json
import math
from pathlib import Path

import httpx
import pytest
from support.client import Client
from support.installation import K8S, Installation
from support.kubectl_tasks import SOON
from support.programs import BELL, DENSE_40, ENDLESS, NOT_A_PROGRAM
from support.waiting import eventually

pytestmark = pytest.mark.cluster

SAMPLES = sorted((K8S / "samples").glob("*.yaml"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gives_the_same_counts_at_every_door(installation: Installation, http: Client, sample: Path) -> None:
    """A sample ends with counts that are the same in the resource, in Redis and over HTTP."""
    installation.kubectl("delete", "--ignore-not-found", "-f", str(sample))  # whoever applied it before
    installation.kubectl("apply", "-f", str(sample))
    status = installation.finished(sample.stem)
    assert status["phase"] == "Succeeded", status
    outcome = json.loads(installation.redis("HGET", f"{{qt}}:task:{installation.namespace}/{sample.stem}", "outcome"))
    assert outcome["counts"] == status["counts"]
    assert http.result(sample.stem) == {"status": "completed", "result": status["counts"]}
    shots = installation.get("quantumtask", sample.stem)["spec"]["shots"]
    assert sum(status["counts"].values()) == shots
    assert all(_is_possible(sample.stem, key) for key in status["counts"])


def _is_possible(sample: str, key: str) -> bool:
    """Whether the circuit of a sample can give this at all."""
    if sample == "teleport":
        return key.split(maxsplit=1)[0] == "1"
    return set(key) in ({"0"}, {"1"})


def test_inputs_come_from_the_resource_and_outputs_are_in_its_status(installation: Installation, http: Client) -> None:
    """Text and integers go in; each output is JSON in the status, and JSON over HTTP."""
    sample = K8S / "samples" / "inputs.yaml"
    installation.kubectl("delete", "--ignore-not-found", "-f", str(sample))  # whoever applied it before
    installation.kubectl("apply", "-f", str(sample))
    status = installation.finished("inputs")
    assert status["outputs"] == [{"count": 1000, "values": {"c": '"111"', "turns": "1.5"}}]
    assert status["engine"] == "machine"
    resource = http.resource("inputs")
    assert resource["spec"]["inputs"] == {"theta": "pi", "width": "3"}
    assert resource["result"]["outputs"] == [{"count": 1000, "values": {"c": "111", "turns": 1.5}}]


def test_two_values_of_a_bell_pair_are_equally_likely(installation: Installation) -> None:
    """The counts of an unseeded Bell pair are half and half, within six standard deviations."""
    shots = 10_000
    installation.submit("fair", BELL, shots=shots)
    counts = installation.finished("fair")["counts"]
    assert set(counts) == {"00", "11"}
    assert abs(counts["00"] - shots / 2) < 6 * math.sqrt(shots) / 2


def test_a_listing_shows_what_matters(installation: Installation) -> None:
    """`kubectl get qt` has a column for phase, shots, qubits, reason, duration and age, each with its value."""
    installation.submit("shown", BELL, shots=77)
    installation.finished("shown")
    header, row = installation.kubectl("get", "qt", "shown").splitlines()
    assert header.split() == ["NAME", "PHASE", "SHOTS", "QUBITS", "REASON", "DURATION", "AGE"]
    cells = row.split()
    assert cells[:5] == ["shown", "Succeeded", "77", "2", "Completed"]
    assert cells[5].endswith("s")
    assert "shown" in installation.kubectl("get", "qt", "--field-selector=status.phase=Succeeded", "-o", "name")


def test_what_comes_over_http_is_a_resource(installation: Installation, http: Client) -> None:
    """A task that was posted is a QuantumTask whose Job ran it, and what HTTP says of it is what its status says."""
    task_id = http.submit(BELL, shots=100, seed=9)
    counts = http.counts(task_id)
    status = installation.until(task_id, "the mirror", lambda status: status.get("phase") == "Succeeded")
    assert status["counts"] == counts
    resource = http.resource(task_id)
    assert (resource["phase"], resource["attempts"]) == ("Succeeded", 1)
    assert installation.get("job", status["jobName"])["spec"]["template"]["spec"]["containers"][0]["args"] == ["job"]


def test_a_broken_program_makes_no_pod(installation: Installation) -> None:
    """A program that does not parse fails with line and column, and no Job was made for it."""
    installation.submit("broken", NOT_A_PROGRAM)
    status = installation.finished("broken")
    assert (status["phase"], status["reason"], status["error"]["line"]) == ("Failed", "InvalidProgram", 3)
    assert status["error"]["column"] >= 1
    assert "jobName" not in status


def test_a_program_that_cannot_fit_makes_no_pod(installation: Installation) -> None:
    """Forty dense qubits are refused with the memory that they would need, before any Pod."""
    installation.submit("dense", DENSE_40)
    status = installation.finished("dense")
    assert (status["phase"], status["reason"]) == ("Failed", "TooLarge")
    assert "17592186044416 bytes" in status["message"]
    assert "jobName" not in status


def test_a_missing_image_is_named(installation: Installation) -> None:
    """While the runner's image cannot be pulled, the task says ImagePullBackOff, and it can be cancelled."""
    installation.set_env("operator", QT_RUNNER_IMAGE="localhost:1/nowhere/missing")
    try:
        installation.submit("imageless", BELL)
        status = installation.until("imageless", "the reason", lambda status: status["reason"] == "ImagePullBackOff")
        [running] = [condition for condition in status["conditions"] if condition["type"] == "Running"]
        assert (running["status"], running["reason"]) == ("False", "ImagePullBackOff")
        assert "localhost:1/nowhere/missing" in status["message"]
        installation.kubectl("patch", "qt", "imageless", "--type=merge", "-p", '{"spec":{"cancel":true}}')
        assert installation.finished("imageless")["phase"] == "Cancelled"
    finally:
        installation.set_env("operator", QT_RUNNER_IMAGE="quantum-tasks-runner")


def test_a_container_that_runs_out_of_memory_is_named(installation: Installation) -> None:
    """A Pod that the kernel kills for memory ends its task with OOMKilled."""
    # too little for the simulator to be loaded, which has this method
    limits = {"limits": {"memory": "40Mi"}}
    installation.submit("starved", BELL, method="stabilizer", backoffLimit=0, resources=limits)
    status = installation.finished("starved")
    assert (status["phase"], status["reason"]) == ("Failed", "OOMKilled"), status


def test_an_unschedulable_pod_is_named(installation: Installation) -> None:
    """A task that no node has room for says so."""
    installation.submit("huge", BELL, resources={"requests": {"cpu": "1000"}})
    status = installation.until("huge", "the reason", lambda status: status["reason"] == "Unschedulable")
    assert "Insufficient cpu" in status["message"]
    installation.kubectl("delete", "qt", "huge")


def test_a_deleted_pod_is_replaced(installation: Installation) -> None:
    """A running Pod is deleted: another one runs the task, which completes in two attempts."""
    installation.submit("patient", _SLOW, backoffLimit=3)
    status = installation.until("patient", "the run", lambda status: status["phase"] == "Running")
    [pod] = installation.get("pods", "-l", f"batch.kubernetes.io/job-name={status['jobName']}")["items"]
    eventually(lambda: _attempts(installation, "patient") == "1", SOON, "the runner to begin")
    installation.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
    status = installation.finished("patient")
    assert (status["phase"], status["attempts"]) == ("Succeeded", 2), status


_SLOW = """OPENQASM 3.0;
include "stdgates.inc";
qubit[22] q;
bit[22] c;
for int k in [1:60] { for int i in [0:20] { h q[i]; t q[i]; cx q[i], q[i + 1]; } }
c = measure q;
"""
"""A few seconds on any machine."""


def _attempts(installation: Installation, name: str) -> str:
    return installation.redis("HGET", f"{{qt}}:task:{installation.namespace}/{name}", "attempts")


def test_a_running_task_can_be_cancelled_over_http(installation: Installation, http: Client) -> None:
    """A cancellation ends the task at once, takes its Job away, and stays."""
    task_id = http.submit(ENDLESS)
    installation.until(task_id, "the run", lambda status: status["phase"] == "Running")
    assert http.cancel(task_id).json()["phase"] == "Cancelled"
    assert http.result(task_id)["status"] == "error"
    status = installation.finished(task_id)
    assert status["phase"] == "Cancelled"
    eventually(lambda: not _has_job(installation, status["jobName"]), SOON, "its Job to go")


def _has_job(installation: Installation, name: str) -> bool:
    return f"job.batch/{name}" in installation.kubectl("get", "jobs", "-o", "name").split()


def test_a_deleted_task_leaves_nothing(installation: Installation, http: Client) -> None:
    """Deleting a running task over HTTP takes its Job, its Pod and its record along."""
    task_id = http.submit(ENDLESS)
    name = installation.until(task_id, "the run", lambda status: status["phase"] == "Running")["jobName"]
    assert http.http.delete(f"/v1/tasks/{task_id}").status_code == httpx.codes.NO_CONTENT
    assert http.http.get(f"/tasks/{task_id}").status_code == httpx.codes.NOT_FOUND
    eventually(lambda: not _has_job(installation, name), SOON, "its Job to go")
    key = f"{{qt}}:task:{installation.namespace}/{task_id}"
    eventually(lambda: installation.redis("EXISTS", key) == "0", SOON, "Redis to forget it")


def test_a_task_can_be_held_back_and_goes_when_its_time_is_over(installation: Installation) -> None:
    """Suspended, a task has no Job; resumed it runs; and when its TTL is over, it is gone with its result."""
    installation.submit("held", BELL, suspend=True, ttlSecondsAfterFinished=1)
    installation.until("held", "suspension", lambda status: status["phase"] == "Suspended")
    installation.kubectl("patch", "qt", "held", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    eventually(lambda: "quantumtask.quantumtask.dev/held" not in _names(installation), SOON, "the task to go")
    key = f"{{qt}}:task:{installation.namespace}/held"
    eventually(lambda: installation.redis("EXISTS", key) == "0", SOON, "Redis to forget it")


def _names(installation: Installation) -> list[str]:
    return installation.kubectl("get", "qt", "-o", "name").split()


def test_runner_pods_may_nothing(installation: Installation) -> None:
    """A runner's Pod has no token and only scratch space of its own, and `restricted` admits it."""
    installation.submit("modest", ENDLESS)
    status = installation.until("modest", "the run", lambda status: status["phase"] == "Running")
    labels = installation.get("namespace", installation.namespace)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    [pod] = installation.get("pods", "-l", f"batch.kubernetes.io/job-name={status['jobName']}")["items"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert [volume["name"] for volume in pod["spec"]["volumes"]] == ["tmp"]
    name = pod["metadata"]["name"]
    listed = installation.kubectl("exec", name, "--", "sh", "-c", "ls -d /var/run/secrets/kubernetes.io || true")
    assert listed.strip() == ""
    installation.kubectl("delete", "qt", "modest")
