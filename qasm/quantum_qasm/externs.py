"""The externs that are bound: functions of their arguments alone, which a program may declare and call.

They are the same on every server, so that a program that passes the check runs everywhere. None of them knows anything
but its arguments, or does anything but give a value: such a call is an expression like that of a built-in function.

A program calls them by these names, or by names of its own that a pragma binds to them (see `quantum_qasm.pragmas`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quantum_qasm.types import Bit, Bits, Type


@dataclass(frozen=True, slots=True)
class OfBits:
    """A function of a register of any width: `apply` takes its bits, bit 0 first. It looks at no argument after it."""

    declaration: str
    told: str
    apply: Callable[[Sequence[int]], int]

    def fits(self, arguments: Sequence[Type], returned: Type | None) -> bool:
        """Whether it can be declared so."""
        return bool(arguments) and isinstance(arguments[0], Bits) and isinstance(returned, Bit)

    def of(self, kind: Type) -> Callable[[int], int]:
        """The function of values of its first argument's type."""
        assert isinstance(kind, Bits)  # noqa: S101 - it fits
        width = kind.width
        return lambda value: self.apply([value >> place & 1 for place in range(width)])


@dataclass(frozen=True, slots=True)
class Nothing:
    """A function that does nothing with any arguments, such as a log that nobody reads."""

    declaration: str
    told: str

    def fits(self, _: Sequence[Type], returned: Type | None) -> bool:
        """Whether it can be declared so."""
        return returned is None


Bound = OfBits | Nothing


def vote(bits: Sequence[int]) -> int:
    """1 where more bits are 1 than 0."""
    return int(2 * sum(bits) > len(bits))


def parity(bits: Sequence[int]) -> int:
    """1 where an odd number of bits are 1."""
    return sum(bits) % 2


EXTERNS: dict[str, Bound] = {
    "vote": OfBits("extern vote(bit[n], ...) -> bit;", "1 where more bits are 1 than 0", vote),
    "parity": OfBits("extern parity(bit[n], ...) -> bit;", "1 where an odd number of bits are 1", parity),
    "nothing": Nothing("extern nothing(...);", "none: its arguments are checked, and that is all"),
}
"""By their names. `n` is any width, and `...` any types, whose values make no difference."""
