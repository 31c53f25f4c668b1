"""A Kubernetes cluster for tests: the one that KUBECONFIG names, one that is up, one that is made, or a skip."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.engine import CLUSTER, script

NO_WAY = 77
"""What `cluster.sh up` ends with where no cluster can be made; its last line says what to install."""

AUDIT_LOG = "/var/log/kubernetes/audit.log"
UP_SECONDS = 3600
CALL_SECONDS = 300


class Cluster:
    """A cluster, and what tests do to it. `kind` is kind's name for it, or None where kind did not make it."""

    def __init__(self, kubeconfig: Path, kubectl: list[str], kind: str | None) -> None:
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl
        self._kind = kind

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = CALL_SECONDS) -> str:
        """Run kubectl and return what it prints; a failure says what it wrote to stderr."""
        return self._checked([*self._kubectl, *arguments], stdin, seconds)

    def load(self, *images: str) -> None:
        """Copy images of the engine into every node."""
        kind = self._need_kind()
        self._checked([str(CLUSTER / "cluster.sh"), "load", *images], None, CALL_SECONDS, NAME=kind)

    def load_python(self) -> str:
        """Copy the Python image that the project's images are built on into every node, and return its name."""
        self._need_kind()
        image = script("base-images.sh").strip()
        self.load(image)
        return image

    @property
    def node(self) -> str:
        """The container that is the first node."""
        return f"{self._need_kind()}-control-plane"

    def node_exec(self, *command: str, seconds: float = CALL_SECONDS) -> str:
        """Run a command in the first node, and return what it prints."""
        return self._checked(["docker", "exec", self.node, *command], None, seconds)

    def node_image(self) -> str:
        """The image that the nodes run on."""
        return self._checked(["docker", "inspect", "-f", "{{.Config.Image}}", self.node], None, CALL_SECONDS).strip()

    @property
    def is_of_packages(self) -> bool:
        """Whether its nodes run on the image that `tests/cluster` makes: what it must have is then known."""
        return self._kind is not None and self.node_image().startswith("quantum-tasks-node:")

    def audit_log(self) -> list[dict[str, Any]]:
        """The audit events of every request that a service account made, the cluster's own left out."""
        try:
            log = self.node_exec("cat", AUDIT_LOG)
        except AssertionError as error:
            if "No such file" in str(error):
                pytest.skip("this test needs a cluster with the audit log of tests/cluster/kind/control-plane")
            raise
        return [json.loads(line) for line in log.splitlines()]

    def _need_kind(self) -> str:
        if self._kind is None:
            pytest.skip("this test needs a cluster whose nodes are containers: KUBECONFIG names none of kind's")
        return self._kind

    def _checked(self, command: list[str], stdin: str | None, seconds: float, **settings: str) -> str:
        env = {**os.environ, "KUBECONFIG": str(self.kubeconfig), **settings}
        # an empty stdin ends at once, where pytest's own might be a terminal
        done = subprocess.run(
            command, env=env, input=stdin or "", capture_output=True, text=True, check=False, timeout=seconds
        )
        assert done.returncode == 0, f"{Path(command[0]).name} {' '.join(command[1:])}: {done.stderr[-3000:]}"
        return done.stdout


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Have a cluster, and leave one that was there before.

    Where there is no way to one this skips the test, except in CI, which installs what is missing.
    """
    if given := os.environ.get("KUBECONFIG"):
        yield _given(Path(given))
        return
    if os.environ.get("CI") == "true":
        script("install.sh")
    was_up = _cluster_sh("kubeconfig").returncode == 0
    try:
        up = _cluster_sh("up")
        if up.returncode == NO_WAY and os.environ.get("CI") != "true":
            pytest.skip(up.stderr.strip().splitlines()[-1])
        assert up.returncode == 0, f"cluster.sh up: {up.stderr[-3000:]}"
        kubeconfig = Path(up.stdout.strip())
        yield Cluster(kubeconfig, [str(CLUSTER / "cluster.sh"), "kubectl"], kind=kubeconfig.parent.name)
    finally:
        if not was_up:
            script("cluster.sh", "down")


def _given(kubeconfig: Path) -> Cluster:
    if shutil.which("kubectl") is None:
        pytest.skip("tests on the cluster that KUBECONFIG names need kubectl")
    context = Cluster(kubeconfig, ["kubectl"], None).kubectl("config", "current-context").strip()
    return Cluster(kubeconfig, ["kubectl"], context.removeprefix("kind-") if context.startswith("kind-") else None)


def _cluster_sh(command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CLUSTER / "cluster.sh", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=UP_SECONDS,
    )
