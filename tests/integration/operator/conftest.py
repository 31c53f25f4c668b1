"""A namespace with an operator in it."""

from collections.abc import Iterator

import pytest
from support.control_plane import ControlPlane
from support.namespace import Namespace, installed
from support.redis_server import RedisServer


@pytest.fixture
def namespace(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Namespace]:
    """A namespace of the test's own with everything running."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    with RedisServer() as redis, installed(plane, redis) as namespace:
        yield namespace
