"""A page of the documentation as a user follows it: its commands, and what they should print."""

import doctest
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from support.cluster import Cluster
from support.installation import K8S
from support.kubectl_tasks import SOON
from support.ports import free_port
from support.waiting import eventually

NAMESPACE = "quantum-tasks"
STEP_SECONDS = 300.0
STEP = re.compile(r"^\$ (?P<command>.*\n(?:> .*\n)*)(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


def steps(page: str) -> list[tuple[str, str]]:
    """Commands of a page and what they should print; `...` stands for any text."""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    found = [step for block in blocks for step in STEP.finditer(block)]
    return [(re.sub(r"^> ", "", step["command"], flags=re.MULTILINE), step["output"]) for step in found]


def assert_printed(command: str, expected: str, printed: str) -> None:
    """Assert that a command printed what a page says."""
    whole = printed if printed.endswith("\n") or not printed else printed + "\n"
    matches = doctest.OutputChecker().check_output(expected, whole, doctest.ELLIPSIS)
    assert matches, f"$ {command}expected:\n{expected}\nprinted:\n{whole}"


class Shell:
    """A user's shell in a folder with the manifests; what the pages do in `quantum-tasks` it does in a namespace."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path, *tools: Path) -> None:
        self._namespace = namespace
        self._folder = folder
        self._port = free_port()
        self._in_the_background: list[subprocess.Popen[bytes]] = []
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(cluster.kubectl("config", "view", "--raw", "--flatten"))
        # beside the kubeconfig of a cluster that `cluster.sh` made is the kubectl that fits it
        path = ":".join([str(cluster.kubeconfig.parent), *(str(each.parent) for each in tools), os.environ["PATH"]])
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "COV"))}
        self._env = {**clean, "PATH": path, "KUBECONFIG": str(kubeconfig)}

    def __enter__(self) -> Self:
        """Lay out the manifests."""
        shutil.copytree(K8S, self._folder / "k8s")
        shutil.copytree(K8S.parent / "helm", self._folder / "helm")
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
        before = r"-n |namespace=|namespace |namespaces/|task:|redis\."
        text = re.sub(rf"({before}){NAMESPACE}(?![\w-])", rf"\g<1>{self._namespace}", text)
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{self._port}").replace(" 8000:80", f" {self._port}:80")
