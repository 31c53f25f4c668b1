"""A thin client of the HTTP contract, for tests: it asserts the shape of every answer that it sees."""

import json
import re
from types import TracebackType
from typing import Any, Self

import httpx
from support.waiting import eventually

Body = dict[str, Any]

LEAKS = ("Traceback", 'File "', "site-packages", "/root")
"""What no answer and no log may hold: traces and paths of the server's own machine."""

HTML_PATHS = ("/docs", "/redoc")
PENDING: Body = {"status": "pending", "message": "Task is still in progress."}
NOT_FOUND: Body = {"status": "error", "message": "Task not found."}


def leaks(text: str) -> list[str]:
    """Those of LEAKS that the text holds."""
    return [leak for leak in LEAKS if leak in text]


def assert_error(answer: httpx.Response, status: int) -> Body:
    """Assert that the answer is an error in the one shape that the contract has for them, and return its body."""
    assert answer.status_code == status, f"{answer.status_code}, expected {status}: {answer.text[:500]}"
    body: Body = answer.json()
    assert {"status", "message"} <= set(body) <= {"status", "message", "errors"}, body
    assert body["status"] == "error"
    assert isinstance(body["message"], str)
    assert body["message"]
    for error in body.get("errors", []):
        assert set(error) == {"loc", "message"}, error
        assert isinstance(error["message"], str)
        assert isinstance(error["loc"], list)
        assert all(isinstance(part, str | int) for part in error["loc"]), error
    return body


def assert_refused(answer: httpx.Response) -> Body:
    """Assert that the answer is a 400 that names at least one error, and return its body."""
    body = assert_error(answer, 400)
    assert set(body) == {"status", "message", "errors"}, body
    assert body["errors"], body
    return body


def _assert_plain(answer: httpx.Response) -> None:
    """Assert what holds for every answer: JSON says that it is JSON, and nothing of the server's inside shows."""
    answer.read()
    if answer.content and not answer.request.url.path.startswith(HTML_PATHS):
        kind = answer.headers.get("content-type", "")
        assert re.fullmatch(r"application/json(; ?charset=utf-8)?", kind), f"{answer.request.url}: {kind!r}"
    assert not leaks(answer.text), answer.text[:2000]


class Client:
    """The contract's routes as methods. `http` is there for what they do not say."""

    def __init__(self, base_url: str, timeout_seconds: float = 60.0) -> None:
        self.http = httpx.Client(
            base_url=base_url,
            timeout=timeout_seconds,
            trust_env=False,
            limits=httpx.Limits(max_connections=100),
            event_hooks={"response": [_assert_plain]},
        )

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.http.close()

    def post(self, body: bytes, path: str = "/tasks", **headers: str) -> httpx.Response:
        """Send these bytes as JSON; a header's underscores become dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, content=body, headers={"content-type": "application/json", **named})

    def submit(self, program: str, **options: object) -> str:
        """Submit at the seed route, assert the exact 202, and return the task's id."""
        answer = self.post(json.dumps({"qc": program, **options}).encode())
        assert answer.status_code == 202, f"{answer.status_code}: {answer.text[:500]}"
        body: Body = answer.json()
        assert body == {"task_id": body["task_id"], "message": "Task submitted successfully."}
        task_id: str = body["task_id"]
        return task_id

    def result(self, task_id: str) -> Body:
        """The body of GET /tasks/{id}, which must be a 200."""
        return self._body(self.http.get(f"/tasks/{task_id}"))

    def wait(self, task_id: str, deadline_seconds: float = 60.0) -> Body:
        """The body of GET /tasks/{id} once the task has ended."""

        def ended() -> Body | None:
            answer = self.http.get(f"/tasks/{task_id}", headers={"prefer": "wait=5"})
            body = self._body(answer)
            return None if body["status"] == "pending" else body

        body = eventually(ended, deadline_seconds, f"task {task_id} ends")
        assert body is not None
        return body

    def counts(self, task_id: str, deadline_seconds: float = 60.0) -> dict[str, int]:
        """The counts of a task, which must complete."""
        body = self.wait(task_id, deadline_seconds)
        assert body["status"] == "completed", body
        counts: dict[str, int] = body["result"]
        return counts

    def run(self, program: str, **options: object) -> dict[str, int]:
        """Submit a program, and return its counts once it has completed."""
        return self.counts(self.submit(program, **options))

    def resource(self, task_id: str) -> Body:
        """The body of GET /v1/tasks/{id}, which must be a 200."""
        return self._body(self.http.get(f"/v1/tasks/{task_id}"))

    def in_phase(self, task_id: str, phase: str, deadline_seconds: float = 60.0) -> Body:
        """The task's resource once it is in this phase."""

        def there() -> Body | None:
            resource = self.resource(task_id)
            return resource if resource["phase"] == phase else None

        resource = eventually(there, deadline_seconds, f"task {task_id} is {phase}")
        assert resource is not None
        return resource

    def cancel(self, task_id: str) -> httpx.Response:
        """The answer of POST /v1/tasks/{id}/cancel."""
        return self.http.post(f"/v1/tasks/{task_id}/cancel")

    @staticmethod
    def _body(answer: httpx.Response) -> Body:
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:500]}"
        body: Body = answer.json()
        return body
