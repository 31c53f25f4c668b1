"""Pod templates: how one is laid over a Pod, what it may not change, and how a broken one is told of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from quantum_operator import pod_template
from quantum_operator.jobs import job, pool_job, samples
from quantum_operator.pod_template import MAX_BYTES, MERGE_KEYS, OWN_ENV, Layer, PodTemplate
from quantum_operator.reconcile import Needs
from quantum_operator.settings import OperatorSettings
from quantum_operator.views import RUNNER
from quantum_tasks.resource import QuantumTask

SETTINGS = OperatorSettings(redis_url=SecretStr("redis://redis:6379/0"))
TASK = QuantumTask.of({"metadata": {"name": "bell", "namespace": "lab", "uid": "uid-1"}, "spec": {}})


def of(**parts: Any) -> PodTemplate:  # noqa: ANN401 - what an administrator writes
    """A template with this metadata and this spec."""
    return pod_template.parse(json.dumps(parts).encode())


def pod(template: PodTemplate | None) -> dict[str, Any]:
    """The Pod of a task's Job with a template laid over it."""
    settings = SETTINGS.model_copy(update={"runner_pod_template": template})
    made: dict[str, Any] = job(TASK, Needs(), settings)["spec"]["template"]
    return made


def spec(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - what an administrator writes
    """The spec of the Pod with a template of these fields."""
    made: dict[str, Any] = pod(of(spec=fields))["spec"]
    return made


PLAIN = pod(None)["spec"]
[RUNNERS] = PLAIN["containers"]


def runner(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - what an administrator writes
    """The runner's container with a template of these fields."""
    [container] = spec(containers=[{"name": RUNNER, **fields}])["containers"]
    assert isinstance(container, dict)
    return container


# -- how it is laid over a Pod -------------------------------------------------------------------------------------


def test_an_empty_template_changes_nothing() -> None:
    """A file with `{}` is a template that says nothing."""
    assert pod(of()) == pod(None)


TOLERATION = {"key": "quantum", "operator": "Exists"}
AFFINITY: dict[str, Any] = {
    "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
}
SIDECAR = {"name": "mesh", "image": "mesh:1", "env": [{"name": "A", "value": "b"}]}
CA = {"name": "ca", "configMap": {"name": "our-ca"}}


@pytest.mark.parametrize(
    ("field", "told", "found"),
    [
        pytest.param("nodeSelector", {"disk": "ssd"}, {"disk": "ssd"}, id="new-mapping"),
        pytest.param("priorityClassName", "low", "low", id="new-word"),
        pytest.param("terminationGracePeriodSeconds", 60, 60, id="our-number"),
        pytest.param("enableServiceLinks", True, True, id="our-switch"),
        pytest.param("tolerations", [TOLERATION], [TOLERATION], id="new-list"),
        pytest.param("imagePullSecrets", [{"name": "pull"}], [{"name": "pull"}], id="new-list-of-names"),
        pytest.param("affinity", AFFINITY, AFFINITY, id="new-deep-mapping"),
        pytest.param("nodeSelector", {"disk": "ssd", "zone": None}, {"disk": "ssd"}, id="null-in-a-new-mapping"),
        pytest.param(
            "securityContext",
            {"runAsUser": None, "runAsGroup": 20, "fsGroup": None},
            {"runAsNonRoot": True, "runAsGroup": 20, "seccompProfile": {"type": "RuntimeDefault"}},
            id="our-mapping",
        ),
        pytest.param(
            "volumes",
            [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}, CA],
            [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}, CA],
            id="volumes-by-name",
        ),
        pytest.param(
            "volumes",
            [{"name": "tmp", "emptyDir": None, "ephemeral": {}}],
            [{"name": "tmp", "ephemeral": {}}],
            id="null-in-a-list",
        ),
        pytest.param("containers", [SIDECAR], [RUNNERS, SIDECAR], id="sidecar-after-the-runner"),
        pytest.param("initContainers", [SIDECAR], [SIDECAR], id="init-container"),
    ],
)
def test_a_template_is_laid_over_the_pod(field: str, told: object, found: object) -> None:
    """Mappings merge, lists of named things merge by name, all else is replaced, null removes; the rest stays."""
    assert spec(**{field: told}) == {**PLAIN, field: found}


@pytest.mark.parametrize(
    ("field", "told", "found"),
    [
        pytest.param("image", "mine:1", "mine:1", id="our-word"),
        pytest.param(
            "env",
            [{"name": "SSL_CERT_FILE", "value": "/ca/ca.crt"}],
            [*RUNNERS["env"], {"name": "SSL_CERT_FILE", "value": "/ca/ca.crt"}],
            id="env-after-ours",
        ),
        pytest.param(
            "env",
            [{"name": "QT_PATIENCE_SECONDS", "value": "60"}],
            [*RUNNERS["env"], {"name": "QT_PATIENCE_SECONDS", "value": "60"}],
            id="a-setting-that-is-not-the-operators",
        ),
        pytest.param(
            "volumeMounts",
            [{"mountPath": "/tmp", "name": "scratch"}, {"mountPath": "/ca", "name": "ca"}],  # noqa: S108 - the Pod's own
            [{"mountPath": "/tmp", "name": "scratch"}, {"mountPath": "/ca", "name": "ca"}],  # noqa: S108 - the Pod's own
            id="mounts-by-path",
        ),
        pytest.param(
            "securityContext",
            {"capabilities": {"drop": ["NET_RAW"]}, "readOnlyRootFilesystem": False},
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": False,
                "capabilities": {"drop": ["NET_RAW"]},
            },
            id="list-without-names-is-replaced",
        ),
        pytest.param("imagePullPolicy", None, None, id="null-removes"),
    ],
)
def test_a_template_is_laid_over_the_runners_container(field: str, told: object, found: object) -> None:
    """The item with the name `runner` is merged with the container of that name."""
    expected = {**RUNNERS, field: found}
    assert runner(**{field: told}) == {name: value for name, value in expected.items() if value is not None}


