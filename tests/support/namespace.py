"""A namespace with an operator in it, a kubelet that runs real runners, and a Redis, as a test sees them."""

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.store import connect
from support.control_plane import ControlPlane
from support.kubectl_tasks import KubectlTasks
from support.kubelet import Kubelet
from support.operator_process import OperatorProcess, install_roles
from support.redis_server import RedisServer


@dataclass
class Namespace(KubectlTasks):
    """What a test sees of its namespace."""

    plane: ControlPlane
    name: str
    redis: RedisServer
    operator: OperatorProcess
    kubelet: Kubelet

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """See KubectlTasks."""
        return self.plane.kubectl("-n", self.name, *arguments, stdin=stdin)

    def explanation(self, name: str) -> str:
        """See KubectlTasks; what the operator wrote is added where it ends."""
        return self.kubectl("describe", "quantumtask", name)[-3000:]

    def jobs(self) -> list[dict[str, Any]]:
        """Every Job."""
        jobs: list[dict[str, Any]] = self.get("jobs")["items"]
        return jobs

    def in_redis(self, call: Callable[[Mirror], Any]) -> Any:  # noqa: ANN401 - what the call gives
        """What a call of the store gives."""

        async def ask() -> Any:  # noqa: ANN401 - what the call gives
            redis = connect(self.redis.url, timeout_seconds=5, retries=1, max_connections=2)
            try:
                return await call(Mirror(redis, Keys()))
            finally:
                await redis.aclose()

        return asyncio.run(ask())


@contextmanager
def installed(
    plane: ControlPlane, redis: RedisServer, *, operators_redis: str = "", runners_redis: str = "", **settings: str
) -> Iterator[Namespace]:
    """A namespace of a test's own with everything running.

    `operators_redis` is where the operator finds Redis, else as a test does; `runners_redis` is in the Secret of the
    runner's Pods, else they are told what the operator is told.
    """
    name = f"t-{uuid.uuid4().hex[:8]}"
    install_roles(plane, name)
    if runners_redis:
        secret = "redis-of-the-runner"  # noqa: S105 - its name
        plane.kubectl("create", "secret", "generic", secret, f"--from-literal=url={runners_redis}", "-n", name)
        settings["QT_RUNNER_REDIS_SECRET"] = secret
    with (
        OperatorProcess(plane, name, operators_redis or redis.url, **settings) as operator,
        Kubelet(name) as kubelet,
    ):
        yield Namespace(plane, name, redis, operator, kubelet)
    plane.kubectl("delete", "namespace", name, "--wait=false")


def condition_of(status: dict[str, Any], kind: str, part: str = "status") -> Any:  # noqa: ANN401 - a word
    """A part of a condition, None where there is no such condition."""
    return {condition["type"]: condition[part] for condition in status.get("conditions", ())}.get(kind)
