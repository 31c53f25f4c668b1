"""What is to be done at once when the server is told to stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_TOLD_BY = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping(first: Callable[[], None]) -> Iterator[None]:
    """Do this before what the server does when it is told to stop.

    The server itself waits for open requests; those that wait for the ends of tasks would be cut off after a while.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal comes here
        return
    servers = {number: handler for number in _TOLD_BY if callable(handler := signal.getsignal(number))}

    def take(number: int, frame: FrameType | None) -> None:
        first()
        servers[signal.Signals(number)](number, frame)

    for number in servers:
        signal.signal(number, take)
    try:
        yield
    finally:
        for number, handler in servers.items():
            signal.signal(number, handler)
