"""The CustomResourceDefinition: structural, explained, and in step with the contract."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from quantum_tasks import crd as generator
from quantum_tasks.crd import crd
from quantum_tasks.resource import ExecutionMode, QuantumTask
from quantum_tasks.states import Phase
from quantum_tasks.task import DEFAULT_SHOTS, MAX_PROGRAM_BYTES, MAX_SEED, MAX_SHOTS, Method

Schema = dict[str, Any]


def version() -> Schema:
    """The one version of the resource."""
    [one] = crd()["spec"]["versions"]
    assert isinstance(one, dict)
    return one


def root() -> Schema:
    """The schema of the whole object."""
    schema = version()["schema"]["openAPIV3Schema"]
    assert isinstance(schema, dict)
    return schema


def properties(part: str) -> dict[str, Schema]:
    """The fields of `spec` or `status`."""
    found = root()["properties"][part]["properties"]
    assert isinstance(found, dict)
    return found


def schemas(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema in a schema, with its path; properties, items and additionalProperties are schemas."""
    yield path, node
    for name, part in node.get("properties", {}).items():
        yield from schemas(part, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), dict):
            yield from schemas(node[name], f"{path}[]")


EVERY = dict(schemas(root()))

KNOWN_KEYS = {
    *("type", "description", "properties", "required", "items", "additionalProperties", "enum", "default", "format"),
    *("minimum", "maximum", "minLength", "maxLength", "maxItems", "minItems", "maxProperties", "pattern"),
    *("x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-int-or-string"),
}


@pytest.mark.parametrize("path", EVERY)
def test_every_schema_is_structural(path: str) -> None:
    """No reference, no `null`, no unknown key and nothing that is kept unseen; a type wherever there is one to say."""
    schema = EVERY[path]
    assert schema.keys() <= KNOWN_KEYS
    assert ("type" in schema) != bool(schema.get("x-kubernetes-int-or-string"))
    assert schema.get("type") != "null"
    assert "default" not in schema or schema["default"] is not None


@pytest.mark.parametrize(
    "path", [path for path in EVERY if path.startswith((".spec.", ".status.")) and not path.endswith("[]")]
)
def test_kubectl_explains_every_field(path: str) -> None:
    """Every field of spec and status has a description: a sentence, for a person."""
    assert re.fullmatch(r"[A-Z`].*\.", EVERY[path].get("description", ""), re.DOTALL)


def test_the_names_are_the_documented_ones() -> None:
    """Group, kind, plural, short name and category are those of the design."""
    definition = crd()
    names = definition["spec"]["names"]
    assert definition["metadata"]["name"] == "quantumtasks.quantumtask.dev"
    assert (names["kind"], names["plural"], names["singular"]) == ("QuantumTask", "quantumtasks", "quantumtask")
    assert (names["shortNames"], names["categories"]) == (["qt"], ["all"])
    assert definition["spec"]["scope"] == "Namespaced"
    assert (version()["name"], version()["served"], version()["storage"]) == ("v1alpha1", True, True)


def test_the_status_is_a_subresource_and_its_phase_selectable() -> None:
    """The operator writes the status apart from the spec, and tasks can be listed by phase."""
    assert version()["subresources"] == {"status": {}}
    assert version()["selectableFields"] == [{"jsonPath": ".status.phase"}]


def test_kubectl_get_shows_the_documented_columns() -> None:
    """The columns are those of the design, in its order, and each shows a field that is there."""
    columns = version()["additionalPrinterColumns"]
    shown = [column["name"] for column in columns if column["priority"] == 0]
    assert shown == ["Phase", "Shots", "Qubits", "Reason", "Duration", "Age"]
    for column in columns:
        assert column["jsonPath"] in EVERY or column["jsonPath"] == ".metadata.creationTimestamp"
        assert column["description"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".spec.method", Method),
        (".spec.executionMode", ExecutionMode),
        (".status.phase", Phase),
        (".status.method", Method),
    ],
)
def test_words_are_those_of_the_contract(path: str, words: type[StrEnum]) -> None:
    """An enum of the CRD is the enum of the contract."""
    assert EVERY[path]["enum"] == [word.value for word in words]


