"""The chart's network policies: which ways they leave open."""

from typing import NamedTuple

import pytest
from support.helm import Object, Pod, Rendered, render


class Peer(NamedTuple):
    """A Pod of a namespace, as policies see it."""

    namespace: str
    labels: dict[str, str]


RUNNER = {"app.kubernetes.io/name": "quantum-tasks", "app.kubernetes.io/managed-by": "quantum-tasks-operator"}
OTHERS = {
    "runner": Peer("lab", RUNNER),
    "runner elsewhere": Peer("other", RUNNER),
    "neighbour": Peer("lab", {"app": "a"}),
    "stranger": Peer("other", {"app": "a"}),
    "dns": Peer("kube-system", {"k8s-app": "kube-dns"}),
    "API server": Peer("", {}),
}
REACH = {
    ("api", "redis", 6379): True,
    ("operator", "redis", 6379): True,
    ("runner", "redis", 6379): True,
    ("runner elsewhere", "redis", 6379): False,
    ("test-http", "redis", 6379): False,
    ("neighbour", "redis", 6379): False,
    ("stranger", "redis", 6379): False,
    ("runner", "dns", 53): True,
    ("api", "dns", 53): True,
    ("operator", "dns", 53): True,
    ("redis", "dns", 53): False,
    ("runner", "stranger", 53): False,
    ("runner", "API server", 443): False,
    ("runner", "api", 8000): False,
    ("runner", "neighbour", 80): False,
    ("neighbour", "runner", 80): False,
    ("api", "API server", 6443): True,
    ("operator", "API server", 6443): True,
    ("redis", "API server", 6443): False,
    ("api", "stranger", 80): False,
    ("operator", "stranger", 80): False,
    ("stranger", "api", 8000): True,
    ("test-http", "api", 8000): True,
    ("test-kubectl", "API server", 443): True,
    ("stranger", "api", 9090): True,
    ("stranger", "api", 8080): False,
    ("stranger", "operator", 9090): True,
    ("stranger", "operator", 8080): False,
    ("runner", "operator", 9090): False,
    ("stranger", "test-http", 8000): False,
}


@pytest.mark.parametrize(
    ("way", "open_"), REACH.items(), ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else ""
)
def test_policies_open_the_ways_that_are_needed(way: tuple[str, str, int], *, open_: bool) -> None:
    """Under the chart's policies a way is open if it is needed, and closed if not."""
    assert _reaches(render(), *way) is open_


@pytest.mark.parametrize(
    ("values", "way", "open_"),
    [
        ({"operator": {"allNamespaces": True}}, ("runner elsewhere", "redis", 6379), True),
        ({"operator": {"allNamespaces": True}}, ("stranger", "redis", 6379), False),
        ({"networkPolicy": {"apiFrom": [{"podSelector": {}}]}}, ("stranger", "api", 8000), False),
        ({"networkPolicy": {"apiFrom": [{"podSelector": {}}]}}, ("neighbour", "api", 8000), True),
        (
            {"networkPolicy": {"apiFrom": [{"podSelector": {"matchLabels": {"a": "b"}}}]}},
            ("test-http", "api", 8000),
            True,
        ),
        ({"networkPolicy": {"metricsFrom": [{"podSelector": {}}]}}, ("stranger", "api", 9090), False),
        ({"networkPolicy": {"metricsFrom": [{"podSelector": {}}]}}, ("neighbour", "operator", 9090), True),
        ({"metrics": {"enabled": False}}, ("neighbour", "operator", 9090), False),
        ({"metrics": {"enabled": False}}, ("neighbour", "api", 9090), False),
        ({"redis": {"external": {"enabled": True, "existingSecret": "a"}}}, ("runner", "stranger", 6379), True),
        ({"redis": {"external": {"enabled": True, "existingSecret": "a"}}}, ("runner", "stranger", 6380), False),
    ],
    ids=str,
)
def test_policies_follow_the_values(values: Object, way: tuple[str, str, int], *, open_: bool) -> None:
    """Values open and close the ways that they are about."""
    assert _reaches(render(values), *way) is open_


def _reaches(rendered: Rendered, source: str, target: str, port: int) -> bool:
    peers = {**OTHERS, **{pod.name.removeprefix("qt-quantum-tasks-"): _peer(pod) for pod in rendered.pods}}
    one, other = peers[source], peers[target]
    return all(
        _lets(policy["spec"], direction, whom, port)
        for policy in rendered.of("NetworkPolicy")
        for subject, whom, direction in ((one, other, "egress"), (other, one, "ingress"))
        if subject.namespace == "lab" and _matches(policy["spec"]["podSelector"], subject.labels)
    )


def _peer(pod: Pod) -> Peer:
    return Peer("lab", pod.metadata["labels"])


def _lets(spec: Object, direction: str, whom: Peer, port: int) -> bool:
    if direction.capitalize() not in spec["policyTypes"]:
        return True
    side = "to" if direction == "egress" else "from"
    return any(
        port in {each["port"] for each in rule["ports"]}
        and (side not in rule or any(_is(each, whom) for each in rule[side]))
        for rule in spec.get(direction, [])
    )


def _is(peer: Object, whom: Peer) -> bool:
    if "namespaceSelector" in peer:
        here = _matches(peer["namespaceSelector"], {"kubernetes.io/metadata.name": whom.namespace})
    else:
        here = whom.namespace == "lab"
    return here and _matches(peer.get("podSelector", {}), whom.labels)


def _matches(selector: Object, labels: dict[str, str]) -> bool:
    wanted: dict[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
