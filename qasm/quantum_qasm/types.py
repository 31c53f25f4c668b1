"""The classical types of the language. Pure values; what may be done with them stands in `operators`."""

from dataclasses import dataclass

MACHINE_WIDTH = 64
"""Bits of an `int`, `uint`, `float` or `angle` that is declared without a width."""


@dataclass(frozen=True, slots=True)
class Type:
    """The base of all types."""


@dataclass(frozen=True, slots=True)
class Bool(Type):
    """`bool`; its values are 0 and 1."""

    def __str__(self) -> str:
        """As it is written."""
        return "bool"


@dataclass(frozen=True, slots=True)
class Bit(Type):
    """`bit`, a single one; its values are 0 and 1."""

    def __str__(self) -> str:
        """As it is written."""
        return "bit"


@dataclass(frozen=True, slots=True)
class Bits(Type):
    """`bit[n]`; a value is the integer whose binary digits are the bits, bit 0 the last of them."""

    width: int

    def __str__(self) -> str:
        """As it is written."""
        return f"bit[{self.width}]"


@dataclass(frozen=True, slots=True)
class Sized(Type):
    """A type that may be written with a width, or without one."""

    width: int | None = None

    @property
    def bits(self) -> int:
        """The width that it has."""
        return MACHINE_WIDTH if self.width is None else self.width

    def _written(self, word: str) -> str:
        return word if self.width is None else f"{word}[{self.width}]"


@dataclass(frozen=True, slots=True)
class Int(Sized):
    """`int[n]`; values from -2^(n-1) to 2^(n-1) - 1, in two's complement."""

    def __str__(self) -> str:
        """As it is written."""
        return self._written("int")


@dataclass(frozen=True, slots=True)
class Uint(Sized):
    """`uint[n]`; values from 0 to 2^n - 1."""

    def __str__(self) -> str:
        """As it is written."""
        return self._written("uint")


@dataclass(frozen=True, slots=True)
class Float(Sized):
    """`float[n]`; a value is a Python float, rounded to the width where that is 16 or 32."""

    def __str__(self) -> str:
        """As it is written."""
        return self._written("float")


@dataclass(frozen=True, slots=True)
class Angle(Sized):
    """`angle[n]`; the value k, from 0 to 2^n - 1, is the angle 2 pi k / 2^n."""

    def __str__(self) -> str:
        """As it is written."""
        return self._written("angle")


@dataclass(frozen=True, slots=True)
class Complex(Sized):
    """`complex[float[n]]`; a value is a Python complex."""

    def __str__(self) -> str:
        """As it is written."""
        return "complex" if self.width is None else f"complex[float[{self.width}]]"


@dataclass(frozen=True, slots=True)
class Duration(Type):
    """`duration`; a value is a number of seconds, or of the backend's cycles."""

    def __str__(self) -> str:
        """As it is written."""
        return "duration"


@dataclass(frozen=True, slots=True)
class Array(Type):
    """`array[int[8], 4, 3]`; a value is a tuple of its elements, those of the last dimension beside each other."""

    element: Type
    dimensions: tuple[int, ...]

    def __str__(self) -> str:
        """As it is written."""
        return f"array[{self.element}, {', '.join(map(str, self.dimensions))}]"


BOOL, BIT, INT, UINT, FLOAT, ANGLE, COMPLEX, DURATION = (
    *(Bool(), Bit(), Int(), Uint(), Float(), Angle(), Complex()),
    Duration(),
)
