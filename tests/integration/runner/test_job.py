"""`python -m quantum_runner job`, as a Pod runs it: a process of its own, a real Redis, and outages of that Redis."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror, Report
from quantum_tasks.states import Reason, State
from quantum_tasks.store import connect
from quantum_tasks.task import Options
from support.certificates import Authority
from support.processes import process
from support.programs import BELL, ENDLESS, NOT_A_PROGRAM
from support.redis_server import RedisServer, TlsRedisServer
from support.stores import flush, run
from support.waiting import eventually

ID, UID = "lab/bell", "uid-1"

SLOW = """OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q;
bit[1] c;
h q[0];
c[0] = measure q[0];
while (c[0] == 1) {
  h q[0];
  c[0] = measure q[0];
}
"""
"""Two seconds for 30,000 shots, which are run one after the other: enough to take Redis away meanwhile."""

SLOW_AND_LARGE = """OPENQASM 3.0;
include "stdgates.inc";
qubit[12] q;
bit[1] c;
bit[12] d;
h q[0];
c[0] = measure q[0];
while (c[0] == 1) {
  h q[0];
  c[0] = measure q[0];
}
h q;
d = measure q;
"""
"""Two seconds for 2,000 shots, and more counts than fit into a termination message."""

TERMINATION_BYTES = 4096


class Pod:
    """The process, and what it leaves behind."""

    def __init__(self, running: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = running
        self._folder = folder

    def ended(self, seconds: float = 50) -> int:
        """The exit code, once the process has ended."""
        return self.process.wait(timeout=seconds)

    @property
    def last_words(self) -> Any:  # noqa: ANN401 - JSON
        """The termination message, None when there is none."""
        path = self._folder / "termination-log"
        text = path.read_text() if path.exists() else ""
        assert len(text.encode()) <= TERMINATION_BYTES
        return json.loads(text) if text else None

    @property
    def log(self) -> str:
        """What the process wrote so far."""
        return (self._folder / "log").read_text()


@contextmanager
def pod(url: str, folder: Path, uid: str = "pod-1", **settings: str) -> Iterator[Pod]:
    """A Pod that runs the task; it is gone afterwards."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    env = {
        **inherited,
        "QT_REDIS_URL": url,
        "QT_TASK_ID": ID,
        "QT_TASK_UID": UID,
        "QT_POD_UID": uid,
        "QT_TERMINATION_LOG": str(folder / "termination-log"),
        "QT_LOG_FORMAT": "json",
        "QT_REDIS_TIMEOUT_SECONDS": "1",
        **settings,
    }
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "quantum_runner", "job"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield Pod(running, folder)
    finally:
        running.kill()
        running.wait()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Mirror]:
    """The records of the cluster's tasks."""
    redis = connect(url, timeout_seconds=2, retries=0, max_connections=2)
    try:
        yield Mirror(redis, Keys())
    finally:
        await redis.aclose()


def provide(url: str, program: str, shots: int = 100) -> None:
    """Have a record of the task, as the operator does."""

    async def scenario() -> None:
        async with opened(url) as mirror:
            await mirror.provide(ID, UID, program, Options(shots=shots, seed=1), queued=False)

    run(scenario())


def cancel(url: str) -> None:
    """Cancel the task."""

    async def scenario() -> None:
        async with opened(url) as mirror:
            await mirror.cancel(ID)

    run(scenario())


def report(url: str) -> Report | None:
    """What Redis says of the task; None also while it is away."""

    async def scenario() -> Report | None:
        async with opened(url) as mirror:
            return await mirror.report(ID, UID, most_bytes=10**6)

    try:
        return run(scenario())
    except StoreUnavailableError:
        return None


def reported(url: str, state: State) -> Report:
    """The report, which is in this state."""
    found = report(url)
    assert found is not None
    assert found.state is state
    return found


def running(url: str) -> Callable[[], bool]:
    """Whether an attempt has begun."""

    def begun() -> bool:
        found = report(url)
        return found is not None and found.state is State.RUNNING

    return begun


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    with RedisServer() as server:
        yield server


# -- Redis is there ------------------------------------------------------------------------------------------------


def test_a_good_program_ends_in_redis_and_in_the_last_words(redis_url: str, tmp_path: Path) -> None:
    """Counts are reported twice, to Redis and as the termination message, and the exit code is 0."""
    provide(redis_url, BELL)
    with pod(redis_url, tmp_path) as attempt:
        assert attempt.ended() == 0, attempt.log
        found = reported(redis_url, State.SUCCEEDED)
        assert (found.reason, found.attempts) == (Reason.COMPLETED, 1)
        assert found.outcome is not None
        assert sum(found.outcome.counts.values()) == 100
        words = attempt.last_words
        assert (words["reason"], words["outcome"]["counts"]) == ("Completed", found.outcome.counts)
        assert words["outcome"]["seed"] == found.outcome.seed == 1


