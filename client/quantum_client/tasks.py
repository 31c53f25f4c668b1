"""Tasks over HTTP, as `POST /tasks` and `GET /tasks/{id}` have them."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import BaseModel, Field, ValidationError
from quantum_tasks.errors import QuantumTasksError
from quantum_tasks.states import Status

WAIT_SECONDS = 10
"""How long one request waits for the end of a task."""

REQUEST_SECONDS = 30.0
PAUSE_SECONDS = 0.1
"""Between two requests for a task that goes on; counts where a server does not wait."""

Body = TypeVar("Body", bound=BaseModel)


class ServerError(QuantumTasksError):
    """The server is not there, refused the request, or answered something else than the contract has."""


class TaskTimeoutError(QuantumTasksError):
    """The task has not ended in time."""


class Accepted(BaseModel):
    """The answer to `POST /tasks`."""

    task_id: str


class Answer(BaseModel):
    """The answer to `GET /tasks/{id}`. `result` has the counts of a completed task."""

    status: Status
    result: Mapping[str, int] = Field(default_factory=dict)
    message: str = ""


class Problem(BaseModel):
    """A refusal."""

    message: str


class Tasks:
    """The tasks of one server. The HTTP client, with its base URL, is the caller's to open and close."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def submit(self, program: str, *, shots: int) -> str:
        """Submit an OpenQASM 3 program and return its task's id. Raises ServerError."""
        answer = await self._request("POST", "/tasks", json={"qc": program, "shots": shots})
        return _parse(Accepted, answer, HTTPStatus.ACCEPTED).task_id

    async def wait(self, task_id: str, seconds: float) -> Answer:
        """Wait for the end of a task. Raises ServerError, and TaskTimeoutError after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while (answer := await self._get(task_id)).status is Status.PENDING:  # noqa: ASYNC110 - a server
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError as error:
            raise TaskTimeoutError(f"task {task_id} has not ended within {seconds:g} s") from error
        return answer

    async def _get(self, task_id: str) -> Answer:
        answer = await self._request("GET", f"/tasks/{task_id}", headers={"Prefer": f"wait={WAIT_SECONDS}"})
        return _parse(Answer, answer, HTTPStatus.OK)

    async def _request(
        self, method: str, path: str, *, json: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            return await self._http.request(method, path, json=json, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            because = str(error) or type(error).__name__
            raise ServerError(f"no answer from {self._http.base_url}: {because}") from error


def _parse(model: type[Body], answer: httpx.Response, expected: HTTPStatus) -> Body:
    request = f"{answer.request.method} {answer.request.url}"
    if answer.status_code != expected:
        raise ServerError(f"{request} was answered with {answer.status_code}: {_message(answer)}")
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise ServerError(f"{request} was answered with something else than a task") from error


def _message(answer: httpx.Response) -> str:
    with suppress(ValidationError):
        return Problem.model_validate_json(answer.content).message
    return answer.reason_phrase
