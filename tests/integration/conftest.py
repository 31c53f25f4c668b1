"""A real Redis and a real API server for integration tests."""

from collections.abc import Iterator

import pytest
from support.certificates import Authority
from support.control_plane import ControlPlane, control_plane
from support.redis_server import RedisServer, TlsRedisServer
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
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A private CA, which nobody trusts who is not told to."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def tls_redis_server(authority: Authority) -> Iterator[TlsRedisServer]:
    """One server with a certificate of that CA for `localhost`."""
    with TlsRedisServer(authority) as server:
        yield server


@pytest.fixture
def tls_redis(tls_redis_server: TlsRedisServer) -> TlsRedisServer:
    """The same, empty."""
    run(flush(tls_redis_server.url))
    return tls_redis_server


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
