"""Strict JSON."""

import json

import pytest
from quantum_api.strict_json import loads


def test_json_is_read() -> None:
    """An ordinary body is read as by the standard library."""
    assert loads('{"qc": "é", "n": [1, -2.5, null, true]}'.encode()) == {"qc": "é", "n": [1, -2.5, None, True]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 1}',
        b'[{"a": 1, "a": 2}]',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"\xff",
        '{"a": 1}'.encode("utf-16"),
        b"[" * 100_000,
    ],
)
def test_what_is_not_strict_json_is_refused_in_one_way(body: bytes) -> None:
    """Repeated names, NaN, other encodings and bottomless nesting are decoding errors."""
    with pytest.raises(json.JSONDecodeError):
        loads(body)


def test_an_endless_integer_is_a_large_one() -> None:
    """An integer of any length is read in bounded time, as one that is out of any range."""
    assert loads(b"9" * 100_000) > 10**99
    assert loads(b"-" + b"9" * 100_000) < -(10**98)
