"""The runner's processes with a Redis user that may do what they do, and nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.states import State
from quantum_tasks.store import connect
from quantum_tasks.task import Options
from support import redis_users
from support.programs import BELL, ENDLESS
from support.redis_server import RedisServer
from support.redis_users import RUNNER
from support.stores import run
from support.waiting import eventually

UID = "uid-1"


@contextmanager
def runner(command: str, url: str, log: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the runner, which is gone afterwards."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    env = {**inherited, "QT_REDIS_URL": url, "QT_LOG_FORMAT": "json", **settings}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "quantum_runner", command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def prepare(server: RedisServer, *names: str, program: str = BELL, queued: bool) -> None:
    """Have records, and the scripts, as the operator does."""

    async def scenario() -> None:
        redis = connect(server.url, timeout_seconds=5, retries=1, max_connections=2)
        mirror = Mirror(redis, Keys())
        await mirror.load_scripts()
        for name in names:
            await mirror.provide(name, UID, program, Options(shots=100, seed=1), queued=queued)
        await redis.aclose()

    run(scenario())


def state(server: RedisServer, name: str) -> str:
    """The state of a record."""
    return str(server.execute("HGET", Keys().task(name), "state"))


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis of the test's own: what it has carried out counts."""
    with RedisServer() as server:
        yield server


def test_a_job_uses_every_right_and_misses_none(server: RedisServer, tmp_path: Path) -> None:
    """The rights of a runner without a pool are exactly what one attempt does, from its start to its report."""
    rights = redis_users.without_pool(redis_users.documented()[RUNNER])
    prepare(server, "lab/bell", queued=False)
    redis_users.install(server, quantum_tasks_runner=rights)
    server.execute("CONFIG", "RESETSTAT")
    task = {"QT_TASK_ID": "lab/bell", "QT_TASK_UID": UID, "QT_POD_UID": "pod-1"}
    with runner("job", redis_users.url_of(server, RUNNER), tmp_path / "log", **task) as process:
        assert process.wait(60) == 0, (tmp_path / "log").read_text()
    assert redis_users.used(server) == redis_users.commands(rights)
    assert redis_users.refused(server) == []
    assert state(server, "lab/bell") == State.SUCCEEDED


def test_a_worker_uses_every_right_and_misses_none(server: RedisServer, tmp_path: Path) -> None:
    """The rights of a runner are exactly what a worker and a Job do: claims, renewals, ends, and tasks given back."""
    rights = redis_users.documented()[RUNNER]
    prepare(server, "lab/bell", queued=True)
    prepare(server, "lab/endless", program=ENDLESS, queued=True)
    redis_users.install(server, quantum_tasks_runner=rights)
    server.execute("CONFIG", "RESETSTAT")
    settings = {
        "QT_SWEEP": "false",
        "QT_LEASE_SECONDS": "1",
        "QT_CONCURRENCY": "2",
        "QT_SHUTDOWN_SECONDS": "0",
        "QT_MAX_ATTEMPTS": "3",
    }
    with runner("worker", redis_users.url_of(server, RUNNER), tmp_path / "log", **settings) as process:
        renewed = {"xclaim", "xautoclaim"}
        eventually(lambda: renewed <= redis_users.used(server), 60, "a lease to be renewed, and lost ones looked for")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, (tmp_path / "log").read_text()
    assert redis_users.used(server) == redis_users.commands(rights)
    assert redis_users.refused(server) == []
    assert (state(server, "lab/bell"), state(server, "lab/endless")) == (State.SUCCEEDED, State.QUEUED)


def test_a_runner_waits_for_its_scripts(server: RedisServer, tmp_path: Path) -> None:
    """After a restart Redis has forgotten the scripts; a runner that may load none waits until the operator has."""
    prepare(server, "lab/bell", queued=False)
    redis_users.install(server, quantum_tasks_runner=redis_users.documented()[RUNNER])
    server.execute("SCRIPT", "FLUSH")
    task = {"QT_TASK_ID": "lab/bell", "QT_TASK_UID": UID, "QT_POD_UID": "pod-1"}
    log = tmp_path / "log"
    with runner("job", redis_users.url_of(server, RUNNER), log, **task) as process:
        eventually(lambda: "waiting for Redis" in log.read_text(), 60, "the runner to wait")
        assert "no permissions to run the 'script|load' command" in log.read_text()
        prepare(server, queued=False)
        assert process.wait(60) == 0, log.read_text()
    assert state(server, "lab/bell") == State.SUCCEEDED


@pytest.mark.parametrize(
    "command",
    [
        "KEYS *",
        "SCAN 0",
        "FLUSHALL",
        "CONFIG GET *",
        "ACL LIST",
        "CLIENT LIST",
        "MONITOR",
        "DEBUG SLEEP 0",
        "SHUTDOWN",
        "EVAL return 0",
        "SCRIPT FLUSH",
        "FUNCTION LIST",
        "PUBLISH a b",
        "HGETALL {qt}:task:lab/bell",
        "DEL {qt}:task:lab/bell",
        "GET {qt}:circuit:sha256:0",
        "HGET other:task:a state",
        "XADD {qt}:other * a b",
        "ZADD {qt}:finished:x 1 a",
        "HSET {qt}:queue a b",
        "HSET {qt}:events a b",
        "XREAD STREAMS {qt}:events 0",
        "ZRANGE {qt}:tasks 0 -1",
        "ZRANGE {qt}:tasks:queued 0 -1",
        "XTRIM {qt}:queue MAXLEN 0",
        "SET {qt}:task:a b",
    ],
)
def test_a_runner_may_do_nothing_else(redis_server: RedisServer, command: str) -> None:
    """What would list, empty, stop or configure Redis, and what is of no run, is refused."""
    redis_users.install(redis_server, quantum_tasks_runner=redis_users.documented()[RUNNER])
    assert "no permission" in str(redis_server.execute("ACL", "DRYRUN", RUNNER, *command.split()))
