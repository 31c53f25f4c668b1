"""Batches over HTTP, on a real Redis."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from quantum_api.schemas.requests import MAX_BATCH
from quantum_tasks.room import MAX_OUTCOMES_BYTES
from quantum_tasks.task import Method, Outcome
from support.api_process import ApiProcess
from support.client import assert_error, assert_refused
from support.programs import BELL
from support.redis_server import RedisServer
from support.stores import open_store, run
from support.waiting import eventually

SOON = 30.0
OUTCOME = Outcome(counts={"00": 10}, shots=10, seed=3, qubits=2, method=Method.STATEVECTOR)
GOOD = {"qasm": BELL, "shots": 10, "seed": 3}


@pytest.fixture
def api(redis_url: str) -> Iterator[ApiProcess]:
    """An API of the test's own; the test runs its tasks."""
    with ApiProcess(redis_url) as api:
        yield api


def _post(api: ApiProcess, *tasks: object, **headers: str) -> list[Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = api.client.post("/v1/tasks:batch", json={"tasks": tasks}, headers=named)
    assert answer.status_code == 200, answer.text
    outcomes: list[Any] = answer.json()["outcomes"]
    return outcomes


def _get(api: ApiProcess, *ids: str, prefer: str = "") -> list[Any]:
    answer = api.client.post("/v1/tasks:batchGet", json={"ids": ids}, headers={"prefer": prefer})
    assert answer.status_code == 200, answer.text
    outcomes: list[Any] = answer.json()["outcomes"]
    return outcomes


def _run_tasks(redis_url: str, count: int, outcome: Outcome = OUTCOME) -> None:
    """Be a worker, until so many tasks have succeeded."""

    async def work() -> None:
        async with open_store(redis_url) as store:
            done = 0
            while done < count:
                for lease in await store.claim("w", count=count, block_seconds=1, max_attempts=3):
                    done += await store.succeed(lease, outcome)

    run(work())


def test_the_items_of_a_batch_are_answered_in_their_order(api: ApiProcess) -> None:
    """What is good is accepted whatever is beside it, and the answer has its task without the program."""
    first, bad, last = _post(api, GOOD, {"qasm": BELL, "shots": 0}, {"qasm": BELL, "seed": 9})
    assert [first["status"], bad["status"], last["status"]] == [202, 400, 202]
    assert first["task"]["spec"] == {
        "shots": 10,
        "seed": 3,
        "method": "automatic",
        "frontend": "automatic",
        "inputs": {},
    }
    assert last["task"]["spec"]["seed"] == 9
    for outcome in (first, last):
        assert outcome.keys() == {"status", "task"}
        alone = api.client.get(f"/v1/tasks/{outcome['task']['id']}").json()
        assert alone["spec"].pop("qasm") == BELL
        assert outcome["task"] == alone


@pytest.mark.parametrize(
    ("item", "loc"),
    [
        ({"qasm": BELL, "shots": 0}, ["shots"]),
        ({"qasm": " "}, ["qasm"]),
        ({}, ["qasm"]),
        ({"qasm": BELL, "shot": 1}, ["shot"]),
        ("no object", []),
        (None, []),
    ],
)
def test_an_item_that_is_wrong_is_refused_by_itself(api: ApiProcess, item: Any, loc: list[str]) -> None:  # noqa: ANN401
    """Its error is what it would be alone, with its place in the batch."""
    _, refused = _post(api, GOOD, item)
    assert refused.keys() == {"status", "error"}
    assert refused["status"] == 400
    [error] = refused["error"]["errors"]
    assert error["loc"] == ["body", "tasks", 1, *loc]
    assert refused["error"]["message"] == f"Invalid request: {'.'.join(map(str, error['loc']))}: {error['message']}"
    if isinstance(item, dict):
        alone = assert_refused(api.client.post("/v1/tasks", json=item))
        assert alone["errors"] == [{"loc": ["body", *loc], "message": error["message"]}]


@pytest.mark.parametrize(
    "body",
    [[], {}, {"tasks": []}, {"tasks": {}}, {"tasks": [GOOD], "more": 1}, {"tasks": [GOOD] * (MAX_BATCH + 1)}],
    ids=["list", "empty", "none", "object", "unknown key", "too many"],
)
def test_a_body_that_is_no_batch_is_refused_as_a_whole(api: ApiProcess, body: object) -> None:
    """It is a 400, and no task is made."""
    assert_refused(api.client.post("/v1/tasks:batch", json=body))
    assert api.client.get("/v1/tasks").json()["tasks"] == []


def test_the_largest_batch_is_accepted(api: ApiProcess) -> None:
    """A thousand tasks are a thousand ids, in one answer and then in another."""
    accepted = _post(api, *[GOOD] * MAX_BATCH)
    ids = [outcome["task"]["id"] for outcome in accepted]
    assert len(set(ids)) == MAX_BATCH
    assert [outcome["task"] for outcome in _get(api, *ids)] == [outcome["task"] for outcome in accepted]


def test_a_batch_has_its_own_largest_body(redis_url: str) -> None:
    """It may be larger than other requests, up to a bound of its own."""
    with ApiProcess(redis_url, QT_MAX_BODY_BYTES="1024", QT_MAX_BATCH_BYTES="2048") as api:
        body = {"tasks": [{"qasm": "x" * 1024}]}
        assert api.client.post("/v1/tasks:batch", json=body).status_code == 200
        assert_error(api.client.post("/v1/tasks:batchGet", json={"ids": ["x" * 1024]}), 413)
        body = {"tasks": [{"qasm": "x" * 2048}]}
        assert "2048" in assert_error(api.client.post("/v1/tasks:batch", json=body), 413)["message"]


def test_a_batch_is_safe_to_repeat(api: ApiProcess) -> None:
    """With the same key each item is the task of its place, is said to be repeated, or is refused if it is another."""
    first = _post(api, GOOD, GOOD, idempotency_key="a")
    same, other, new = _post(api, GOOD, {**GOOD, "seed": 4}, GOOD, idempotency_key="a")
    assert same == {"status": 202, "replayed": True, "task": first[0]["task"]}
    assert (other["status"], other.keys()) == (422, {"status", "error"})
    assert (new["status"], new.keys()) == (202, {"status", "task"})
    alone = api.client.post("/v1/tasks", json=GOOD, headers={"idempotency-key": "a"}).json()["id"]
    assert len({alone, new["task"]["id"], *(outcome["task"]["id"] for outcome in first)}) == 4


def test_a_batch_waits_for_all_of_its_tasks(api: ApiProcess, redis_url: str) -> None:
    """With `Prefer: wait` each item that has ended is 200, with its result."""
    worker = threading.Thread(target=_run_tasks, args=(redis_url, 3))
    worker.start()
    outcomes = _post(api, GOOD, "wrong", GOOD, GOOD, prefer="wait=30", idempotency_key="a")
    worker.join(SOON)
    assert [outcome["status"] for outcome in outcomes] == [200, 400, 200, 200]
    results = [outcome["task"]["result"]["counts"] for outcome in outcomes if outcome["status"] == 200]
    assert results == [OUTCOME.counts] * 3
    again = _post(api, GOOD, prefer="wait=0", idempotency_key="a")
    assert again == [{"status": 200, "replayed": True, "task": outcomes[0]["task"]}]
    assert [outcome["status"] for outcome in _post(api, GOOD, idempotency_key="a")] == [202]


def test_a_batch_that_does_not_end_in_time_is_given_as_it_is(api: ApiProcess) -> None:
    """What has not ended is accepted all the same."""
    answer = api.client.post("/v1/tasks:batch", json={"tasks": [GOOD]}, headers={"prefer": "wait=1"})
    assert answer.headers["preference-applied"] == "wait=1"
    assert [outcome["status"] for outcome in answer.json()["outcomes"]] == [202]


def test_results_are_read_in_one_request(api: ApiProcess, redis_url: str) -> None:
    """Tasks are given in the order of their ids, and what there is none of is 404, as alone."""
    [accepted] = _post(api, GOOD)
    task_id = accepted["task"]["id"]
    worker = threading.Thread(target=_run_tasks, args=(redis_url, 1))
    worker.start()
    found = _get(api, "nobody", task_id, "NO ID", task_id, prefer="wait=30")
    worker.join(SOON)
    assert [outcome["status"] for outcome in found] == [404, 200, 404, 200]
    assert found[1]["task"]["result"]["counts"] == OUTCOME.counts
    assert found[0]["error"] == api.client.get("/v1/tasks/nobody").json()
    assert found[1] == found[3]
    bodies: list[dict[str, Any]] = [
        {},
        {"ids": []},
        {"ids": [1]},
        {"ids": ["a"] * (MAX_BATCH + 1)},
        {"ids": ["a"], "more": 1},
    ]
    for body in bodies:
        assert_refused(api.client.post("/v1/tasks:batchGet", json=body))


def test_what_finds_the_queue_full_is_refused_by_itself(redis_url: str) -> None:
    """The tasks before it are accepted, and its error is what it would be alone."""
    with ApiProcess(redis_url, QT_MAX_UNFINISHED="2") as api:
        outcomes = _post(api, GOOD, GOOD, GOOD)
        assert [outcome["status"] for outcome in outcomes] == [202, 202, 503]
        assert outcomes[2]["error"] == assert_error(api.client.post("/v1/tasks", json=GOOD), 503)
        scrape = api.scrape()
        counts = {how: scrape.value("tasks_submitted_total", outcome=how) for how in ("accepted", "refused")}
        assert counts == {"accepted": 2, "refused": 2}


def test_a_batch_that_finds_redis_away_is_completed_by_its_repetition() -> None:
    """It is a 503 as a whole, with the time after which to try again; with its key that makes each task once."""
    with RedisServer() as redis, ApiProcess(redis.url) as api:
        redis.signal(signal.SIGKILL)
        answer = api.client.post("/v1/tasks:batch", json={"tasks": [GOOD] * 3}, headers={"idempotency-key": "a"})
        assert_error(answer, 503)
        assert answer.headers["retry-after"] == "1"
        assert_error(api.client.post("/v1/tasks:batchGet", json={"ids": ["a"]}), 503)
        redis.start()
        outcomes = _post(api, *[GOOD] * 3, idempotency_key="a")
        assert [outcome["status"] for outcome in outcomes] == [202] * 3
        assert len(api.client.get("/v1/tasks").json()["tasks"]) == 3
        assert api.scrape().value("tasks_submitted_total", outcome="refused") == 3


def test_a_batch_that_waits_is_one_request_that_waits(api: ApiProcess) -> None:
    """It is counted as one, however many tasks it has, and ends when the last one is deleted."""
    ids = [outcome["task"]["id"] for outcome in _post(api, GOOD, GOOD)]
    answers: list[list[Any]] = []
    waiter = threading.Thread(target=lambda: answers.append(_get(api, *ids, prefer="wait=60")))
    waiter.start()
    eventually(lambda: api.scrape().value("http_requests_waiting") == 1, SOON, "the batch to wait")
    for task_id in ids:
        api.client.delete(f"/v1/tasks/{task_id}").raise_for_status()
    waiter.join(SOON)
    assert [[outcome["status"] for outcome in answer] for answer in answers] == [[404, 404]]


def test_concurrent_batches_under_one_key_make_each_task_once(api: ApiProcess) -> None:
    """However often a batch is sent at once, each of its tasks is made by one of them."""

    async def send() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=api.client.base_url, trust_env=False, timeout=30) as client:
            body, key = {"tasks": [GOOD] * 5}, {"idempotency-key": "a"}
            return await asyncio.gather(*(client.post("/v1/tasks:batch", json=body, headers=key) for _ in range(10)))

    outcomes = [outcome for answer in run(send()) for outcome in answer.json()["outcomes"]]
    assert sum(outcome.get("replayed", False) for outcome in outcomes) == 45
    assert len({outcome["task"]["id"] for outcome in outcomes}) == 5


