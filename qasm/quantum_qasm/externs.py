"""The externs that are bound: functions of their arguments alone, which a program may declare and call.

They are the same on every server, so that a program that passes the check runs everywhere. None of them knows anything
but its arguments, or does anything but give a value: such a call is an expression like that of a built-in function.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quantum_qasm.types import Bit, Bits, Type


@dataclass(frozen=True, slots=True)
class Bound:
    """A function of a register of any width: `apply` takes its bits, bit 0 first."""

    declaration: str
    told: str
    apply: Callable[[Sequence[int]], int]

    def fits(self, arguments: Sequence[Type], returned: Type | None) -> bool:
        """Whether it can be declared so."""
        return len(arguments) == 1 and isinstance(arguments[0], Bits) and isinstance(returned, Bit)

    def of(self, kind: Type) -> Callable[[int], int]:
        """The function of values of a type that fits."""
        assert isinstance(kind, Bits)  # noqa: S101 - it fits
        width = kind.width
        return lambda value: self.apply([value >> place & 1 for place in range(width)])


def vote(bits: Sequence[int]) -> int:
    """1 where more bits are 1 than 0."""
    return int(2 * sum(bits) > len(bits))


def parity(bits: Sequence[int]) -> int:
    """1 where an odd number of bits are 1."""
    return sum(bits) % 2


EXTERNS = {
    "vote": Bound("extern vote(bit[n]) -> bit;", "1 where more bits are 1 than 0", vote),
    "parity": Bound("extern parity(bit[n]) -> bit;", "1 where an odd number of bits are 1", parity),
}
"""By their names. `n` is any width."""
