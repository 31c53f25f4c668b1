"""The port that metrics are served on."""

import socket

import httpx
import pytest
from prometheus_client import CollectorRegistry
from quantum_tasks.metrics import registry_of, served
from support.ports import free_port

HOST = "127.0.0.1"


def _scrape(port: int, **headers: str) -> httpx.Response:
    return httpx.get(f"http://{HOST}:{port}/metrics", headers=headers, trust_env=False, timeout=10)


def test_metrics_are_served_until_the_end() -> None:
    """The port answers in the format that Prometheus asks for, and is free again afterwards."""
    port = free_port()
    for _ in range(2):
        with served(registry_of("api"), HOST, port):
            answer = _scrape(port)
            assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert 'quantum_tasks_build_info{part="api"' in answer.text
            answer = _scrape(port, accept="application/openmetrics-text;version=1.0.0")
            assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
            assert answer.text.endswith("# EOF\n")
    with pytest.raises(httpx.ConnectError):
        _scrape(port)


def test_a_port_that_is_taken_is_named() -> None:
    """The error says which setting the port came from."""
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(OSError, match=f"{HOST}:{port}, from QT_METRICS_PORT"),
            served(CollectorRegistry(), HOST, port),
        ):
            pass


def test_port_0_serves_nothing() -> None:
    """No port is opened, not even any free one."""
    with served(CollectorRegistry(), "no such host", 0):
        pass
