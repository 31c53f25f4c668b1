"""Every refusal has one shape, made here: from an exception to an answer, in one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from quantum_qasm.diagnostics import Diagnostic
from quantum_tasks.errors import (
    IdempotencyMismatchError,
    InvalidCursorError,
    QuantumTasksError,
    QueueFullError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from quantum_api.schemas.checks import DiagnosticBody

log = structlog.get_logger(__name__)

_MAX_ERRORS = 20
"""How many places of a body one answer names."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    loc: tuple[str, ...] | None = None

    @property
    def errors(self) -> list[dict[str, Any]] | None:
        return [{"loc": self.loc, "message": self.message}] if self.loc else None


_ANSWERS: dict[type[Exception], _Answer] = {
    TaskNotFoundError: _Answer(404, "Task not found."),
    TaskFinishedError: _Answer(409, "The task has already ended."),
    IdempotencyMismatchError: _Answer(422, "This Idempotency-Key was used for another program or other options."),
    InvalidCursorError: _Answer(
        400, "The cursor is none of a listing, or too old: begin the listing anew.", loc=("query", "cursor")
    ),
    QueueFullError: _Answer(503, "Too many tasks are waiting. Try again later.", {"Retry-After": "5"}),
    StoreUnavailableError: _Answer(503, "The task store is unavailable. Try again later.", {"Retry-After": "1"}),
}


def problem(
    status: int,
    message: str,
    errors: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer to a request that is not done: `message` for a person, `errors` for the places in the request."""
    return JSONResponse(_body(message, errors), status, dict(headers or {}))


def refusal(error: QuantumTasksError) -> tuple[int, dict[str, Any]]:
    """The status and the body for an error that has an answer."""
    answer = _answer_to(error)
    return answer.status, _body(answer.message, answer.errors)


def invalid(found: Sequence[Mapping[str, Any]], *within: str | int) -> dict[str, Any]:
    """The body for what pydantic found wrong in a part of a request, which is `within` these."""
    return _invalid(
        [{"loc": [_readable(part) for part in (*within, *each["loc"])], "message": _message(each)} for each in found]
    )


def wrong_program(found: Sequence[Diagnostic], *loc: str | int) -> dict[str, Any]:
    """The body for what is wrong with the program at a place of a request."""
    told = found[:_MAX_ERRORS]
    errors = [
        {"loc": list(loc), "message": f"{one.span.start_line}:{one.span.start_column + 1}: {one.message}"}
        for one in told
    ]
    diagnostics = [DiagnosticBody.of(one).model_dump(mode="json", by_alias=True) for one in told]
    return {**_invalid(errors), "diagnostics": diagnostics}


class WrongProgramError(Exception):
    """A program is refused before its task is made, with this body and these headers."""

    def __init__(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(body["message"])
        self.body = body
        self.headers = headers


def handle_errors(app: FastAPI) -> None:
    """Answer every exception in the one shape."""
    for kind in _ANSWERS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(WrongProgramError, _wrong_program)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _known(_request: Request, error: Exception) -> JSONResponse:
    answer = _answer_to(error)
    return problem(answer.status, answer.message, answer.errors, answer.headers)


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what this handler is registered for
    return JSONResponse(invalid(error.errors()), 400)


async def _wrong_program(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WrongProgramError)  # noqa: S101 - what this handler is registered for
    return JSONResponse(dict(error.body), 400, dict(error.headers))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - what this handler is registered for
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's word for a body that it could not even begin to read
        message = "The body is not JSON that can be read."
        return problem(400, f"Invalid request: body: {message}", [{"loc": ["body"], "message": message}])
    phrase = HTTPStatus(error.status_code).phrase
    message = error.detail if error.detail != phrase else f"{phrase}."
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(error.status_code, message, headers=headers)


def _methods(request: Request) -> set[str]:
    """Every method that the path takes; Starlette itself names those of one route only."""
    return {
        method
        for route in request.app.state.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("a request failed unexpectedly", method=request.method, path=request.url.path, exc_info=error)
    return problem(500, "Something went wrong here, not with your request.")


def _answer_to(error: Exception) -> _Answer:
    return next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = errors[0]
    return _body(f"Invalid request: {_place(first['loc'])}: {first['message']}", errors[:_MAX_ERRORS])


def _body(message: str, errors: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"status": "error", "message": message}
    if errors is not None:
        body["errors"] = list(errors)
    return body


def _message(found: Mapping[str, Any]) -> str:
    match found["type"]:
        case "json_invalid":
            return f"The body is not JSON: {found['ctx']['error']}."
        case "model_attributes_type":
            return "The body should be a JSON object, sent with Content-Type: application/json."
        case "model_type":
            return "It should be a JSON object."
        case "extra_forbidden":
            return "There is no such option."
        case "value_error":
            return f"{found['ctx']['error']}."
    return f"{found['msg']}."


def _readable(part: str | int) -> str | int:
    # an unknown key is named back to its sender, but not at any length, nor with what JSON cannot carry
    return part if isinstance(part, int) else part.encode("utf-8", "replace").decode()[:100]


def _place(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in loc)
