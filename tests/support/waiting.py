"""Waiting for a condition with a deadline: what tests do instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.2


def eventually(condition: Callable[[], T], deadline_seconds: float, what: str) -> T:
    """Return the first true value of `condition`; AssertionError, naming `what`, once the deadline has passed."""
    end = time.monotonic() + deadline_seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline_seconds:g} s: {what} (last seen: {value!r})")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
