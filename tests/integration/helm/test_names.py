"""Names: what the chart calls its objects, and that whatever is referred to is there."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.helm import DOORS, EXTERNAL, NO_NAMESPACE, VARIANTS, Object, Rendered, everything, render

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(rf"{LABEL.pattern}(\.{LABEL.pattern})*")
SUFFIXES = {"Deployment": "-1234567890-12345", "StatefulSet": "-1234567890", "Pod": ""}
"""What Kubernetes puts behind a workload's name in a Pod's name, or in the label of its revision."""

LONG = "a-release-with-a-name-as-long-as-helm-will-ever-take-"
NAMES: dict[str, dict[str, Any]] = {
    "usual": {},
    "the chart's": {"release": "quantum-tasks"},
    "long": {"release": f"{LONG[:52]}z"},
    "cut at a hyphen": {"release": f"{'a' * 35}--b"},
    "with a dot": {"release": "v1.5"},
    "a number": {"release": "123", "namespace": "456"},
    "a float": {"release": "1e5", "namespace": "1e5", "values": {"fullnameOverride": "true"}},
    "another name": {"values": {"nameOverride": "circuits"}},
    "a long other name": {"values": {"nameOverride": "n" * 63}},
    "a full name": {"values": {"fullnameOverride": "everything"}},
    "a long full name": {"values": {"fullnameOverride": "f" * 63}},
    "words of YAML": {
        "values": {
            "api": {"serviceAccount": {"name": "on"}, "priorityClassName": "1"},
            "operator": {"serviceAccount": {"create": False, "name": "2"}},
            "kueue": {"queueName": "true"},
            "image": {"tag": "1"},
            "redis": {
                "image": {"repository": "3", "tag": "4"},
                "persistence": {"storageClass": "5"},
                "auth": {"existingSecret": "6", "existingRunnerSecret": "7"},
            },
            "ingress": {"enabled": True, "className": "8", "hosts": [{"paths": [{"path": "/a: b #c"}]}]},
            "commonLabels": {"a": "9"},
            "commonAnnotations": {"a": "true"},
        }
    },
    "more words of YAML": {
        "values": {
            "redis": {
                "persistence": {"existingClaim": "1"},
                "external": {"enabled": True, "existingSecret": "2", "tls": {"caSecret": "3", "caKey": "4"}},
            }
        }
    },
}

each_naming = pytest.mark.parametrize("naming", NAMES.values(), ids=NAMES.keys())


def _key(body: Object) -> tuple[str, str]:
    return str(body["kind"]), str(body["metadata"]["name"])


@each_naming
def test_names_are_legal_and_leave_room_for_pods(naming: dict[str, Any]) -> None:
    """Whatever a release is called, its objects and their Pods get names that Kubernetes takes, no two the same."""
    rendered = render(**naming)
    for body in rendered.objects:
        kind, name = _key(body)
        if kind not in NO_NAMESPACE:
            assert LABEL.fullmatch(name + SUFFIXES.get(kind, "")), name
    assert len({_key(body) for body in rendered.objects}) == len(rendered.objects)


@each_naming
def test_text_is_text(naming: dict[str, Any]) -> None:
    """A name, a label or a variable that looks like a number or a word of YAML is text all the same."""
    for body in render(**naming).objects:
        if body["kind"] not in ("CustomResourceDefinition", "PriorityClass"):
            assert list(_not_text(body)) == [], _key(body)


TEXTS = re.compile(r"name|namespace|serviceAccountName|secretName|claimName|key|image|value|.*Class(Name)?|path")


def _not_text(body: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - whatever is in a manifest
    if isinstance(body, dict):
        all_text = name in ("labels", "annotations", "matchLabels", "selector", "nodeSelector", "data", "stringData")
        for key, value in body.items():
            if (all_text or TEXTS.fullmatch(key)) and isinstance(value, int | float):
                yield key, value
            yield from _not_text(value, key)
    elif isinstance(body, list):
        for each in body:
            yield from _not_text(each)


def test_a_full_name_is_the_first_part_of_every_name() -> None:
    """`fullnameOverride` replaces the release's and the chart's name, `nameOverride` only the chart's."""
    for values, first in (
        ({"fullnameOverride": "full", "nameOverride": "unused"}, "full"),
        ({"nameOverride": "circuits"}, "qt-circuits"),
        ({"nameOverride": "q"}, "qt"),
    ):
        named = [_key(body)[1] for body in render(values).objects if body["kind"] != "CustomResourceDefinition"]
        assert {name for name in named if not re.match(rf"(lab\.)?{first}-", name)} == set()


