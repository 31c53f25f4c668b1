"""What the stack shows: each part's lines behind its name, in a colour of its own."""

import sys

from rich.console import Console
from rich.text import Text

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")


class PartLogs:
    """Writes the parts' lines to stderr. rich leaves colours out where they are not wanted (NO_COLOR, no terminal)."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, soft_wrap=True)
        self._colours: dict[str, str] = {}

    def __call__(self, name: str, line: str) -> None:
        """Write one line."""
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        self._console.print(Text(f"{name:<9}| ", style=colour) + Text.from_ansi(line))


def say(line: str) -> None:
    """Write a line to stdout at once, whoever reads it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
