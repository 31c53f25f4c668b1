"""What the operators do, by the types of what they are between.

Sources: the specification's "Classical instructions" for what there is, C99's usual conversions for what mixed numbers
become, as the specification says.
"""

import cmath
import math
import operator as python
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quantum_qasm.types import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    Angle,
    Bit,
    Bits,
    Bool,
    Complex,
    Duration,
    Float,
    Int,
    Sized,
    Type,
    Uint,
)
from quantum_qasm.values import NoSuchValueError, Time, TooLargeError, Value, rounded, wrapped

MAX_POWER_BITS, MAX_EXPONENT = 256, 4096
"""Powers of integers of more bits have exponents up to this: others take a fifth of a second."""

Numbers = Bool | Bit | Int | Uint | Float | Complex


@dataclass(frozen=True, slots=True)
class Binary:
    """What an operator between two types does: both values are cast, and then put into `apply`.

    That may raise NoSuchValueError.
    """

    left: Type
    right: Type
    result: Type
    apply: Callable[[Value, Value], Value]


@dataclass(frozen=True, slots=True)
class Unary:
    """What an operator before a type does."""

    operand: Type
    result: Type
    apply: Callable[[Value], Value]


def binary(operator: str, left: Type, right: Type) -> Binary | None:
    """What an operator does between two types; None where it is not defined."""
    return _FAMILIES.get(operator, _calculation)(operator, left, right)


def _calculation(operator: str, left: Type, right: Type) -> Binary | None:
    if isinstance(left, Duration) or isinstance(right, Duration):
        return _of_times(operator, left, right)
    if isinstance(left, Angle) or isinstance(right, Angle):
        return _of_angles(operator, left, right)
    return _arithmetic(operator, left, right)


def unary(operator: str, operand: Type) -> Unary | None:
    """What an operator does before a type; None where it is not defined."""
    if operator == "!":
        return Unary(BOOL, BOOL, lambda value: int(not value)) if _is_truth(operand) else None
    return _inverted(operand) if operator == "~" else _negated(operand)


def _negated(operand: Type) -> Unary | None:
    match operand:
        case Bool() | Bit() | Int() | Uint():
            # of an unsigned one the number below zero, and not what C makes of it
            signed = operand if isinstance(operand, Int) else Int(operand.width if isinstance(operand, Uint) else None)
            found = Unary(signed, signed, lambda value: wrapped(-value, signed))
        case Angle():
            found = Unary(operand, operand, lambda value: wrapped(-value, operand))
        case Float() | Complex():
            found = Unary(operand, operand, lambda value: -value)
        case Duration():
            found = Unary(operand, operand, lambda value: _scaled(value, -1.0))
        case _:
            return None
    return found


def common(left: Type, right: Type) -> Type | None:
    """The greater of two types of numbers, as C has it; None where one is no number."""
    if not (isinstance(left, Numbers) and isinstance(right, Numbers)):
        return None
    for kind in (Complex, Float):
        of_kind = [one for one in (left, right) if isinstance(one, kind)]
        if of_kind:
            return _wider(*of_kind)
    integers = [one for one in (left, right) if isinstance(one, Int | Uint)]
    if len(integers) < 2:  # noqa: PLR2004 - both
        return integers[0] if integers else INT
    first, second = integers
    if type(first) is type(second):
        return _wider(first, second)
    signed, unsigned = (first, second) if isinstance(first, Int) else (second, first)
    return signed if signed.bits > unsigned.bits else Uint(unsigned.width)


def _wider(first: Type, *others: Type) -> Type:
    for other in others:
        assert isinstance(first, Sized)  # noqa: S101 - all numbers of one kind are
        assert isinstance(other, Sized)  # noqa: S101 - likewise
        # a declared width tells more than none
        if (other.bits, other.width is not None) > (first.bits, first.width is not None):
            first = other
    return first


def _is_truth(kind: Type) -> bool:
    return isinstance(kind, Bool | Bit | Bits | Int | Uint | Float | Angle)


# -- truth -------------------------------------------------------------------------------------------------------------


def _logical(operator: str, left: Type, right: Type) -> Binary | None:
    if not (_is_truth(left) and _is_truth(right)):
        return None
    if operator == "&&":
        return Binary(BOOL, BOOL, BOOL, lambda one, other: one & other)
    return Binary(BOOL, BOOL, BOOL, lambda one, other: one | other)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": python.eq,
    "!=": python.ne,
    "<": python.lt,
    ">": python.gt,
    "<=": python.le,
    ">=": python.ge,
}


def _comparison(operator: str, left: Type, right: Type) -> Binary | None:
    compare = _COMPARISONS[operator]
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Binary(left, right, BOOL, lambda one, other: int(compare(*_comparable(one, other))))
    both = _compared_as(left, right)
    if both is None or (isinstance(both, Complex) and operator not in ("==", "!=")):
        return None
    return Binary(both, both, BOOL, lambda one, other: int(compare(one, other)))


