"""README.md and docs/kubernetes.md are true of a cluster: their commands are run, in order, and print what they say."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.test_readme import ROOT, sections
from support.cluster import Cluster
from support.helm import helm_program
from support.installation import Installation
from support.pages import NAMESPACE, Shell, steps
from support.tools import require

pytestmark = pytest.mark.cluster

PAGE = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")


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
    _, _, own_cluster = section.partition("For a cluster of your own")  # before that, `make kind`: test_kind.py
    assert len(steps(own_cluster)) > 5
    with Shell(loaded, namespace, tmp_path, helm_program()) as shell:
        shell.follow(own_cluster)


def test_the_pages_commands_print_what_it_says(installation: Installation, tmp_path: Path) -> None:
    """The commands of docs/kubernetes.md, on an installation that is there, print what it says."""
    require("bash", "curl")
    assert len(steps(PAGE)) > 5
    with Shell(installation.cluster, installation.namespace, tmp_path) as shell:
        shell.follow(f"```console\n$ kubectl config set-context --current --namespace={NAMESPACE}\n...\n```\n")
        shell.follow(PAGE)
