"""What is said in the end: every task, at every door, of a real API."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chaos.final import gather, settle
from chaos.history import Answered, Door, Entry, Kind, Log, Operation, Recorder, Spec, read
from chaos.programs import PROGRAMS
from chaos.workload import accepted
from quantum_tasks.states import Phase
from support.api_process import ApiProcess
from support.redis_server import RedisServer

QASM = {name: program.qasm for name, program in PROGRAMS.items()}
NEVER = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def api(redis_server: RedisServer) -> Iterator[ApiProcess]:
    """An API without a worker: nothing ends but by cancellation."""
    with ApiProcess(redis_server.url) as api:
        yield api


@pytest.fixture
def url(api: ApiProcess, redis_url: str) -> str:
    """Where the API is, without any task."""
    assert redis_url
    return str(api.client.base_url)


@pytest.fixture
def recorder(url: str, tmp_path: Path) -> Iterator[Recorder]:
    """A client; its history is in the test's folder."""
    with Log(tmp_path / "history.jsonl") as log, httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
        yield Recorder(http, log, QASM)


def submitted(recorder: Recorder, door: Door = Door.V1) -> str:
    """A new task."""
    task = accepted(recorder.do(Operation(Kind.SUBMIT, "c1", door, spec=Spec("bell", 100, 1))))
    assert task is not None
    return task


def done(recorder: Recorder, kind: Kind, task: str) -> None:
    """Cancel or delete a task."""
    outcome = recorder.do(Operation(kind, "c1", task=task))
    assert isinstance(outcome, Answered)
    assert outcome.status in {200, 204}


def history(folder: Path) -> list[Entry]:
    """What the clients were told."""
    return read(folder / "history.jsonl")


def test_a_run_has_settled_once_every_task_has_ended(url: str, recorder: Recorder) -> None:
    """One task that waits is enough to wait for, and whether it has ended in time is said."""
    assert settle(url, 30)
    task = submitted(recorder)
    assert not settle(url, 0.1)
    done(recorder, Kind.CANCEL, task)
    assert settle(url, 30)


def test_every_task_is_asked_for_at_every_door(url: str, recorder: Recorder, tmp_path: Path) -> None:
    """Those of the listing, whoever made them; those that answers showed; and those that were only asked for."""
    tasks = [submitted(recorder, door) for door in Door]
    cancelled, deleted = submitted(recorder), submitted(recorder)
    done(recorder, Kind.CANCEL, cancelled)
    done(recorder, Kind.DELETE, deleted)
    recorder.do(Operation(Kind.GET, "c1", Door.SEED, NEVER))
    unseen = httpx.post(f"{url}/tasks", json={"qc": QASM["bell"]}, trust_env=False).json()["task_id"]

    final = gather(url, history(tmp_path), None)
    there = {*tasks, cancelled, unseen}
    known = {task for task, answer in final.resources.items() if answer.status == httpx.codes.OK}
    assert there == known == {task.id for task in final.listing}
    assert final.resources.keys() == final.results.keys() == there | {deleted, NEVER}
    for gone in (deleted, NEVER):
        assert final.resources[gone].status == final.results[gone].status == httpx.codes.NOT_FOUND
    assert '"pending"' in final.results[unseen].text
    assert {task.id: task.phase for task in final.listing}[cancelled] is Phase.CANCELLED
    assert final.objects is None


def test_a_listing_of_several_pages_is_whole(url: str, recorder: Recorder) -> None:
    """Each task is in it once, however many there are."""
    tasks = {submitted(recorder) for _ in range(120)}
    listing = [task.id for task in gather(url, [], {}).listing]
    assert sorted(listing) == sorted(tasks)
