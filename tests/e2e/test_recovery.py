"""What the local stack survives: killed workers, Redis, API and simulations, and being stopped and started."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Semaphore

import httpx
import pytest
from support.client import PENDING, Body, Client
from support.local_stack import LocalStack
from support.processes import descendants, kill
from support.programs import BELL, ENDLESS
from support.waiting import eventually

TASKS = 200
LONG_POLLS = 50
BUSY_TICKS = 20
"""CPU time, in hundredths of a second, that only a process has that simulates."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack of the test's own, that takes over the tasks of a lost worker after three seconds."""
    with LocalStack(tmp_path / "data", env={"QT_LEASE_SECONDS": "3"}) as stack:
        yield stack


@pytest.fixture
def client(stack: LocalStack) -> Iterator[Client]:
    """A client of the test's own stack."""
    with Client(stack.base_url) as client:
        yield client


def test_a_killed_worker_loses_no_task_and_ends_none_twice(stack: LocalStack, client: Client) -> None:
    """The worker is killed in the middle of 200 tasks: all complete, and no result changes once it is seen."""
    ids = [client.submit(BELL, shots=100) for _ in range(TASKS)]
    eventually(lambda: _listed(client, "Succeeded"), 30, "the first results")
    seen = {resource["id"]: client.result(resource["id"]) for resource in _listed(client, "Succeeded")}
    worker = stack.child("worker")
    kill(worker)
    stack.replaced("worker", worker)
    assert all(sum(client.counts(task_id).values()) == 100 for task_id in ids)
    assert all(client.result(task_id) == result for task_id, result in seen.items())
    attempts = [client.resource(task_id)["attempts"] for task_id in ids]
    assert set(attempts) <= {1, 2}
    assert 0 < len(seen) < TASKS


def test_what_was_accepted_outlives_redis(stack: LocalStack, client: Client) -> None:
    """Redis is killed right after a 202: the task is there after its restart, and completes."""
    redis = stack.child("redis")
    task_id = client.submit(BELL)
    kill(redis)
    stack.replaced("redis", redis)
    eventually(lambda: client.http.get("/readyz").status_code == 200, 30, "the API to be ready again")
    assert sum(client.counts(task_id).values()) == 1024


def test_long_polls_end_in_an_orderly_way_when_the_api_stops(stack: LocalStack, client: Client) -> None:
    """The API is stopped with 50 long polls open: each is answered with the task as it is, and the task lives on."""
    blocking = [client.submit(ENDLESS) for _ in range(os.cpu_count() or 1)]
    waiting = client.submit(BELL)
    api = stack.child("api")
    sent = Semaphore(0)
    with ThreadPoolExecutor(LONG_POLLS) as pool:
        polls: list[Future[httpx.Response]] = [
            pool.submit(
                client.http.get,
                f"/tasks/{waiting}",
                headers={"prefer": "wait=60"},
                extensions={"trace": partial(_note_sent, sent)},
            )
            for _ in range(LONG_POLLS)
        ]
        assert all(sent.acquire(timeout=30) for _ in polls)
        assert client.result(waiting) == PENDING  # what was sent before this has been read
        kill(api, signal.SIGTERM)
        answers = [poll.result(60) for poll in polls]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} <= {"pending", "completed"}
    assert PENDING in [answer.json() for answer in answers]
    stack.replaced("api", api)
    eventually(lambda: _answers(stack.base_url), 30, "the API to be back")
    with Client(stack.base_url) as later:
        for task_id in blocking:
            later.cancel(task_id)
        assert sum(later.counts(waiting).values()) == 1024


def test_a_program_that_kills_its_process_fails_alone(stack: LocalStack, client: Client) -> None:
    """A task whose simulation is killed three times fails with that count, and the next task runs."""
    task_id = client.submit(ENDLESS)
    for attempt in (1, 2, 3):
        eventually(partial(_is_lost, stack, client, task_id, attempt), 60, f"the loss of attempt {attempt}")
    body = client.wait(task_id)
    resource = client.resource(task_id)
    assert (body["status"], resource["reason"], resource["attempts"]) == ("error", "BackoffLimitExceeded", 3)
    assert "3 attempts" in body["message"]
    assert sum(client.run(BELL).values()) == 1024


def test_an_endless_program_ends_at_its_deadline(tmp_path: Path) -> None:
    """A program that never ends fails with DeadlineExceeded, and the next task runs."""
    with (
        LocalStack(tmp_path / "data", env={"QT_TASK_DEADLINE_SECONDS": "2"}) as stack,
        Client(stack.base_url) as client,
    ):
        task_id = client.submit(ENDLESS)
        assert client.wait(task_id)["status"] == "error"
        assert client.resource(task_id)["reason"] == "DeadlineExceeded"
        assert sum(client.run(BELL).values()) == 1024


def test_tasks_outlive_the_stack(tmp_path: Path) -> None:
    """Ended by Ctrl-C and started on the same folder, the stack has its tasks and results, and no process is left."""
    data = tmp_path / "data"
    with LocalStack(data) as stack, Client(stack.base_url) as client:
        task_id = client.submit(BELL)
        counts = client.counts(task_id)
        stack.terminate(signal.SIGINT)
    with LocalStack(data) as stack, Client(stack.base_url) as client:
        assert client.counts(task_id) == counts


def _listed(client: Client, phase: str) -> list[Body]:
    answer = client.http.get("/v1/tasks", params={"phase": phase, "limit": 100})
    tasks: list[Body] = answer.json()["tasks"]
    return tasks


def _note_sent(sent: Semaphore, event: str, _info: object) -> None:
    """What httpx calls at every step of a request: count those that are sent whole."""
    if event == "http11.send_request_body.complete":
        sent.release()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _is_lost(stack: LocalStack, client: Client, task_id: str, attempt: int) -> bool:
    """Kill whatever simulates, and tell whether that has ended the attempt."""
    resource = client.resource(task_id)
    if resource["attempts"] > attempt or resource["phase"] == "Failed":
        return True
    pid = _busy_child(stack)
    if pid is not None and resource["attempts"] == attempt:
        kill(pid)
    return False


def _busy_child(stack: LocalStack) -> int | None:
    """The process below the worker that has computed for a while; one that waits for work has hardly done so.

    Its state would not tell: Aer computes in a thread, and the state is that of the main one.
    """
    below = descendants(stack.child("worker"))
    computing = [one for one in below if one.cpu_ticks > BUSY_TICKS and _is_simulation(one.pid)]
    return computing[0].pid if computing else None


def _is_simulation(pid: int) -> bool:
    """Whether a process carries the mark by which the kernel kills it first when memory runs out."""
    try:
        return Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
    except (FileNotFoundError, ProcessLookupError):
        return False
