"""Values of a program as JSON has them: those of its `output`s."""

import math
from collections.abc import Iterator, Sequence

from quantum_tasks.task import Json

from quantum_qasm.types import Angle, Array, Bits, Bool, Complex, Duration, Type
from quantum_qasm.values import Time, Value, radians_of


def shown(value: Value, kind: Type) -> Json:
    """A value as JSON.

    A `bool` is true or false, a `bit` 0 or 1, a register a string of its bits with bit 0 rightmost, an integer or a
    float a number (`"inf"`, `"-inf"` and `"nan"` where JSON has none), an angle its radians from 0 to 2 pi, a complex
    number a list of its real and its imaginary part, a duration a string such as `"100ns"`, an array a list of lists.
    """
    match kind:
        case Bool():
            return bool(value)
        case Bits(width=width):
            return format(value, f"0{width}b") if width else ""
        case Angle():
            return radians_of(value, kind)
        case Complex():
            return [_number(value.real), _number(value.imag)]
        case Duration():
            return _time(value)
        case Array(element=element, dimensions=dimensions):
            return _nested(iter(value), element, dimensions)
    return _number(value) if isinstance(value, float) else int(value)


def _number(value: float) -> Json:
    return value if math.isfinite(value) else str(value)


def _time(value: Time) -> str:
    if value.cycles:
        return f"{value.cycles:g}dt"
    return f"{value.seconds * 1e9:g}ns"


def _nested(values: Iterator[Value], element: Type, dimensions: Sequence[int]) -> Json:
    if not dimensions:
        return shown(next(values), element)
    return [_nested(values, element, dimensions[1:]) for _ in range(dimensions[0])]
