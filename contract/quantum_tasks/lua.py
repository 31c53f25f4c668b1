"""The scripts of `scripts/`, as Redis is given them."""

from collections.abc import Iterable
from pathlib import Path

from quantum_tasks.keys import Keys
from quantum_tasks.records import FIELDS, RESULT_FIELDS

_FOLDER = Path(__file__).parent / "scripts"
_PRELUDE = "prelude"


def sources(keys: Keys, names: Iterable[str] | None = None) -> dict[str, str]:
    """Scripts by their names, all of them or these; the names of keys and what they share stand before each."""
    if names is None:
        names = sorted({file.stem for file in _FOLDER.glob("*.lua")} - {_PRELUDE})
    lists = f"local FIELDS = {_table(FIELDS)}\nlocal RESULT_FIELDS = {_table(RESULT_FIELDS)}\n"
    prelude = keys.lua() + lists + _source(_PRELUDE)
    return {name: prelude + _source(name) for name in names}


def _table(words: Iterable[str]) -> str:
    return "{" + ", ".join(f"'{word}'" for word in words) + "}"


def _source(name: str) -> str:
    return (_FOLDER / f"{name}.lua").read_text("utf-8")
