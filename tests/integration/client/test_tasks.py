"""Tasks over HTTP, against servers that answer this and that."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from quantum_client.tasks import Answer, ServerError, Tasks, TaskTimeoutError
from quantum_tasks.states import Status
from support.stores import run

PENDING = (200, {"status": "pending", "message": "Task is still in progress."})
COMPLETED = (200, {"status": "completed", "result": {"0": 3, "1": 7}})


class Scripted(ThreadingHTTPServer):
    """A server that gives prepared answers in turn, the last one again and again, and keeps the requests."""

    daemon_threads = True

    def __init__(self, *answers: tuple[int, Any]) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.answers = list(answers)
        self.requests: list[tuple[str, str | None, bytes]] = []

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"


class ScriptedHandler(BaseHTTPRequestHandler):
    """One request to a scripted server."""

    server: Scripted

    def do_GET(self) -> None:
        """Answer."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.requests.append((f"{self.command} {self.path}", self.headers.get("prefer"), body))
        answers = self.server.answers
        status, content = answers.pop(0) if len(answers) > 1 else answers[0]
        raw = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@contextmanager
def _scripted(*answers: tuple[int, Any]) -> Iterator[Scripted]:
    with Scripted(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


async def _submit(url: str) -> str:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        return await Tasks(http).submit("OPENQASM 3;", shots=10)


async def _wait(url: str, seconds: float = 20) -> Answer:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        return await Tasks(http).wait("the-id", seconds)


def test_a_program_is_submitted_with_its_shots() -> None:
    """Submitting posts the program and the shots, and returns the task's id."""
    with _scripted((202, {"task_id": "the-id", "message": "Task submitted successfully."})) as server:
        assert run(_submit(server.url)) == "the-id"
    ((request, _, body),) = server.requests
    assert request == "POST /tasks"
    assert json.loads(body) == {"qc": "OPENQASM 3;", "shots": 10}


def test_a_pending_task_is_waited_for() -> None:
    """While a task is pending it is asked for again, each time with a wait on the server's side."""
    with _scripted(PENDING, PENDING, COMPLETED) as server:
        answer = run(_wait(server.url))
    assert answer == Answer(status=Status.COMPLETED, result={"0": 3, "1": 7})
    assert [(request, prefer) for request, prefer, _ in server.requests] == [("GET /tasks/the-id", "wait=10")] * 3


def test_a_failed_task_is_an_answer() -> None:
    """A task that ended in an error is no error of the client: its message is returned."""
    with _scripted((200, {"status": "error", "message": "5:1: no"})) as server:
        assert run(_wait(server.url)) == Answer(status=Status.ERROR, message="5:1: no")


def test_a_task_that_does_not_end_is_given_up() -> None:
    """After its time a wait ends with an error that says so."""
    with _scripted(PENDING) as server, pytest.raises(TaskTimeoutError, match=r"the-id has not ended within 0\.2 s"):
        run(_wait(server.url, 0.2))


def test_a_refusal_is_an_error_with_the_servers_words() -> None:
    """What the server says of a request that it refuses is in the error."""
    refusal = (503, {"status": "error", "message": "The task store is away."})
    with _scripted(refusal) as server, pytest.raises(ServerError, match=r"503: The task store is away\."):
        run(_submit(server.url))


@pytest.mark.parametrize(
    "content", ["nonsense", {}, {"status": "melted"}, {"status": "completed", "result": {"0": "x"}}]
)
def test_an_answer_of_another_shape_is_an_error(content: object) -> None:
    """A server that answers with something else is not taken for one of ours."""
    with _scripted((200, content)) as server, pytest.raises(ServerError, match="something else than a task"):
        run(_wait(server.url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:8000", "http://no such host"])
def test_a_server_that_is_not_there_is_an_error(url: str) -> None:
    """When there is no server, or no such URL, the error says where none was found."""
    with pytest.raises(ServerError, match="no answer from"):
        run(asyncio.wait_for(_submit(url), 30))
