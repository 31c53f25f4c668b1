"""Clients that go away in the middle of a POST: what was not sent whole is no task, and what was is one at most."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import httpx
import pytest
from chaos.harms.disconnects import STEPS, Disconnects
from chaos.harms.proxy import Proxy, TcpAddress
from chaos.history import Answered, Door, Exchange, Kind, Log, Operation, Outcome, Recorder, Unknown, read
from chaos.programs import PROGRAMS
from chaos.workload import accepted
from quantum_api.schemas.resources import TaskList
from support.api_process import ApiProcess
from support.redis_server import RedisServer
from support.waiting import eventually

WHOLE = STEPS[4:]
BROKEN = STEPS[:4]
QASM = {name: program.qasm for name, program in PROGRAMS.items()}
SECONDS = 30.0
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def proxy(redis_server: RedisServer) -> Iterator[Proxy]:
    """A proxy before an API, as in a run. No worker is there, so that nothing happens but what is asked for."""
    with ApiProcess(redis_server.url) as api:
        base = api.client.base_url
        with Proxy(TcpAddress(base.host, base.port or 80)) as proxy:
            yield proxy


@pytest.fixture
def url(proxy: Proxy, redis_url: str) -> str:
    """Where the API is, without any task."""
    assert redis_url
    return f"http://127.0.0.1:{proxy.port}"


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    """A client that waits for its answers."""
    with httpx.Client(base_url=url, trust_env=False, timeout=SECONDS) as http:
        yield http


def broken_off(url: str, step: str, folder: Path) -> list[Exchange]:
    """What is written of clients that went away at the step."""
    path = folder / "broken off.jsonl"
    with Log(path) as log:
        harm = Disconnects(url, log).harm()
        for seed in SEEDS:
            with harm.begin(step, Random(seed)) as details:  # noqa: S311 - no secret
                assert details == {"posts": "5"}
    return [entry for entry in read(path) if isinstance(entry, Exchange)]


def again(http: httpx.Client, folder: Path, exchanges: Sequence[Exchange]) -> list[Outcome]:
    """The answers to the same submissions, sent whole."""
    with Log(folder / "again.jsonl") as log:
        recorder = Recorder(http, log, QASM)
        return [recorder.do(exchange.operation) for exchange in exchanges]


def listed(http: httpx.Client) -> set[str]:
    """The ids of all tasks."""
    found, cursor = set[str](), dict[str, str]()
    while True:
        answer = http.get("/v1/tasks", params={"limit": 100, **cursor}).raise_for_status()
        page = TaskList.model_validate_json(answer.text)
        found |= {task.id for task in page.tasks}
        if page.next_cursor is None:
            return found
        cursor = {"cursor": page.next_cursor}


def replayed(outcome: Outcome) -> bool:
    """Whether it was answered that the task is there already."""
    return isinstance(outcome, Answered) and outcome.headers.get("idempotency-replayed") == "true"


@pytest.mark.parametrize("step", STEPS)
def test_what_is_written_is_what_was_done(url: str, tmp_path: Path, step: str) -> None:
    """Each is a submission with a key of its own, without an answer; it counts as sent only if it was sent whole."""
    exchanges = broken_off(url, step, tmp_path)
    assert [one.outcome for one in exchanges] == [Unknown(f"went away {step}", sent=step in WHOLE)] * len(exchanges)
    assert {one.operation.kind for one in exchanges} == {Kind.SUBMIT}
    assert {one.operation.door for one in exchanges} == set(Door)
    assert len({one.operation.key for one in exchanges}) == len(exchanges) == 5 * len(SEEDS)


@pytest.mark.parametrize("step", BROKEN)
def test_what_is_broken_off_before_its_end_is_no_task(url: str, http: httpx.Client, tmp_path: Path, step: str) -> None:
    """Once a later submission is there, there is no other new task, and the keys are free."""
    exchanges = broken_off(url, step, tmp_path)
    barrier = accepted(again(http, tmp_path, [_later(exchanges)])[0])
    assert listed(http) == {barrier}
    outcomes = again(http, tmp_path, exchanges)
    assert not any(map(replayed, outcomes))
    tasks = [accepted(outcome) for outcome in outcomes]
    assert listed(http) == {barrier, *tasks}
    assert len(set(tasks)) == len(exchanges)


def _later(exchanges: Sequence[Exchange]) -> Exchange:
    """The last one, with another key."""
    last = exchanges[-1]
    operation = Operation(
        Kind.SUBMIT, "later", last.operation.door, key=f"{last.operation.key}-later", spec=last.operation.spec
    )
    return Exchange(operation, last.invoked, last.completed, last.outcome)


@pytest.mark.parametrize("step", WHOLE)
def test_what_was_sent_whole_is_one_task_at_most(url: str, http: httpx.Client, tmp_path: Path, step: str) -> None:
    """Sent again, it is a replay or a first acceptance, and after that a replay, of one and the same task."""
    exchanges = broken_off(url, step, tmp_path)
    first, second = again(http, tmp_path, exchanges), again(http, tmp_path, exchanges)
    tasks = [accepted(outcome) for outcome in first]
    assert None not in tasks
    assert all(map(replayed, second))
    assert [accepted(outcome) for outcome in second] == tasks
    assert len(set(tasks)) == len(exchanges)
    assert listed(http) == set(tasks)


def test_what_was_sent_whole_is_a_task_without_an_answer(url: str, http: httpx.Client, tmp_path: Path) -> None:
    """Whoever reads the first bytes of the answer was answered: the task is there, though nobody knows its id."""
    exchanges = broken_off(url, "in the answer", tmp_path)
    eventually(lambda: len(listed(http)) == len(exchanges), SECONDS, "the tasks to be there")
    assert all(map(replayed, again(http, tmp_path, exchanges)))
