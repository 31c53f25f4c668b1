"""Types, and what the operators and functions do by them."""

import math

import pytest
from quantum_qasm import functions, operators
from quantum_qasm.types import (
    ANGLE,
    BIT,
    BOOL,
    COMPLEX,
    DURATION,
    FLOAT,
    INT,
    UINT,
    Angle,
    Bits,
    Complex,
    Float,
    Int,
    Type,
    Uint,
)
from quantum_qasm.values import NoSuchValueError, Time, Value, angle_of, can_cast, cast

TYPES = [BOOL, BIT, INT, UINT, FLOAT, ANGLE, COMPLEX, DURATION, Bits(4), Int(8), Uint(8), Float(32), Angle(4)]


def apply(operator: str, left: tuple[Type, Value], right: tuple[Type, Value]) -> tuple[Type, Value]:
    """The type and the value of an operator between two values."""
    found = operators.binary(operator, left[0], right[0])
    assert found
    return found.result, found.apply(cast(left[1], left[0], found.left), cast(right[1], right[0], found.right))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (BOOL, BIT, INT),
        (Int(8), Int(16), Int(16)),
        (Int(8), Uint(8), Uint(8)),
        (Int(16), Uint(8), Int(16)),
        (Int(8), Uint(16), Uint(16)),
        (INT, Uint(8), INT),
        (INT, UINT, UINT),
        (INT, Int(64), Int(64)),
        (Int(8), FLOAT, FLOAT),
        (Float(32), Float(64), Float(64)),
        (Float(32), COMPLEX, COMPLEX),
        (Complex(32), Complex(64), Complex(64)),
        (Bits(4), INT, None),
        (ANGLE, FLOAT, None),
    ],
)
def test_mixed_numbers_become_the_greater_type(left: Type, right: Type, expected: Type | None) -> None:
    """As C has it, whichever stands first."""
    assert operators.common(left, right) == expected
    assert operators.common(right, left) == expected


@pytest.mark.parametrize(
    ("operator", "left", "right", "expected"),
    [
        ("+", (Int(4), 7), (Int(4), 1), (Int(4), -8)),
        ("-", (Uint(4), 0), (Uint(4), 1), (Uint(4), 15)),
        ("/", (Int(8), -7), (Int(8), 2), (Int(8), -3)),
        ("%", (Int(8), -7), (Int(8), 2), (Int(8), -1)),
        ("%", (Int(8), 7), (Int(8), -2), (Int(8), 1)),
        ("**", (Int(8), -2), (Int(8), 3), (Int(8), -8)),
        ("**", (Uint(8), 3), (Uint(8), 200), (Uint(8), pow(3, 200, 256))),
        ("**", (FLOAT, 2.0), (INT, -1), (FLOAT, 0.5)),
        ("+", (Float(32), 0.1), (Float(32), 0.2), (Float(32), 0.30000001192092896)),
        ("*", (COMPLEX, 1j), (FLOAT, 2.0), (COMPLEX, 2j)),
        ("<<", (Bits(4), 0b1001), (UINT, 1), (Bits(4), 0b0010)),
        (">>", (Angle(4), 9), (UINT, 2), (Angle(4), 2)),
        ("<<", (Uint(8), 1), (UINT, 10**12), (Uint(8), 0)),
        ("&", (Bits(4), 12), (Bits(4), 10), (Bits(4), 8)),
        ("^", (BIT, 1), (BOOL, 1), (BIT, 0)),
        ("==", (Bits(3), 5), (INT, 5), (BOOL, 1)),
        ("==", (Bits(3), 7), (INT, -1), (BOOL, 0)),
        ("<", (Angle(8), 64), (FLOAT, math.pi), (BOOL, 1)),
        ("==", (COMPLEX, 1 + 0j), (INT, 1), (BOOL, 1)),
        ("&&", (INT, 3), (FLOAT, 0.5), (BOOL, 1)),
        ("+", (Angle(4), 15), (Angle(4), 2), (Angle(4), 1)),
        ("+", (Angle(8), 16), (Angle(4), 1), (Angle(8), 32)),
        ("-", (Angle(4), 8), (FLOAT, math.pi), (Angle(4), 0)),
        ("*", (INT, -1), (Angle(4), 3), (Angle(4), 13)),
        ("/", (Angle(4), 10), (Angle(4), 1), (Uint(4), 10)),
        ("+", (DURATION, Time(1.0)), (DURATION, Time(cycles=2.0)), (DURATION, Time(1.0, 2.0))),
        ("/", (DURATION, Time(1.0)), (DURATION, Time(0.25)), (FLOAT, 4.0)),
        ("*", (INT, 3), (DURATION, Time(cycles=2.0)), (DURATION, Time(cycles=6.0))),
        ("<", (DURATION, Time(1.0)), (DURATION, Time(2.0)), (BOOL, 1)),
    ],
)
def test_operators_do_what_the_specification_says(
    operator: str, left: tuple[Type, Value], right: tuple[Type, Value], expected: tuple[Type, Value]
) -> None:
    """The type and the value."""
    assert apply(operator, left, right) == expected


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        ("/", (INT, 1), (INT, 0)),
        ("%", (INT, 1), (INT, 0)),
        ("/", (FLOAT, 1.0), (FLOAT, 0.0)),
        ("/", (COMPLEX, 1j), (COMPLEX, 0j)),
        ("**", (INT, 2), (INT, -1)),
        ("**", (FLOAT, -8.0), (FLOAT, 0.5)),
        ("<<", (Uint(8), 1), (INT, -1)),
        ("/", (ANGLE, 1), (UINT, 0)),
        ("<", (DURATION, Time(1.0)), (DURATION, Time(cycles=1.0))),
        ("/", (DURATION, Time(1.0)), (DURATION, Time(cycles=1.0))),
    ],
)
def test_what_has_no_value_is_refused(operator: str, left: tuple[Type, Value], right: tuple[Type, Value]) -> None:
    """With a reason, and never with an error of Python's."""
    with pytest.raises(NoSuchValueError):
        apply(operator, left, right)


