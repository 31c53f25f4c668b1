"""Programs that a test needs and a machine may lack."""

import os
import shutil

import pytest


def require(*tools: str) -> None:
    """Skip the test, saying what to install, where a tool is missing; in CI nothing is skipped."""
    missing = " ".join(tool for tool in tools if shutil.which(tool) is None)
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"this test runs what a user would type, and that needs: apt install {missing}")
