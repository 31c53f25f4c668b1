"""The OpenAPI document is true: what it allows is answered as it says, and what it forbids is refused."""

from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation, BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

Operation = APIOperation[Any, Any, Any, Any]

EXAMPLES = 100
"""Requests per operation, of each kind."""

REQUEST_SECONDS = 20.0


@pytest.fixture(scope="module")
def document(base_url: str) -> BaseSchema:
    """The document that the server under test publishes."""
    return schemathesis.openapi.from_url(f"{base_url}/openapi.json", config=schemathesis.Config())


def every_operation(document: BaseSchema) -> list[Operation]:
    """The document's operations, each of which must be well described."""
    found = list(document.get_all_operations())
    operations = [result.ok() for result in found if isinstance(result, Ok)]
    assert len(operations) == len(found), [result for result in found if not isinstance(result, Ok)]
    return operations


def test_the_document_has_every_operation_of_the_contract(document: BaseSchema) -> None:
    """No route of the contract is missing from the document, under whatever name its id goes."""
    labels = {operation.label.partition("{")[0] for operation in every_operation(document)}
    assert labels >= {
        "POST /tasks",
        "GET /tasks/",
        "POST /v1/tasks",
        "GET /v1/tasks",
        "GET /v1/tasks/",
        "DELETE /v1/tasks/",
        "POST /v1/tasks/",
        "POST /v1/tasks:batch",
        "POST /v1/tasks:batchGet",
        "GET /healthz",
        "GET /readyz",
        "GET /health",
    }


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_every_operation_does_what_the_document_says(
    document: BaseSchema, subtests: pytest.Subtests, mode: schemathesis.GenerationMode
) -> None:
    """Any request, good or bad, gets a status, a type, headers and a body that the document has for it.

    Schemathesis's own pytest plugin does not work with pytest 9.2, so its strategies and checks are called here.
    """
    for operation in every_operation(document):
        if mode is schemathesis.GenerationMode.NEGATIVE and not can_be_wrong(operation):
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def examine(case: schemathesis.Case[Operation]) -> None:
            answer = case.call(timeout=REQUEST_SECONDS)
            case.validate_response(answer, excluded_checks=checks_that_do_not_fit(answer))

        with subtests.test(operation.label, mode=mode.value):
            examine()


def can_be_wrong(operation: Operation) -> bool:
    """Whether there is a request that the document forbids: any text is a good path or header."""
    return len(operation.query) + len(operation.body) > 0


def checks_that_do_not_fit(answer: Response) -> list[CheckFunction]:
    """What schemathesis cannot know: that 413 refuses a request, too, and what a request met on the server."""
    if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return [negative_data_rejection]
    return [positive_data_acceptance] if refused_for_what_came_before(answer) else []


def refused_for_what_came_before(answer: Response) -> bool:
    """Whether no schema could have told: the key stands for another task, or no page gave the cursor."""
    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        return "idempotency-key" in answer.request.headers
    if answer.status_code == HTTPStatus.BAD_REQUEST:
        return all("cursor" in error["loc"] for error in answer.json()["errors"])
    return False
