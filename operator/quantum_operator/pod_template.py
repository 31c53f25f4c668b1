"""Pod templates: what an administrator has laid over the Pods that run programs. Pure, but for `read`.

It is laid over them as a strategic merge patch is, by the rules of Kubernetes and kustomize: mappings merge, lists of
named things merge by their names, everything else is replaced, and null removes. What a run depends on cannot be
changed, and is refused before any Pod is made.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator
from quantum_tasks.cluster import Object
from quantum_tasks.settings import complaints

from quantum_operator.views import OWN_LABELS, RUNNER

MAX_BYTES = 64 * 1024
"""Size of a template's file; more than that is another file by mistake."""

MERGE_KEYS = {
    **dict.fromkeys(("containers", "initContainers", "volumes", "env"), "name"),
    "volumeMounts": "mountPath",
}
"""The lists that merge, and the field that is their items' name, as Kubernetes has it. Others our Pods do not have."""

OWN_ENV = frozenset(
    {
        *("QT_REDIS_URL", "QT_KEY_PREFIX", "QT_LOG_FORMAT", "QT_LOG_LEVEL"),
        *("QT_TASK_ID", "QT_TASK_UID", "QT_POD_UID", "QT_TERMINATION_LOG"),
        *("QT_CONCURRENCY", "QT_IDLE_SECONDS", "QT_MAX_ATTEMPTS", "QT_SWEEP", "QT_TASK_DEADLINE_SECONDS"),
    }
)
"""The variables that the operator sets, in either mode."""

_OWN_FIELDS = frozenset(
    {
        *("command", "args", "resources", "restartPolicy", "restartPolicyRules"),
        *("terminationMessagePath", "terminationMessagePolicy"),
    }
)
"""The fields of the runner's container that its run, its report or its size depend on."""

_FIXED: dict[str, JsonValue] = {"restartPolicy": "Never", "automountServiceAccountToken": False}
"""The fields of the Pod that stay as they are: a template may repeat them."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Metadata(_Part):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Layer(_Part):
    """A fragment of Kubernetes' PodTemplateSpec."""

    metadata: _Metadata = _Metadata()
    spec: dict[str, JsonValue] = {}

    @model_validator(mode="after")
    def _leaves_the_run_alone(self) -> Self:
        wrong = next(chain(_of_labels(self.metadata.labels), _of_pod(self.spec)), None)
        if wrong is not None:
            raise ValueError(wrong)
        return self

    def over(self, pod: Object) -> Object:
        """A Job's Pod template with this laid over it."""
        return _merged(pod, {"metadata": self.metadata.model_dump(exclude_defaults=True), "spec": self.spec})


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What one file says: its documents, in turn."""

    layers: tuple[Layer, ...]

    def over(self, pod: Object) -> Object:
        """A Job's Pod template with every layer laid over it, each over the one before."""
        for layer in self.layers:
            pod = layer.over(pod)
        return pod


def read(path: str) -> PodTemplate:
    """Read a template from a file of YAML or JSON. Raises ValueError that names the file and says what is wrong."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    try:
        return parse(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def parse(content: bytes) -> PodTemplate:
    """Read a template. Raises ValueError that says what is wrong, in one line."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES} bytes")
    try:
        bodies = [body for body in yaml.safe_load_all(content) if body is not None]
    except yaml.MarkedYAMLError as error:
        at = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"not YAML: {at}{error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError("not YAML") from error
    if not bodies:
        raise ValueError("is empty")
    return PodTemplate(tuple(_layer(body, number, of=len(bodies)) for number, body in enumerate(bodies, 1)))


def _layer(body: object, number: int, *, of: int) -> Layer:
    try:
        return Layer.model_validate(body)
    except ValidationError as error:
        where = f"document {number}: " if of > 1 else ""
        raise ValueError(where + "; ".join(complaints(error))) from error


def _merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Object:
    merged = dict(ours)
    for name, value in theirs.items():
        there = ours.get(name)
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            merged[name] = _merged(there if isinstance(there, Mapping) else {}, value)
        elif isinstance(value, list) and isinstance(there, list) and name in MERGE_KEYS:
            merged[name] = _merged_lists(there, value, MERGE_KEYS[name])
        else:
            merged[name] = value
    return merged


def _merged_lists(ours: list[Object], theirs: list[Object], key: str) -> list[Object]:
    """Ours first, in their order: the first container is the one that kubectl takes."""
    named = {item[key]: item for item in ours}
    for item in theirs:
        named[item[key]] = _merged(named.get(item[key], {}), item)
    return list(named.values())


def _of_labels(labels: Mapping[str, str]) -> Iterator[str]:
    yield from (
        f"metadata.labels: {name} is the operator's own"
        for name in labels
        if name in OWN_LABELS or name.startswith("quantumtask.dev/")
    )


def _of_pod(spec: Mapping[str, JsonValue]) -> Iterator[str]:
    for name, value in _FIXED.items():
        if name in spec and spec[name] != value:
            yield f"spec.{name}: cannot be changed"
    yield from _without_names("spec", spec)
    for container in _items(spec, "containers"):
        if container["name"] == RUNNER:
            yield from _of_runner(container)


def _of_runner(container: Mapping[str, JsonValue]) -> Iterator[str]:
    where = f"spec.containers[{RUNNER}]"
    yield from (f"{where}.{name}: is the operator's own" for name in sorted(_OWN_FIELDS & container.keys()))
    yield from _without_names(where, container)
    for variable in _items(container, "env"):
        if variable["name"] in OWN_ENV:
            yield f"{where}.env: {variable['name']} is the operator's own"


def _without_names(where: str, part: Mapping[str, JsonValue]) -> Iterator[str]:
    """The lists of a part whose items could not be told apart."""
    for name, key in MERGE_KEYS.items():
        if name not in part:
            continue
        items = part[name]
        if not isinstance(items, list):
            yield f"{where}.{name}: is not a list"
            continue
        for place, item in enumerate(items):
            if not isinstance(item, dict) or not isinstance(item.get(key), str):
                yield f"{where}.{name}[{place}]: has no {key}"


def _items(part: Mapping[str, JsonValue], name: str) -> list[dict[str, JsonValue]]:
    """The items of a list; by now they have names."""
    items = part.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
