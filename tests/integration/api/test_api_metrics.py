"""The metrics of the API as a process, on a real Redis."""

import signal
import threading
from collections.abc import Iterator

import httpx
import pytest
from support.api_process import ApiProcess
from support.ports import free_port
from support.programs import BELL
from support.redis_server import RedisServer
from support.scrapes import Scrape
from support.waiting import eventually

SOON = 30.0


@pytest.fixture
def api(redis_url: str) -> Iterator[ApiProcess]:
    """An API of the test's own; nobody runs its tasks."""
    with ApiProcess(redis_url) as api:
        yield api


def _submit(api: ApiProcess, **headers: str) -> httpx.Response:
    return api.client.post("/tasks", json={"qc": BELL}, headers=headers)


def test_submissions_are_counted_by_outcome(api: ApiProcess) -> None:
    """A task that is new, one that is repeated, and one whose key stands for another are told apart."""
    for _ in range(2):
        assert _submit(api, **{"idempotency-key": "a"}).status_code == 202
    other = {"qc": BELL, "shots": 7}
    assert api.client.post("/v1/tasks", json={"qasm": BELL}).status_code == 202
    assert api.client.post("/tasks", json=other, headers={"idempotency-key": "a"}).status_code == 422
    assert api.client.post("/tasks", json={"qc": ""}).status_code == 400
    scrape = api.scrape()
    outcomes = {
        name: scrape.value("tasks_submitted_total", outcome=name) for name in ("accepted", "replayed", "refused")
    }
    assert outcomes == {"accepted": 2, "replayed": 1, "refused": 1}
    codes = {
        code: scrape.value("http_requests_total", route="/tasks", method="POST", code=code) for code in ("202", "400")
    }
    assert codes == {"202": 2, "400": 1}


def test_a_request_that_waits_is_seen_waiting_and_timed_apart(api: ApiProcess) -> None:
    """It is among those that wait until its task ends, and its time is not among those of other requests."""
    task_id = _submit(api).json()["task_id"]
    waiter = threading.Thread(
        target=api.client.get, args=(f"/tasks/{task_id}",), kwargs={"headers": {"prefer": "wait=60"}}
    )
    waiter.start()
    eventually(lambda: api.scrape().value("http_requests_waiting") == 1, SOON, "the request to wait")
    api.client.post(f"/v1/tasks/{task_id}/cancel").raise_for_status()
    waiter.join(SOON)
    scrape = api.scrape()
    route = {"route": "/tasks/{task_id}", "method": "GET"}
    assert scrape.value("http_requests_waiting") == 0
    assert scrape.value("http_wait_duration_seconds_count", **route) == 1
    assert scrape.value("http_request_duration_seconds_count", **route) == 0


def test_junk_over_http_makes_no_new_labels(api: ApiProcess) -> None:
    """Two hundred paths that nobody knows are one route."""

    def labels(scrape: Scrape) -> set[frozenset[tuple[str, str]]]:
        return {found for _, found in scrape.samples}

    def send_junk(number: int) -> None:
        assert api.client.get(f"/junk/{number}?{number}").status_code == 404
        assert api.client.request("PROPFIND", f"/junk/{number}").status_code == 404
        assert api.client.request("PROPFIND", f"/v1/tasks/{number}").status_code == 405

    send_junk(0)
    api.scrape()
    before = api.scrape()
    for number in range(1, 101):
        send_junk(number)
    after = api.scrape()
    assert labels(after) == labels(before)
    assert after.total("http_requests_total", route="other") == 202


def test_a_scrape_is_answered_while_redis_is_away() -> None:
    """It says how many tasks are refused meanwhile."""
    with RedisServer() as redis, ApiProcess(redis.url) as api:
        redis.signal(signal.SIGKILL)
        assert _submit(api).status_code == 503
        scrape = api.scrape()
    assert scrape.value("tasks_submitted_total", outcome="refused") == 1
    assert scrape.value("http_requests_total", route="/tasks", method="POST", code="503") == 1


def test_metrics_have_a_port_of_their_own_if_told(redis_url: str) -> None:
    """They are there, and not on the port of the API any more."""
    port = free_port()
    with ApiProcess(redis_url, QT_METRICS_PORT=str(port)) as api:
        assert _submit(api).status_code == 202
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=30)
        assert Scrape(answer.text).value("tasks_submitted_total", outcome="accepted") == 1
        assert api.client.get("/metrics").status_code == 404
