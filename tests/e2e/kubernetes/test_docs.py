"""README.md and docs/kubernetes.md are true of a cluster: their commands are run, in order, and print what they say."""

import os
import re
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from e2e.test_readme import ROOT, assert_printed, sections, steps
from support.cluster import Cluster
from support.installation import K8S, Installation
from support.kubectl_tasks import SOON
from support.tools import require
from support.waiting import eventually

pytestmark = pytest.mark.cluster

PAGE = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
NAMESPACE = "quantum-tasks"
STEP_SECONDS = 300.0


class Shell:
    """A user's shell in a folder with the manifests; what the pages do in `quantum-tasks` it does in a namespace."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self._namespace = namespace
        self._folder = folder
        self._port = _free_port()
        self._in_the_background: list[subprocess.Popen[bytes]] = []
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(cluster.kubectl("config", "view", "--raw", "--flatten"))
        # beside the kubeconfig of a cluster that `cluster.sh` made is the kubectl that fits it
        path = f"{cluster.kubeconfig.parent}:{os.environ['PATH']}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "COV"))}
        self._env = {**clean, "PATH": path, "KUBECONFIG": str(kubeconfig)}

    def __enter__(self) -> Self:
        """Lay out the manifests."""
        shutil.copytree(K8S, self._folder / "k8s")
        for name, line in (("kustomization", "namespace: {}\n"), ("namespace", "  name: {}\n")):
            file = self._folder / "k8s" / f"{name}.yaml"
            text = file.read_text("utf-8")
            assert text.count(line.format(NAMESPACE)) == 1
            file.write_text(text.replace(line.format(NAMESPACE), line.format(self._namespace)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was started in the background."""
        for process in self._in_the_background:
            process.kill()
            process.wait(timeout=10)

    def follow(self, page: str) -> None:
        """Run the commands of a page; one that fails must do so with the words that the page shows."""
        for command, expected in steps(page):
            line, wanted = self._fitted(command), self._fitted(expected)
            if line.rstrip().endswith("&"):
                assert_printed(line, wanted, self._start(line.rstrip().removesuffix("&")))
                continue
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=STEP_SECONDS,
            )
            assert done.returncode == 0 or wanted.strip(" .\n"), (line, done.stdout)
            assert_printed(line, wanted, done.stdout)

    def _start(self, line: str) -> str:
        """Start a command that goes on, and return the first line that it prints."""
        log = self._folder / f"background-{len(self._in_the_background)}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line}"], cwd=self._folder, env=self._env, stdout=output, stderr=output
            )
        self._in_the_background.append(process)
        eventually(lambda: "\n" in log.read_text(), SOON, f"the first line of {line}")
        return log.read_text().splitlines()[0]

    def _fitted(self, text: str) -> str:
        text = re.sub(rf"(-n |--namespace=|task:|get namespace ){NAMESPACE}(?![\w-])", rf"\g<1>{self._namespace}", text)
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{self._port}").replace(" 8000:80", f" {self._port}:80")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def namespace(loaded: Cluster) -> Iterator[str]:
    """The name of a namespace that a page makes."""
    name = f"qt-{uuid.uuid4().hex[:8]}"
    yield name
    loaded.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


def test_the_readmes_way_to_a_cluster_works(loaded: Cluster, namespace: str, tmp_path: Path) -> None:
    """The README's commands install everything, run tasks by kubectl and by HTTP, and print what it says."""
    require("bash", "curl")
    _, section = sections()
    assert len(steps(section)) > 5
    with Shell(loaded, namespace, tmp_path) as shell:
        shell.follow(section)


def test_the_pages_commands_print_what_it_says(installation: Installation, tmp_path: Path) -> None:
    """The commands of docs/kubernetes.md, on an installation that is there, print what it says."""
    require("bash", "curl")
    assert len(steps(PAGE)) > 5
    with Shell(installation.cluster, installation.namespace, tmp_path) as shell:
        shell.follow(f"```console\n$ kubectl config set-context --current --namespace={NAMESPACE}\n...\n```\n")
        shell.follow(PAGE)
