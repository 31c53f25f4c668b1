"""A namespace with an operator in it, a kubelet that runs real runners, and a Redis, as a test sees them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.store import connect
from support.control_plane import ControlPlane
from support.kubectl_tasks import KubectlTasks
from support.kubelet import Kubelet
from support.operator_process import OperatorProcess
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


def condition_of(status: dict[str, Any], kind: str, part: str = "status") -> Any:  # noqa: ANN401 - a word
    """A part of a condition, None where there is no such condition."""
    return {condition["type"]: condition[part] for condition in status.get("conditions", ())}.get(kind)
