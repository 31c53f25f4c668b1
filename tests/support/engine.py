"""A container engine for tests: the one that answers, or one made by `tests/cluster`, or a skip that says why."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CLUSTER = Path(__file__).parents[1] / "cluster"
WHAT_TO_INSTALL = (
    "compose tests need docker with its compose plugin, "
    "or (as root on Debian) apt install docker.io runc iptables debootstrap redis-server golang"
)


@contextmanager
def engine() -> Iterator[str]:
    """Have an engine and base images; give the name of the Python image to build with.

    Where something is missing this skips the test, except in CI, which installs it.
    """
    in_ci = os.environ.get("CI") == "true"
    if in_ci:
        script("install.sh")
    answers = _succeeds("docker", "version")
    if not answers and not _can_be_made():
        pytest.skip(WHAT_TO_INSTALL)
    if not answers:
        script("engine.sh", "start")
    try:
        if not _succeeds("docker", "compose", "version") and shutil.which("go") is None:
            pytest.skip(WHAT_TO_INSTALL)
        script("compose-plugin.sh")
        yield script("base-images.sh").strip()
    finally:
        if not answers:
            script("engine.sh", "stop")


def script(name: str, *arguments: str) -> str:
    """Run a script of `tests/cluster` and return what it prints; a failure says what it wrote to stderr."""
    done = subprocess.run([CLUSTER / name, *arguments], capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        raise AssertionError(f"{name} failed: {done.stderr[-2000:]}")
    return done.stdout


def _can_be_made() -> bool:
    return os.geteuid() == 0 and all(shutil.which(tool) for tool in ("dockerd", "runc", "iptables", "debootstrap"))


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
