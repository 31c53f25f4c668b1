"""docs/kubernetes.md and the code agree on settings, reasons, fields and rights."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from quantum_api.settings import ApiSettings
from quantum_operator import pod_template
from quantum_operator.jobs import job, pool_job
from quantum_operator.reconcile import Needs
from quantum_operator.settings import OperatorSettings
from quantum_tasks.resource import QuantumTask, Spec
from quantum_tasks.states import Phase, Reason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
UNSET = "unset"


def _section(heading: str) -> str:
    [found] = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def _rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in _section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _told(heading: str) -> dict[str, str]:
    """The settings of a section's table, with their defaults."""
    return {name.strip("`"): default.strip("`") for name, default, _ in _rows(heading)}


def _real(fields: Mapping[str, FieldInfo]) -> dict[str, str]:
    return {f"QT_{name.upper()}": _shown(field.default) for name, field in fields.items()}


def _shown(default: object) -> str:
    if default is None:
        return UNSET
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return f"{default:g}" if isinstance(default, int | float) else str(default)


def test_the_page_has_every_setting_of_the_operator() -> None:
    """The operator's table has all of its settings and no others, each with its default."""
    assert _told("The operator") == _real(OperatorSettings.model_fields)


def test_the_page_has_the_apis_settings_for_kubernetes() -> None:
    """The API's table has every setting that is about Kubernetes, and each of its rows is true."""
    told, real = _told("The API"), _real(ApiSettings.model_fields)
    assert told == {name: real[name] for name in told}
    about = {name for name, field in ApiSettings.model_fields.items() if "Kubernetes:" in (field.description or "")}
    assert {f"QT_{name.upper()}" for name in about} <= set(told)


@pytest.mark.parametrize("mode", ["Job", "Pool"])
def test_the_page_has_what_pods_are_told(mode: str) -> None:
    """The Pods' table names what the operator sets in each mode."""
    settings = OperatorSettings(redis_url=SecretStr("redis://redis:6379/0"))
    task = QuantumTask.of({"metadata": {"name": "a", "namespace": "b", "uid": "c"}, "spec": {"qasm": "qubit q;"}})
    made = job(task, Needs(), settings) if mode == "Job" else pool_job("a", "b", settings)
    [container] = made["spec"]["template"]["spec"]["containers"]
    rows = _rows("The runner's Pods")
    told = {name for names, modes, _ in rows if mode in modes for name in re.findall(r"QT_\w+", names)}
    assert told == {variable["name"] for variable in container["env"]}


def test_the_pages_pod_template_is_one() -> None:
    """The example of a Pod template is read as the operator reads a file, and everything of it is in a Pod."""
    [example] = re.findall(r"^```yaml\n(.*?)^```", _section("Pod templates"), re.MULTILINE | re.DOTALL)
    template = pod_template.parse(example.encode())
    settings = OperatorSettings(redis_url=SecretStr("redis://redis:6379/0"), runner_pod_template=template)
    task = QuantumTask.of({"metadata": {"name": "a", "namespace": "b", "uid": "c"}, "spec": {"qasm": "qubit q;"}})
    for body in (job(task, Needs(), settings), pool_job("a", "b", settings)):
        made = body["spec"]["template"]
        assert made["metadata"]["labels"]["team"] == "quantum"
        assert {field for layer in template.layers for field in layer.spec} <= made["spec"].keys()
        assert [mount["name"] for mount in made["spec"]["containers"][0]["volumeMounts"]] == ["tmp", "ca"]


def test_the_page_has_every_reason() -> None:
    """The table of reasons has the closed list, each with a phase that there is."""
    rows = _rows("Reasons")
    assert {row[0].strip("`") for row in rows} == {reason.value for reason in Reason}
    assert {row[1] for row in rows} <= {phase.value for phase in Phase}


def test_the_page_has_every_field_of_the_spec() -> None:
    """The table of the spec has all of its fields."""
    told = {re.split(r"[`.]", row[0])[1] for row in _rows("The resource")}
    assert told == {field.alias for field in Spec.model_fields.values()}


@pytest.mark.parametrize("part", ["operator", "API"])
def test_the_page_has_every_right(part: str) -> None:
    """The table of rights is the roles of the manifests."""
    documents = yaml.safe_load_all((ROOT / "k8s" / f"{part.lower()}.yaml").read_text("utf-8"))
    [role] = [body for body in documents if body["kind"] == "Role"]
    real = {(kind, verb) for rule in role["rules"] for kind in rule["resources"] for verb in rule["verbs"]}
    told, who, kind = set(), "", ""
    for row in _rows("Rights"):
        who, kind = row[0] or who, row[1].strip("`") or kind
        if who == part:
            told |= {(kind, verb) for verb in row[2].split(", ")}
    assert told == real
