"""The manifests in k8s/: made from one source, and alike in what they promise."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from quantum_tasks.resource import QuantumTask

K8S = Path(__file__).parents[2] / "k8s"
SAMPLES = sorted((K8S / "samples").glob("*.yaml"))
WORKLOADS = ("Deployment", "StatefulSet")


def _documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _pods() -> list[Any]:
    found = [(path.name, body) for path in sorted(K8S.glob("*.yaml")) for body in _documents(path)]
    return [
        pytest.param(body["spec"]["template"]["spec"], id=f"{name}-{body['metadata']['name']}")
        for name, body in found
        if body["kind"] in WORKLOADS
    ]


def test_the_crd_is_the_one_that_the_source_makes() -> None:
    """k8s/crd.yaml is what the typed source gives; else run `make generate`."""
    made = subprocess.run([sys.executable, "-m", "quantum_tasks.crd"], capture_output=True, text=True, check=True)
    assert (K8S / "crd.yaml").read_text() == made.stdout


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_tasks_named_like_their_files(sample: Path) -> None:
    """Each sample is one QuantumTask that the resource's source reads, with the name of its file."""
    [body] = _documents(sample)
    assert body["metadata"]["name"] == sample.stem
    assert QuantumTask.of(body).spec.qasm


@pytest.mark.parametrize("pod", _pods())
def test_every_pod_may_as_little_as_it_can(pod: dict[str, Any]) -> None:
    """Pods are non-root with a read-only file system, no capabilities, and bounded memory."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
