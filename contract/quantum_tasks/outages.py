"""Which answers of Redis mean that it is there, but cannot do what was asked now."""

_WORDS = (
    "MISCONF",
    "READONLY",
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "NOREPLICAS",
    "OOM",
    "NOAUTH",
    "BUSY ",
    "DENIED",
    "WRONGPASS",
    "NOPERM",
    "ACL failure in script",
    "The user executing the script can't",
)


def cannot_serve(answer: str) -> bool:
    """Whether an error that Redis answered passes, as an outage does."""
    return any(word in answer for word in _WORDS)
