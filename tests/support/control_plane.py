"""API server, etcd and controller-manager on loopback: a real Kubernetes without kubelets, ready in seconds.

No Pod ever runs on it: a test plays the kubelet by patching the status of Pods. Every request is in an audit log.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from quantum_tasks.crd import crd
from support.engine import script
from support.waiting import eventually

START_SECONDS = 120
CALL_SECONDS = 60
WHAT_TO_INSTALL = "this test runs on a control plane that is built from Go modules: apt install golang"

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}, {"level": "None"}],
}


def programs() -> Path:
    """The folder of Kubernetes' programs, built if need be; skips where they cannot be built, except in CI."""
    if shutil.which("go") is None and os.environ.get("CI") != "true":
        pytest.skip(WHAT_TO_INSTALL)
    return Path(script("kubernetes.sh").strip())


class ControlPlane:
    """A control plane of a test's own; a context manager that leaves no process and no file."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._folder = tempfile.TemporaryDirectory(prefix="qt-control-plane-")
        self._home = Path(self._folder.name)
        self._port, self._etcd_port, self._peer_port, self._manager_port = _free_ports(4)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.kubeconfig = self._home / "super-admin.conf"

    def __enter__(self) -> Self:
        """Start, and wait until a namespace gets its default service account."""
        try:
            self._make_certificates()
            self._start_etcd()
            self.start_api_server()
            self._start_controller_manager()
            eventually(lambda: self._succeeds("get", "serviceaccount", "default"), START_SECONDS, "the controllers")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process, and remove the folder."""
        if error is not None:
            for log in sorted(self._home.glob("*.log")):
                error.add_note(f"{log.name}: {log.read_text(errors='replace')[-1000:]}")
        self._stop()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return what it prints; a failure says what it wrote to stderr."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments[:4])}: {done.stderr[-2000:]}"
        return done.stdout

    def try_kubectl(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run kubectl, whatever comes of it."""
        return subprocess.run(
            [self._binaries / "kubectl", "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=CALL_SECONDS,
        )

    def install_crd(self) -> None:
        """Have the API server know QuantumTasks."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps(crd()))
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/quantumtasks.quantumtask.dev")

    def get(self, *what: str) -> Any:  # noqa: ANN401 - whatever Kubernetes says
        """What `kubectl get WHAT -o json` gives."""
        return json.loads(self.kubectl("get", *what, "-o", "json"))

    def audit(self) -> list[dict[str, Any]]:
        """What service accounts have asked for so far."""
        path = self._home / "audit.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """A kubeconfig that is a service account's."""
        token = self.kubectl("create", "token", name, "-n", namespace).strip()
        config = json.loads(self.kubectl("config", "view", "--raw", "-o", "json"))
        config["users"] = [{"name": name, "user": {"token": token}}]
        cluster = config["clusters"][0]["name"]
        config["contexts"] = [{"name": name, "context": {"cluster": cluster, "user": name, "namespace": namespace}}]
        config["current-context"] = name
        path = self._home / f"{namespace}-{name}.conf"
        path.write_text(json.dumps(config))
        return path

    def signal_api_server(self, number: signal.Signals) -> None:
        """Send the API server a signal; after SIGKILL, wait for its end."""
        process = self._running["kube-apiserver"]
        process.send_signal(number)
        if number is signal.SIGKILL:
            process.wait(timeout=30)

    def start_api_server(self) -> None:
        """Start the API server, and wait until it is ready."""
        pki, loopback = self._home / "pki", "127.0.0.1"
        policy = self._home / "audit.yaml"
        policy.write_text(json.dumps(_AUDIT_POLICY))
        self._start(
            "kube-apiserver",
            f"--etcd-servers={self._etcd}",
            f"--bind-address={loopback}",
            f"--advertise-address={loopback}",
            f"--secure-port={self._port}",
            f"--client-ca-file={pki}/ca.crt",
            f"--tls-cert-file={pki}/apiserver.crt",
            f"--tls-private-key-file={pki}/apiserver.key",
            f"--service-account-key-file={pki}/sa.pub",
            f"--service-account-signing-key-file={pki}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--service-cluster-ip-range=198.18.32.0/24",
            "--authorization-mode=RBAC",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self._home}/audit.log",
        )
        eventually(lambda: self._succeeds("get", "--raw", "/readyz"), START_SECONDS, "the API server")

    @property
    def _etcd(self) -> str:
        return f"http://127.0.0.1:{self._etcd_port}"

    def _make_certificates(self) -> None:
        version = subprocess.run(
            [self._binaries / "kubeadm", "version", "-o", "short"], capture_output=True, text=True, check=True
        ).stdout.strip()
        config = self._home / "kubeadm.yaml"
        # kubeadm wants an address that is not loopback; nothing listens there, only the certificates name it
        config.write_text(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n"
            f"localAPIEndpoint: {{advertiseAddress: 198.18.0.1, bindPort: {self._port}}}\n"
            "nodeRegistration: {name: node}\n---\n"
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
            f"kubernetesVersion: {version}\ncertificatesDir: {self._home}/pki\n"
            f"controlPlaneEndpoint: 127.0.0.1:{self._port}\nnetworking: {{serviceSubnet: 198.18.32.0/24}}\n"
            "apiServer: {certSANs: [127.0.0.1, localhost]}\n"
        )
        for phase in (["certs", "all"], ["kubeconfig", "super-admin", "--kubeconfig-dir", str(self._home)]):
            command = [str(self._binaries / "kubeadm"), "init", "phase", *phase, "--config", str(config)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CALL_SECONDS)
            assert done.returncode == 0, done.stderr[-2000:]

    def _start_etcd(self) -> None:
        peer = f"http://127.0.0.1:{self._peer_port}"
        # the data need not outlive the machine, so nothing waits for the disk
        self._start(
            "etcd",
            f"--data-dir={self._home}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={self._etcd}",
            f"--advertise-client-urls={self._etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        )

    def _start_controller_manager(self) -> None:
        config = self.kubeconfig
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={config}",
            f"--authentication-kubeconfig={config}",
            f"--authorization-kubeconfig={config}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._manager_port}",
            f"--service-account-private-key-file={self._home}/pki/sa.key",
            f"--root-ca-file={self._home}/pki/ca.crt",
            "--use-service-account-credentials=true",
            "--kube-api-qps=200",  # Jobs would queue behind the default
            "--kube-api-burst=400",
            "--leader-elect=false",
        )

    def _start(self, name: str, *options: str) -> None:
        with (self._home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen([self._binaries / name, *options], stdout=log, stderr=log)

    def _stop(self) -> None:
        for process in reversed(self._running.values()):
            process.kill()
            process.wait(timeout=30)
        self._folder.cleanup()

    def _succeeds(self, *arguments: str) -> bool:
        return self.try_kubectl(*arguments).returncode == 0


@contextmanager
def control_plane() -> Iterator[ControlPlane]:
    """A control plane, or a skip that says what it needs."""
    with ControlPlane(programs()) as plane:
        yield plane


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
