"""The built-in functions and constants.

Source: the specification's "Built-in constant expression functions". Of the overloads of a function the first one is
taken whose inputs the arguments may become without a cast being written.
"""

import cmath
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from quantum_qasm.operators import common
from quantum_qasm.types import FLOAT, INT, UINT, Angle, Bit, Bits, Bool, Complex, Float, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError, Value, radians_of, wrapped

CONSTANTS: dict[str, float] = {
    **dict.fromkeys(("pi", "π"), math.pi),
    **dict.fromkeys(("tau", "τ"), math.tau),
    **dict.fromkeys(("euler", "ℇ"), math.e),
}
"""The constants that every program knows, of type `float[64]`."""


@dataclass(frozen=True, slots=True)
class Function:
    """What a function does with arguments that were cast to `inputs`. `apply` may raise NoSuchValueError."""

    inputs: tuple[Type, ...]
    result: Type
    apply: Callable[..., Value]


def function(name: str, types: Sequence[Type]) -> Function | None:
    """The overload of a built-in function for arguments of these types; None where there is none."""
    found = _FUNCTIONS.get(name)
    return None if found is None else next(found(tuple(types)), None)


def names() -> frozenset[str]:
    """The names of the built-in functions."""
    return frozenset(_FUNCTIONS)


Overloads = Callable[[tuple[Type, ...]], Iterator[Function]]


def _real(apply: Callable[[float], float], *, of_angles: bool = False, of_complex: bool = False) -> Overloads:
    def overloads(types: tuple[Type, ...]) -> Iterator[Function]:
        match types:
            case [Bool() | Bit() | Int() | Uint()]:
                yield Function((FLOAT,), FLOAT, _checked(apply))
            case [Float() as kind]:
                yield Function((kind,), kind, _checked(apply))
            case [Angle() as angle] if of_angles:
                checked = _checked(apply)
                yield Function((angle,), FLOAT, lambda value: checked(radians_of(value, angle)))
            case [Complex() as kind] if of_complex:
                yield Function((kind,), kind, _checked(getattr(cmath, apply.__name__)))

    return overloads


def _checked(apply: Callable[..., Value]) -> Callable[[Value], Value]:
    def checked(value: Value) -> Value:
        try:
            return apply(value)
        except (ValueError, OverflowError):
            raise NoSuchValueError(f"{value} is outside of what {apply.__name__} is defined for") from None

    return checked


def _whole(apply: Callable[[float], int]) -> Overloads:
    def rounded(value: float) -> float:
        return float(apply(value))

    rounded.__name__ = apply.__name__
    return _real(rounded)


def _mod(types: tuple[Type, ...]) -> Iterator[Function]:
    match types:
        case [Bool() | Bit() | Int() | Uint(), Bool() | Bit() | Int() | Uint()]:
            both = common(*types)
            kind = Int(both.width) if isinstance(both, Int | Uint) else INT
            yield Function((kind, kind), kind, lambda one, other: one - other * _towards_zero(one, other))
        case [Bool() | Bit() | Int() | Uint() | Float(), Bool() | Bit() | Int() | Uint() | Float()]:
            yield Function((FLOAT, FLOAT), FLOAT, _float_mod)


def _towards_zero(one: int, other: int) -> int:
    if other == 0:
        raise NoSuchValueError("a division by zero")
    quotient = abs(one) // abs(other)
    return quotient if (one < 0) == (other < 0) else -quotient


def _float_mod(one: float, other: float) -> float:
    if other == 0:
        raise NoSuchValueError("a division by zero")
    return math.fmod(one, other)


def _popcount(types: tuple[Type, ...]) -> Iterator[Function]:
    match types:
        case [Bits() | Uint() | Int() | Angle() as kind]:
            yield Function((kind,), UINT, lambda value: (value & ((1 << _width(kind)) - 1)).bit_count())
        case [Bool() | Bit() as kind]:
            yield Function((kind,), UINT, int)


def _rotation(direction: int) -> Overloads:
    def overloads(types: tuple[Type, ...]) -> Iterator[Function]:
        match types:
            case [Bits() | Uint() | Angle() as kind, Bool() | Bit() | Int() | Uint() as by]:
                distance = INT if isinstance(by, Bool | Bit) else by
                yield Function((kind, distance), kind, lambda value, places: _rotated(value, direction * places, kind))

    return overloads


def _rotated(value: int, places: int, kind: Bits | Uint | Angle) -> int:
    """To the left, towards higher bits."""
    width = _width(kind)
    if width == 0:
        return value
    places %= width
    return wrapped(value << places | value >> (width - places), kind)


def _width(kind: Type) -> int:
    assert isinstance(kind, Bits | Int | Uint | Angle)  # noqa: S101 - the overloads are of no others
    return kind.width if isinstance(kind, Bits) else kind.bits


def _part(name: str) -> Overloads:
    def overloads(types: tuple[Type, ...]) -> Iterator[Function]:
        match types:
            case [Complex() as kind]:
                yield Function((kind,), Float(kind.width), lambda value: float(getattr(value, name)))

    return overloads


_FUNCTIONS: dict[str, Overloads] = {
    "arccos": _real(math.acos),
    "arcsin": _real(math.asin),
    "arctan": _real(math.atan),
    "ceiling": _whole(math.ceil),
    "cos": _real(math.cos, of_angles=True),
    "exp": _real(math.exp, of_complex=True),
    "floor": _whole(math.floor),
    "imag": _part("imag"),
    "log": _real(math.log),
    "mod": _mod,
    "popcount": _popcount,
    "real": _part("real"),
    "rotl": _rotation(1),
    "rotr": _rotation(-1),
    "sin": _real(math.sin, of_angles=True),
    "sqrt": _real(math.sqrt, of_complex=True),
    "tan": _real(math.tan, of_angles=True),
}
