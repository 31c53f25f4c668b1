"""The manifests of Jobs: what they may, what they ask for, and what they are called."""

from typing import Any

import pytest
from pydantic import SecretStr
from quantum_operator.jobs import job, job_name, pool_job, samples
from quantum_operator.reconcile import Needs
from quantum_operator.settings import OperatorSettings
from quantum_operator.views import MANAGED_BY, POOL_LABEL, PRIORITY_LABEL, QUEUE_LABEL, TASK_LABEL, job_of
from quantum_tasks.resource import QuantumTask
from quantum_tasks.task import Method

UID = "0e7a4b7c-52f1-4c3e-9a35-0f2f6b1d9c11"
OTHER_UID = "f3a1c9d2-52f1-4c3e-9a35-0f2f6b1d9c11"
URL = "redis://redis:6379/0"
SETTINGS = OperatorSettings(runner_redis_url=SecretStr(URL))
MIB = 2**20
SMALL = Needs(2, Method.STATEVECTOR, 256 * MIB)
LARGE = Needs(28, Method.STATEVECTOR, 4800 * MIB)


def task(
    name: str = "bell",
    uid: str = UID,
    labels: dict[str, str] | None = None,
    **spec: Any,  # noqa: ANN401 - what a user writes
) -> QuantumTask:
    """A task with this spec."""
    meta = {"name": name, "namespace": "lab", "uid": uid, "labels": labels or {}}
    return QuantumTask.of({"metadata": meta, "spec": spec})


def manifests() -> list[dict[str, Any]]:
    """One Job of each sort."""
    return [job(task(), SMALL, SETTINGS), pool_job("pool-1", "lab", SETTINGS)]


def pod_spec(body: dict[str, Any]) -> dict[str, Any]:
    """The spec of a Job's Pods."""
    spec: dict[str, Any] = body["spec"]["template"]["spec"]
    return spec


def container(body: dict[str, Any]) -> dict[str, Any]:
    """The one container of a Job's Pods."""
    [one] = pod_spec(body)["containers"]
    assert isinstance(one, dict)
    return one


def env(body: dict[str, Any]) -> dict[str, Any]:
    """The environment of a Job's container: values, or where they come from."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(body)["env"]}


# -- what a Pod may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", manifests(), ids=["task", "pool"])
def test_pods_pass_pod_security_restricted(body: dict[str, Any]) -> None:
    """Every field that the Pod Security standard `restricted` asks for is set, and no field that it forbids."""
    spec, inside = pod_spec(body), container(body)["securityContext"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] != 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["allowPrivilegeEscalation"] is False
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert {kind for volume in spec["volumes"] for kind in volume} <= {"name", "emptyDir"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & spec.keys()
    assert not {"privileged", "procMount"} & inside.keys()


@pytest.mark.parametrize("body", manifests(), ids=["task", "pool"])
def test_pods_get_nothing_of_the_cluster(body: dict[str, Any]) -> None:
    """A Pod has no token, no links to services, and a root file system that it cannot write to."""
    spec = pod_spec(body)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert "serviceAccountName" not in spec
    assert container(body)["securityContext"]["readOnlyRootFilesystem"] is True
    assert [mount["mountPath"] for mount in container(body)["volumeMounts"]] == ["/tmp"]  # noqa: S108 - the Pod's own


@pytest.mark.parametrize("body", manifests(), ids=["task", "pool"])
def test_jobs_and_pods_are_what_the_operator_watches(body: dict[str, Any]) -> None:
    """Job and Pods carry the label that the operator selects by."""
    for labels in (body["metadata"]["labels"], body["spec"]["template"]["metadata"]["labels"]):
        assert labels[MANAGED_BY[0]] == MANAGED_BY[1]


def test_a_password_stays_in_its_secret() -> None:
    """With a Secret the Job says where the URL is and not what it is."""
    settings = OperatorSettings(
        redis_url=SecretStr("redis://:secret@redis:6379/0"),
        runner_redis_secret="qt-redis",  # noqa: S106 - a Secret's name
    )
    for body in (job(task(), SMALL, settings), pool_job("pool-1", "lab", settings)):
        assert env(body)["QT_REDIS_URL"] == {"secretKeyRef": {"name": "qt-redis", "key": "url"}}
        assert "secret@" not in repr(body)


def test_pods_find_redis_where_pods_find_it() -> None:
    """The runner's own URL comes before the operator's."""
    assert env(job(task(), SMALL, SETTINGS))["QT_REDIS_URL"] == URL
    assert env(job(task(), SMALL, OperatorSettings(redis_url=SecretStr(URL))))["QT_REDIS_URL"] == URL


# -- a task's Job --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "bell", "b" * 63, "a-" * 31 + "a", "a" * 39 + "-" + "b" * 23])
def test_a_jobs_name_leaves_room_for_its_pods(name: str) -> None:
    """A Job's name is a DNS label, and so is its Pods', who add six characters."""
    found = job_name(task(name))
    assert len(found) + 6 <= 63
    assert "--" not in found
    assert found.startswith(name[:20])


def test_a_jobs_name_is_a_function_of_the_uid() -> None:
    """The same object has the same Job name, whatever else changes; another object of the same name has another."""
    assert job_name(task(suspend=True)) == job_name(task(shots=5))
    assert job_name(task()) != job_name(task(uid=OTHER_UID))


def test_a_job_belongs_to_its_task() -> None:
    """The operator finds the owner again in what it made, and Job and Pods carry the task's uid."""
    body = job(task(), SMALL, SETTINGS)
    body["metadata"]["uid"] = "job-1"
    assert job_of(body).owner_uid == UID
    assert body["metadata"]["labels"][TASK_LABEL] == UID
    assert body["spec"]["template"]["metadata"]["labels"][TASK_LABEL] == UID
    assert body["metadata"]["namespace"] == "lab"


