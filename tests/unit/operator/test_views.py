"""Jobs and Pods, read from what an API server gives."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from quantum_operator.views import QUEUE_LABEL, Message, job_of, message_of, pod_of
from quantum_runner import report
from quantum_tasks.errors import Code
from quantum_tasks.states import Reason
from quantum_tasks.task import Engine, Failure, Method, Outcome, Output

MANAGED = {"app.kubernetes.io/managed-by": "quantum-tasks-operator", "quantumtask.dev/task-uid": "uid-1"}
OUTCOME = {"counts": {"00": 5, "11": 5}, "shots": 10, "seed": 7, "qubits": 2, "method": "statevector"}
FAILURE = {"code": "syntax.invalid", "message": "no", "line": 3, "column": 1}


def job_body(**status: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A Job as the API server gives it."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "bell-0123456789ab",
            "namespace": "lab",
            "uid": "job-1",
            "resourceVersion": "42",
            "generation": 1,
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": MANAGED,
            "ownerReferences": [
                {
                    "apiVersion": "quantumtask.dev/v1alpha1",
                    "kind": "QuantumTask",
                    "name": "bell",
                    "uid": "uid-1",
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {"parallelism": 1, "completions": 1, "backoffLimit": 2, "suspend": False},
        "status": status,
    }


def pod_body(**status: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A Pod as the API server gives it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "bell-0123456789ab-x7x2p",
            "namespace": "lab",
            "uid": "pod-1",
            "resourceVersion": "43",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": MANAGED,
        },
        "spec": {"containers": [{"name": "runner"}]},
        "status": {"qosClass": "Burstable", **status},
    }


def container(**state: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """The status of the Pod's one container."""
    return [{"name": "runner", "image": "runner", "imageID": "", "restartCount": 0, "ready": False, "state": state}]


def terminated(exit_code: int, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """The status of a container that has ended."""
    times = {"startedAt": "2026-01-02T03:04:07Z", "finishedAt": "2026-01-02T03:04:09Z", "containerID": "containerd://1"}
    return container(terminated={"exitCode": exit_code, "reason": "Error", **times, **more})


NODE = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:06Z"}
NO_NODE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient cpu.",
}


def at(second: int) -> datetime:
    """A time in the minute of these objects."""
    return datetime(2026, 1, 2, 3, 4, second, tzinfo=UTC)


# -- Jobs ----------------------------------------------------------------------------------------------------------


def test_a_job_right_after_its_creation() -> None:
    """A Job without a status is there, owned by its task, and nothing has happened."""
    job = job_of({**job_body(), "status": {}})
    assert (job.namespace, job.name, job.uid, job.owner_uid) == ("lab", "bell-0123456789ab", "job-1", "uid-1")
    assert (job.suspended, job.active, job.failed, job.succeeded, job.end, job.deleting) == (
        False,
        0,
        0,
        0,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("conditions", "end", "reason"),
    [
        pytest.param([], None, "", id="none"),
        pytest.param(
            [
                {"type": "SuccessCriteriaMet", "status": "True", "reason": "CompletionsReached"},
                {
                    "type": "Complete",
                    "status": "True",
                    "reason": "CompletionsReached",
                    "lastTransitionTime": "2026-01-02T03:04:09Z",
                },
            ],
            *("Complete", "CompletionsReached"),
            id="complete",
        ),
        pytest.param(
            [
                {"type": "FailureTarget", "status": "True", "reason": "PodFailurePolicy"},
                {
                    "type": "Failed",
                    "status": "True",
                    "reason": "PodFailurePolicy",
                    "message": "Container runner failed",
                    "lastTransitionTime": "2026-01-02T03:04:09Z",
                },
            ],
            *("Failed", "PodFailurePolicy"),
            id="failed",
        ),
        pytest.param(
            [{"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"}],
            None,
            "",
            id="about-to-fail",
        ),
        pytest.param([{"type": "Suspended", "status": "True", "reason": "JobSuspended"}], None, "", id="suspended"),
        pytest.param([{"type": "Failed", "status": "False"}], None, "", id="not-failed"),
    ],
)
def test_a_job_has_ended_by_two_of_its_conditions_only(
    conditions: list[dict[str, str]], end: str | None, reason: str
) -> None:
    """`Complete` and `Failed` are the ends; what announces them is none, since Pods may still run."""
    job = job_of(job_body(conditions=conditions, failed=1))
    assert (job.end, job.end_reason, job.ended) == (end, reason, at(9) if end else None)


def test_an_owner_that_does_not_control_is_no_owner() -> None:
    """A Job belongs to the task that controls it."""
    body = job_body()
    body["metadata"]["ownerReferences"][0]["controller"] = False
    assert job_of(body).owner_uid is None