def test_documents_are_laid_over_one_another() -> None:
    """A file may have several documents, as of a chart and of its user: each is laid over what is there by then."""
    first = {"nodeSelector": {"disk": "ssd", "zone": "a"}, "containers": [SIDECAR], "priorityClassName": "low"}
    second = {
        "nodeSelector": {"zone": "b"},
        "containers": [{"name": "mesh", "image": "mesh:2"}],
        "priorityClassName": None,
    }
    template = pod_template.parse("\n---\n".join(json.dumps({"spec": each}) for each in (first, second)).encode())
    assert pod(template)["spec"] == {
        **PLAIN,
        "nodeSelector": {"disk": "ssd", "zone": "b"},
        "containers": [RUNNERS, {**SIDECAR, "image": "mesh:2"}],
    }


def test_labels_and_annotations_are_added_to_the_pod_alone() -> None:
    """A template's labels and annotations are beside ours on the Pod; the Job has none of them."""
    template = of(metadata={"labels": {"team": "a"}, "annotations": {"sidecar.istio.io/inject": "false"}})
    body = job(TASK, Needs(), SETTINGS.model_copy(update={"runner_pod_template": template}))
    made = body["spec"]["template"]["metadata"]
    assert made == {
        "labels": {**pod(None)["metadata"]["labels"], "team": "a"},
        "annotations": {"sidecar.istio.io/inject": "false"},
    }
    assert "team" not in body["metadata"]["labels"]


def test_the_pod_that_it_is_laid_over_is_not_changed() -> None:
    """Laying a template over a Pod gives another one, so that no task sees what was said for another."""
    before = pod(None)
    plain = json.loads(json.dumps(before))
    of(spec={"securityContext": {"runAsUser": 1}, "containers": [{"name": RUNNER, "image": "x"}]}).over(before)
    assert before == plain


@pytest.mark.parametrize(
    ("runners", "pools", "wins"),
    [
        pytest.param(None, None, None, id="none"),
        pytest.param("a", None, "a", id="the-runners-is-the-pools-too"),
        pytest.param("a", "b", "b", id="its-own"),
        pytest.param(None, "b", "b", id="its-own-alone"),
        pytest.param("a", "", None, id="its-own-says-nothing"),
    ],
)
def test_the_pool_has_its_own_template_or_the_runners(runners: str | None, pools: str | None, wins: str | None) -> None:
    """The pool's template stands instead of the runner's, which is the pool's where it has none."""
    templates = [
        None if name is None else of(spec={"priorityClassName": name} if name else {}) for name in (runners, pools)
    ]
    settings = SETTINGS.model_copy(update={"runner_pod_template": templates[0], "pool_pod_template": templates[1]})
    made = pool_job("pool-1", "lab", settings)["spec"]["template"]["spec"]
    assert made.get("priorityClassName") == wins
    assert made["terminationGracePeriodSeconds"] == 20


