"""The gate on speed: what a warm task costs beside AerSimulator alone, in CPU time and never in wall time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST = {"Bell": 0.5, "GHZ-8": 0.4}
"""CPU over the floor's: promised are 0.6 and 1.2, measured 0.16 to 0.27 and 0.16 to 0.19."""


@pytest.fixture(scope="module")
def ratios() -> dict[str, float]:
    """Medians of many pairs, of a process that no coverage is measured of."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "QT_"))}
    command = [sys.executable, "-P", "-m", "benchmarks.cost"]
    env = {**inherited, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", MOST)
def test_a_warm_task_takes_less_than_the_simulator_alone(ratios: dict[str, float], name: str) -> None:
    """A small program takes at most so much of the CPU time that a kept AerSimulator takes in a bare loop."""
    assert ratios[name] <= MOST[name]
