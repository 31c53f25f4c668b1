"""The chart as helm renders it, without a cluster: values in, objects out."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from support.control_plane import ControlPlane, programs

CHART = Path(__file__).parents[2] / "helm" / "quantum-tasks"
RELEASE, NAMESPACE = "qt", "lab"
FULLNAME = "qt-quantum-tasks"
HELM_SECONDS = 60
WORKLOADS = ("Deployment", "StatefulSet")
NO_NAMESPACE = ("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PriorityClass")

Object = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A Pod, or the template of one, and the name of the object that it stands in."""

    name: str
    kind: str
    metadata: Object
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """All of them, those that run first included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    @property
    def env(self) -> dict[str, Any]:
        """The variables of the first container: text, or where it comes from."""
        return {each["name"]: each.get("value", each.get("valueFrom")) for each in self.spec["containers"][0]["env"]}


@dataclass(frozen=True)
class Rendered:
    """What helm makes of the chart. Shared between tests: not to be changed."""

    objects: tuple[Object, ...]

    def of(self, kind: str) -> list[Object]:
        """The objects of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, suffix: str) -> Object:
        """The object of this kind whose name ends so."""
        [found] = [each for each in self.of(kind) if each["metadata"]["name"].endswith(suffix)]
        return found

    def has(self, kind: str, suffix: str = "") -> bool:
        """Whether there is an object of this kind whose name ends so."""
        return any(each["metadata"]["name"].endswith(suffix) for each in self.of(kind))

    @property
    def pods(self) -> Iterator[Pod]:
        """Every Pod that the chart has, of workloads and of tests."""
        for each in self.objects:
            name, kind = each["metadata"]["name"], each["kind"]
            if kind in WORKLOADS:
                yield Pod(name, kind, each["spec"]["template"]["metadata"], each["spec"]["template"]["spec"])
            elif kind == "Pod":
                yield Pod(name, kind, each["metadata"], each["spec"])

    def pod(self, suffix: str) -> Pod:
        """The Pod of the object whose name ends so."""
        [found] = [pod for pod in self.pods if pod.name.endswith(suffix)]
        return found

    def runner_templates(self, file: str = "job.yaml") -> list[Object]:
        """What the operator lays over the Pods that run programs: each document over those before it."""
        return list(yaml.safe_load_all(self.one("ConfigMap", "-pods")["data"][file]))


def helm(*arguments: str, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
    """Run helm and return what it prints; a failure says what it wrote to stderr."""
    done = try_helm(*arguments, stdin=stdin, kubeconfig=kubeconfig)
    assert done.returncode == 0, f"helm {' '.join(arguments[:3])}: {done.stderr[-3000:]}"
    return done.stdout


def helm_program() -> Path:
    """The helm that the tests are pinned to, or the installed one where that cannot be built."""
    installed = shutil.which("helm")
    return Path(installed) if installed and shutil.which("go") is None else programs() / "helm"


def try_helm(
    *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None, seconds: float = HELM_SECONDS
) -> "subprocess.CompletedProcess[str]":
    """Run helm, whatever comes of it; without a kubeconfig it knows no cluster."""
    return subprocess.run(
        [helm_program(), *arguments],
        env={**os.environ, "KUBECONFIG": str(kubeconfig or os.devnull)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def render(
    values: Mapping[str, Any] | None = None, *, release: str = RELEASE, namespace: str = NAMESPACE, anew: bool = False
) -> Rendered:
    """What the chart gives with these values; kept for the next who asks, unless it is asked for anew."""
    rendering = _rendered.__wrapped__ if anew else _rendered
    return rendering(json.dumps(values or {}), release, namespace)


def refusal(values: Mapping[str, Any], *flags: str) -> str:
    """Why helm does not render the chart with these values."""
    done = try_helm("template", RELEASE, str(CHART), *flags, "--values", "-", stdin=json.dumps(values))
    assert done.returncode != 0, f"{values} is taken"
    return done.stderr


def template(values: str = "", *flags: str, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
    """The manifests as helm prints them, with values as YAML."""
    return helm("template", release, str(CHART), "--namespace", namespace, *flags, "--values", "-", stdin=values)


def environment(rendered: Rendered, part: str, folder: Path) -> dict[str, str]:
    """The variables as a part's container would have them, with the operator's files in the folder."""
    found = {}
    for name, value in rendered.pod(f"-{part}").env.items():
        match value:
            case str():
                found[name] = value
            case {"fieldRef": {"fieldPath": "metadata.namespace"}}:
                found[name] = NAMESPACE
            case {"secretKeyRef": {"key": "url"}}:
                found[name] = "redis://:password@redis:6379/0"
    for name in ("QT_RUNNER_POD_TEMPLATE", "QT_POOL_POD_TEMPLATE"):
        if name in found:
            file = folder / Path(found[name]).name
            file.write_text(rendered.one("ConfigMap", "-pods")["data"][file.name])
            found[name] = str(file)
    return found


def make_namespace(plane: ControlPlane, name: str) -> None:
    """Make a namespace that takes Pods by the strictest standard, and warns of workloads whose Pods would not pass."""
    plane.kubectl("create", "namespace", name)
    words = [f"pod-security.kubernetes.io/{word}=restricted" for word in ("enforce", "warn")]
    plane.kubectl("label", "namespace", name, *words)


def chart_values() -> Object:
    """The chart's own values."""
    values: Object = load((CHART / "values.yaml").read_text("utf-8"))
    return values


def everything() -> Object:
    """Values that use all of the chart."""
    values: Object = load(_EVERYTHING.read_text("utf-8"))
    return values


def load(text: str) -> Any:  # noqa: ANN401 - whatever the YAML says
    """A document of YAML, by the parser that is written in C where there is one: some of these are long."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe one


def load_all(text: str) -> list[Object]:
    """The documents of YAML that are not empty."""
    return [each for each in yaml.load_all(text, Loader=_LOADER) if each]


def overlaid(values: Mapping[str, Any], over: Mapping[str, Any]) -> Object:
    """Values with others laid over them, as helm does with several files."""
    merged = dict(values)
    for name, value in over.items():
        there = merged.get(name)
        merged[name] = overlaid(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return merged


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EVERYTHING = Path(__file__).parents[1] / "integration" / "helm" / "everything.yaml"


@cache
def _rendered(values: str, release: str, namespace: str) -> Rendered:
    return Rendered(tuple(load_all(template(values, release=release, namespace=namespace))))


DOORS: Object = {
    "api": {"autoscaling": {"enabled": True}},
    "operator": {"allNamespaces": True},
    "ingress": {"enabled": True, "hosts": [{"host": "a.example.org"}]},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}]},
    "metrics": {"serviceMonitor": {"enabled": True}},
    "rbac": {"aggregateToDefaultRoles": True},
}
"""Values that make every object that the chart's own leave out."""

EXTERNAL = overlaid(everything(), {"redis": {"external": {"enabled": True}}})
VARIANTS: dict[str, Object] = {"default": {}, "doors": DOORS, "everything": everything(), "external": EXTERNAL}
