"""A namespace with an operator in it, a kubelet that runs real runners, and a Redis, as a test sees them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.store import connect
from support.control_plane import ControlPlane
from support.kubelet import Kubelet
from support.operator_process import OperatorProcess
from support.programs import BELL
from support.redis_server import RedisServer
from support.waiting import eventually

SOON = 60.0
"""Seconds within which what should happen must have happened; never waited in full."""


@dataclass
class Namespace:
    """What a test sees of its namespace."""

    plane: ControlPlane
    name: str
    redis: RedisServer
    operator: OperatorProcess
    kubelet: Kubelet

    def submit(self, name: str, qasm: str = BELL, **spec: Any) -> None:  # noqa: ANN401 - the resource's fields
        """Apply a task."""
        body = {
            "apiVersion": "quantumtask.dev/v1alpha1",
            "kind": "QuantumTask",
            "metadata": {"name": name},
            "spec": {"qasm": qasm, **spec},
        }
        self.kubectl("create", "-f", "-", stdin=json.dumps(body))

    def change(self, name: str, **spec: Any) -> None:  # noqa: ANN401 - the resource's fields
        """Change a task's spec."""
        self.kubectl("patch", "quantumtask", name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def status(self, name: str) -> dict[str, Any]:
        """A task's status."""
        status: dict[str, Any] = self.get("quantumtask", name).get("status", {})
        return status

    def until(self, name: str, what: str, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until a task's status meets a condition, and give it."""

        def met() -> dict[str, Any] | None:
            status = self.status(name)
            return status if condition(status) else None

        found = eventually(met, SOON, what)
        assert found
        return found

    def finished(self, name: str) -> dict[str, Any]:
        """Wait for a task's end, and give its status."""
        return self.until(name, f"the end of {name}", lambda status: condition_of(status, "Finished") == "True")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        return self.plane.kubectl("-n", self.name, *arguments, stdin=stdin)

    def get(self, *what: str) -> Any:  # noqa: ANN401 - whatever Kubernetes says
        """What `kubectl get WHAT` gives."""
        return json.loads(self.kubectl("get", *what, "-o", "json"))

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