def _compared_as(left: Type, right: Type) -> Type | None:
    if isinstance(left, Bits) or isinstance(right, Bits):
        return _registers_compared_as(left, right)
    angles = [one for one in (left, right) if isinstance(one, Angle)]
    if angles:
        others_fit = all(isinstance(one, Angle | Float) for one in (left, right))
        return _wider(*angles) if others_fit else None
    return common(left, right)


def _registers_compared_as(left: Type, right: Type) -> Type | None:
    """A register is compared as an unsigned integer, as OpenQASM 2 has it: `if (c == 3)`."""
    if isinstance(left, Bits) and isinstance(right, Bits):
        return left if left.width == right.width else None
    register, other = (left, right) if isinstance(left, Bits) else (right, left)
    assert isinstance(register, Bits)  # noqa: S101 - one of them is
    if isinstance(other, Bool | Bit | Uint):
        return Uint(max(register.width, other.bits if isinstance(other, Uint) else 1))
    # one more for the sign
    return Int(max(register.width + 1, other.bits)) if isinstance(other, Int) else None


def _comparable(left: Time, right: Time) -> tuple[float, float]:
    if left.cycles == right.cycles:
        return left.seconds, right.seconds
    if left.seconds == right.seconds:
        return left.cycles, right.cycles
    raise NoSuchValueError("how long a cycle (dt) takes is not known here, so these durations cannot be compared")


# -- bits --------------------------------------------------------------------------------------------------------------

_BITWISE: dict[str, Callable[[int, int], int]] = {"&": python.and_, "|": python.or_, "^": python.xor}


def _bitwise(operator: str, left: Type, right: Type) -> Binary | None:
    apply = _BITWISE[operator]
    both: Type | None = None
    is_single = isinstance(left, Bool | Bit) and isinstance(right, Bool | Bit)
    if is_single or (isinstance(left, Bits | Angle) and left == right):
        both = left
    elif isinstance(left, Int | Uint | Bool | Bit) and isinstance(right, Int | Uint | Bool | Bit):
        both = common(left, right)
    if both is None:
        return None
    if isinstance(both, Int | Uint | Angle | Bits):
        apply = _kept(apply, both)
    return Binary(both, both, both, apply)


def _inverted(operand: Type) -> Unary | None:
    match operand:
        case Bool() | Bit():
            return Unary(operand, operand, lambda value: 1 - value)
        case Int() | Uint() | Angle() | Bits():
            return Unary(operand, operand, lambda value: wrapped(~value, operand))
    return None


def _shift(operator: str, left: Type, right: Type) -> Binary | None:
    if not (isinstance(left, Int | Uint | Angle | Bits) and isinstance(right, Int | Uint | Bool | Bit | Bits)):
        return None
    by: Type = Uint(right.width) if isinstance(right, Bits) else right
    width = left.width if isinstance(left, Bits) else left.bits
    kept = left

    def shifted(value: Value, distance: Value) -> int:
        places = distance
        if places < 0:
            raise NoSuchValueError(f"a shift by {places} places")
        places = min(places, width)  # nothing is left of it by then, or only its sign
        return wrapped(value << places if operator == "<<" else value >> places, kept)

    return Binary(left, by, left, shifted)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _arithmetic(operator: str, left: Type, right: Type) -> Binary | None:
    both = common(left, right)
    apply: Callable[[Value, Value], Value] | None = None
    match both:
        case Int() | Uint() as whole:
            apply = _kept(_power_of(whole) if operator == "**" else _INTEGERS[operator], whole)
        case Float() as real:
            function = _FLOATS[operator]
            apply = lambda one, other: rounded(function(one, other), real)  # noqa: E731 - like the others
        case Complex():
            apply = _COMPLEX.get(operator)
    return None if both is None or apply is None else Binary(both, both, both, apply)


def _kept(apply: Callable[[int, int], int], kind: Int | Uint | Angle | Bits) -> Callable[[Value, Value], Value]:
    return lambda one, other: wrapped(apply(one, other), kind)


