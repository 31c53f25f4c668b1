"""The `Prefer` header (RFC 7240): what a client would like, which a server may leave undone."""

from collections.abc import Iterable


def wait_seconds(headers: Iterable[str], longest: int) -> int | None:
    """How long the client would like to wait, at most `longest` seconds; None if it did not say so understandably.

    It is a whole number of seconds (RFC 7240, section 4.3). What cannot be read is ignored, never an error.
    """
    value = _value(headers, "wait")
    return None if value is None else _seconds(value, longest)


def is_strict(headers: Iterable[str]) -> bool:
    """Whether the client would have its request refused for what is wrong with it (RFC 7240, section 4.4)."""
    return (_value(headers, "handling") or "").lower() == "strict"


def _value(headers: Iterable[str], name: str) -> str | None:
    """What a preference is; where it is given several times, the first one counts (RFC 7240, section 2)."""
    for preference in ",".join(headers).split(","):
        named, _, value = preference.partition(";")[0].partition("=")
        if named.strip().lower() == name:
            return value.strip().strip('"')
    return None


def _seconds(value: str, longest: int) -> int | None:
    if not (value.isascii() and value.isdigit()):
        return None
    return longest if len(value) > len(str(longest)) else min(int(value), longest)
