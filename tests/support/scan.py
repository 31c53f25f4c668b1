"""checkov, in an environment of its own: it wants old versions of what the project has new ones of."""

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

LOCK = Path(__file__).parents[2] / "locks" / "scan.txt"
INSTALL_SECONDS, SCAN_SECONDS = 600, 120
WHAT_IT_NEEDS = "this test runs checkov, and pip cannot install locks/scan.txt"
NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
"""Whoever asks the network is told at once that there is none."""


def checkov(*arguments: str, home: Path) -> str:
    """Run checkov without a network and return what it prints, whatever it finds."""
    done = subprocess.run(
        [_environment() / "bin" / "checkov", *arguments],
        env={**os.environ, **NOWHERE, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SCAN_SECONDS,
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]
    return done.stdout


def _environment() -> Path:
    """The environment's folder, made if need be and kept by its lock's hash; skips where it cannot be made."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantum-tasks" / "scan"
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = cache / key
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs on one machine install once
        if not (folder / ".done").exists():
            venv.create(folder, with_pip=True, clear=True)
            _install(folder)
            (folder / ".done").touch()
    return folder


def _install(folder: Path) -> None:
    # wheels only: what builds others has no hash
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes")
    done = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", *options, "-r", LOCK],
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode and os.environ.get("CI") != "true":
        pytest.skip(WHAT_IT_NEEDS)
    assert done.returncode == 0, done.stderr[-2000:]
