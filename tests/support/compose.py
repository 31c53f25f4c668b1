"""The compose stack from built images, as a test starts, watches, hurts and ends it."""

import json
import os
import signal
import subprocess
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from support.ports import free_port
from support.waiting import eventually

ROOT = Path(__file__).parents[2]
UP_SECONDS = 600
CALL_SECONDS = 120


class ComposeStack:
    """A project of its own on a port of its own; a context manager that leaves nothing behind."""

    def __init__(self, python_image: str, **settings: str) -> None:
        self._project = f"qt-{uuid.uuid4().hex[:8]}"
        self._port = free_port()
        files = ("docker-compose.yml", "tests/cluster/compose.override.yml")
        self._compose = ["docker", "compose", "-p", self._project, *(part for file in files for part in ("-f", file))]
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QT_")},
            "PYTHON_IMAGE": python_image,
            "QT_PUBLISHED_PORT": str(self._port),
            "DOCKER_BUILDKIT": "0",
            **settings,
        }

    @property
    def base_url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Build, start, and wait until every service is healthy."""
        try:
            self.up("--build")
        except AssertionError as error:
            error.add_note(self.logs()[-5000:])
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove containers, networks and volumes."""
        if error is not None:
            error.add_note(f"the stack's last output:\n{self.logs()[-5000:]}")
        self.down()

    def up(self, *options: str) -> None:
        """Start what is not running, and wait until it is healthy."""
        self.compose("up", "--detach", "--wait", *options, seconds=UP_SECONDS)

    def down(self, *, volumes: bool = True) -> None:
        """Stop and remove everything; keep the volume if asked."""
        self.compose("down", "--timeout", "30", *(["--volumes"] if volumes else []))

    def kill(self, service: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the processes of a service, as an accident would: docker is not told."""
        for container in self.containers(service):
            for pid in _processes(container):
                os.kill(pid, number)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """What docker knows of a service's containers."""
        found: list[dict[str, Any]] = json.loads(docker("inspect", *self.containers(service)))
        return found

    def healthy(self, service: str, number: int = 1) -> bool:
        """Whether a service has so many containers and all are healthy."""
        states = [container["State"] for container in self.inspect(service)]
        return len(states) == number and all(state.get("Health", {}).get("Status") == "healthy" for state in states)

    def until_healthy(self, service: str, number: int = 1) -> None:
        """Wait until a service is healthy."""
        eventually(lambda: self.healthy(service, number), 120, f"{number} healthy {service}")

    def execute(self, service: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in a service's first container."""
        return subprocess.run(
            ["docker", "exec", self.containers(service)[0], *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=CALL_SECONDS,
        )

    def logs(self, service: str = "") -> str:
        """What the services wrote."""
        return self.compose("logs", "--no-color", *([service] if service else []))

    def compose(self, *command: str, seconds: float = CALL_SECONDS) -> str:
        """Run a compose command and return what it prints; a failure says what it wrote to stderr."""
        return _checked([*self._compose, *command], self._env, seconds)


def docker(*command: str) -> str:
    """Run a docker command and return what it prints."""
    return _checked(["docker", *command], dict(os.environ), CALL_SECONDS)


def _checked(command: list[str], env: dict[str, str], seconds: float) -> str:
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
    assert done.returncode == 0, f"{command[:3]} … {command[-3:]}: {done.stderr[-3000:]}"
    return done.stdout


def _processes(container: str) -> list[int]:
    """The host's ids of a container's processes, its init left out: that one ends by itself."""
    rows = [line.split() for line in docker("top", container, "-o", "pid,comm").splitlines()[1:]]
    return [int(pid) for pid, name in rows if "init" not in name]
