"""The operator as a process of a test's own, with the rights that the manifests give it and no others."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml
from support.control_plane import ControlPlane
from support.ports import free_port
from support.waiting import eventually

K8S = Path(__file__).parents[2] / "k8s"
ACCOUNT = "quantum-tasks-operator"


def install_roles(plane: ControlPlane, namespace: str) -> None:
    """Have the namespace, and in it the service accounts and the roles of the manifests."""
    wanted = ("ServiceAccount", "Role", "RoleBinding")
    documents = [
        body
        for name in ("operator.yaml", "api.yaml")
        for body in yaml.safe_load_all((K8S / name).read_text())
        if body["kind"] in wanted
    ]
    plane.kubectl("create", "namespace", namespace)
    plane.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    objects = {"apiVersion": "v1", "kind": "List", "items": documents}
    plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(objects))


class OperatorProcess:
    """One operator for one namespace, or for all of them; a context manager that leaves no process."""

    def __init__(self, plane: ControlPlane, namespace: str | None, redis_url: str, **settings: str) -> None:
        self._port, self._metrics_port = free_port(), free_port()
        self._log = tempfile.NamedTemporaryFile(prefix="qt-operator-", suffix=".log")  # noqa: SIM115 - closed at exit
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QT_")},
            "KUBECONFIG": str(plane.service_account_kubeconfig(namespace, ACCOUNT) if namespace else plane.kubeconfig),
            **({"QT_NAMESPACE": namespace} if namespace else {}),
            "QT_REDIS_URL": redis_url,
            "QT_PROBE_PORT": str(self._port),
            "QT_METRICS_PORT": str(self._metrics_port),
            "QT_RESYNC_SECONDS": "1",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process
        return self._process.pid

    def probe(self) -> int:
        """What the liveness probe answers."""
        return httpx.get(f"http://127.0.0.1:{self._port}/healthz", trust_env=False, timeout=30).status_code

    def metrics(self) -> str:
        """What Prometheus would be told."""
        return httpx.get(f"http://127.0.0.1:{self._metrics_port}/metrics", trust_env=False, timeout=30).text

    def log(self) -> list[dict[str, Any]]:
        """What it has written."""
        lines = Path(self._log.name).read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def start(self) -> None:
        """Start, and wait until it is ready."""
        ready = self._count("operator ready")
        self._start()
        eventually(lambda: self._count("operator ready") > ready, 60, "the operator to be ready")

    def start_in_vain(self) -> str:
        """Start, wait until it has ended by itself with an error, and give all that it wrote."""
        assert self._start().wait(timeout=60) != 0
        return Path(self._log.name).read_text()

    def _start(self) -> "subprocess.Popen[bytes]":
        with Path(self._log.name).open("ab") as log:
            command = [sys.executable, "-m", "quantum_operator"]
            self._process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log)
        return self._process

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give its exit code."""
        assert self._process
        self._process.send_signal(number)
        return self._process.wait(timeout=30)

    def restart(self, **settings: str) -> None:
        """End it, and start it with other settings."""
        self.stop()
        self._env |= settings
        self.start()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        if error is not None:
            error.add_note("the operator's last output:\n" + Path(self._log.name).read_text()[-4000:])
        assert self._process
        self._process.kill()
        self._process.wait(timeout=30)
        self._log.close()

    def _count(self, event: str) -> int:
        return sum(line.get("event") == event for line in self.log())