def test_the_runner_is_told_its_task() -> None:
    """The Pod knows the record's id, the object's uid, its own uid and where to leave its last words."""
    told = env(job(task(), SMALL, SETTINGS))
    assert (told["QT_TASK_ID"], told["QT_TASK_UID"]) == ("lab/bell", UID)
    assert told["QT_POD_UID"] == {"fieldRef": {"fieldPath": "metadata.uid"}}
    assert told["QT_TERMINATION_LOG"] == "/dev/termination-log"
    assert container(job(task(), SMALL, SETTINGS))["args"] == ["job"]


def test_a_refusal_ends_the_job_and_a_disruption_costs_nothing() -> None:
    """The Job fails at the runner's exit code for refusals, and does not count Pods that were disrupted."""
    spec = job(task(), SMALL, SETTINGS)["spec"]
    refusal, disruption = spec["podFailurePolicy"]["rules"]
    codes = {"containerName": "runner", "operator": "In", "values": [65]}  # no sidecar's
    assert refusal == {"action": "FailJob", "onExitCodes": codes}
    assert (disruption["action"], disruption["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["podReplacementPolicy"] == "Failed"
    assert (spec["completions"], spec["parallelism"]) == (1, 1)


@pytest.mark.parametrize(
    ("spec", "limit", "deadline"),
    [
        pytest.param({}, 2, 3600, id="defaults"),
        pytest.param({"backoffLimit": 5, "activeDeadlineSeconds": 10}, 5, 10, id="its-own"),
        pytest.param({"backoffLimit": 0}, 0, 3600, id="no-second-attempt"),
    ],
)
def test_a_tasks_limits_are_its_jobs(spec: dict[str, Any], limit: int, deadline: int) -> None:
    """Backoff limit and deadline are the task's, or else the operator's."""
    found = job(task(**spec), SMALL, SETTINGS)["spec"]
    assert (found["backoffLimit"], found["activeDeadlineSeconds"]) == (limit, deadline)
    assert found["ttlSecondsAfterFinished"] == 600


@pytest.mark.parametrize(
    ("labels", "setting", "queue"),
    [
        pytest.param({}, None, None, id="none"),
        pytest.param({QUEUE_LABEL: "team-a"}, None, "team-a", id="the-tasks"),
        pytest.param({}, "all", "all", id="the-operators"),
        pytest.param({QUEUE_LABEL: "team-a"}, "all", "team-a", id="the-tasks-comes-first"),
        pytest.param({QUEUE_LABEL: ""}, "all", "all", id="an-empty-name-is-none"),
        pytest.param({QUEUE_LABEL: ""}, None, None, id="an-empty-name-alone-is-none"),
    ],
)
def test_kueue_gets_the_queues_name_and_a_suspended_job(
    labels: dict[str, str], setting: str | None, queue: str | None
) -> None:
    """A Job with a queue starts suspended, for Kueue to admit; others do not. The operator reads both again alike."""
    subject, settings = task(labels={**labels, "mine": "x"}), SETTINGS.model_copy(update={"queue_name": setting})
    body = job(subject, SMALL, settings)
    assert body["metadata"]["labels"].get(QUEUE_LABEL) == queue
    assert "mine" not in body["metadata"]["labels"]
    body["metadata"]["uid"] = "job-1"
    assert (job_of(body).queue, job_of(body).suspended) == (queue, queue is not None)
    assert QUEUE_LABEL not in pool_job("pool-1", "lab", settings)["metadata"]["labels"]


def test_kueue_gets_a_tasks_priority() -> None:
    """The name of a workload priority is passed on as it is."""
    labels = {PRIORITY_LABEL: "high", QUEUE_LABEL: "team-a"}
    assert labels.items() <= job(task(labels=labels), SMALL, SETTINGS)["metadata"]["labels"].items()
    assert PRIORITY_LABEL not in job(task(), SMALL, SETTINGS)["metadata"]["labels"]


# -- resources -----------------------------------------------------------------------------------------------------


def resources(needs: Needs, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ANN401 - what a user writes
    """Requests and limits of the container of a task that asks for these resources."""
    found = container(job(task(resources=asked or None), needs, SETTINGS))["resources"]
    return found["requests"], found["limits"]


@pytest.mark.parametrize(
    ("needs", "cpu", "memory"),
    [
        pytest.param(SMALL, "100m", "256Mi", id="small"),
        pytest.param(LARGE, "1", "4800Mi", id="large"),
        pytest.param(Needs(9, Method.STATEVECTOR, 300 * MIB + 1), "100m", "301Mi", id="rounded-up"),
        pytest.param(Needs(), "1", "8192Mi", id="unchecked-gets-the-most"),
    ],
)
def test_resources_follow_from_the_size(needs: Needs, cpu: str, memory: str) -> None:
    """Memory is what the check found, as request and as limit, and large programs get more of the processor."""
    assert resources(needs) == ({"cpu": cpu, "memory": memory}, {"memory": memory})


def test_resources_that_were_asked_for_come_first() -> None:
    """What a user asks for replaces what follows from the size, name by name."""
    requests, limits = resources(SMALL, requests={"cpu": "2"}, limits={"memory": "1Gi", "cpu": "4"})
    assert requests == {"cpu": "2", "memory": "1Gi"}
    assert limits == {"memory": "1Gi", "cpu": "4"}


def amount(quantity: str | int) -> float:
    """A quantity of Kubernetes as a number."""
    text = str(quantity)
    units = {"m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    unit = next((unit for unit in sorted(units, key=len, reverse=True) if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * units.get(unit, 1)


@pytest.mark.parametrize(
    ("needs", "asked"),
    [
        pytest.param(SMALL, {"limits": {"memory": "128Mi"}}, id="less-memory-than-the-size"),
        pytest.param(SMALL, {"limits": {"memory": "4Gi"}}, id="more-memory-than-the-size"),
        pytest.param(SMALL, {"requests": {"memory": "64Mi"}}, id="request-below-the-size"),
        pytest.param(SMALL, {"requests": {"memory": "4Gi"}}, id="request-above-the-size"),
        pytest.param(LARGE, {"limits": {"cpu": "500m"}}, id="less-cpu-than-the-size"),
        pytest.param(LARGE, {"limits": {"cpu": 4}}, id="more-cpu-than-the-size"),
    ],
)
def test_no_request_is_above_its_limit(needs: Needs, asked: dict[str, Any]) -> None:
    """Whatever part of the resources a user asks for, the rest fits to it: the API server refuses other Jobs."""
    requests, limits = resources(needs, **asked)
    for name, limit in limits.items():
        assert amount(requests[name]) <= amount(limit), f"{name}: {requests[name]} of at most {limit}"


# -- the pool's Jobs -----------------------------------------------------------------------------------------------


def test_a_job_of_the_pool_is_a_worker_that_ends() -> None:
    """A pool's Job runs a worker that ends when idle, sweeps nothing, is not repeated, and belongs to no task."""
    body = pool_job("pool-1", "lab", SETTINGS)
    assert container(body)["args"] == ["worker"]
    told = env(body)
    assert (told["QT_IDLE_SECONDS"], told["QT_SWEEP"], told["QT_CONCURRENCY"]) == ("60.0", "false", "2")
    assert told["QT_MAX_ATTEMPTS"] == "3"
    assert body["spec"]["backoffLimit"] == 0
    assert body["metadata"]["labels"][POOL_LABEL] == "default"
    assert TASK_LABEL not in body["metadata"]["labels"]
    assert "ownerReferences" not in body["metadata"]
    assert container(body)["resources"] == {
        "requests": {"cpu": "500m", "memory": "2048Mi"},
        "limits": {"memory": "2048Mi"},
    }


def test_a_worker_of_the_pool_has_time_to_stop() -> None:
    """Kubernetes waits for longer than the worker takes to give its tasks back, which is 10 s."""
    assert pod_spec(pool_job("pool-1", "lab", SETTINGS))["terminationGracePeriodSeconds"] > 10


# -- samples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("namespace", "pool_namespace", "found"), [(None, None, "default"), ("lab", None, "lab"), (None, "pool", "pool")]
)
def test_settings_are_tried_by_a_job_of_each_sort(
    namespace: str | None, pool_namespace: str | None, found: str
) -> None:
    """The samples are the Jobs that there will be, where the pool's are, and of a task that is nobody's."""
    update = {"namespace": namespace, "pool_namespace": pool_namespace}
    of_a_task, of_the_pool = samples(SETTINGS.model_copy(update=update))
    assert (container(of_a_task)["args"], container(of_the_pool)["args"]) == (["job"], ["worker"])
    assert {body["metadata"]["namespace"] for body in (of_a_task, of_the_pool)} == {found}
    assert of_a_task["metadata"]["ownerReferences"][0]["uid"].strip("0-") == ""


def test_without_a_pool_there_is_no_sample_of_it() -> None:
    """What the operator will not make, it does not try."""
    assert len(samples(SETTINGS.model_copy(update={"pool_max_jobs": 0}))) == 1
