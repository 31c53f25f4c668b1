"""Where things stand in a program's text."""

from bisect import bisect_right
from re import finditer


class Lines:
    """Where the lines of a text begin; found when somebody asks."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """The line, from 1, and the column, from 0, of the character at an offset."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in finditer("\n", self.text))]
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1]


class Span:
    """A part of a text, in the terms of `openqasm3.ast.Span`: lines from 1, columns from 0; the end is exclusive.

    Most are never looked at, so lines and columns are found when they are asked for.
    """

    __slots__ = ("end", "lines", "start")

    def __init__(self, lines: Lines, start: int, end: int) -> None:
        self.lines = lines
        self.start = start
        self.end = end

    @property
    def start_line(self) -> int:
        """The line of the first character."""
        return self.lines.place(self.start)[0]

    @property
    def start_column(self) -> int:
        """The column of the first character."""
        return self.lines.place(self.start)[1]

    @property
    def end_line(self) -> int:
        """The line of the last character."""
        return self.lines.place(max(self.start, self.end - 1))[0]

    @property
    def end_column(self) -> int:
        """The column after the last character."""
        return self.lines.place(max(self.start, self.end - 1))[1] + (self.end > self.start)

    def __repr__(self) -> str:
        """The place, as a person reads it."""
        return f"{self.start_line}:{self.start_column + 1}-{self.end_line}:{self.end_column}"
