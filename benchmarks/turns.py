"""The order of what is measured in turns."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turn(things: Iterable[T], number: int) -> Sequence[T]:
    """The order of round `number`, forwards and backwards by turns, so that none is always the first."""
    forwards = list(things)
    return forwards if number % 2 == 0 else forwards[::-1]
