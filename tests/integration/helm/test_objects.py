"""All objects of the chart: what they have in common, and what Pods may do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.helm import DOORS, NO_NAMESPACE, VARIANTS, Object, render

each_variant = pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS.keys())


def _key(body: Object) -> tuple[str, str]:
    return str(body["kind"]), str(body["metadata"]["name"])


@each_variant
def test_every_object_says_whose_it_is(values: Object) -> None:
    """Every object has the labels that Kubernetes recommends, those and the annotations that the values give to all."""
    rendered = render(values)
    for body in rendered.objects:
        labels, annotations = body["metadata"]["labels"], body["metadata"].get("annotations", {})
        assert labels.items() >= values.get("commonLabels", {}).items(), _key(body)
        assert annotations.items() >= values.get("commonAnnotations", {}).items(), _key(body)
        assert labels["app.kubernetes.io/name"] == "quantum-tasks"
        assert labels["app.kubernetes.io/instance"] == "qt"
        assert labels["app.kubernetes.io/part-of"] == "quantum-tasks"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels.keys() >= {"app.kubernetes.io/component", "app.kubernetes.io/version", "helm.sh/chart"}
    for template in (pod.metadata for pod in rendered.pods):
        assert template["labels"].items() >= values.get("commonLabels", {}).items()
        assert template.get("annotations", {}).items() >= values.get("commonAnnotations", {}).items()
    runner = rendered.runner_templates()[0]["metadata"]
    assert runner["labels"].items() >= values.get("commonLabels", {}).items()
    assert runner["annotations"].items() >= values.get("commonAnnotations", {}).items()


def test_a_part_of_its_own_goes_before_what_all_have() -> None:
    """Where a label or an annotation of all is also one of a part's, the part's counts."""
    values = {
        "commonLabels": {"who": "all"},
        "commonAnnotations": {"who": "all"},
        "api": {
            "podLabels": {"who": "api"},
            "podAnnotations": {"who": "api"},
            "service": {"annotations": {"who": "api"}},
            "serviceAccount": {"annotations": {"who": "api"}},
        },
        "runner": {"podLabels": {"who": "runner"}},
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"who": "monitor"}}},
    }
    rendered = render(values)
    pod = rendered.pod("-api").metadata
    assert pod["labels"]["who"] == pod["annotations"]["who"] == "api"
    assert rendered.one("Service", "-api")["metadata"]["annotations"]["who"] == "api"
    assert rendered.one("ServiceAccount", "-api")["metadata"]["annotations"]["who"] == "api"
    assert rendered.runner_templates()[0]["metadata"]["labels"]["who"] == "runner"
    [monitor] = rendered.of("ServiceMonitor")
    assert monitor["metadata"]["labels"]["who"] == "monitor"
    assert monitor["metadata"]["annotations"] == {"who": "all"}


@each_variant
def test_namespaces_are_the_releases(values: Object) -> None:
    """Every object that has a namespace names the release's: `helm template` prints it for others to apply."""
    for body in render(values).objects:
        wanted = None if body["kind"] in NO_NAMESPACE else "lab"
        assert body["metadata"].get("namespace") == wanted, _key(body)


@each_variant
def test_volumes_are_mounted_and_mounts_have_volumes(values: Object) -> None:
    """Every container's mounts are of volumes that its Pod has, and no volume is there for nobody."""
    for pod in render(values).pods:
        claims = (
            render(values).one("StatefulSet", "")["spec"].get("volumeClaimTemplates", []) if "redis" in pod.name else []
        )
        volumes = {each["name"] for each in pod.spec["volumes"]} | {each["metadata"]["name"] for each in claims}
        mounted = {mount["name"] for each in pod.containers for mount in each["volumeMounts"]}
        assert mounted == volumes, pod.name
        for each in pod.containers:
            paths = [mount["mountPath"] for mount in each["volumeMounts"]]
            assert len(set(paths)) == len(paths)


@each_variant
def test_nothing_is_null(values: Object) -> None:
    """No field of an object is null: it has a value, or it is not there."""
    for body in render(values).objects:
        assert list(_nulls(body)) == [], _key(body)


