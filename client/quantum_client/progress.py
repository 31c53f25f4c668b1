"""How far a start is, for one who waits: a line that moves on a terminal, plain lines elsewhere."""

from collections import deque
from types import TracebackType
from typing import Self

from rich.console import Console

from quantum_client.local.logs import SUPERVISOR, Printer

KEPT_LINES = 40
_WHAT = "Starting Redis, the API and a worker"


class Progress:
    """Takes a stack's log: keeps its latest lines for the case of a failure, or prints all when `verbose`.

    A context manager; nothing moves on the terminal once it is left.
    """

    def __init__(self, console: Console, printer: Printer, *, verbose: bool) -> None:
        self._console = console
        self._printer = printer
        self._verbose = verbose
        self._kept: deque[tuple[str, str]] = deque(maxlen=KEPT_LINES)
        self._status = console.status(_WHAT)

    def __enter__(self) -> Self:
        """Say what is going on."""
        if self._console.is_terminal and not self._verbose:
            self._status.start()
        else:
            self._say(f"{_WHAT} ...")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop what moves; an error is preceded by what led to it."""
        self._status.stop()
        if error is not None:
            self.show_kept()

    def __call__(self, name: str, line: str) -> None:
        """Take one line of a part."""
        if self._verbose:
            self._printer(name, line)
            return
        self._kept.append((name, line))
        if name == SUPERVISOR:
            self._status.update(f"{_WHAT}: {line}")

    def done(self, text: str) -> None:
        """Say that the start is over."""
        self._status.stop()
        self._say(text)

    def show_kept(self) -> None:
        """Print the lines that were kept, once."""
        while self._kept:
            self._printer(*self._kept.popleft())

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)