@pytest.mark.parametrize(
    ("field", "bounds"),
    [
        ("shots", {"minimum": 1, "maximum": MAX_SHOTS}),
        ("seed", {"minimum": 0, "maximum": MAX_SEED}),
        ("qasm", {"minLength": 1, "maxLength": MAX_PROGRAM_BYTES}),
        ("activeDeadlineSeconds", {"minimum": 1}),
        ("backoffLimit", {"minimum": 0}),
        ("ttlSecondsAfterFinished", {"minimum": 0}),
    ],
)
def test_bounds_are_those_of_the_contract(field: str, bounds: dict[str, int]) -> None:
    """The API server itself refuses what is out of bounds."""
    schema = properties("spec")[field]
    assert {name: schema[name] for name in bounds} == bounds


@pytest.mark.parametrize(
    ("field", "default"),
    [
        ("shots", DEFAULT_SHOTS),
        ("method", "automatic"),
        ("executionMode", "Job"),
        ("suspend", False),
        ("cancel", False),
    ],
)
def test_the_api_server_fills_in_the_defaults(field: str, default: object) -> None:
    """What a user leaves out is written into the object, so that everybody reads the same.

    For `cancel` more depends on it: a rule that compares old and new does not see a field that was taken out, so
    without its default a cancellation could be taken back by removing the field.
    """
    assert properties("spec")[field]["default"] == default


def test_a_new_task_is_pending() -> None:
    """A task that the operator has not seen yet has a phase to be shown and selected by."""
    assert root()["properties"]["status"]["default"] == {"phase": "Pending", "reason": "Queued"}
    assert root()["required"] == ["spec"]


def rules(schema: Schema) -> list[str]:
    """The CEL rules of a schema."""
    return [rule["rule"] for rule in schema.get("x-kubernetes-validations", ())]


def test_everything_but_three_fields_is_immutable() -> None:
    """Each field of the spec has a rule against its change, but for suspend, cancel and the TTL."""
    fields = properties("spec")
    guarded = {name for name, schema in fields.items() if "self == oldSelf" in rules(schema)}
    assert fields.keys() - guarded == {"suspend", "cancel", "ttlSecondsAfterFinished"}
    presence = {
        name
        for name in fields
        for rule in rules(root()["properties"]["spec"])
        if f"has(self.{name}) == has(oldSelf.{name})" in rule
    }
    assert presence == {name for name in guarded if "default" not in fields[name]}


def test_a_cancellation_is_final() -> None:
    """The field itself has the rule, so that nothing else is compared."""
    assert rules(properties("spec")["cancel"]) == ["self || !oldSelf"]


def test_a_task_has_exactly_one_program() -> None:
    """The API server refuses a task with both, and one with none."""
    assert "has(self.qasm) != has(self.circuitRef)" in rules(root()["properties"]["spec"])


def test_conditions_are_a_map_by_type() -> None:
    """Tools that apply a status merge conditions by their type."""
    conditions = properties("status")["conditions"]
    assert (conditions["x-kubernetes-list-type"], conditions["x-kubernetes-list-map-keys"]) == ("map", ["type"])
    assert conditions["items"]["required"] == ["type", "status", "reason", "lastTransitionTime"]


@pytest.mark.parametrize(
    ("quantity", "good"),
    [
        *(("1", True), ("500m", True), ("1.5", True), ("2Gi", True), ("1e3", True), ("0", True)),
        *(("", False), ("-1", False), ("1 Gi", False), ("lots", False), ("1gb", False), ("1Gi\n", False)),
    ],
)
def test_quantities_are_kubernetes_own(quantity: str, good: bool) -> None:  # noqa: FBT001 - a table
    """What the pattern of a quantity takes is what Kubernetes takes."""
    pattern = properties("spec")["resources"]["properties"]["limits"]["additionalProperties"]["pattern"]
    assert bool(re.fullmatch(pattern.removeprefix("^").removesuffix("$"), quantity)) is good


def test_every_default_is_one_that_the_model_has() -> None:
    """An object that the API server filled in reads like one that was left to the model."""
    filled = {name: schema["default"] for name, schema in properties("spec").items() if "default" in schema}
    meta = {"name": "bell"}
    assert QuantumTask.of({"metadata": meta, "spec": filled}) == QuantumTask.of({"metadata": meta, "spec": {}})


def test_the_definition_is_plain_data_and_always_the_same() -> None:
    """It can be written as JSON, and making it twice gives the same."""
    assert json.dumps(crd()) == json.dumps(crd())


def test_the_command_prints_the_definition_as_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    """What `make generate` writes is the definition, under a line that says where it comes from."""
    yaml = pytest.importorskip("yaml")
    generator.main()
    printed = capsys.readouterr().out
    assert printed.startswith("# Generated by")
    assert yaml.safe_load(printed) == crd()
