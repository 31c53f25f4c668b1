"""The `Prefer` header (RFC 7240): what a client would like, which a server may leave undone."""

from collections.abc import Iterable


def wait_seconds(headers: Iterable[str], longest: int) -> int | None:
    """How long the client would like to wait, at most `longest` seconds; None if it did not say so understandably.

    The first `wait` counts (RFC 7240, section 2), and it is a whole number of seconds (section 4.3). A preference that
    cannot be read is ignored, never an error.
    """
    for preference in ",".join(headers).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            return _seconds(value.strip().strip('"'), longest)
    return None


def _seconds(value: str, longest: int) -> int | None:
    if not (value.isascii() and value.isdigit()):
        return None
    return longest if len(value) > len(str(longest)) else min(int(value), longest)
