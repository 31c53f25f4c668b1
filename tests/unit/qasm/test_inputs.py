"""Values that come with a task."""

from math import pi

import pytest
from quantum_qasm.check import check
from quantum_qasm.inputs import literal, values_of
from quantum_qasm.values import Time
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Json


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("float", "0.5", 0.5),
        ("float", " pi / 2 ", pi / 2),
        ("float", "-3", -3.0),
        ("float[32]", "0.1", 0.10000000149011612),
        ("float", "sin(pi / 2)", 1.0),
        ("angle[4]", "pi", 8),
        ("angle[4]", "-pi / 2", 12),
        ("int[8]", "-128", -128),
        ("int", "2 ** 10 - 1", 1023),
        ("uint[8]", "0xff", 255),
        ("bool", "true", 1),
        ("bit", "1", 1),
        ("bit[4]", "0110", 6),
        ("bit[4]", "01_10", 6),
        ("bit[4]", '"0110"', 6),
        ("complex", "1 + 2im", 1 + 2j),
        ("duration", "2s", Time(seconds=2)),
        ("array[int[8], 3]", "{1, -2, 3}", (1, -2, 3)),
        ("array[float, 2, 2]", "{{1, 2}, {3, 4.5}}", (1.0, 2.0, 3.0, 4.5)),
    ],
)
def test_a_value_is_a_constant_of_the_language(kind: str, given: str, value: object) -> None:
    """In the type that the program declares, with the conversions of a declaration."""
    found = values_of(_inputs(f"input {kind} v;"), {"v": given})["v"]
    assert found == (pytest.approx(value) if isinstance(value, float | complex) else value)


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("float", "", "no constant of the language"),
        ("float", "1; int w = 2", "no constant of the language"),
        ("float", "1 //", "no constant of the language"),
        ("float", "measure q", "'q' is not defined"),
        ("float", "other", "'other' is not defined"),
        ("int", "1 / 0", "zero"),
        ("int[8]", "128", "128 does not fit"),
        ("uint[8]", "-1", "-1 does not fit"),
        ("int", "2.5", ""),
        ("uint[64]", "18446744073709551616", ""),
        ("int", "0.5im", "complex"),
        ("bit[4]", "011", "bit[3]"),
        ("bit[4]", "0120", ""),
        ("array[int, 3]", "{1, 2}", "2 values where there are to be 3"),
        ("array[int, 3]", "1", ""),
        ("int", "{1}", "An array is no int"),
        ("int", "(" * 5000 + "1" + ")" * 5000, ""),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(kind: str, given: str, why: str) -> None:
    """With the input's name, and the place where the program declares it."""
    with pytest.raises(ProgramError) as refused:
        values_of(_inputs(f"int n;\n  input {kind} v;"), {"v": given})
    assert refused.value.code is Code.INPUT_INVALID
    assert (refused.value.line, refused.value.column) == (2, 3)
    assert refused.value.message.startswith(f"The input 'v' is not given as {kind}: ")
    assert why[1:] in refused.value.message  # the first letter may be a small one there


def test_all_that_is_missing_is_named() -> None:
    """In one refusal, at the first of them."""
    with pytest.raises(ProgramError) as refused:
        values_of(_inputs("input int b; input int a;\ninput int c;"), {"b": "1"})
    assert refused.value.code is Code.INPUT_MISSING
    assert "not given: a, c" in refused.value.message
    assert (refused.value.line, refused.value.column) == (1, 14)


@pytest.mark.parametrize(("declared", "known"), [("input int n;", "It has n."), ("int n;", "It has none.")])
def test_what_is_not_asked_for_is_refused(declared: str, known: str) -> None:
    """A name that is written wrongly must not be passed over."""
    with pytest.raises(ProgramError) as refused:
        values_of(_inputs(declared), {"n": "1", "m": "2"} if "input" in declared else {"m": "2"})
    assert refused.value.code is Code.INPUT_UNKNOWN
    assert refused.value.message == f"The program has no input 'm'. {known}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (-0.5, "-0.5"),
        (1e-7, "1e-07"),
        ("pi / 2", "pi / 2"),
        ([1, [2.5, True]], "{1, {2.5, true}}"),
        ([], "{}"),
    ],
)
def test_values_of_json_become_constants(value: Json, text: str) -> None:
    """Text stays what it is."""
    assert literal(value) == text


def _inputs(declarations: str) -> tuple:  # type: ignore[type-arg] # of parameters
    program = check(declarations).program
    assert program is not None
    return program.inputs
