"""A control plane that knows what the chart may make, and on which releases may come and go."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.control_plane import ControlPlane, control_plane
from support.helm import NAMESPACE, make_namespace

CRDS = Path(__file__).parent / "crds"
DEFINITIONS = (
    "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
    "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
)
WHAT_TO_INSTALL = "this test needs definitions that come as Go modules: apt install golang"


@pytest.fixture(scope="session")
def helm_plane() -> Iterator[ControlPlane]:
    """A control plane with HTTPRoutes and ServiceMonitors, and a namespace that takes what is `restricted` only."""
    definitions = _definitions()
    with control_plane() as plane:
        for path in definitions:
            plane.kubectl("apply", "--server-side", "-f", str(path))
        make_namespace(plane, NAMESPACE)
        yield plane


def _definitions() -> list[Path]:
    if shutil.which("go") is None and os.environ.get("CI") != "true":
        pytest.skip(WHAT_TO_INSTALL)
    done = subprocess.run(
        ["go", "mod", "download", "-json"],
        cwd=CRDS,
        env={**os.environ, "GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    folders = [Path(module["Dir"]) for module in json.loads("[" + done.stdout.replace("}\n{", "},{") + "]")]
    return [folder / path for folder in folders for path in DEFINITIONS if (folder / path).exists()]
