"""The cluster itself: what all further tests on it rely on."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from support.cluster import Cluster
from support.waiting import eventually

pytestmark = pytest.mark.cluster

JOB = """
apiVersion: batch/v1
kind: Job
metadata:
  name: job
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: only
        image: {image}
        imagePullPolicy: IfNotPresent
        command: [{command}]
"""

CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Mi}}
"""

PORT = 8080
SECONDS = 30
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()
    print("reached")
except OSError as error:
    print(error)
"""


class Ground:
    """A namespace, and Pods in it that try to reach each other."""

    def __init__(self, cluster: Cluster, namespace: str, image: str) -> None:
        self.cluster = cluster
        self._namespace = namespace
        self._image = image

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self._namespace, *arguments, stdin=stdin)

    def apply(self, *bodies: dict[str, Any]) -> None:
        """Apply objects."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies}))

    def run(self, name: str, script: str) -> str:
        """Run a script in a Pod, with the claim `data` at /data, to its end, and give what it printed."""
        body = self._pod(name, "sh", "-c", script)
        body["spec"]["restartPolicy"] = "Never"
        body["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        body["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        self.apply(body)
        self.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", "--timeout=120s")
        return self.kubectl("logs", name)

    def serve(self, *names: str) -> None:
        """Have Pods that serve, each with a Service of its name, and wait until the kubelet has reached them."""
        for name in names:
            body = self._pod(name, "python3", "-m", "http.server", str(PORT), "--directory", "/tmp")  # noqa: S108
            probe = {"httpGet": {"port": PORT, "path": "/"}, "periodSeconds": 1}
            body["spec"]["containers"][0]["readinessProbe"] = probe
            service = {"selector": {"app": name}, "ports": [{"port": PORT}]}
            self.apply(body, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": service})
        pods = [f"pod/{name}" for name in names]
        self.kubectl("wait", "--for=condition=Ready", *pods, "--timeout=120s")

    def enforce(self, selected: str, **spec: Any) -> None:  # noqa: ANN401 - what policies say
        """Have a policy for a Pod."""
        body = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "policy"}}
        self.apply({**body, "spec": {"podSelector": {"matchLabels": {"app": selected}}, **spec}})

    def reaches(self, pod: str, host: str, port: int = PORT) -> bool:
        """Whether a Pod gets a connection."""
        return self.kubectl("exec", pod, "--", "python3", "-c", CONNECT, host, str(port)) == "reached\n"

    def reached(self, pod: str, host: str, port: int = PORT) -> None:
        """Wait until a Pod gets a connection: a new Service is known a moment later than it is there."""
        eventually(lambda: self.reaches(pod, host, port), SECONDS, f"{pod} to reach {host}")

    def refused(self, pod: str, host: str, port: int = PORT) -> None:
        """Wait until a Pod gets no connection; skip where the network of a user's own cluster enforces no policy."""
        try:
            eventually(lambda: not self.reaches(pod, host, port), SECONDS, f"{pod} not to reach {host}")
        except AssertionError:
            if not self.cluster.is_of_packages:
                pytest.skip("this test needs a cluster whose network enforces policies")
            raise

    def _pod(self, name: str, *command: str) -> dict[str, Any]:
        """A Pod as Pod Security `restricted` wants it, with nothing to write to."""
        user = {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        rights = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        container = {"name": "only", "image": self._image, "command": command, "securityContext": rights}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "containers": [{**container, "imagePullPolicy": "IfNotPresent"}],
                "securityContext": user,
                "terminationGracePeriodSeconds": 0,
            },
        }


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"qt-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def python_image(cluster: Cluster) -> str:
    """The Python image that images are built on, in every node."""
    return cluster.load_python()


@pytest.fixture
def ground(cluster: Cluster, namespace: str, python_image: str) -> Ground:
    """The test's namespace, to have Pods in."""
    return Ground(cluster, namespace, python_image)


