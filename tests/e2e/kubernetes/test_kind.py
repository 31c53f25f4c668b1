"""`make kind`: from docker, kind, kubectl and helm to counts."""

import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from e2e.test_readme import sections
from support.cluster import Cluster
from support.engine import CLUSTER, script
from support.helm import helm_program
from support.installation import K8S, ROOT
from support.pages import assert_printed, steps
from support.ports import free_port
from support.tools import require

pytestmark = pytest.mark.cluster

SECONDS = 900
ANSWER = re.compile(r'^\{"task_id".*\}$', re.MULTILINE)


@pytest.fixture
def environment(loaded: Cluster, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What `make kind` is told on this machine: names and ports of its own, and where images come from."""
    require("bash", "curl", "make")
    name = f"qt-{uuid.uuid4().hex[:8]}"
    path = ":".join([str(loaded.kubeconfig.parent), str(helm_program().parent), os.environ["PATH"]])
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("QT_", "COV"))},
        "PATH": path,
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "DOCKER_BUILDKIT": "0",
        "KIND_CLUSTER": name,
        "PORT": str(free_port()),
        "KIND_LOAD": "redis:8",
        "DOCKER_BUILD_ARGS": f"--network host --build-arg PYTHON_IMAGE={script('base-images.sh').strip()}",
        "KIND_IMAGE": loaded.node_image(),
        "KIND_CONFIG": str(_configuration(tmp_path)),
    }
    yield env
    subprocess.run(["kind", "delete", "cluster", "--name", name], env=env, check=True, timeout=SECONDS)


def _configuration(folder: Path) -> Path:
    """The user's configuration, with what a cluster needs on the machines of the tests."""
    own = (CLUSTER / "kind" / "kind.yaml").read_text().replace("CONTROL_PLANE", str(CLUSTER / "kind" / "control-plane"))
    config, users = yaml.safe_load(own), yaml.safe_load((K8S / "kind.yaml").read_text())
    config["nodes"][0] |= users["nodes"][0]
    file = folder / "kind.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file


def _make_kind(environment: dict[str, str]) -> dict[str, int]:
    """Run `make kind`, and give the counts that it prints."""
    done = subprocess.run(
        ["make", "kind"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    _, section = sections()
    (command, expected), *_ = steps(section)
    assert command == "make kind\n"
    assert_printed(command, expected, done.stdout)
    [answer] = ANSWER.findall(done.stdout)
    counts: dict[str, int] = json.loads(answer)["result"]
    return counts


def test_make_kind_runs_a_bell_circuit_and_may_be_repeated(environment: dict[str, str]) -> None:
    """`make kind` prints what the README says, counts of 1000 shots; once more, it finds what was there before."""
    for _ in range(2):
        counts = _make_kind(environment)
        assert set(counts) == {"00", "11"}
        assert sum(counts.values()) == 1000
    listed = httpx.get(f"http://127.0.0.1:{environment['PORT']}/v1/tasks", trust_env=False).json()["tasks"]
    assert [task["phase"] for task in listed] == ["Succeeded", "Succeeded"]
