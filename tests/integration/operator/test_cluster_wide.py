"""One operator for all namespaces."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from support.control_plane import ControlPlane
from support.kubelet import Kubelet
from support.namespace import Namespace
from support.operator_process import OperatorProcess, install_roles
from support.redis_server import RedisServer


@pytest.fixture
def namespaces(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Namespace]]:
    """Two namespaces with one operator and one Redis between them."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    names = [f"t-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    for name in names:
        install_roles(plane, name)
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer())
        settings = {"QT_POOL_namesPACE": names[0], "QT_POOL_IDLE_SECONDS": "2"}
        operator = stack.enter_context(OperatorProcess(plane, None, redis.url, **settings))
        kubelets = [stack.enter_context(Kubelet(name)) for name in names]
        yield [Namespace(plane, name, redis, operator, kubelet) for name, kubelet in zip(names, kubelets, strict=True)]
    for name in names:
        plane.kubectl("delete", "namespace", name, "--wait=false")


def test_tasks_of_one_name_in_two_namespaces_do_not_meet(namespaces: list[Namespace]) -> None:
    """Each task has its Job in its own namespace, its own record in Redis, and its own end."""
    for number, namespace in enumerate(namespaces):
        namespace.submit("bell", shots=100 + number)
    for number, namespace in enumerate(namespaces):
        status = namespace.finished("bell")
        assert sum(status["counts"].values()) == 100 + number
        [job] = namespace.jobs()
        assert job["metadata"]["name"] == status["jobName"]


def test_one_pool_serves_every_namespace(namespaces: list[Namespace]) -> None:
    """Tasks for the pool are run by the same Jobs, in the namespace that is set for them."""
    for namespace in namespaces:
        namespace.submit("bell", executionMode="Pool")
    assert {namespace.finished("bell")["phase"] for namespace in namespaces} == {"Succeeded"}
    assert [len(namespace.jobs()) for namespace in namespaces] == [1, 0]