def test_a_job_from_a_loaded_image_completes(cluster: Cluster, namespace: str, python_image: str) -> None:
    """A Job that runs `true` in an image that was loaded, and pulled from nowhere, completes."""
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=JOB.format(image=python_image, command='"true"'))
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Complete", "job/job", "--timeout=120s")


def test_requests_of_service_accounts_are_in_the_audit_log(cluster: Cluster, namespace: str) -> None:
    """A request with a service account's token is in the audit log, and an administrator's is not."""
    server = cluster.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    token = cluster.kubectl("-n", namespace, "create", "token", "default").strip()
    # the administrator's certificate would come before the token
    nobody = ("--kubeconfig=/dev/null", f"--server={server}", "--insecure-skip-tls-verify")
    cluster.kubectl(*nobody, f"--token={token}", "auth", "whoami")
    user = f"system:serviceaccount:{namespace}:default"
    log = cluster.audit_log()
    # a request for no resource, such as for a version, refers to none
    asked = [
        (event["verb"], event["objectRef"]["resource"])
        for event in log
        if "objectRef" in event and _user(event) == user
    ]
    assert asked == [("create", "selfsubjectreviews")]
    assert [_user(event) for event in log if not _user(event).startswith("system:serviceaccount:")] == []


def _user(event: dict[str, Any]) -> str:
    name: str = event["user"]["username"]
    return name


DNS = {"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": each} for each in ("UDP", "TCP")]}
NAMED = {"podSelector": {"matchLabels": {"app": "named"}}}
"""The Pod that policies name."""


def test_a_claim_keeps_data_from_pod_to_pod(ground: Ground) -> None:
    """A claim without a class is bound, and what a Pod of a user other than root wrote there, its next Pod reads."""
    if not ground.cluster.is_of_packages and "(default)" not in ground.kubectl("get", "storageclasses"):
        pytest.skip("this test needs a cluster with a default StorageClass")
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    ground.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec})
    ground.run("writer", "echo kept >/data/file")
    assert ground.kubectl("get", "pvc/data", "-o", "jsonpath={.status.phase}") == "Bound"
    ground.kubectl("delete", "pod", "writer")
    assert ground.run("reader", "cat /data/file") == "kept\n"


def test_a_policy_says_whom_a_pod_reaches(ground: Ground) -> None:
    """Of two Services that a Pod reached by name, a policy leaves the one whose Pod it names, and DNS."""
    ground.serve("client", "named", "other")
    ground.reached("client", "named")
    ground.reached("client", "other")
    ground.enforce("client", policyTypes=["Egress"], egress=[DNS, {"to": [NAMED]}])
    ground.refused("client", "other")
    assert ground.reaches("client", "named")
    # no policy selects this one
    assert ground.reaches("named", "other")


def test_a_policy_says_who_reaches_a_pod(ground: Ground) -> None:
    """Of two Pods that reached a third, a policy leaves the one that it names, and it leaves the kubelet's probes."""
    ground.serve("server", "named", "other")
    ground.reached("named", "server")
    ground.reached("other", "server")
    ground.enforce("server", ingress=[{"from": [NAMED]}])
    ground.refused("other", "server")
    assert ground.reaches("named", "server")
    # ready by probes from before the policy, it is now by others
    ground.kubectl("delete", "pod", "server")
    ground.serve("server")
    ground.reached("named", "server")
    ground.refused("other", "server")


def test_a_policy_keeps_a_pod_from_the_api_server(ground: Ground) -> None:
    """A Pod that reached the API server, on its own node, is kept from it by a policy that does not name it."""
    if not ground.cluster.is_of_packages:
        pytest.skip("this test needs the node image of tests/cluster: kindnet lets Pods reach their own node")
    ground.serve("client", "named")
    ground.reached("client", "kubernetes.default", 443)
    ground.enforce("client", policyTypes=["Egress"], egress=[DNS, {"to": [NAMED]}])
    ground.refused("client", "kubernetes.default", 443)
    assert ground.reaches("client", "named")
