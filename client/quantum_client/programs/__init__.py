"""OpenQASM 3 programs that the demo submits. The first line of each says what to expect."""

from importlib.resources import files


def program(name: str) -> str:
    """The text of a program."""
    return files(__name__).joinpath(f"{name}.qasm").read_text(encoding="utf-8")