@pytest.mark.parametrize("operator", [*"+-*/%<>&|^", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||"])
def test_every_operator_is_defined_or_not_between_every_two_types(operator: str) -> None:
    """Where it is, its value for zeros and ones is of the type that it says, or refused."""
    ones: dict[type, Value] = {type(FLOAT): 1.0, type(COMPLEX): 1j, type(DURATION): Time(1.0)}
    for left in TYPES:
        for right in TYPES:
            found = operators.binary(operator, left, right)
            if found is None:
                continue
            values = [ones.get(type(kind), 1) for kind in (left, right)]
            result = found.apply(cast(values[0], left, found.left), cast(values[1], right, found.right))
            assert cast(result, found.result, found.result) == result
            assert can_cast(left, found.left) or isinstance(found.left, Float | Angle | Uint)


@pytest.mark.parametrize(
    ("operator", "operand", "expected"),
    [
        ("-", (Int(4), -8), (Int(4), -8)),
        ("-", (Uint(4), 3), (Int(4), -3)),
        ("-", (Angle(4), 2), (Angle(4), 14)),
        ("-", (BIT, 1), (INT, -1)),
        ("-", (DURATION, Time(1.0, 2.0)), (DURATION, Time(-1.0, -2.0))),
        ("~", (Bits(4), 5), (Bits(4), 10)),
        ("~", (Int(4), 5), (Int(4), -6)),
        ("~", (BIT, 1), (BIT, 0)),
        ("!", (INT, 3), (BOOL, 0)),
        ("!", (Bits(2), 0), (BOOL, 1)),
    ],
)
def test_operators_before_a_value(operator: str, operand: tuple[Type, Value], expected: tuple[Type, Value]) -> None:
    """The type and the value."""
    found = operators.unary(operator, operand[0])
    assert found
    assert (found.result, found.apply(cast(operand[1], operand[0], found.operand))) == expected


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (300, INT, Uint(8), 44),
        (200, INT, Int(8), -56),
        (-1, Int(8), Uint(8), 255),
        (-1, Int(8), Bits(8), 255),
        (255, Bits(8), Int(8), -1),
        (-2.9, FLOAT, INT, -2),
        (0.1, FLOAT, Float(32), 0.10000000149011612),
        (1e300, FLOAT, Float(32), math.inf),
        (0.5, FLOAT, BOOL, 1),
        (math.pi, FLOAT, Angle(4), 8),
        (-math.pi / 2, FLOAT, Angle(4), 12),
        (7 * math.pi, FLOAT, Angle(4), 8),
        (5, Angle(4), Angle(6), 20),
        (23, Angle(6), Angle(4), 5),
        (5, Angle(4), Bits(4), 5),
        (5, Bits(4), Angle(4), 5),
        (2, INT, COMPLEX, 2 + 0j),
    ],
)
def test_casts(value: Value, source: Type, target: Type, expected: Value) -> None:
    """What a value is in another type."""
    assert can_cast(source, target)
    assert cast(value, source, target) == expected


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (FLOAT, Bits(4)),
        (ANGLE, INT),
        (INT, ANGLE),
        (Bits(4), Bits(3)),
        (Bits(4), FLOAT),
        (DURATION, FLOAT),
        (COMPLEX, FLOAT),
    ],
)
def test_casts_that_the_specification_forbids(source: Type, target: Type) -> None:
    """By its table."""
    assert not can_cast(source, target)


