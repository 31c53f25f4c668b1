"""A whole installation on a Redis that speaks TLS and knows its users: each has what it needs, and nothing else."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from quantum_api.backends.kubernetes import KubernetesBackend
from quantum_api.settings import ApiSettings
from quantum_tasks.task import Options
from support import redis_users
from support.certificates import Authority
from support.control_plane import ControlPlane
from support.kubectl_tasks import SOON
from support.namespace import Namespace, installed
from support.programs import BELL, ENDLESS
from support.redis_server import TlsRedisServer
from support.redis_users import OPERATOR, PASSWORD, RUNNER
from support.stores import run
from support.waiting import eventually


def test_every_part_has_the_rights_that_it_uses(
    plane: ControlPlane, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through every kind of task nobody is refused anything, and API and operator use every right of theirs."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    trust = {"name": "SSL_CERT_FILE", "value": str(authority.certificate)}
    template = tmp_path / "pods.json"
    template.write_text(json.dumps({"spec": {"containers": [{"name": "runner", "env": [trust]}]}}))
    settings = {
        "SSL_CERT_FILE": str(authority.certificate),
        "QT_RUNNER_POD_TEMPLATE": str(template),
        "QT_POOL_IDLE_SECONDS": "1",
    }
    with TlsRedisServer(authority) as redis:
        rights = redis_users.documented()
        redis_users.install(redis, quantum_tasks=rights[OPERATOR], quantum_tasks_runner=rights[RUNNER])
        redis.execute("CONFIG", "RESETSTAT")
        urls = {
            "operators_redis": redis.tls_url(f"{OPERATOR}:{PASSWORD}"),
            "runners_redis": redis.tls_url(f"{RUNNER}:{PASSWORD}"),
        }
        with installed(plane, redis, **urls, **settings) as namespace:
            _use_everything(namespace)
            monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
            run(_use_the_api(ApiSettings(redis_url=SecretStr(urls["operators_redis"]), namespace=namespace.name)))
        assert redis_users.refused(redis) == []
        counted_by = {"info"}
        assert redis_users.commands(rights[OPERATOR]) - counted_by <= redis_users.used(redis)


def _use_everything(namespace: Namespace) -> None:
    digest = namespace.in_redis(lambda mirror: mirror.put_circuit(BELL))
    namespace.submit("bell")
    namespace.submit("quick", executionMode="Pool")
    namespace.kubectl("create", "-f", "-", stdin=json.dumps(_task("shared", {"circuitRef": {"digest": digest}})))
    for name in ("bell", "quick", "shared"):
        assert namespace.finished(name)["phase"] == "Succeeded"
    namespace.submit("brief", ttlSecondsAfterFinished=0)
    for name, mode in (("long", "Job"), ("long-in-the-pool", "Pool")):
        namespace.submit(name, ENDLESS, executionMode=mode)
        namespace.until(name, "the run", lambda status: status.get("attempts") == 1)
        namespace.change(name, suspend=True)
        namespace.until(name, "suspension", lambda status: status.get("phase") == "Suspended")
        namespace.change(name, suspend=False)
        namespace.until(name, "the second run", lambda status: status.get("phase") == "Running")
        namespace.change(name, cancel=True)
        assert namespace.finished(name)["phase"] == "Cancelled"
        namespace.kubectl("delete", "quantumtask", name)
    gone = ("brief", "long", "long-in-the-pool")
    eventually(lambda: not any(_is_known(namespace, name) for name in gone), SOON, "their records to go")


async def _use_the_api(settings: ApiSettings) -> None:
    async with KubernetesBackend(settings) as backend:
        await backend.submit("posted", BELL, Options())
        assert (await backend.wait("posted", SOON)).outcome
        await backend.submit("endless", ENDLESS, Options())
        await backend.cancel("endless")
        await backend.delete("posted")


def _task(name: str, spec: dict[str, object]) -> dict[str, object]:
    return {
        "apiVersion": "quantumtask.dev/v1alpha1",
        "kind": "QuantumTask",
        "metadata": {"name": name},
        "spec": spec,
    }


def _is_known(namespace: Namespace, name: str) -> bool:
    return bool(namespace.redis.execute("EXISTS", f"{{qt}}:task:{namespace.name}/{name}"))