def test_a_long_release_is_cut_in_one_place() -> None:
    """Names that would be too long are cut, and what refers to them is cut in the same place."""
    rendered = render(release=NAMES["long"]["release"])
    assert _missing(rendered) == set()
    assert rendered.has("Deployment", f"{LONG[:37].rstrip('-')}-api")


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({}, set()),
        (DOORS, set()),
        (
            everything(),
            {
                *(("Secret", name) for name in ("passwords", "runner-password", "other", "circuits-tls", "registry")),
                ("PersistentVolumeClaim", "claim"),
            },
        ),
        (
            EXTERNAL,
            {
                *(("Secret", name) for name in ("redis-address", "redis-address-of-runners", "redis-ca", "registry")),
                *(("Secret", name) for name in ("other", "circuits-tls")),
            },
        ),
    ],
    ids=VARIANTS.keys(),
)
def test_what_is_referred_to_is_there(values: Object, missing: set[tuple[str, str]]) -> None:
    """Whatever an object refers to is in the release, unless the values say that somebody else brings it."""
    assert _missing(render(values)) == missing


BY_NAME = {
    "serviceAccountName": "ServiceAccount",
    "secretName": "Secret",
    "claimName": "PersistentVolumeClaim",
    "serviceName": "Service",
}
"""Fields whose value is the name of another object."""


def _missing(rendered: Rendered) -> set[tuple[str, str]]:
    """What is referred to and is not there; Secrets and Services must have the key or the port, too."""
    there: set[tuple[Any, ...]] = {_key(body) for body in rendered.objects}
    for body in [*rendered.of("Secret"), *rendered.of("ConfigMap")]:
        there |= {(*_key(body), key) for key in {**body.get("stringData", {}), **body.get("data", {})}}
    for body in rendered.of("Service"):
        there |= {(*_key(body), port[by]) for port in body["spec"]["ports"] for by in ("name", "port")}
    wanted = {each for body in rendered.objects for each in _references(body)}
    return {(each[0], each[1]) for each in wanted - there}


def _references(body: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - whatever is in a manifest
    """What an object, or a part of one, refers to: kind, name, and what of it."""
    if isinstance(body, list):
        for each in body:
            yield from _references(each)
    elif isinstance(body, dict) and body.get("kind") not in ("ServiceMonitor", "CustomResourceDefinition"):
        yield from _of_part(body)
        for key, value in body.items():
            if key in BY_NAME:
                yield BY_NAME[key], value
            yield from _of_field(key, value)
            yield from _references(value)


def _of_part(body: Object) -> Iterator[tuple[Any, ...]]:
    match body:
        case {"name": "QT_RUNNER_REDIS_SECRET", "value": name}:
            yield "Secret", name, "url"
        case {"name": "URL", "value": url}:
            address = re.fullmatch(r"http://(.*):(\d+)", url)
            assert address
            yield "Service", address[1], int(address[2])
        case {"roleRef": role, "subjects": [subject]}:
            yield role["kind"], role["name"]
            yield subject["kind"], subject["name"]
            assert subject["namespace"] == "lab"


def _of_field(key: str, value: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - whatever is in a manifest
    match key, value:
        case "secretKeyRef", {"name": name, "key": entry}:
            yield "Secret", name, entry
        case "configMap", {"name": name}:
            yield "ConfigMap", name
        case "imagePullSecrets", [{"name": name}]:
            yield "Secret", name
        case "service", {"name": name, "port": {"name": port}}:
            yield "Service", name, port
        case "backendRefs", [{"name": name, "port": port}]:
            yield "Service", name, port
        case "scaleTargetRef", {"kind": kind, "name": name}:
            yield kind, name
