"""Releases on a real API server: what they make, share, keep and leave."""

import json
import re
import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from quantum_tasks.crd import crd
from support.control_plane import ControlPlane
from support.helm import CHART, Object, helm, load_all, make_namespace, try_helm
from support.waiting import eventually

CRD = "quantumtasks.quantumtask.dev"
K8S = CHART.parents[1] / "k8s"
TASK = {
    "apiVersion": "quantumtask.dev/v1alpha1",
    "kind": "QuantumTask",
    "metadata": {"name": "kept"},
    "spec": {"qasm": "OPENQASM 3; qubit q; bit c; c = measure q;"},
}
KINDS = (
    "deployments,statefulsets,services,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,"
    "poddisruptionbudgets,horizontalpodautoscalers,ingresses,pods,persistentvolumeclaims,httproutes,servicemonitors"
)


class Release:
    """A release in a namespace of its own, on a control plane where no Pod runs."""

    def __init__(self, plane: ControlPlane, name: str, namespace: str) -> None:
        self.plane = plane
        self.name = name
        self.namespace = namespace

    def install(self, *settings: str) -> str:
        """Install, and give what helm says."""
        return self.helm("install", self.name, str(CHART), *_sets(settings))

    def upgrade(self, *settings: str, flags: tuple[str, ...] = ()) -> str:
        """Upgrade to these settings, and give what helm says."""
        return self.helm("upgrade", self.name, str(CHART), *flags, *_sets(settings))

    def refused(self, *settings: str) -> str:
        """Why an installation is refused."""
        command = ("install", self.name, str(CHART), "--namespace", self.namespace, *_sets(settings))
        done = try_helm(*command, kubeconfig=self.plane.kubeconfig)
        assert done.returncode != 0
        return done.stderr

    def helm(self, *arguments: str) -> str:
        """Run helm in the namespace."""
        return helm(*arguments, "--namespace", self.namespace, kubeconfig=self.plane.kubeconfig)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.plane.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def get(self, *what: str) -> Object:
        """What `kubectl get WHAT -o json` gives."""
        found: Object = json.loads(self.kubectl("get", *what, "-o", "json"))
        return found

    def secrets(self) -> dict[str, dict[str, str]]:
        """What is in the Secrets of the namespace that are for Redis, as Kubernetes encodes it."""
        found = self.get("secrets", "-l", "app.kubernetes.io/component=redis")["items"]
        return {each["metadata"]["name"]: each["data"] for each in found}

    def submit(self) -> None:
        """Make a task, as a user would."""
        _wait_until_served(self.plane)
        self.kubectl("apply", "-f", "-", stdin=json.dumps(TASK))

    def left(self) -> set[tuple[str, str]]:
        """What is there that the chart made, or that was made for it."""
        found = self.get(KINDS, "-l", f"app.kubernetes.io/instance={self.name}")["items"]
        return {(each["kind"], each["metadata"]["name"]) for each in found}


def _sets(settings: tuple[str, ...]) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


@pytest.fixture
def plane(helm_plane: ControlPlane) -> ControlPlane:
    """The control plane, which knows no QuantumTasks yet."""
    if helm_plane.try_kubectl("get", "crd", CRD).returncode == 0:
        _wait_until_served(helm_plane)  # one that goes before it is there takes its time
        helm_plane.kubectl("delete", "crd", CRD)
    return helm_plane


@pytest.fixture
def release(plane: ControlPlane) -> Iterator[Release]:
    """A release that is not installed yet."""
    with _release(plane) as release:
        yield release


@contextmanager
def _release(plane: ControlPlane) -> Iterator[Release]:
    namespace = f"lab-{uuid.uuid4().hex[:8]}"
    make_namespace(plane, namespace)
    release = Release(plane, "qt", namespace)
    try:
        yield release
    finally:
        release.helm("uninstall", "qt", "--ignore-not-found")


def _wait_until_served(plane: ControlPlane) -> None:
    eventually(lambda: plane.try_kubectl("get", "quantumtasks").returncode == 0, 60, "the resource to be served")


def _owner(plane: ControlPlane) -> tuple[str, str]:
    notes = plane.get("crd", CRD)["metadata"].get("annotations", {})
    return notes.get("meta.helm.sh/release-namespace", ""), notes.get("meta.helm.sh/release-name", "")


