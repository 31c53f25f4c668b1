"""The OpenAPI document, as /docs shows it."""

from typing import Any

import pytest
from quantum_api.app import create_app
from quantum_api.schemas.requests import Submission, TaskSpec
from quantum_api.schemas.resources import TaskResource
from quantum_api.settings import ApiSettings

DOCUMENT = create_app(ApiSettings()).openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def _examples(content: dict[str, Any]) -> list[Any]:
    if "example" in content:
        return [content["example"]]
    if "examples" in content:
        return [example["value"] for example in content["examples"].values()]
    alternatives = content["schema"].get("anyOf", [content["schema"]])
    return [example for alternative in alternatives for example in _shown(alternative["$ref"].rpartition("/")[2])]


def _shown(name: str) -> list[Any]:
    schema = DOCUMENT["components"]["schemas"][name]
    defaults = {key: value["default"] for key, value in schema["properties"].items() if "default" in value}
    return schema.get("examples") or ([defaults] if defaults else [])


@pytest.mark.parametrize(("label", "operation"), OPERATIONS, ids=[label for label, _ in OPERATIONS])
def test_every_answer_has_an_example(label: str, operation: dict[str, Any]) -> None:
    """Each answer with a body, refusals included, is shown with a real example."""
    if label == "GET /v1/tasks":  # a list of what the others show
        return
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            assert _examples(content), (label, status)


def test_refusals_are_documented_as_they_are() -> None:
    """No operation promises FastAPI's own 422, which this API never sends."""
    assert "HTTPValidationError" not in str(DOCUMENT)


@pytest.mark.parametrize("model", [Submission, TaskSpec, TaskResource])
def test_the_examples_are_valid(model: type[Submission | TaskSpec | TaskResource]) -> None:
    """What the document shows as an example is accepted by its own schema."""
    for example in model.model_json_schema()["examples"]:
        model.model_validate(example)
