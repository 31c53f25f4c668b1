"""QuantumTasks of one namespace by kubectl, as a user has them: what every kind of cluster in the tests shares."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.programs import BELL
from support.waiting import eventually

SOON = 180.0
"""Seconds within which what should happen must have happened; never waited in full."""


class KubectlTasks(ABC):
    """A namespace in which tasks are made, changed and watched."""

    @abstractmethod
    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace and return what it prints; a failure says what it wrote to stderr."""

    @abstractmethod
    def explanation(self, name: str) -> str:
        """What a failure about a task should show."""

    def get(self, *what: str) -> Any:  # noqa: ANN401 - whatever Kubernetes says
        """What `kubectl get WHAT` gives."""
        return json.loads(self.kubectl("get", *what, "-o", "json"))

    def submit(self, name: str, qasm: str = BELL, **spec: Any) -> None:  # noqa: ANN401 - the resource's fields
        """Create a task."""
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

        with self._explained(name):
            found = eventually(met, SOON, what)
        assert found
        return found

    def finished(self, name: str) -> dict[str, Any]:
        """Wait for a task's end as a user would, and give its status."""
        with self._explained(name):
            self.kubectl("wait", "--for=condition=Finished", f"quantumtask/{name}", f"--timeout={SOON:.0f}s")
        return self.status(name)

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            error.add_note(self.explanation(name))
            raise