def _nulls(body: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - whatever is in a manifest
    if body is None:
        yield path
    elif isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from _nulls(value, f"{path}/{key}")


@each_variant
def test_every_pod_may_as_little_as_it_can(values: Object) -> None:
    """Pods are non-root, read-only, without capabilities, with bounded memory, and without a token unless they ask."""
    for pod in render(values).pods:
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"]
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod.spec["enableServiceLinks"] is False
        asks = pod.name.endswith(("-api", "-operator", "-kubectl"))
        assert pod.spec["automountServiceAccountToken"] is asks
        assert not pod.spec.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}
        for container in pod.containers:
            own = container["securityContext"]
            assert own["readOnlyRootFilesystem"] is True
            assert own["allowPrivilegeEscalation"] is False
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@each_variant
def test_what_serves_is_probed(values: Object) -> None:
    """Every container of a workload has a readiness and a liveness probe, at ports that it has."""
    for pod in render(values).pods:
        if pod.kind == "Pod":
            continue
        [container] = pod.containers
        ports = {port["name"] for port in container["ports"]}
        for name in ("readinessProbe", "livenessProbe"):
            probe = container[name]
            at = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port")
            assert at in ports or "exec" in probe


@each_variant
def test_two_renderings_differ_in_passwords_only(values: Object) -> None:
    """The same values give the same objects, but for the passwords that the chart makes, and nobody else has these."""
    once, again = render(values), render(values, anew=True)
    secrets = [text for body in once.of("Secret") for text in body["stringData"].values()]
    for one, other in zip(once.objects, again.objects, strict=True):
        if one["kind"] != "Secret":
            assert one == other
            assert [text for text in secrets if text in str(one)] == []


def test_passwords_are_long_and_their_own() -> None:
    """The chart makes a password for each user of Redis, 32 letters and digits, and each has its address with it."""
    [both, runner] = (body["stringData"] for body in render().of("Secret"))
    password, of_runner = both["password"], both["runner-password"]
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", each) for each in (password, of_runner))
    assert password != of_runner
    address = "qt-quantum-tasks-redis.lab.svc:6379/0"
    assert both["url"] == f"redis://:{password}@{address}"
    assert runner == {"url": f"redis://runner:{of_runner}@{address}"}
    anew = render(anew=True).one("Secret", "-redis")["stringData"]
    assert not {password, of_runner} & {anew["password"], anew["runner-password"]}


@pytest.mark.parametrize(
    ("kind", "suffix", "pods"),
    [
        ("Service", "-api", {"api"}),
        ("Service", "-redis", {"redis"}),
        ("PodDisruptionBudget", "-api", {"api"}),
        ("Deployment", "-api", {"api"}),
        ("Deployment", "-operator", {"operator"}),
        ("StatefulSet", "-redis", {"redis"}),
        ("NetworkPolicy", "-api", {"api"}),
        ("NetworkPolicy", "-operator", {"operator"}),
        ("NetworkPolicy", "-redis", {"redis"}),
        ("NetworkPolicy", "-test", {"test-kubectl", "test-http"}),
        ("NetworkPolicy", "-runner", set()),
    ],
)
def test_selectors_find_their_pods(kind: str, suffix: str, pods: set[str]) -> None:
    """What selects Pods selects those that it is for, and no others of the release."""
    rendered = render()
    spec = rendered.one(kind, suffix)["spec"]
    selector = spec.get("selector") or spec["podSelector"]
    labels = selector.get("matchLabels", selector)
    found = {pod.name for pod in rendered.pods if labels.items() <= pod.metadata["labels"].items()}
    assert found == {f"qt-quantum-tasks-{name}" for name in pods}


def test_metrics_are_scraped_where_they_are_served() -> None:
    """The Service for Prometheus selects the Pods that have a port of metrics, and the ServiceMonitor selects it."""
    rendered = render(DOORS)
    service, [monitor] = rendered.one("Service", "-metrics"), rendered.of("ServiceMonitor")
    selected = [pod for pod in rendered.pods if service["spec"]["selector"].items() <= pod.metadata["labels"].items()]
    serving = [pod.name for pod in selected for port in pod.containers[0].get("ports", []) if port["name"] == "metrics"]
    assert serving == ["qt-quantum-tasks-api", "qt-quantum-tasks-operator"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    for name in ("-api", "-redis"):
        other = rendered.one("Service", name)["metadata"]["labels"]
        assert not monitor["spec"]["selector"]["matchLabels"].items() <= other.items()


def test_labels_of_ones_own_change_no_selector() -> None:
    """Labels may come and go: what Kubernetes lets nobody change, selectors and claims, has none of them."""
    labels = {"commonLabels": {"a": "b"}, **{part: {"podLabels": {"c": "d"}} for part in ("api", "operator", "redis")}}
    before, after = render(), render(labels)
    for kind, name in (("Deployment", "-api"), ("Deployment", "-operator"), ("StatefulSet", "-redis")):
        old, new = before.one(kind, name)["spec"], after.one(kind, name)["spec"]
        assert new["selector"] == old["selector"]
        assert new.get("volumeClaimTemplates") == old.get("volumeClaimTemplates")
