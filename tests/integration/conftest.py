"""A real Redis and a real API server for integration tests."""

from collections.abc import Iterator

import pytest
from support.control_plane import ControlPlane, control_plane
from support.redis_server import RedisServer
from support.stores import flush, run


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One server for all tests that do no harm to it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Where an empty Redis is."""
    run(flush(redis_server.url))
    return redis_server.url


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """One control plane, with our CRD, for all tests that do no harm to it."""
    with control_plane() as plane:
        plane.install_crd()
        yield plane


@pytest.fixture
def empty_cluster(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    """The control plane without tasks, as the cluster of this process and of those that it starts."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    plane.kubectl("delete", "quantumtasks,jobs", "--all", "--all-namespaces")
    return plane