def test_a_job_on_its_way_out() -> None:
    """A deletion timestamp says that the Job is going."""
    body = job_body(active=1)
    body["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:09Z"
    assert job_of(body).deleting


# -- Pods ----------------------------------------------------------------------------------------------------------


def test_a_pod_right_after_its_creation() -> None:
    """A Pod of which nothing is known is pending and has no node."""
    pod = pod_of({**pod_body(), "status": {}})
    assert (pod.phase, pod.scheduled, pod.unschedulable, pod.over) == ("Pending", False, None, False)
    assert (pod.created, pod.started, pod.exit_code) == (at(5), None, None)


def test_a_pod_that_no_node_takes() -> None:
    """The scheduler's words are read."""
    pod = pod_of(pod_body(phase="Pending", conditions=[NO_NODE]))
    assert (pod.scheduled, pod.unschedulable) == (False, "0/1 nodes are available: 1 Insufficient cpu.")


def test_a_pod_whose_image_is_missing() -> None:
    """Why the container waits is read."""
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nowhere"'}
    pod = pod_of(pod_body(phase="Pending", conditions=[NODE], containerStatuses=container(waiting=waiting)))
    assert (pod.scheduled, pod.waiting) == (True, ("ImagePullBackOff", 'Back-off pulling image "nowhere"'))


def test_a_pod_that_runs() -> None:
    """When the container started is read."""
    statuses = container(running={"startedAt": "2026-01-02T03:04:07Z"})
    pod = pod_of(pod_body(phase="Running", conditions=[NODE], containerStatuses=statuses))
    assert (pod.started, pod.ended, pod.over, pod.waiting) == (at(7), None, False, None)


def test_a_pod_that_is_out_of_memory() -> None:
    """Exit code, reason and times of the end are read."""
    statuses = terminated(137, reason="OOMKilled")
    pod = pod_of(pod_body(phase="Failed", conditions=[NODE], containerStatuses=statuses))
    assert (pod.exit_code, pod.end_reason, pod.started, pod.ended) == (137, "OOMKilled", at(7), at(9))
    assert (pod.over, pod.message) == (True, None)


def test_an_evicted_pod() -> None:
    """A Pod that its node evicted may have no container's status at all."""
    pod = pod_of(pod_body(phase="Failed", reason="Evicted", message="The node was low on resource: memory."))
    assert (pod.over, pod.exit_code, pod.reason) == (True, None, "Evicted")


def test_a_disrupted_pod() -> None:
    """Who disrupted a Pod is read from its condition."""
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    pod = pod_of(pod_body(phase="Failed", conditions=[NODE, disrupted], containerStatuses=terminated(143)))
    assert pod.disrupted == "EvictionByEvictionAPI"
    not_any_more = {**disrupted, "status": "False"}
    assert pod_of(pod_body(phase="Running", conditions=[NODE, not_any_more])).disrupted is None


def test_a_pod_of_a_node_that_came_back() -> None:
    """A container whose end nobody saw has times of 1970 or none; the Pod is over all the same."""
    state = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}}
    pod = pod_of(pod_body(phase="Failed", containerStatuses=container(**state)))
    assert (pod.over, pod.started, pod.end_reason) == (True, None, "ContainerStatusUnknown")


