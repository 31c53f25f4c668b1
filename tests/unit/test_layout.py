"""The shape of the tree."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_no_folder_shadows_the_standard_library() -> None:
    """A top-level folder named like a standard module, such as operator/, has no `__init__.py`."""
    shadows = [name for name in sys.stdlib_module_names if (ROOT / name / "__init__.py").exists()]
    assert shadows == []


def test_tests_are_not_packages() -> None:
    """No folder of tests has an `__init__.py`: pytest imports tests by path."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def _requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in extra)]
    return [requirement for requirement in map(Requirement, texts) if requirement.name != PROJECT["name"]]


@pytest.mark.parametrize("requirement", _requirements(), ids=str)
def test_the_lock_holds_what_the_project_asks_for(requirement: Requirement) -> None:
    """Each dependency is pinned in locks/dev.txt at a version that the project accepts; else run `make lock`."""
    name = re.escape(requirement.name)
    pins = re.findall(rf"^{name}(?:\[.*?\])?==(\S+)", (ROOT / "locks/dev.txt").read_text(), re.MULTILINE)
    assert pins
    assert all(requirement.specifier.contains(pin) for pin in pins)


@pytest.mark.parametrize("lock", sorted((ROOT / "locks").glob("*.txt")), ids=lambda lock: lock.name)
def test_locks_are_hashed_and_name_no_index(lock: Path) -> None:
    """Every pin has a hash, and no lock says where packages come from."""
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9].*?==.*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
