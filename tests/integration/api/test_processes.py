"""Several API processes on one port, on a real Redis."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.api_process import ApiProcess
from support.ports import free_port
from support.processes import alive, descendants, kill
from support.programs import BELL
from support.waiting import eventually

SOON = 60.0
PROCESSES = 3
WAITING = 12


@pytest.fixture
def api(redis_url: str) -> Iterator[ApiProcess]:
    """An API of three processes; nobody runs its tasks."""
    with ApiProcess(redis_url, QT_API_PROCESSES=str(PROCESSES)) as api:
        eventually(lambda: len(_serving(api)) == PROCESSES, SOON, "all processes")
        yield api


def _serving(api: ApiProcess) -> list[int]:
    below = [child.pid for child in descendants(api.pid)]
    return [pid for pid in below if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


def _submit(api: ApiProcess) -> str:
    """Over a connection of its own, so that any of the processes may take it."""
    with httpx.Client(base_url=api.client.base_url, trust_env=False, timeout=30) as client:
        return str(client.post("/tasks", json={"qc": BELL}).raise_for_status().json()["task_id"])


class _Polls:
    """Requests that wait for the end of a task; their answers, or None for one that was cut off."""

    def __init__(self, api: ApiProcess, task_id: str) -> None:
        self.answers: list[httpx.Response | None] = []
        self._url = f"{api.client.base_url}/tasks/{task_id}"
        self._threads = [threading.Thread(target=self._poll) for _ in range(WAITING)]
        for thread in self._threads:
            thread.start()
        eventually(lambda: api.scrape().value("http_requests_waiting") == WAITING, SOON, "the requests to wait")

    def _poll(self) -> None:
        try:
            self.answers.append(httpx.get(self._url, headers={"prefer": "wait=60"}, trust_env=False, timeout=90))
        except httpx.TransportError:
            self.answers.append(None)

    def ended(self) -> list[httpx.Response | None]:
        """The answers, once all are there."""
        for thread in self._threads:
            thread.join(SOON)
        assert len(self.answers) == WAITING
        return self.answers


def test_what_all_processes_counted_is_told_by_any(api: ApiProcess) -> None:
    """Whichever answers a scrape, it tells of every submission, of the build, and of nothing that is only its own."""
    for _ in range(20):
        _submit(api)
    for _ in range(5):
        with httpx.Client(base_url=api.client.base_url, trust_env=False) as client:
            text = client.get("/metrics").raise_for_status().text
        assert 'quantum_tasks_tasks_submitted_total{outcome="accepted"} 20.0' in text
        assert "quantum_tasks_build_info" in text
        assert "pid=" not in text
        assert "process_resident_memory_bytes" not in text


def test_metrics_may_have_a_port_of_their_own(redis_url: str) -> None:
    """There too they are those of all processes, and the API's own port has none."""
    port = free_port()
    with ApiProcess(redis_url, QT_API_PROCESSES="2", QT_METRICS_PORT=str(port)) as api:
        for _ in range(10):
            _submit(api)
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).raise_for_status().text
        assert 'quantum_tasks_tasks_submitted_total{outcome="accepted"} 10.0' in text
        assert api.client.get("/metrics").status_code == 404


def test_a_process_that_dies_is_replaced(api: ApiProcess) -> None:
    """What it has counted stays, what it was at does not, and there are as many processes as before."""
    polls = _Polls(api, _submit(api))
    killed = _serving(api)
    for pid in killed:
        kill(pid)

    def replaced() -> bool:
        now = _serving(api)
        return len(now) == PROCESSES and not set(now) & set(killed)

    eventually(replaced, SOON, "other processes")
    assert polls.ended() == [None] * WAITING

    def forgotten() -> bool:
        try:
            return api.scrape().value("http_requests_waiting") == 0
        except httpx.TransportError:
            return False  # a connection to one that was killed

    eventually(forgotten, SOON, "nobody to wait any more")
    assert api.scrape().value("tasks_submitted_total", outcome="accepted") == 1
    _submit(api)
    assert api.scrape().value("tasks_submitted_total", outcome="accepted") == 2


def test_told_to_stop_all_answer_first(api: ApiProcess) -> None:
    """Every request that waits is answered with its task as it is, and nothing of the API is left."""
    polls = _Polls(api, _submit(api))
    serving = _serving(api)
    kill(api.pid, signal.SIGTERM)
    answers = polls.ended()
    assert {answer.status_code if answer else None for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers if answer} == {"pending"}
    assert api.wait(SOON) == 0
    assert alive(serving) == []


def test_no_process_outlives_its_supervisor(api: ApiProcess) -> None:
    """When the supervisor is killed, the port is free again."""
    serving = _serving(api)
    kill(api.pid)
    eventually(lambda: alive(serving) == [], SOON, "the processes to end")


def test_without_a_folder_to_write_to_it_says_what_is_missing(redis_url: str, tmp_path: Path) -> None:
    """Nowhere to count together: one line names the setting, and nothing is served."""
    nowhere = str(tmp_path / "nowhere")
    program = f"import tempfile; tempfile.tempdir = {nowhere!r}; from quantum_api.__main__ import main; main()"
    env = {**os.environ, "QT_REDIS_URL": redis_url, "QT_API_PROCESSES": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False, timeout=SOON
    )
    assert done.returncode == 1
    assert done.stderr.startswith("QT_API_PROCESSES: several processes need a folder to write to (TMPDIR)")
    assert done.stderr.count("\n") == 1