def _follow(release: Release, notes: str) -> None:
    """Do what the notes say about the definition."""
    commands = re.findall(rf"^kubectl (.*crd {CRD} .*)$", notes, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["label", "annotate"]
    for command in commands:
        release.plane.kubectl(*shlex.split(command))


def test_an_upgrade_changes_nothing_that_is_not_asked_for(release: Release) -> None:
    """An upgrade with the same values keeps the passwords, and replaces no Pod."""
    release.install()
    secrets, workloads = release.secrets(), release.get("deployments,statefulsets")["items"]
    release.upgrade()
    assert release.secrets() == secrets
    after = release.get("deployments,statefulsets")["items"]
    assert [each["metadata"]["generation"] for each in after] == [each["metadata"]["generation"] for each in workloads]


def test_an_upgrade_replaces_the_pods_that_it_is_about(release: Release) -> None:
    """Changed Pod templates make a new operator, and a changed configuration of Redis makes a new Redis."""
    release.install()

    def generations() -> dict[str, int]:
        found = release.get("deployments,statefulsets")["items"]
        return {each["metadata"]["name"].rpartition("-")[2]: each["metadata"]["generation"] for each in found}

    assert generations() == {"api": 1, "operator": 1, "redis": 1}
    release.upgrade("runner.runtimeClassName=sandboxed")
    assert generations() == {"api": 1, "operator": 2, "redis": 1}
    release.upgrade("runner.runtimeClassName=sandboxed", "redis.maxMemory=700mb")
    assert generations() == {"api": 1, "operator": 2, "redis": 2}


def test_passwords_are_in_secrets_only(release: Release) -> None:
    """Neither what helm says, nor an object that is no Secret, has a password of Redis."""
    said = [release.install(), release.upgrade(), release.helm("status", "qt"), release.helm("get", "notes", "qt")]
    said.append(json.dumps(release.get(KINDS.replace("secrets,", ""))))
    decoded = yaml.safe_load(
        release.kubectl(
            "get",
            "secret",
            "qt-quantum-tasks-redis",
            "-o",
            "go-template={{range $k, $v := .data}}{{$k}}: {{$v | base64decode}}\n{{end}}",
        )
    )
    for password in (decoded["password"], decoded["runner-password"]):
        assert len(password) == 32
        assert [text for text in said if password in text] == []


def test_an_uninstall_keeps_what_would_be_missed(release: Release) -> None:
    """Uninstalling leaves the definition, tasks, Redis's passwords and its volume, and nothing else."""
    plane = release.plane
    release.install("operator.allNamespaces=true", "rbac.aggregateToDefaultRoles=true")
    release.submit()
    eventually(lambda: ("PersistentVolumeClaim", "data-qt-quantum-tasks-redis-0") in release.left(), 60, "the claim")
    release.helm("uninstall", "qt")
    kept = {
        ("PersistentVolumeClaim", "data-qt-quantum-tasks-redis-0"),
        ("Secret", "qt-quantum-tasks-redis"),
        ("Secret", "qt-quantum-tasks-redis-runner"),
    }
    # what Kubernetes made for them goes after them
    eventually(lambda: release.left() == kept, 60, "the rest to go")
    assert release.get("quantumtask", "kept")["spec"]["shots"] == 1024
    everywhere = "clusterroles,clusterrolebindings"
    assert plane.get(everywhere, "-l", "app.kubernetes.io/part-of=quantum-tasks")["items"] == []


def test_an_installation_finds_what_was_kept(release: Release) -> None:
    """Installing again under the same name finds tasks and passwords, and has the definition again."""
    plane = release.plane
    release.install()
    release.submit()
    secrets = release.secrets()
    release.helm("uninstall", "qt")
    said = release.install()
    assert release.secrets() == secrets
    assert release.get("quantumtask", "kept")
    assert _owner(plane) == (release.namespace, "qt")
    assert "definition of QuantumTasks" not in said


def test_a_definition_that_is_not_to_be_kept_goes(release: Release) -> None:
    """With `crds.keep=false` an uninstall takes the definition away, and every task with it."""
    plane = release.plane
    release.install("crds.keep=false")
    release.submit()
    release.helm("uninstall", "qt")
    eventually(lambda: plane.try_kubectl("get", "crd", CRD).returncode != 0, 60, "the definition to go")


def test_secrets_that_are_there_are_taken(release: Release) -> None:
    """With Secrets of one's own the chart makes none."""
    release.install("redis.auth.existingSecret=mine", "redis.auth.existingRunnerSecret=theirs")
    assert release.secrets() == {}


def test_one_release_looks_after_a_namespace(release: Release) -> None:
    """A second release in a namespace is refused before anything of it is there."""
    release.install()
    second = Release(release.plane, "other", release.namespace)
    assert f"namespace {release.namespace} has an operator already, qt-quantum-tasks-operator" in second.refused()
    assert second.left() == set()
    release.upgrade()


def test_a_release_and_the_manifests_do_not_share_a_namespace(release: Release) -> None:
    """A release is refused where the operator of k8s/ looks after the namespace."""
    [deployment] = [each for each in load_all((K8S / "operator.yaml").read_text()) if each["kind"] == "Deployment"]
    release.kubectl("apply", "-f", "-", stdin=json.dumps(deployment))
    assert "has an operator already, quantum-tasks-operator" in release.refused()


def test_two_releases_share_a_definition(release: Release) -> None:
    """A release leaves the definition to another that installed it, and takes it over by the notes' commands."""
    plane, first = release.plane, release
    assert "definition of QuantumTasks" not in first.install("crds.keep=false")
    with _release(plane) as second:
        said = second.install()
        assert f"The definition of QuantumTasks belongs to the release {first.namespace}/qt" in said
        assert "--force-conflicts" not in said
        assert _owner(plane) == (first.namespace, "qt")
        _follow(second, said)
        assert "definition of QuantumTasks" not in second.upgrade()
        assert _owner(plane) == (second.namespace, "qt")
        assert "helm.sh/resource-policy" in plane.get("crd", CRD)["metadata"]["annotations"]
        second.submit()
        # neither an upgrade nor an uninstall of the first one takes away what is now the second one's
        assert f"belongs to the release {second.namespace}/qt" in first.upgrade("crds.keep=false")
        first.helm("uninstall", "qt")
        assert second.get("quantumtask", "kept")


def test_a_definition_that_was_applied_is_left_alone(release: Release) -> None:
    """A definition from k8s/ stays as it is until the notes are followed; then an upgrade makes it the chart's."""
    plane = release.plane
    older = crd()
    older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = "An older one."
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(older))
    said = release.install()
    assert "The definition of QuantumTasks belongs to no release" in said
    assert _owner(plane) == ("", "")
    _follow(release, said)
    [flag] = re.findall(r"next helm upgrade (--\S+):", said)
    release.upgrade(flags=(flag,))
    assert _owner(plane) == (release.namespace, "qt")
    found = plane.get("crd", CRD)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"]
    assert found == crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"]
    # from then on an upgrade needs no flag
    assert "definition of QuantumTasks" not in release.upgrade()