def other(name: str, **state: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The status of a container that an administrator has added."""
    return {"name": name, "image": name, "imageID": "", "restartCount": 0, "ready": False, "state": state}


RUNNING = {"running": {"startedAt": "2026-01-02T03:04:07Z"}}
KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "{}"}}


@pytest.mark.parametrize(
    "sidecar",
    [
        other("mesh", **RUNNING),
        other("mesh", **KILLED),
        other("mesh", waiting={"reason": "ImagePullBackOff", "message": "no"}),
        other("mesh"),
    ],
    ids=["runs", "killed", "without-image", "unknown"],
)
@pytest.mark.parametrize(
    "statuses",
    [container(**RUNNING), terminated(0, message="x"), container(waiting={"reason": "ContainerCreating"})],
    ids=["runs", "ended", "waits"],
)
def test_a_pod_is_read_as_its_runner_has_fared(statuses: list[dict[str, Any]], sidecar: dict[str, Any]) -> None:
    """What other containers of the Pod do changes nothing, whether they stand before the runner or after it."""
    alone = pod_of(pod_body(phase="Running", conditions=[NODE], containerStatuses=statuses))
    for both in ([sidecar, *statuses], [*statuses, sidecar]):
        assert pod_of(pod_body(phase="Running", conditions=[NODE], containerStatuses=both)) == alone


INITIALIZING = container(waiting={"reason": "PodInitializing"})


@pytest.mark.parametrize(
    ("before", "found"),
    [
        pytest.param([other("fetch", **RUNNING)], ("PodInitializing", ""), id="runs"),
        pytest.param([other("fetch", waiting={"reason": "PodInitializing"})], ("PodInitializing", ""), id="its-turn"),
        pytest.param(
            [
                other("fetch", terminated={"exitCode": 0}),
                other("mesh", waiting={"reason": "CrashLoopBackOff", "message": "back-off 10s"}),
            ],
            ("CrashLoopBackOff", "back-off 10s"),
            id="second-one-crashes",
        ),
    ],
)
def test_a_pod_that_waits_for_an_init_container(before: list[dict[str, Any]], found: tuple[str, str]) -> None:
    """Why an init container waits is why the Pod waits, unless it is merely its turn."""
    statuses = {"containerStatuses": INITIALIZING, "initContainerStatuses": before}
    assert pod_of(pod_body(phase="Pending", conditions=[NODE], **statuses)).waiting == found


def test_a_pod_whose_init_container_failed() -> None:
    """A Pod that never came to its runner says whose fault that was."""
    before = [other("fetch", terminated={"exitCode": 0}), other("warm", terminated={"exitCode": 3})]
    pod = pod_of(pod_body(phase="Failed", containerStatuses=INITIALIZING, initContainerStatuses=before))
    assert (pod.over, pod.exit_code, pod.reason) == (True, None, "init container warm ended with exit code 3")


def test_a_sidecar_that_is_ended_with_its_pod_is_no_failure() -> None:
    """Kubernetes ends a native sidecar by a signal once the runner has ended; that is no reason of the Pod's."""
    before = [other("mesh", terminated={"exitCode": 143})]
    pod = pod_of(pod_body(phase="Succeeded", containerStatuses=terminated(0), initContainerStatuses=before))
    assert (pod.reason, pod.exit_code) == ("", 0)


@pytest.mark.parametrize(("labels", "queue"), [({}, None), ({"team": "a"}, None), ({QUEUE_LABEL: "a"}, "a")])
def test_a_job_says_whether_it_is_kueues(labels: dict[str, str], queue: str | None) -> None:
    """The queue is read from the Job's own label, which a webhook of Kueue may have put there."""
    body = job_body()
    body["metadata"]["labels"] = {**MANAGED, **labels}
    assert job_of(body).queue == queue


def test_a_result_in_a_termination_message() -> None:
    """The runner's report of a success is read whole."""
    text = json.dumps({"reason": "Completed", "outcome": OUTCOME})
    pod = pod_of(pod_body(phase="Succeeded", containerStatuses=terminated(0, reason="Completed", message=text)))
    outcome = Outcome(counts={"00": 5, "11": 5}, shots=10, seed=7, qubits=2, method=Method.STATEVECTOR)
    assert pod.message == Message(Reason.COMPLETED, outcome=outcome)


def test_engine_and_outputs_in_a_termination_message() -> None:
    """What newer runners say is read as they have written it."""
    outputs = (Output(4, {"n": -1, "x": [0.5, "nan"], "b": True}), Output(6, {"n": 2, "x": [1.0, 2.0], "b": False}))
    outcome = Outcome({"00": 4, "11": 6}, 10, 7, 2, Method.STATEVECTOR, Engine.MACHINE, outputs)
    text = report.message_of(outcome)
    assert text is not None
    assert message_of(text) == Message(Reason.COMPLETED, outcome=outcome)


def test_a_refusal_in_a_termination_message() -> None:
    """The runner's report of a refusal is read whole."""
    text = json.dumps({"reason": "InvalidProgram", "failure": FAILURE})
    assert message_of(text) == Message(Reason.INVALID_PROGRAM, failure=Failure(Code.SYNTAX, "no", 3, 1))


HOSTILE = {
    "nothing": "",
    "words": "Segmentation fault (core dumped)",
    "cut-off": '{"reason":"Completed","outcome":{"counts":{"00":5',
    "null": "null",
    "number": "17",
    "list": "[]",
    "empty": "{}",
    "reason-alone": '{"reason":"Completed"}',
    "failed-for-no-reason": '{"reason":"InvalidProgram","failure":null}',
    "unknown-reason": json.dumps({"reason": "Fine", "outcome": OUTCOME}),
    "unknown-code": json.dumps({"reason": "InvalidProgram", "failure": {**FAILURE, "code": "x"}}),
    "unknown-method": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "method": "guess"}}),
    "more-fields": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "extra": 1}}),
    "fewer-fields": json.dumps({"reason": "Completed", "outcome": {"counts": {}, "method": "statevector"}}),
    "outcome-is-a-word": '{"reason":"Completed","outcome":"all good"}',
    "failure-is-a-list": '{"reason":"InvalidProgram","failure":["syntax.invalid"]}',
    "reason-is-a-list": json.dumps({"reason": ["Completed"], "outcome": OUTCOME}),
    "counts-are-a-list": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "counts": ["00"]}}),
    "counts-of-words": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "counts": {"00": "five"}}}),
    "counts-of-nothing": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "counts": None}}),
    "qubits-below-zero": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "qubits": -1}}),
    "seed-is-a-word": json.dumps({"reason": "Completed", "outcome": {**OUTCOME, "seed": "7"}}),
    "message-is-a-number": json.dumps({"reason": "InvalidProgram", "failure": {**FAILURE, "message": 5}}),
    "line-below-zero": json.dumps({"reason": "InvalidProgram", "failure": {**FAILURE, "line": -1}}),
    "line-is-a-word": json.dumps({"reason": "InvalidProgram", "failure": {**FAILURE, "line": "three"}}),
    "nested-deeply": "[" * 4096,
    "long-number": '{"reason":' + "1" * 4086,
    "not-a-number": '{"reason":"Completed","outcome":NaN}',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_report_is_none(text: str) -> None:
    """Whatever else stands in a termination message is taken for nothing: no error, and no half-read report.

    A report that the API server would refuse in a status would keep its task from ever ending.
    """
    assert message_of(text) is None