def test_a_pod_of_a_small_program_loads_little(redis_url: str, tmp_path: Path) -> None:
    """Of what takes long to load, no more than a small program needs: that is most of what its Pod costs."""
    provide(redis_url, BELL)
    with pod(redis_url, tmp_path, PYTHONPROFILEIMPORTTIME="1") as attempt:
        assert attempt.ended() == 0, attempt.log
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in attempt.log.splitlines()}
    assert "quantum_runner" in loaded
    assert loaded.isdisjoint(
        {"argparse", "asyncio", "logging", "numpy", "opentelemetry", "pydantic", "qiskit", "redis", "rich", "structlog"}
    )


def test_a_bad_program_is_refused_with_its_place(redis_url: str, tmp_path: Path) -> None:
    """A refusal has the exit code that ends a Job at once, and its line and column are in the last words."""
    provide(redis_url, NOT_A_PROGRAM)
    with pod(redis_url, tmp_path) as attempt:
        assert attempt.ended() == 65, attempt.log
        found = reported(redis_url, State.FAILED)
        assert (found.reason, found.attempts) == (Reason.INVALID_PROGRAM, 1)
        assert found.failure is not None
        words = attempt.last_words
        assert (words["reason"], words["failure"]["code"]) == ("InvalidProgram", "syntax.invalid")
        assert (words["failure"]["line"], words["failure"]["column"]) == (found.failure.line, found.failure.column)
        assert found.failure.line == 3


def test_a_large_result_is_in_redis_alone(redis_url: str, tmp_path: Path) -> None:
    """Counts that do not fit into a termination message leave none, and are reported to Redis."""
    provide(redis_url, SLOW_AND_LARGE, shots=1000)
    with pod(redis_url, tmp_path) as attempt:
        assert attempt.ended() == 0, attempt.log
        assert reported(redis_url, State.SUCCEEDED).size_bytes > TERMINATION_BYTES
        assert attempt.last_words is None


def test_a_task_that_was_cancelled_before_is_not_run(redis_url: str, tmp_path: Path) -> None:
    """A Pod that comes too late ends well, without an attempt and without words."""
    provide(redis_url, BELL)
    cancel(redis_url)
    with pod(redis_url, tmp_path) as attempt:
        assert attempt.ended() == 0, attempt.log
        assert attempt.last_words is None
        assert reported(redis_url, State.CANCELLED).attempts == 0


def test_a_task_that_is_cancelled_meanwhile_stays_cancelled(redis_url: str, tmp_path: Path) -> None:
    """A result that comes after the cancellation is not taken, and is not left in the last words either."""
    provide(redis_url, SLOW, shots=30_000)
    with pod(redis_url, tmp_path) as attempt:
        eventually(running(redis_url), 30, "the attempt to begin")
        cancel(redis_url)
        assert attempt.ended() == 0, attempt.log
        assert attempt.last_words is None
        assert reported(redis_url, State.CANCELLED).outcome is None


def test_a_pod_waits_for_its_record(redis_url: str, tmp_path: Path) -> None:
    """A Pod that comes before the record waits for it, and then runs."""
    with pod(redis_url, tmp_path) as attempt:
        eventually(lambda: "waiting for Redis" in attempt.log, 30, "the Pod to wait")
        provide(redis_url, BELL)
        assert attempt.ended() == 0, attempt.log
        assert reported(redis_url, State.SUCCEEDED).attempts == 1


def test_a_record_that_never_comes_is_not_waited_for_for_ever(redis_url: str, tmp_path: Path) -> None:
    """After its patience the Pod asks for another attempt."""
    with pod(redis_url, tmp_path, QT_PATIENCE_SECONDS="0.5") as attempt:
        assert attempt.ended() == 75, attempt.log


def test_a_task_of_another_object_is_not_run(redis_url: str, tmp_path: Path) -> None:
    """The record of another object with the same name is not this Pod's."""
    provide(redis_url, BELL)
    with pod(redis_url, tmp_path, QT_TASK_UID="uid-9", QT_PATIENCE_SECONDS="0.5") as attempt:
        assert attempt.ended() == 75, attempt.log
        assert reported(redis_url, State.QUEUED).attempts == 0


def test_a_second_pod_takes_the_task_over(redis_url: str, tmp_path: Path) -> None:
    """After a Pod was killed the next one's attempt is the second, and its result is the task's."""
    provide(redis_url, SLOW, shots=30_000)
    with pod(redis_url, tmp_path) as first:
        eventually(running(redis_url), 30, "the first attempt to begin")
        first.process.kill()
        assert first.ended() == -signal.SIGKILL
        assert first.last_words is None
    with pod(redis_url, tmp_path, "pod-2") as second:
        assert second.ended() == 0, second.log
        assert reported(redis_url, State.SUCCEEDED).attempts == 2


# -- Redis goes away -----------------------------------------------------------------------------------------------


def test_a_result_waits_for_redis(own_redis: RedisServer, tmp_path: Path) -> None:
    """When Redis is killed during the run and comes back after it, the result is reported then, once."""
    provide(own_redis.url, SLOW, shots=30_000)
    with pod(own_redis.url, tmp_path) as attempt:
        eventually(running(own_redis.url), 30, "the attempt to begin")
        own_redis.signal(signal.SIGKILL)
        eventually(lambda: attempt.last_words, 50, "the end of the simulation")
        assert attempt.process.poll() is None
        own_redis.start()
        assert attempt.ended() == 0, attempt.log
        found = reported(own_redis.url, State.SUCCEEDED)
        assert found.attempts == 1
        assert found.outcome is not None
        assert sum(found.outcome.counts.values()) == 30_000


