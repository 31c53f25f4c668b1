"""Programs that others have written, and what the official parser makes of any text."""

import contextlib
import io
import random
from pathlib import Path

import openqasm3
from openqasm3 import ast
from quantum_qasm.parsing.lexer import tokens_of

OPENQASM = Path(__file__).parents[1] / "corpora" / "openqasm"
FOUND = OPENQASM / "found"
MQT_BENCH = OPENQASM.parent / "mqt_bench"

ON_REQUEST = {
    "t1": "pragma quantum-tasks ignore calibrations\npragma quantum-tasks bind tabulate nothing\n",
    "scqec": (
        "pragma quantum-tasks bind zfirst nothing\npragma quantum-tasks bind send nothing\n"
        "pragma quantum-tasks bind zlast parity\n"
    ),
}
"""What official examples are to ask for, since only their authors have their externs."""


def examples() -> dict[str, str]:
    """The official example programs, by name."""
    return _programs(OPENQASM / "examples")


def valid() -> dict[str, str]:
    """The sources of the official grammar's tests, by name; some are newer than the official parser."""
    return _programs(OPENQASM / "valid")


def invalid() -> list[str]:
    """Statements that the official grammar refuses."""
    lines = [line for program in _programs(OPENQASM / "invalid").values() for line in program.splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("//")]


def found() -> dict[str, str]:
    """Programs that once did what none should do, by name; `make fuzz` has found them."""
    return _programs(FOUND)


def mqt_bench() -> dict[str, str]:
    """A program for each algorithm of MQT Bench, by the algorithm's name."""
    return _programs(MQT_BENCH)


def official(text: str) -> ast.Program | None:
    """The tree that the official parser makes; None where it refuses the text, or dies of it."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            tree: ast.Program = openqasm3.parse(text)
        except Exception:  # noqa: BLE001 - it raises whatever comes
            return None
    return tree


def mutant(programs: list[str], seed: int) -> str:
    """Some lines of one of the programs, with up to two tokens taken out, put in or exchanged."""
    chance = random.Random(seed)  # noqa: S311 - to be the same at each run
    lines = chance.choice(programs).splitlines()
    first = chance.randrange(len(lines))
    words = tokens_of("\n".join(lines[first : first + chance.choice([1, 2, 5, 12])])).texts[:-1]
    others = tokens_of(chance.choice(programs)).texts[:-1]
    for _ in range(chance.choice([0, 1, 1, 2])):
        place = chance.randrange(len(words) + 1)
        change = chance.choice(["take out", "put in", "exchange"])
        words[place : place + (change != "put in")] = [] if change == "take out" else [chance.choice(others)]
    # what these begin ends with the line
    return "".join(word + ("\n" if word.startswith(("#pragma", "@")) else " ") for word in words)


def _programs(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text("utf-8", "surrogatepass") for path in sorted(folder.glob("*.qasm"))}
