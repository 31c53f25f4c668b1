"""What was done to a stack and is not yet undone: each is undone once, by whoever comes first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Lock


class Wounds:
    """The open wounds of a stack, from any thread."""

    def __init__(self) -> None:
        self._open: dict[int, Callable[[], object]] = {}
        self._numbers = count()
        self._lock = Lock()

    @contextmanager
    def until_left(self, heal: Callable[[], object]) -> Iterator[None]:
        """Have `heal` called when this is left, or before by `heal_all`."""
        number = next(self._numbers)
        with self._lock:
            self._open[number] = heal
        try:
            yield
        finally:
            self._heal(number)

    def heal_all(self) -> None:
        """Undo all that was done."""
        with self._lock:
            numbers = list(self._open)
        for number in numbers:
            self._heal(number)

    def _heal(self, number: int) -> None:
        with self._lock:
            heal = self._open.pop(number, None)
        if heal is not None:
            heal()