# -- what it may not change ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"metadata": {"labels": {"quantumtask.dev/task-uid": "x"}}}, "metadata.labels: quantumtask.dev/task-uid"),
        ({"metadata": {"labels": {"quantumtask.dev/new": "x"}}}, "metadata.labels: quantumtask.dev/new"),
        ({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}, "metadata.labels: app.kubernetes.io/name"),
        ({"metadata": {"labels": {"app.kubernetes.io/component": "x"}}}, "app.kubernetes.io/component"),
        ({"metadata": {"labels": {"app.kubernetes.io/managed-by": "x"}}}, "app.kubernetes.io/managed-by"),
        ({"metadata": {"labels": {"replicas": 1}}}, "metadata.labels.replicas: "),
        ({"metadata": {"finalizers": ["x"]}}, "metadata.finalizers: "),
        ({"metadata": {"name": "x"}}, "metadata.name: "),
        ({"template": {}}, "template: "),
        ({"spec": []}, "spec: "),
        ({"spec": None}, "spec: "),
        ({"spec": {"restartPolicy": "OnFailure"}}, "spec.restartPolicy: "),
        ({"spec": {"restartPolicy": None}}, "spec.restartPolicy: "),
        ({"spec": {"automountServiceAccountToken": True}}, "spec.automountServiceAccountToken: "),
        ({"spec": {"containers": {"runner": {}}}}, "spec.containers: is not a list"),
        ({"spec": {"containers": None}}, "spec.containers: is not a list"),
        ({"spec": {"containers": [{"image": "x"}]}}, "spec.containers[0]: has no name"),
        ({"spec": {"containers": ["runner"]}}, "spec.containers[0]: has no name"),
        ({"spec": {"containers": [{"name": 1}]}}, "spec.containers[0]: has no name"),
        ({"spec": {"initContainers": [{"image": "x"}]}}, "spec.initContainers[0]: has no name"),
        ({"spec": {"volumes": None}}, "spec.volumes: is not a list"),
        ({"spec": {"volumes": [{"emptyDir": {}}]}}, "spec.volumes[0]: has no name"),
        *(
            ({"spec": {"containers": [{"name": "runner", name: value}]}}, f"spec.containers[runner].{name}: ")
            for name, value in {
                "args": ["worker"],
                "command": ["sh"],
                "resources": {"limits": {"memory": "1Gi"}},
                "restartPolicy": "Always",
                "restartPolicyRules": [],
                "terminationMessagePath": "/x",
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "env": None,
            }.items()
        ),
        ({"spec": {"containers": [{"name": "runner"}, {"name": "runner", "args": []}]}}, "[runner].args: "),
        ({"spec": {"containers": [{"name": "runner", "volumeMounts": [{}]}]}}, "].volumeMounts[0]: has no mountPath"),
        *(
            ({"spec": {"containers": [{"name": "runner", "env": [{"name": name}]}]}}, f"].env: {name} ")
            for name in sorted(OWN_ENV)
        ),
    ],
)
def test_what_a_run_depends_on_is_refused(parts: dict[str, Any], told: str) -> None:
    """A template that would change it is no template; the message names the field."""
    with pytest.raises(ValueError, match=re.escape(told)):
        of(**parts)


def test_what_stays_as_it_is_may_be_repeated() -> None:
    """A whole PodTemplateSpec may be given: fields that say what is so anyway are no change."""
    assert spec(restartPolicy="Never", automountServiceAccountToken=False) == PLAIN


def test_a_sidecar_may_have_what_the_runner_may_not() -> None:
    """Arguments, resources and variables of other containers are the administrator's."""
    sidecar = {**SIDECAR, "args": ["x"], "resources": {}, "env": [{"name": "QT_REDIS_URL", "value": "x"}]}
    assert spec(containers=[sidecar])["containers"][1] == sidecar


def test_the_variables_that_are_kept_are_those_that_the_operator_sets() -> None:
    """No variable of ours can be changed, in either mode, and none is kept that is not ours."""
    told = {
        entry["name"]
        for body in samples(SETTINGS)
        for container in body["spec"]["template"]["spec"]["containers"]
        for entry in container["env"]
    }
    assert told == OWN_ENV


def test_every_list_of_things_in_our_pods_merges() -> None:
    """A list of mappings in what we build has a merge key, so that a template's item never takes its place unseen."""
    found = {
        name
        for body in samples(SETTINGS)
        for part in (body["spec"]["template"]["spec"], *body["spec"]["template"]["spec"]["containers"])
        for name, value in part.items()
        if isinstance(value, list) and all(isinstance(item, dict) for item in value)
    }
    assert found <= MERGE_KEYS.keys()


# -- where it is read from -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps], ids=["yaml", "json"])
def test_a_file_is_read(tmp_path: Path, write: Any) -> None:  # noqa: ANN401 - a function from values to text
    """A template may be YAML or JSON."""
    path = tmp_path / "runner"
    path.write_text(write({"spec": {"nodeSelector": {"disk": "ssd"}}}))
    assert pod_template.read(str(path)) == PodTemplate((Layer(spec={"nodeSelector": {"disk": "ssd"}}),))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        (b"", "is empty"),
        (b"---\n---\n", "is empty"),
        (b"- a", "valid dictionary"),
        (b"spec: [", "not YAML: line 1: "),
        (b"a: b: c", "not YAML: line 1: mapping values are not allowed here"),
        (b"spec: {}\n---\nspec: []", "document 2: spec: "),
        (b"spec: {}\n---\na: b: c", "not YAML: line 3: "),
        (b"spec: !!python/object:os.system {}", "not YAML: line 1: "),
        (b"\xff\xfe\xff", "not YAML"),
        (b"\x00", "not YAML"),
        (b"spec: {a: 2020-01-01}", "spec.a"),
        (b"spec: {a: {on: x}}", "spec.a"),
        (b"spec: {containers: [{name: runner, args: []}]}", "spec.containers[runner].args: "),
        (b"#" * (MAX_BYTES + 1), f"larger than {MAX_BYTES} bytes"),
    ],
)
def test_a_broken_file_is_told_of_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, told: str
) -> None:
    """The message leads with the path as it was given, says what is wrong, and is one line."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("runner.yaml").write_bytes(content)
    with pytest.raises(ValueError, match=r"^runner\.yaml: ") as refused:
        pod_template.read("runner.yaml")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A path that cannot be read says so."""
    with pytest.raises(ValueError, match="Is a directory"):
        pod_template.read(str(tmp_path))
