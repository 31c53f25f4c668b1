"""The `Prefer` header (RFC 7240): what a client would like, which a server may leave undone."""

import math
from collections.abc import Iterable


def wait_seconds(headers: Iterable[str], longest: float) -> float | None:
    """How long the client would like to wait, at most `longest` seconds; None if it did not say so understandably.

    The first `wait` counts, as RFC 7240 section 2 has it. A preference that cannot be read is ignored, never an error.
    """
    for preference in ",".join(headers).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            return _seconds(value.strip().strip('"'), longest)
    return None


def _seconds(value: str, longest: float) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return min(seconds, longest) if math.isfinite(seconds) and seconds >= 0 else None
