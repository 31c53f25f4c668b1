"""The project in a namespace of a kind cluster: images built and loaded, manifests applied, the API reached."""

import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import yaml
from support.client import Client
from support.cluster import Cluster
from support.engine import script
from support.kubectl_tasks import SOON, KubectlTasks
from support.processes import kill
from support.waiting import eventually

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
PARTS = ("api", "operator", "runner")
REGISTRY = "registry.example.org/lab"
BUILD_SECONDS = 1800
READY_SECONDS = 180


def load_images(cluster: Cluster) -> None:
    """Build the images of every part and copy them, and the public ones that are used beside them, into the cluster."""
    for part in PARTS:
        build_image(part, image(part), ROOT)
    images = [image(part) for part in PARTS]
    # by the names, too, that the README has them pulled by
    published = [f"{REGISTRY}/{built}:{version('quantum-tasks')}" for built in images]
    for built, name in zip(images, published, strict=True):
        subprocess.run(["docker", "tag", built, name], check=True, timeout=BUILD_SECONDS)
    cluster.load(*images, *published, "redis:8", script("kubectl-image.sh").strip())


def image(part: str) -> str:
    """The name of a part's image in the manifests."""
    return f"quantum-tasks-{part}"


def build_image(part: str, name: str, sources: Path) -> None:
    """Build the image of a part from a folder that has the project's sources."""
    python = script("base-images.sh").strip()
    command = ["docker", "build", "--quiet", "--network", "host", "--build-arg", f"PYTHON_IMAGE={python}"]
    command += ["--tag", name, "--file", f"{part}/Dockerfile", "."]
    env = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(
        command, cwd=sources, env=env, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS
    )
    assert done.returncode == 0, done.stderr[-3000:]


def node_url(tasks: KubectlTasks, service: str) -> str:
    """Where a Service of type NodePort answers."""
    [port] = tasks.get("service", service)["spec"]["ports"]
    addresses = tasks.get("nodes")["items"][0]["status"]["addresses"]
    [address] = [each["address"] for each in addresses if each["type"] == "InternalIP"]
    return f"http://{address}:{port['nodePort']}"


def reachable(api: httpx.Client) -> bool:
    """Whether the API answers that it is ready."""
    try:
        return api.get("/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


class Installation(KubectlTasks):
    """The manifests in a namespace of its own. `settings` go to API and operator alike."""

    def __init__(self, cluster: Cluster, namespace: str, **settings: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._settings = settings

    def install(self) -> None:
        """Apply the manifests, and wait until every part is ready."""
        documents = self.documents()
        objects = {"apiVersion": "v1", "kind": "List", "items": documents}
        first = [body for body in documents if body["kind"] in ("Namespace", "CustomResourceDefinition")]
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps({**objects, "items": first}))
        self.cluster.kubectl("wait", "--for=condition=Established", "crd/quantumtasks.quantumtask.dev")
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(objects))
        for what in ("statefulset/quantum-tasks-redis", "deploy/quantum-tasks-operator", "deploy/quantum-tasks-api"):
            self.rolled_out(what)
        with self.client() as client:
            eventually(lambda: reachable(client.http), READY_SECONDS, "the API to answer")

    def documents(self) -> list[dict[str, Any]]:
        """What is applied."""
        return [self._fitted(body) for body in yaml.safe_load_all(self.cluster.kubectl("kustomize", str(K8S)))]

    def remove(self) -> None:
        """Remove the namespace with all that is in it."""
        self.cluster.kubectl("delete", "namespace", self.namespace, "--wait=false")

    @property
    def base_url(self) -> str:
        """Where the API answers: at a port of the node, which outlives Pods and connections."""
        return node_url(self, "quantum-tasks-api")

    def client(self) -> Client:
        """A client of the API."""
        return Client(self.base_url)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """See KubectlTasks."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def explanation(self, name: str) -> str:
        """See KubectlTasks."""
        told = self.kubectl("describe", "quantumtask", name)[-3000:]
        return told + self.kubectl("logs", "deploy/quantum-tasks-operator", "--tail=40")

    def redis(self, *command: str) -> str:
        """What redis-cli says."""
        return self.kubectl("exec", "quantum-tasks-redis-0", "--", "redis-cli", "--raw", *command).strip()

    def set_env(self, part: str, **settings: str) -> None:
        """Change the settings of a part; a value '' unsets one. Waits until it has them."""
        changes = [f"{name}={value}" if value else f"{name}-" for name, value in settings.items()]
        self.kubectl("set", "env", f"deploy/quantum-tasks-{part}", *changes)
        self.rolled_out(f"deploy/quantum-tasks-{part}")

    def rolled_out(self, what: str) -> None:
        """Wait until a workload is as it should be."""
        self.kubectl("rollout", "status", what, f"--timeout={READY_SECONDS}s")

    def kill_operator(self) -> None:
        """Send the operator SIGKILL, as an accident would, and wait until Kubernetes has started it anew."""
        restarts = self._operator()["restartCount"]
        for pid in processes_of(self._operator_pod()["metadata"]["uid"], "quantum_operator"):
            kill(pid)
        eventually(lambda: self._operator()["restartCount"] > restarts, SOON, "Kubernetes to notice")
        eventually(lambda: self._operator()["ready"], SOON, "the operator to be back")

    def _operator_pod(self) -> Any:  # noqa: ANN401 - whatever Kubernetes says
        [pod] = self.get("pods", "-l", "app.kubernetes.io/component=operator")["items"]
        return pod

    def _operator(self) -> Any:  # noqa: ANN401 - whatever Kubernetes says
        return self._operator_pod()["status"]["containerStatuses"][0]

    def _fitted(self, body: dict[str, Any]) -> dict[str, Any]:
        """A document of the manifests, for this namespace and its settings."""
        if body["kind"] == "Namespace":
            body["metadata"]["name"] = self.namespace
        elif "namespace" in body["metadata"]:
            body["metadata"]["namespace"] = self.namespace
        for subject in body.get("subjects", ()):
            subject["namespace"] = self.namespace
        if body["kind"] == "Service" and body["metadata"]["name"] == "quantum-tasks-api":
            body["spec"]["type"] = "NodePort"
        if body["kind"] == "Deployment":
            env = body["spec"]["template"]["spec"]["containers"][0]["env"]
            env += [{"name": name, "value": value} for name, value in self._settings.items()]
        return body


def processes_of(pod_uid: str, word: str) -> list[int]:
    """The processes of a Pod with a word in their command line, by the ids that this machine knows them by."""
    found = []
    marks = (pod_uid, pod_uid.replace("-", "_"))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                groups, command = (entry / "cgroup").read_text(), (entry / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if word in command and any(mark in groups for mark in marks):
                found.append(int(entry.name))
    return found
