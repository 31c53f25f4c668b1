"""The children's output on its way to a terminal."""

import io

import pytest
from quantum_client.local.logs import SUPERVISOR, LineSplitter, Printer, wants_colours


def test_lines_are_put_together_from_chunks() -> None:
    """A line may come in several chunks, and a chunk may hold several lines."""
    lines = LineSplitter()
    assert lines.feed(b"on") == []
    assert lines.feed(b"e\ntwo\r\n\nthr") == ["one", "two", ""]
    assert lines.close() == ["thr"]
    assert lines.close() == []


def test_a_long_line_is_cut_and_says_so() -> None:
    """No more than the bound is kept of a line, whatever the chunks are, and the line says how much is missing."""
    lines = LineSplitter(max_bytes=4)
    assert lines.feed(b"abc") == []
    assert lines.feed(b"def") == []
    assert lines.feed(b"gh\nnext\n") == ["abcd [4 bytes left out]", "next"]


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    """A broken character does not stop the output."""
    assert LineSplitter().feed(b"\xff!\n") == ["\ufffd!"]


def test_prefixes_are_aligned() -> None:
    """Every line starts with the name of its part, padded to the longest one."""
    stream = io.StringIO()
    printer = Printer(stream, [SUPERVISOR, "redis", "worker-1"], colours=False)
    printer("redis", "one")
    printer("worker-1", "two")
    assert stream.getvalue() == "redis    | one\nworker-1 | two\n"


def test_each_part_has_a_colour() -> None:
    """With colours, the prefixes of two parts differ in theirs, and the text has none."""
    stream = io.StringIO()
    printer = Printer(stream, [SUPERVISOR, "a", "b"], colours=True)
    printer("a", "text")
    printer("b", "text")
    first, second = stream.getvalue().splitlines()
    assert first.replace("a |", "b |") != second
    assert first.endswith("\x1b[0m text")


def test_a_line_cannot_command_the_terminal() -> None:
    """Control characters in a child's output, which may be a stranger's, do not reach the terminal."""
    stream = io.StringIO()
    Printer(stream, ["a"], colours=False)("a", "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J\ttab")
    assert stream.getvalue() == "a | red ]0;title 2J\ttab\n"


def test_output_that_nobody_reads_stops_nothing() -> None:
    """Once the stream is broken the printer is silent."""

    class Broken(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    printer = Printer(Broken(), ["a"], colours=False)
    printer("a", "one")
    printer("a", "two")


@pytest.mark.parametrize(
    ("environment", "terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_the_readers_choice(environment: dict[str, str], *, terminal: bool, expected: bool) -> None:
    """NO_COLOR wins, then FORCE_COLOR, then whether it is a terminal that can."""
    assert wants_colours(environment, terminal=terminal) is expected
