"""What is refused before any parser sees a program, and where things are in a text."""

import pytest
from quantum_runner import text
from quantum_runner.text import MAX_DIGITS, MAX_NESTING, Place, Places, Version
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import MAX_PROGRAM_BYTES


@pytest.mark.parametrize(
    ("program", "code", "place"),
    [
        ("x" * (MAX_PROGRAM_BYTES + 1), Code.PROGRAM_BYTES, (None, None)),
        ("é" * (MAX_PROGRAM_BYTES // 2 + 1), Code.PROGRAM_BYTES, (None, None)),
        ("qubit q;\n\0", Code.ENCODING, (2, 1)),
        ("qubit \x07q;", Code.ENCODING, (1, 7)),
        ("qubit \ud800q;", Code.ENCODING, (1, 7)),
        ("qubit\u00a0q;", Code.ENCODING, (1, 6)),
        ("(" * (MAX_NESTING + 1), Code.NESTING, (1, MAX_NESTING + 1)),
        ("\n" + "{[(" * MAX_NESTING, Code.NESTING, (2, MAX_NESTING + 1)),
        ("rx(" + "9" * (MAX_DIGITS + 1) + ") q;", Code.NUMBER, (1, 4)),
        ("rx(1." + "9" * MAX_DIGITS + ") q;", Code.NUMBER, (1, 4)),
        ("int x = 0x" + "f" * MAX_DIGITS + ";", Code.NUMBER, (1, 9)),
    ],
)
def test_a_text_that_no_parser_should_see_is_refused_with_its_place(
    program: str, code: Code, place: tuple[int | None, int | None]
) -> None:
    """Too long, too deep, too many digits, or a character that no program has."""
    with pytest.raises(ProgramError) as refusal:
        text.check(program)
    assert (refusal.value.code, (refusal.value.line, refusal.value.column)) == (code, place)


@pytest.mark.parametrize(
    "program",
    [
        "",
        "x" * MAX_PROGRAM_BYTES,
        "(" * MAX_NESTING + ")" * MAX_NESTING,
        "()" * (MAX_NESTING + 1),
        "// " + "(" * (MAX_NESTING + 1),
        "/* " + "(" * (MAX_NESTING + 1) + " */",
        'include "' + "(" * (MAX_NESTING + 1) + '";',
        "\tqubit q;\r\n// π",
    ],
)
def test_what_is_within_the_bounds_passes(program: str) -> None:
    """Brackets count only when they are open at once, and not in comments and strings."""
    text.check(program)


def test_places_count_lines_and_columns_from_one() -> None:
    """An offset is turned into the line that holds it, a line's end belonging to the line."""
    places = Places("ab\n\ncd")
    assert [places.at(offset) for offset in (0, 2, 3, 4, 5)] == [
        Place(1, 1),
        Place(1, 3),
        Place(2, 1),
        Place(3, 1),
        Place(3, 2),
    ]


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("OPENQASM 3;", Version("3", Place(1, 10))),
        ("// OPENQASM 2;\n/* a\nb */ OPENQASM  3.1;", Version("3.1", Place(3, 16))),
        ("qubit q; OPENQASM 3;", None),
        ("/* */" * 5000, None),
        ("/" * 5000, None),
    ],
)
def test_the_version_line_is_found_behind_comments_only(program: str, found: Version | None) -> None:
    """The version is read from the start of a program, whatever follows."""
    assert text.version(program) == found


def test_what_a_stranger_wrote_is_cut_for_messages() -> None:
    """A long text ends in an ellipsis, a short one is left as it is."""
    assert (text.shortened("abcdef", most=3), text.shortened("abc", most=3)) == ("abc…", "abc")
