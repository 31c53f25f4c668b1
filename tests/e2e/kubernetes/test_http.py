"""The HTTP API on a cluster: the same contract, with resources behind it."""

import os
import subprocess
import sys

import pytest
from support.installation import ROOT, Installation

pytestmark = pytest.mark.cluster


def test_the_contract_holds_on_kubernetes(installation: Installation) -> None:
    """The black-box suite, given only the base URL, passes on a cluster; only the order of listings is another."""
    installation.kubectl("delete", "quantumtasks", "--all")  # over HTTP, names are UUIDs
    installation.set_env("api", QT_EXECUTION_MODE="Pool")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not newest_first"]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "COV"))}
        done = subprocess.run(
            [*command, "tests/e2e/test_contract.py"],
            env={**env, "QT_BASE_URL": installation.base_url},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout[-5000:]
    finally:
        installation.set_env("api", QT_EXECUTION_MODE="")
