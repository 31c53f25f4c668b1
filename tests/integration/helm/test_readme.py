"""The chart's README is made from its values, and each of them has a comment there."""

import os
import re
import shutil
import subprocess

import pytest
from support.engine import script
from support.helm import CHART, Object, chart_values

README = (CHART / "README.md").read_text("utf-8")
WHAT_TO_INSTALL = "the chart's README is made by a program that is built from Go modules: apt install golang"


def test_the_readme_is_what_the_values_make() -> None:
    """README.md is what helm-docs makes of the values; else run `make generate`."""
    if shutil.which("go") is None and os.environ.get("CI") != "true":
        pytest.skip(WHAT_TO_INSTALL)
    command = [
        script("helm-docs.sh").strip(),
        "--dry-run",
        "--chart-search-root",
        str(CHART),
        "--sort-values-order",
        "file",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert made.strip() == README.strip()


def test_every_value_is_explained() -> None:
    """The table has every value of the chart, in the order of the file, with a default and a sentence."""
    rows = re.findall(r"^\| `(\S+)` \| `(.+)` \| (\S.*\.) \|$", README, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(_named(chart_values()))


def _named(values: Object, path: str = "") -> list[str]:
    found = []
    for name, value in values.items():
        here = f"{path}{name}"
        found += _named(value, f"{here}.") if isinstance(value, dict) and value and name != "resources" else [here]
    return found
