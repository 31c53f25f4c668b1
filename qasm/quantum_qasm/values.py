"""Values of the classical types, and what they become in another type.

Source: the specification's "Casting specifics". A value is a Python int, float or complex, or a Span of time.
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

from quantum_tasks.errors import Code

from quantum_qasm.types import (
    Angle,
    Bit,
    Bits,
    Bool,
    Complex,
    Duration,
    Float,
    Int,
    Type,
    Uint,
)


@dataclass(frozen=True, slots=True)
class Time:
    """A duration: seconds, and cycles of the backend, whose length nobody knows here."""

    seconds: float = 0.0
    cycles: float = 0.0


Value = Any
"""An int, float, complex or Time, or a tuple of such, as the type beside it says."""

_FORMATS = {16: "<e", 32: "<f"}
_TURN = 2 * math.pi


class NoSuchValueError(Exception):
    """A value that has no counterpart in a type, such as the integer of an infinite float."""

    code = Code.SEMANTIC


class TooLargeError(NoSuchValueError):
    """A value that is not computed, since that would take too long."""

    code = Code.NUMBER


def wrapped(value: int, target: Int | Uint | Angle | Bits) -> int:
    """An integer as it is kept in so many bits: what does not fit is cut off."""
    width = target.width if isinstance(target, Bits) else target.bits
    value &= (1 << width) - 1
    is_negative = isinstance(target, Int) and value >> (width - 1)
    return value - (1 << width) if is_negative else value


def rounded(value: float, target: Float | Complex) -> float:
    """A float as it is kept in so many bits."""
    pattern = _FORMATS.get(target.bits)
    if pattern is None:
        return value
    try:
        return float(struct.unpack(pattern, struct.pack(pattern, value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def angle_of(radians: float, target: Angle) -> int:
    """The nearest angle of a width. Raises NoSuchValueError for what is not finite."""
    if not math.isfinite(radians):
        raise NoSuchValueError(f"{radians} is no angle")
    turns = math.fmod(radians, _TURN) / _TURN
    return round(turns * (1 << target.bits)) & ((1 << target.bits) - 1)


def radians_of(value: int, source: Angle) -> float:
    """The angle that a value stands for, from 0 to below 2 pi."""
    return _TURN * value / (1 << source.bits)


def can_cast(source: Type, target: Type) -> bool:
    """Whether a value of one type can be cast to another by writing so."""
    if source == target:
        return True
    allowed = _CASTS.get(type(source), ())
    if isinstance(source, Bits) and isinstance(target, Int | Uint | Angle | Bits):
        width = target.width
        # without a width there is nothing that the bits could disagree with
        return width is None or width == source.width or isinstance(target, Int | Uint)
    if isinstance(source, Angle) and isinstance(target, Bits):
        return source.width is None or source.width == target.width
    return type(target) in allowed


_NUMBERS = (Bool, Bit, Int, Uint, Float, Complex)
_CASTS: dict[type[Type], tuple[type[Type], ...]] = {
    Bool: (*_NUMBERS, Bits),
    Bit: (*_NUMBERS, Bits),
    Int: (*_NUMBERS, Bits),
    Uint: (*_NUMBERS, Bits),
    Float: (*_NUMBERS, Angle),
    Complex: (Complex,),
    Angle: (Bool, Bit, Bits, Angle),
    Bits: (Bool, Bit, Bits, Int, Uint, Angle),
    Duration: (Duration,),
}
"""What the specification's table allows, and complex numbers, which it leaves out."""


def cast(value: Value, source: Type, target: Type) -> Value:
    """A value in another type, to which it can be cast. Raises NoSuchValueError where there is no such value."""
    if source == target or isinstance(target, Duration):
        return value
    match target:
        case Bool() | Bit():
            return int(value != 0)
        case Int() | Uint() | Bits():
            return wrapped(_integer(value), target)
        case Float():
            return rounded(float(value), target)
        case Complex():
            number = complex(value)
            return complex(rounded(number.real, target), rounded(number.imag, target))
        case Angle():
            return _angle(value, source, target)
    raise AssertionError(target)


def _integer(value: Value) -> int:
    """Towards zero, as C has it."""
    if isinstance(value, float) and not math.isfinite(value):
        raise NoSuchValueError(f"{value} is no integer")
    return int(value)


def _angle(value: Value, source: Type, target: Angle) -> int:
    if isinstance(source, Angle):
        # like an unsigned integer whose last bits are those that are lost or zero
        shift = target.bits - source.bits
        return int(value) << shift if shift >= 0 else int(value) >> -shift
    if isinstance(source, Bits):
        return wrapped(int(value), target)
    return angle_of(float(value), target)