@pytest.mark.parametrize("radians", [math.inf, math.nan])
def test_what_is_not_finite_is_no_angle(radians: float) -> None:
    """It is refused."""
    with pytest.raises(NoSuchValueError):
        angle_of(radians, ANGLE)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("arccos", [(FLOAT, -1.0)], (FLOAT, math.pi)),
        ("arcsin", [(INT, 1)], (FLOAT, math.pi / 2)),
        ("arctan", [(FLOAT, 0.0)], (FLOAT, 0.0)),
        ("ceiling", [(FLOAT, 1.2)], (FLOAT, 2.0)),
        ("cos", [(Angle(4), 8)], (FLOAT, -1.0)),
        ("exp", [(COMPLEX, 0j)], (COMPLEX, 1 + 0j)),
        ("floor", [(FLOAT, -1.2)], (FLOAT, -2.0)),
        ("imag", [(Complex(32), 1 + 2j)], (Float(32), 2.0)),
        ("log", [(FLOAT, 1.0)], (FLOAT, 0.0)),
        ("mod", [(INT, -7), (INT, 4)], (INT, -3)),
        ("mod", [(FLOAT, 5.5), (INT, 2)], (FLOAT, 1.5)),
        ("popcount", [(Bits(4), 0b1011)], (UINT, 3)),
        ("real", [(COMPLEX, 1 + 2j)], (FLOAT, 1.0)),
        ("rotl", [(Uint(6), 37), (INT, 3)], (Uint(6), 44)),
        ("rotr", [(Bits(4), 0b1001), (INT, 5)], (Bits(4), 0b1100)),
        ("sin", [(Angle(4), 4)], (FLOAT, 1.0)),
        ("sqrt", [(COMPLEX, -1 + 0j)], (COMPLEX, 1j)),
        ("tan", [(FLOAT, 0.0)], (FLOAT, 0.0)),
    ],
)
def test_functions(name: str, arguments: list[tuple[Type, Value]], expected: tuple[Type, Value]) -> None:
    """The type and the value, by the first overload that fits."""
    found = functions.function(name, [kind for kind, _ in arguments])
    assert found
    values = [cast(value, kind, wanted) for (kind, value), wanted in zip(arguments, found.inputs, strict=True)]
    assert (found.result, found.apply(*values)) == expected


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("arccos", [(FLOAT, 2.0)]),
        ("log", [(FLOAT, 0.0)]),
        ("sqrt", [(FLOAT, -1.0)]),
        ("exp", [(FLOAT, 1e9)]),
        ("mod", [(INT, 1), (INT, 0)]),
        ("ceiling", [(FLOAT, math.inf)]),
    ],
)
def test_functions_outside_of_what_they_are_defined_for(name: str, arguments: list[tuple[Type, Value]]) -> None:
    """They are refused with a reason."""
    found = functions.function(name, [kind for kind, _ in arguments])
    assert found
    with pytest.raises(NoSuchValueError):
        found.apply(*[value for _, value in arguments])


@pytest.mark.parametrize(
    ("name", "types"), [("mod", [COMPLEX, INT]), ("popcount", [FLOAT]), ("sin", []), ("nothing", [])]
)
def test_functions_without_a_fitting_overload(name: str, types: list[Type]) -> None:
    """There is none."""
    assert functions.function(name, types) is None