def test_a_definition_that_is_not_asked_for_is_not_spoken_of(release: Release) -> None:
    """With `crds.install=false` the definition is somebody else's business, and the notes say nothing of it."""
    plane = release.plane
    plane.install_crd()
    assert "definition of QuantumTasks" not in release.install("crds.install=false")
    assert _owner(plane) == ("", "")


def test_the_owner_of_a_namespace_can_have_a_release(release: Release) -> None:
    """Who may do everything in one namespace installs there, once others have made the definition and roles."""
    release.plane.install_crd()
    release.kubectl("create", "rolebinding", "owner", "--clusterrole=admin", "--user=owner")
    settings = _sets(("crds.install=false", "rbac.create=false", "runner.priorityClass.create=false"))
    release.helm("install", "qt", str(CHART), *settings, "--kube-as-user=owner")
    assert ("Deployment", "qt-quantum-tasks-operator") in release.left()


def test_the_notes_name_what_is_there(release: Release) -> None:
    """The notes' commands name the release's namespace, Service and port, whatever they are called."""
    said = release.install("fullnameOverride=circuits", "api.service.port=8080", "redis.persistence.enabled=false")
    [service] = re.findall(r"port-forward (service/\S+) 8000:8080", said)
    assert release.get(service)["metadata"]["name"] == "circuits-api"
    assert set(re.findall(r"(?:-n|--namespace) (\S+)", said)) == {release.namespace}
    assert "Redis has no volume" in said


def test_default_roles_may_be_let_in(release: Release) -> None:
    """With `rbac.aggregateToDefaultRoles` who may view a namespace sees its tasks, and who may edit it makes them."""
    plane = release.plane
    release.install("rbac.aggregateToDefaultRoles=true")
    for role in ("view", "edit"):
        release.kubectl("create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}er")

    def may(who: str, verb: str) -> bool:
        done = plane.try_kubectl("auth", "can-i", verb, "quantumtasks", "-n", release.namespace, f"--as={who}")
        return done.stdout.strip() == "yes"

    eventually(lambda: may("viewer", "list") and may("editer", "create"), 60, "Kubernetes to gather the rules")
    assert may("editer", "list")
    assert may("editer", "delete")
    assert not may("viewer", "create")
    assert not may("nobody", "list")
    release.helm("uninstall", "qt")


def test_an_example_of_the_folder_is_installed(release: Release) -> None:
    """All of the chart at once can be installed, upgraded to the chart's own values, and rolled back."""
    everything = Path(__file__).parent / "everything.yaml"
    # there is no such class of priorities, and a Pod of `helm test` needs none
    release.helm("install", "qt", str(CHART), "--values", str(everything))
    assert ("HTTPRoute", "everything-api") in release.left()
    release.upgrade(flags=("--reset-values",))
    assert ("Deployment", "qt-quantum-tasks-api") in release.left()
    assert ("HTTPRoute", "everything-api") not in release.left()
    release.helm("rollback", "qt", "1")
    assert ("ServiceMonitor", "everything") in release.left()
