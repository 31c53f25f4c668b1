"""Pod templates and Kueue's queue, on a real API server."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from support.control_plane import ControlPlane
from support.kubectl_tasks import SOON
from support.namespace import Namespace, installed
from support.operator_process import OperatorProcess, install_roles
from support.redis_server import RedisServer
from support.waiting import eventually

TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"team": "quantum"}, "annotations": {"sidecar.istio.io/inject": "false"}},
    "spec": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "quantum", "operator": "Exists", "effect": "NoSchedule"}],
        "terminationGracePeriodSeconds": 7,
        "securityContext": {"fsGroup": None},
        "imagePullSecrets": [{"name": "registry"}],
        "containers": [
            {
                "name": "runner",
                "env": [{"name": "QT_PATIENCE_SECONDS", "value": "30"}],
                "volumeMounts": [{"name": "ca", "mountPath": "/ca", "readOnly": True}],
            }
        ],
        "initContainers": [
            {
                "name": "mesh",
                "image": "mesh:1",
                "restartPolicy": "Always",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "runAsNonRoot": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
        "volumes": [{"name": "ca", "configMap": {"name": "our-ca"}}, {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
    },
}


def file(folder: Path, name: str, template: dict[str, Any]) -> str:
    """A template's file."""
    path = folder / name
    path.write_text(json.dumps(template))
    return str(path)


def pod(namespace: Namespace, **labels: str) -> dict[str, Any]:
    """The first Pod with these labels."""
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    found: dict[str, Any] = eventually(lambda: namespace.get("pods", "-l", selector)["items"], SOON, "a Pod")[0]
    return found


@pytest.fixture(autouse=True)
def _of_the_plane(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))


def test_templates_are_laid_over_the_pods(plane: ControlPlane, tmp_path: Path) -> None:
    """Pods of a Job and of the pool have what their templates say beside what we say, and run their tasks."""
    settings = {
        "QT_RUNNER_POD_TEMPLATE": file(tmp_path, "job.json", TEMPLATE),
        "QT_POOL_POD_TEMPLATE": file(tmp_path, "pool.json", {"metadata": {"labels": {"team": "pool"}}}),
    }
    with RedisServer() as redis, installed(plane, redis, **settings) as namespace:
        namespace.submit("bell")
        namespace.submit("quick", executionMode="Pool")
        assert namespace.finished("bell")["phase"] == "Succeeded"
        assert namespace.finished("quick")["phase"] == "Succeeded"
        made = pod(namespace, team="quantum")
        spec, told = made["spec"], TEMPLATE["spec"]
        assert made["metadata"]["annotations"]["sidecar.istio.io/inject"] == "false"
        assert made["metadata"]["labels"]["quantumtask.dev/task-uid"]
        assert (spec["nodeSelector"], spec["imagePullSecrets"]) == (told["nodeSelector"], told["imagePullSecrets"])
        assert told["tolerations"][0] in spec["tolerations"]
        assert spec["terminationGracePeriodSeconds"] == 7
        assert "fsGroup" not in spec["securityContext"]
        assert spec["securityContext"]["runAsUser"] == 10001
        assert [volume["name"] for volume in spec["volumes"]] == ["tmp", "ca"]
        assert spec["volumes"][0]["emptyDir"]["sizeLimit"] == "1Gi"
        [container] = spec["containers"]
        assert container["env"][-1] == {"name": "QT_PATIENCE_SECONDS", "value": "30"}
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp", "/ca"]  # noqa: S108 - the Pod's
        assert [each["name"] for each in spec["initContainers"]] == ["mesh"]
        assert "nodeSelector" not in pod(namespace, team="pool")["spec"]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        pytest.param(
            {"spec": {"nodeSelectr": {"disk": "ssd"}}}, 'unknown field "spec.template.spec.nodeSelectr"', id="name"
        ),
        pytest.param(
            {"spec": {"tolerations": [{"key": "a", "operator": "Sometimes"}]}},
            "spec.template.spec.tolerations[0].operator",
            id="value",
        ),
        pytest.param({"spec": {"priorityClassName": 5}}, "priorityClassName", id="type"),
        pytest.param(
            {"spec": {"containers": [{"name": "runner", "env": [{"$patch": "delete", "name": "A"}]}]}},
            "$patch",
            id="directive",
        ),
        pytest.param({"spec": {"restartPolicy": "Always"}}, "spec.restartPolicy: cannot be changed", id="ours"),
    ],
)
def test_a_template_with_a_slip_ends_the_operator(
    plane: ControlPlane, tmp_path: Path, redis_url: str, template: dict[str, Any], told: str
) -> None:
    """What the API server would not take, or would drop, is told of in one line when the operator starts."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    install_roles(plane, namespace)
    settings = {"QT_RUNNER_POD_TEMPLATE": file(tmp_path, "job.json", template)}
    said = OperatorProcess(plane, namespace, redis_url, **settings).start_in_vain().strip()
    plane.kubectl("delete", "namespace", namespace, "--wait=false")
    assert told in said.replace("\\", "")  # JSON's own
    assert "\n" not in said
    assert "Traceback" not in said


def test_no_job_is_made_by_the_trial(namespace: Namespace) -> None:
    """The Jobs by which the settings are tried are never there, and nobody's policy is a reason not to start."""
    assert namespace.jobs() == []
    namespace.kubectl("create", "quota", "none", "--hard=count/jobs.batch=0")
    namespace.operator.restart()
    assert any("would be refused now" in line["event"] for line in namespace.operator.log())


def test_jobs_have_the_queue_of_the_setting(plane: ControlPlane) -> None:
    """A Job waits in the queue of its time, whatever the setting is by now, and runs once Kueue lets it go."""
    with RedisServer() as redis, installed(plane, redis, QT_QUEUE_NAME="all") as namespace:
        namespace.submit("queued")
        waits = namespace.until("queued", "its Job", lambda status: "Kueue" in status.get("message", ""))
        assert waits["phase"] == "Pending"
        [job] = namespace.jobs()
        assert (job["spec"]["suspend"], job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"]) == (True, "all")
        namespace.operator.restart(QT_QUEUE_NAME="other")
        namespace.submit("later")
        namespace.until("later", "its Job", lambda status: "Kueue" in status.get("message", ""))
        queues = {
            job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"]: job["spec"]["suspend"] for job in namespace.jobs()
        }
        assert queues == {"all": True, "other": True}
        # what Kueue does once there is room
        namespace.kubectl("patch", "job", job["metadata"]["name"], "--type=merge", "-p", '{"spec":{"suspend":false}}')
        assert namespace.finished("queued")["phase"] == "Succeeded"
