"""The servers that are measured, each with a Redis of its own that loses nothing: this project's and the usual one."""

import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from quantum_client.local import redis_server
from quantum_client.local.stack import HOST, choose_port
from redis import Redis
from redis.exceptions import RedisError

ROOT = Path(__file__).parents[1]
START_SECONDS = 120
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where it listens, where its Redis is, and the processes below which all of it is."""

    name: str
    port: int
    redis_url: str
    roots: Sequence[int]


@contextmanager
def ours(workers: int = 1, **settings: str) -> Iterator[Server]:
    """`quantum-tasks up`, as a user has it; `settings` are more of the environment."""
    with tempfile.TemporaryDirectory(prefix="qt-bench-") as folder, ExitStack() as running:
        data = Path(folder)
        command = [str(Path(sys.executable).with_name("quantum-tasks")), "up", "--port", "0"]
        command += ["--workers", str(workers), "--data", str(data / "data")]
        up = running.enter_context(_process(command, environment_with(settings), data / "log"))
        line = _said(up, "Ready on http://")
        if not _all_ready(data / "log", workers):
            raise RuntimeError(f"not every worker is ready:\n{(data / 'log').read_text()[-2000:]}")
        port = int(line.rpartition(":")[2])
        yield Server("ours", port, redis_server.socket_url(data / "data" / "redis.sock"), [up.pid])


@contextmanager
def usual(workers: int) -> Iterator[Server]:
    """The usual design, with so many worker processes of one thread each."""
    with tempfile.TemporaryDirectory(prefix="qt-bench-") as folder, redis() as (url, redis_pid), ExitStack() as running:
        data, port = Path(folder), choose_port(0)
        environment = environment_with(
            {"USUAL_REDIS_URL": url, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        )
        python = (sys.executable, "-P", "-m")
        api = (*python, "uvicorn", "benchmarks.baseline.api:app", "--host", HOST, "--port", str(port))
        quiet = ("--no-access-log", "--log-level", "warning")
        started = [running.enter_context(_process((*api, *quiet), environment, data / "log"))]
        for _ in range(workers):
            worker = (*python, "benchmarks.baseline.worker")
            started.append(running.enter_context(_process(worker, environment, data / "log")))
        for one in started[1:]:
            _said(one, "ready")
        _until(lambda: _serves(port), "the API")
        yield Server("usual", port, url, [redis_pid, *(one.pid for one in started)])


@contextmanager
def redis() -> Iterator[tuple[str, int]]:
    """A Redis as the local stack starts its own: its URL and its process."""
    with tempfile.TemporaryDirectory(prefix="qt-bench-") as folder:
        data, socket = Path(folder), Path(folder) / "redis.sock"
        command = redis_server.server_command(redis_server.find_server(), data, socket)
        url = redis_server.socket_url(socket)
        with _process(command, redis_server.server_environment(), data / "log") as process:
            _until(lambda: _answers(url), "Redis")
            yield url, process.pid


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, without what is for our parts or for coverage."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "COVERAGE_"))}
    return {**inherited, "NO_COLOR": "1", **more}


@contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("a") as errors:
        output = errors if command[0].endswith("-server") else subprocess.PIPE  # Redis logs to its output
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=errors, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _said(process: subprocess.Popen[str], words: str) -> str:
    """The first line that holds the words."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if words in line:
                return line.strip()  # none of them says anything more there
    finally:
        timer.cancel()
    raise RuntimeError(f"{process.args!r} ended, or did not say {words!r} within {START_SECONDS} s")


def _all_ready(log: Path, workers: int) -> bool:
    _until(lambda: log.read_text().count("worker ready") >= workers, f"{workers} workers")
    return True


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _serves(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/openapi.json", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not there within {START_SECONDS} s")
        time.sleep(0.05)
