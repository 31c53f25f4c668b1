"""A namespace with an operator in it."""

import uuid
from collections.abc import Iterator

import pytest
from support.control_plane import ControlPlane
from support.kubelet import Kubelet
from support.namespace import Namespace
from support.operator_process import OperatorProcess, install_roles
from support.redis_server import RedisServer


@pytest.fixture
def namespace(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Namespace]:
    """A namespace of the test's own with everything running."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    install_roles(plane, name)
    with (
        RedisServer() as redis,
        OperatorProcess(plane, name, redis.url) as operator,
        Kubelet(name) as kubelet,
    ):
        yield Namespace(plane, name, redis, operator, kubelet)
    plane.kubectl("delete", "namespace", name, "--wait=false")