def test_an_answer_has_no_more_results_than_it_may(api: ApiProcess, redis_url: str) -> None:
    """Results that are larger together than one may be are left out, and the task by itself has them."""
    counts = {"0" * (MAX_OUTCOMES_BYTES * 2 // 5): 10}
    large = replace(OUTCOME, counts=counts)
    worker = threading.Thread(target=_run_tasks, args=(redis_url, 3, large))
    worker.start()
    waited = _post(api, GOOD, GOOD, GOOD, prefer="wait=60", idempotency_key="large")
    worker.join()
    ids = [outcome["task"]["id"] for outcome in waited]
    for outcomes in (
        waited,
        _get(api, *ids),
        _get(api, *ids, prefer="wait=60"),
        _post(api, GOOD, GOOD, GOOD, idempotency_key="large"),
        _post(api, GOOD, GOOD, GOOD, prefer="wait=60", idempotency_key="large"),
    ):
        assert [outcome["task"]["phase"] for outcome in outcomes] == ["Succeeded"] * 3
        assert sum(outcome["task"]["result"] is not None for outcome in outcomes) == 2
        [left_out] = [outcome for outcome in outcomes if outcome.get("resultLeftOut")]
        assert left_out["task"]["result"] is None
        alone = api.client.get(f"/v1/tasks/{left_out['task']['id']}").json()
        assert alone["result"]["counts"] == counts
