"""The children's output: bytes into bounded lines, and lines onto a terminal, each with the name of its part."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TextIO

Log = Callable[[str, str], None]
"""Takes the name of a part and one line of it."""

SUPERVISOR = "up"
"""The name under which the supervisor itself logs."""

MAX_LINE_BYTES = 8 * 1024

_COLOURS = ("36", "32", "33", "35", "34", "96", "92", "93", "95", "94")
_GREY = "90"
# What a terminal would act on. Part of a stranger's program may stand in a log line.
_CONTROLS = re.compile(r"\x1b\[[0-9;]*m|[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class LineSplitter:
    """Bytes in, lines out. No line is longer than `max_bytes`, and neither is what is kept of an unfinished one."""

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._left_out = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that the chunk ends."""
        *ended, rest = chunk.split(b"\n")
        lines = [self._end(piece) for piece in ended]
        self._keep(rest)
        return lines

    def close(self) -> list[str]:
        """What is left of a last line that has no end."""
        return [self._end(b"")] if self._kept else []

    def _keep(self, piece: bytes) -> None:
        room = self._max_bytes - len(self._kept)
        self._kept += piece[:room]
        self._left_out += max(0, len(piece) - room)

    def _end(self, piece: bytes) -> str:
        self._keep(piece)
        line = self._kept.decode(errors="replace").rstrip("\r")
        if self._left_out:
            line += f" [{self._left_out} bytes left out]"
        self._kept.clear()
        self._left_out = 0
        return line


class Printer:
    """Writes lines as compose and honcho do: `worker-1 | text`, each part in a colour of its own."""

    def __init__(self, stream: TextIO, names: Iterable[str], *, colours: bool) -> None:
        self._stream = stream
        self._names = list(names)
        self._width = max(map(len, self._names))
        self._colours = colours
        self._broken = False

    def __call__(self, name: str, line: str) -> None:
        """Write one line. Once nobody reads the stream any more, nothing is written: the stack goes on without."""
        if self._broken:
            return
        try:
            self._stream.write(f"{self._prefix(name)} {_CONTROLS.sub('', line)}\n")
            self._stream.flush()
        except OSError:
            self._broken = True

    def _prefix(self, name: str) -> str:
        prefix = f"{name:<{self._width}} |"
        if not self._colours:
            return prefix
        colour = _GREY if name == SUPERVISOR else _COLOURS[self._names.index(name) % len(_COLOURS)]
        return f"\x1b[{colour}m{prefix}\x1b[0m"


def to_stderr(names: Iterable[str]) -> Printer:
    """A printer of these parts' lines on stderr, coloured as the environment and the terminal want it."""
    return Printer(sys.stderr, names, colours=wants_colours(os.environ, terminal=sys.stderr.isatty()))


def wants_colours(environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Whether to colour: never with NO_COLOR, always with FORCE_COLOR, else on a terminal that can (no-color.org)."""
    if environment.get("NO_COLOR"):
        return False
    return bool(environment.get("FORCE_COLOR")) or (terminal and environment.get("TERM") != "dumb")