def test_a_result_survives_an_emptied_redis(own_redis: RedisServer, tmp_path: Path) -> None:
    """When Redis is emptied during the run, the result goes into the record that the operator provides anew."""
    provide(own_redis.url, SLOW, shots=30_000)
    with pod(own_redis.url, tmp_path) as attempt:
        eventually(running(own_redis.url), 30, "the attempt to begin")
        run(flush(own_redis.url))
        eventually(lambda: attempt.last_words, 50, "the end of the simulation")
        eventually(lambda: "waiting for Redis" in attempt.log, 30, "the Pod to wait")
        provide(own_redis.url, SLOW, shots=30_000)
        assert attempt.ended() == 0, attempt.log
        assert reported(own_redis.url, State.SUCCEEDED).outcome is not None
        assert attempt.last_words["reason"] == "Completed"


@pytest.mark.parametrize(
    ("program", "code", "reason"), [(SLOW, 0, "Completed"), (NOT_A_PROGRAM, 65, "InvalidProgram")], ids=["good", "bad"]
)
def test_a_small_result_is_left_in_the_last_words_when_redis_stays_away(
    own_redis: RedisServer, tmp_path: Path, program: str, code: int, reason: str
) -> None:
    """After its patience the Pod ends as if it had reported: what it would have said is in its last words."""
    provide(own_redis.url, program, shots=30_000)
    with pod(own_redis.url, tmp_path, QT_PATIENCE_SECONDS="0.5") as attempt:
        eventually(running(own_redis.url), 30, "the attempt to begin")
        own_redis.signal(signal.SIGKILL)
        assert attempt.ended() == code, attempt.log
        assert attempt.last_words["reason"] == reason


def test_a_large_result_needs_another_attempt_when_redis_stays_away(own_redis: RedisServer, tmp_path: Path) -> None:
    """A result that fits nowhere is lost with its Pod, which says so by its exit code."""
    provide(own_redis.url, SLOW_AND_LARGE, shots=2000)
    with pod(own_redis.url, tmp_path, QT_PATIENCE_SECONDS="0.5") as attempt:
        eventually(running(own_redis.url), 30, "the attempt to begin")
        own_redis.signal(signal.SIGKILL)
        assert attempt.ended() == 75, attempt.log
        assert attempt.last_words is None


def test_a_pod_that_never_finds_redis_asks_for_another_attempt(tmp_path: Path) -> None:
    """Without Redis from the start the Pod gives up after its patience."""
    with pod(f"unix://{tmp_path}/nobody.sock", tmp_path, QT_PATIENCE_SECONDS="0.5") as attempt:
        assert attempt.ended() == 75, attempt.log
        assert attempt.last_words is None


# -- Redis speaks TLS ----------------------------------------------------------------------------------------------


def test_a_pod_trusts_the_authority_that_it_is_told_of(
    tls_redis: TlsRedisServer, authority: Authority, tmp_path: Path
) -> None:
    """With `SSL_CERT_FILE` a Pod runs its task by a Redis with a certificate of a private CA."""
    provide(tls_redis.url, BELL)
    with pod(tls_redis.tls_url(), tmp_path, SSL_CERT_FILE=str(authority.certificate)) as attempt:
        assert attempt.ended() == 0, attempt.log
    assert reported(tls_redis.url, State.SUCCEEDED).attempts == 1


def test_a_pod_trusts_nobody_else(tls_redis: TlsRedisServer, tmp_path: Path) -> None:
    """A Redis with a certificate of another CA is as good as away, and the log says why."""
    provide(tls_redis.url, BELL)
    other = Authority(tmp_path, "other")
    settings = {"SSL_CERT_FILE": str(other.certificate), "QT_PATIENCE_SECONDS": "0.5"}
    with pod(tls_redis.tls_url(), tmp_path, **settings) as attempt:
        assert attempt.ended() == 75, attempt.log
        assert "certificate verify failed" in attempt.log
    assert reported(tls_redis.url, State.QUEUED).attempts == 0


# -- the Pod is stopped --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 15), (signal.SIGINT, 2)], ids=["term", "int"])
def test_a_long_simulation_ends_at_once_when_asked(
    redis_url: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """A signal ends the process in the middle of a simulation, with the signal's number, leaving the task to others."""
    provide(redis_url, ENDLESS)
    with pod(redis_url, tmp_path) as attempt:
        eventually(running(redis_url), 30, "the attempt to begin")
        pid = attempt.process.pid

        def at_it() -> bool:
            found = process(pid)  # it has used more time than loading the simulator takes
            return found is not None and found.cpu_ticks > 500

        eventually(at_it, 60, "the simulation to be well on its way")
        attempt.process.send_signal(number)
        assert attempt.ended(2) == code, attempt.log
        assert attempt.last_words is None
        assert reported(redis_url, State.RUNNING).attempts == 1