def _quotient(left: int, right: int) -> int:
    """Towards zero, as C has it."""
    if right == 0:
        raise NoSuchValueError("a division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    """With the sign of the left one, as C has it."""
    return left - right * _quotient(left, right)


def _power_of(kind: Int | Uint) -> Callable[[int, int], int]:
    def power(base: int, exponent: int) -> int:
        if exponent < 0:
            raise NoSuchValueError("a power of an integer with an exponent below zero; make one of them a float")
        if kind.bits > MAX_POWER_BITS and exponent > MAX_EXPONENT:
            message = f"the exponent of an integer of more than {MAX_POWER_BITS} bits may be {MAX_EXPONENT} at most"
            raise TooLargeError(message)
        return pow(base, exponent, 1 << kind.bits)

    return power


def _real_quotient(left: float, right: float) -> float:
    if right == 0:
        raise NoSuchValueError("a division by zero")
    return left / right


def _real_power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        raise NoSuchValueError(f"{left} to the power of {right} is no real number") from None


def _real_remainder(left: float, right: float) -> float:
    if right == 0:
        raise NoSuchValueError("a division by zero")
    return math.fmod(left, right)


def _complex_quotient(left: Value, right: Value) -> Value:
    if right == 0:
        raise NoSuchValueError("a division by zero")
    return complex(left) / complex(right)


def _complex_power(left: Value, right: Value) -> Value:
    base, exponent = complex(left), complex(right)
    if base == 0:
        return 0j if exponent.real > 0 else _no_power(base, exponent)
    try:
        return cmath.exp(exponent * cmath.log(base))
    except OverflowError:
        return _no_power(base, exponent)


def _no_power(base: complex, exponent: complex) -> complex:
    raise NoSuchValueError(f"{base} to the power of {exponent} is no number")


_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": python.add,
    "-": python.sub,
    "*": python.mul,
    "/": _quotient,
    "%": _remainder,
}
_FLOATS: dict[str, Callable[[float, float], float]] = {
    "+": python.add,
    "-": python.sub,
    "*": python.mul,
    "/": _real_quotient,
    "**": _real_power,
    "%": _real_remainder,
}
_COMPLEX: dict[str, Callable[[Value, Value], Value]] = {
    "+": python.add,
    "-": python.sub,
    "*": python.mul,
    "/": _complex_quotient,
    "**": _complex_power,
}


# -- angles and durations ----------------------------------------------------------------------------------------------


def _of_angles(operator: str, left: Type, right: Type) -> Binary | None:
    if isinstance(left, Angle) and isinstance(right, Angle):
        both = _wider(left, right)
        assert isinstance(both, Angle)  # noqa: S101 - the wider of two
        return _of_two_angles(operator, both)
    angle, other = (left, right) if isinstance(left, Angle) else (right, left)
    assert isinstance(angle, Angle)  # noqa: S101 - one of them is
    if isinstance(other, Float) and operator in ("+", "-"):
        return _of_two_angles(operator, angle)  # a float is as good as an angle where one is wanted
    if not isinstance(other, Int | Uint | Bool | Bit):
        return None
    times = Uint(angle.width)
    if operator == "*":
        kept = angle
        return Binary(
            angle if angle is left else times,
            times if angle is left else angle,
            angle,
            lambda one, another: wrapped(one * another, kept),
        )
    if operator == "/" and angle is left:
        return Binary(angle, times, angle, _quotient)
    return None


def _of_two_angles(operator: str, both: Angle) -> Binary | None:
    match operator:
        case "+":
            return Binary(both, both, both, lambda one, other: wrapped(one + other, both))
        case "-":
            return Binary(both, both, both, lambda one, other: wrapped(one - other, both))
        case "/":
            return Binary(both, both, Uint(both.width), _quotient)
    return None


def _of_times(operator: str, left: Type, right: Type) -> Binary | None:
    if isinstance(left, Duration) and isinstance(right, Duration):
        return _of_two_times(operator)
    if operator == "*" and _is_real(left):
        return Binary(FLOAT, DURATION, DURATION, lambda factor, time: _scaled(time, factor))
    if operator not in ("*", "/") or not _is_real(right):
        return None
    if operator == "*":
        return Binary(DURATION, FLOAT, DURATION, _scaled)
    return Binary(DURATION, FLOAT, DURATION, lambda time, part: _scaled(time, _real_quotient(1.0, part)))


def _of_two_times(operator: str) -> Binary | None:
    match operator:
        case "+" | "-":
            sign = 1.0 if operator == "+" else -1.0
            return Binary(DURATION, DURATION, DURATION, lambda one, other: _sum(one, other, sign))
        case "/":
            return Binary(DURATION, DURATION, FLOAT, _ratio)
    return None


def _is_real(kind: Type) -> bool:
    return isinstance(kind, Bool | Bit | Int | Uint | Float)


def _sum(one: Time, other: Time, sign: float) -> Time:
    return Time(one.seconds + sign * other.seconds, one.cycles + sign * other.cycles)


def _scaled(time: Time, factor: float) -> Time:
    return Time(time.seconds * factor, time.cycles * factor)


def _ratio(one: Time, other: Time) -> float:
    if other.cycles == 0 and one.cycles == 0:
        return _real_quotient(one.seconds, other.seconds)
    if other.seconds == 0 and one.seconds == 0:
        return _real_quotient(one.cycles, other.cycles)
    raise NoSuchValueError("how long a cycle (dt) takes is not known here, so these durations cannot be divided")


_FAMILIES: dict[str, Callable[[str, Type, Type], Binary | None]] = {
    **dict.fromkeys(("&&", "||"), _logical),
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(("<<", ">>"), _shift),
    **dict.fromkeys(_BITWISE, _bitwise),
}
