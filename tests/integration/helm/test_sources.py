"""What the chart has from elsewhere in the project, and how it says who it is."""

import re
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml
from support.engine import CLUSTER
from support.helm import CHART, NAMESPACE, Object, chart_values, everything, helm, load, load_all, render, template

ROOT = Path(__file__).parents[3]
K8S = ROOT / "k8s"


def _manifests(name: str) -> list[Object]:
    return [each for each in yaml.safe_load_all((K8S / f"{name}.yaml").read_text("utf-8")) if each]


def test_the_definition_is_the_manifests() -> None:
    """The chart's definition of QuantumTasks is the one in k8s/, byte for byte; else run `make generate`."""
    assert (CHART / "files" / "crd.yaml").read_bytes() == (K8S / "crd.yaml").read_bytes()


def test_the_definition_is_installed_as_it_is() -> None:
    """What helm installs of the definition is what the file says, with the release's labels and the word to keep it."""
    [rendered], [told] = render().of("CustomResourceDefinition"), _manifests("crd")
    assert rendered["spec"] == told["spec"]
    assert rendered["metadata"]["name"] == told["metadata"]["name"]
    assert rendered["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_versions_are_the_projects() -> None:
    """The chart has the project's version, and installs images of that version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    chart = load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["version"] == chart["appVersion"] == project["version"]
    assert chart["description"] == project["description"]
    for part in ("api", "operator"):
        assert render().pod(f"-{part}").containers[0]["image"] == f"quantum-tasks-{part}:{project['version']}"


def test_kubectl_is_of_the_kubernetes_that_tests_run_on() -> None:
    """The kubectl of `helm test` is of the version that the tests' clusters have."""
    [version] = re.findall(r"\tk8s.io/kubernetes (v[0-9.]+)", (CLUSTER / "kubernetes" / "go.mod").read_text("utf-8"))
    assert chart_values()["tests"]["image"]["tag"] == version


def test_an_older_kubernetes_is_refused() -> None:
    """On a Kubernetes that does not select by `.status.phase` without being told to, the chart is not installed."""
    assert template("", "--kube-version", "1.31.0")
    with pytest.raises(AssertionError, match="requires kubeVersion"):
        template("", "--kube-version", "1.30.9")


@pytest.mark.parametrize("part", ["api", "operator"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_rights_are_the_manifests(part: str, *, everywhere: bool) -> None:
    """A part may what it may in k8s/, in its namespace or, if it looks after all, everywhere."""
    rendered = render({"operator": {"allNamespaces": everywhere}})
    [told] = [each["rules"] for each in _manifests(part) if each["kind"] == "Role"]
    kind = "ClusterRole" if everywhere and part == "operator" else "Role"
    assert rendered.one(kind, f"-{part}")["rules"] == told
    assert rendered.one(f"{kind}Binding", f"-{part}")["roleRef"]["kind"] == kind


def test_nobody_else_has_rights() -> None:
    """Beside API and operator only `helm test` has rights, on the one task that it makes."""
    roles = {body["metadata"]["name"]: body["rules"] for body in render().of("Role")}
    rules = roles.pop("qt-quantum-tasks-test")
    assert roles.keys() == {"qt-quantum-tasks-api", "qt-quantum-tasks-operator"}
    for rule in rules:
        assert rule["resources"] == ["quantumtasks"]
        assert rule["verbs"] == ["create"] or rule["resourceNames"] == ["qt-quantum-tasks-test"]


@pytest.mark.parametrize("part", ["api", "operator", "redis"])
def test_pods_are_the_manifests(part: str) -> None:
    """A part's Pod has the ports, resources, security contexts and probes that it has in k8s/, and perhaps more."""
    [told] = [each["spec"]["template"]["spec"] for each in _manifests(part) if each["kind"].endswith(("ment", "Set"))]
    pod = render().pod(f"-{part}")
    assert pod.spec["securityContext"].items() >= told["securityContext"].items()
    assert pod.spec["automountServiceAccountToken"] is told["automountServiceAccountToken"]
    [ours], [theirs] = pod.containers, told["containers"]
    assert ours["resources"] == theirs["resources"]
    assert ours["securityContext"].items() >= theirs["securityContext"].items()
    assert all(port in ours["ports"] for port in theirs["ports"])
    for probe in ("livenessProbe", "readinessProbe"):
        wanted = {key: value for key, value in theirs.get(probe, {}).items() if key != "initialDelaySeconds"}
        assert ours[probe].items() >= wanted.items()
    names = {each["name"] for each in theirs.get("env", [])}
    assert names <= set(pod.env)


def test_redis_keeps_what_the_manifests_redis_keeps() -> None:
    """The chart's Redis is as durable as the one in k8s/, and refuses writes when it is full."""
    [told] = [each["spec"]["template"]["spec"] for each in _manifests("redis") if each["kind"] == "StatefulSet"]
    arguments = [text.removeprefix("--") or '""' for text in told["containers"][0]["args"][1:]]
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    lines = render().one("ConfigMap", "-redis")["data"]["redis.conf"].splitlines()
    ours = dict(line.split(" ", 1) for line in lines if not line.startswith("#"))
    assert options.pop("protected-mode") == "no"  # which a Redis with passwords need not say
    assert ours.items() >= options.items()


@pytest.mark.parametrize("values", [{}, everything()], ids=["default", "everything"])
def test_helm_finds_nothing_to_complain_of(values: Object) -> None:
    """`helm lint --strict` is content."""
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), "--values", "-", stdin=yaml.safe_dump(values))


def test_the_package_is_the_chart(tmp_path: Path) -> None:
    """The packaged chart renders as the folder does, and has nothing that is only for those who make it."""
    helm("package", str(CHART), "--destination", str(tmp_path))
    [package] = tmp_path.iterdir()
    with tarfile.open(package) as archive:
        names = {Path(name).name for name in archive.getnames()}
    assert {"Chart.yaml", "values.yaml", "values.schema.json", "README.md", "NOTES.txt", "crd.yaml"} <= names
    assert not {name for name in names if name.endswith((".gotmpl", ".checkov.yaml"))}
    packaged = load_all(helm("template", "qt", str(package), "--namespace", NAMESPACE))
    assert [each for each in packaged if each["kind"] != "Secret"] == [
        each for each in render().objects if each["kind"] != "Secret"
    ]
