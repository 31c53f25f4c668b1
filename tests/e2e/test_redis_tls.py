"""API and worker with a Redis that speaks TLS by a certificate of a private authority."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from support.certificates import Authority
from support.ports import free_port
from support.programs import BELL
from support.redis_server import TlsRedisServer
from support.waiting import eventually


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whose certificate Redis has."""
    return Authority(tmp_path)


@pytest.fixture
def redis(authority: Authority) -> Iterator[TlsRedisServer]:
    """A Redis of the test's own."""
    with TlsRedisServer(authority) as server:
        yield server


@contextmanager
def part(log: Path, *command: str, **settings: str) -> Iterator[None]:
    """A part of the project as a process, which is gone afterwards."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env={**inherited, **settings}, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.kill()  # a worker that has yet to find Redis does not listen
        process.wait(timeout=30)


@contextmanager
def api_and_worker(folder: Path, url: str, trusted: Path) -> Iterator[httpx.Client]:
    """Both, and a client of the API."""
    port = str(free_port())
    settings = {"QT_REDIS_URL": url, "SSL_CERT_FILE": str(trusted), "QT_LOG_FORMAT": "json"}
    with ExitStack() as running:
        running.enter_context(part(folder / "worker.log", "quantum_runner", "worker", **settings))
        running.enter_context(part(folder / "api.log", "quantum_api", **settings, QT_PORT=port))
        client = running.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60))
        eventually(lambda: _answers(client), 60, "the API to answer")
        yield client


def test_a_task_is_run_over_tls(redis: TlsRedisServer, authority: Authority, tmp_path: Path) -> None:
    """With `SSL_CERT_FILE` for both parts a task goes from its submission to its counts."""
    with api_and_worker(tmp_path, redis.tls_url(), authority.certificate) as client:
        assert client.get("/readyz").status_code == httpx.codes.OK
        answer = client.post("/tasks", json={"qc": BELL}, headers={"prefer": "wait=50"})
        assert sum(answer.json()["result"].values()) == 1024


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [
        pytest.param("localhost", "other", "certificate verify failed", id="authority"),
        pytest.param("127.0.0.1", "authority", "certificate is not valid for '127.0.0.1'", id="host"),
    ],
)
def test_a_redis_that_is_not_trusted_is_away(
    redis: TlsRedisServer, tmp_path: Path, host: str, trusted: str, why: str
) -> None:
    """By a certificate of another authority, or for another host, Redis is as good as away, and each log says why."""
    Authority(tmp_path, "other")
    with api_and_worker(tmp_path, redis.tls_url(host=host), tmp_path / f"{trusted}.crt") as client:
        answer = client.get("/readyz")
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "certificate" not in answer.text
        for log in ("api.log", "worker.log"):
            eventually(lambda log=log: why in (tmp_path / log).read_text(), 60, f"the reason in {log}")  # type: ignore[misc]


def _answers(client: httpx.Client) -> bool:
    try:
        client.get("/healthz")
    except httpx.TransportError:
        return False
    return True
