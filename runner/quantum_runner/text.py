"""A program as text: what is checked before any parser sees it, and where things are in it."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import MAX_PROGRAM_BYTES

MAX_NESTING = 100
"""Brackets within brackets. Parser and importer recurse; this keeps them far from Python's own limit."""

MAX_DIGITS = 400
"""Digits of one number: enough for any float, and for a bit string as long as any register."""

_TOKEN = re.compile(
    r"""
      (?P<skip> //[^\n]* | /\*.*?(?:\*/|\Z) | "[^"\n]*" | '[^'\n]*' )
    | (?P<number> [0-9][0-9A-Fa-f_xob.]* )
    | (?P<word> [A-Za-z_$]\w* )
    | (?P<open> [(\[{] )
    | (?P<close> [)\]}] )
    | (?P<control> [^\S\t\n\r\x20] | [\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a program, counted from 1."""

    line: int
    column: int


class Places:
    """Turns offsets into places."""

    def __init__(self, program: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", program))]

    def at(self, offset: int) -> Place:
        """The place of an offset, which counts characters from 0."""
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)

    def line_start(self, line: int) -> int:
        """The offset of the first character of a line, which counts from 1."""
        return self._starts[min(line, len(self._starts)) - 1]


_VERSION = re.compile(r"(?>\s+|//[^\n]*|/\*.*?\*/)*+OPENQASM\s+(?P<number>[0-9][0-9.]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Version:
    """What a program says that it is written in, and where it says so."""

    number: str
    place: Place


def version(program: str) -> Version | None:
    """The version line, read without a parser: another version may not even parse."""
    found = _VERSION.match(program)
    return None if found is None else Version(found["number"], Places(program).at(found.end() - len(found["number"])))


def shortened(message: str, *, most: int = 40) -> str:
    """What a stranger wrote, cut to a length that a message can bear."""
    return message if len(message) <= most else message[:most] + "…"


def check(program: str) -> None:
    """Refuse what no parser should be given: too long, too deep, or with characters that no program has.

    Raises ProgramError with PROGRAM_BYTES, ENCODING, NESTING or NUMBER.
    """
    size = len(program.encode("utf-8", "surrogatepass"))
    if size > MAX_PROGRAM_BYTES:
        raise ProgramError(Code.PROGRAM_BYTES, f"The program has {size} bytes, more than {MAX_PROGRAM_BYTES}.")
    for refusal, offset in _refusals(program):
        place = Places(program).at(offset)
        raise ProgramError(refusal.code, refusal.message, place.line, place.column)


def _refusals(program: str) -> Iterator[tuple[ProgramError, int]]:
    depth = 0
    for token in _TOKEN.finditer(program):
        kind, text = token.lastgroup, token.group()
        if kind == "open":
            depth += 1
            if depth > MAX_NESTING:
                yield ProgramError(Code.NESTING, f"Brackets are nested more than {MAX_NESTING} deep."), token.start()
        elif kind == "close":
            depth -= 1
        elif kind == "number" and len(text) > MAX_DIGITS:
            yield ProgramError(Code.NUMBER, f"A number has more than {MAX_DIGITS} digits."), token.start()
        elif kind == "control":
            name = f"U+{ord(text):04X}"
            yield ProgramError(Code.ENCODING, f"The character {name} has no place in a program."), token.start()
