"""The Prefer header."""

import pytest
from quantum_api.prefer import is_strict, wait_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=5"], 5),
        (["wait=0"], 0),
        (["Wait = 5"], 5),
        (['wait="5"'], 5),
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5"], 5),
        (["wait=5; strict"], 5),
        (["wait=5, wait=7"], 5),
        (["wait=1000"], 60),
        (["wait=0.5"], None),
        (["wait=" + "9" * 10_000], 60),
        (["wait=-1"], None),
        (["wait=nan"], None),
        (["wait=inf"], None),
        (["wait"], None),
        (["wait=soon"], None),
        (["handling=strict"], None),
        ([""], None),
        ([], None),
    ],
)
def test_wait_is_read_as_rfc_7240_has_it(headers: list[str], seconds: int | None) -> None:
    """The first wait counts, capped at the longest allowed; what cannot be read is ignored."""
    assert wait_seconds(headers, longest=60) == seconds


@pytest.mark.parametrize(
    ("headers", "strict"),
    [
        (["handling=strict"], True),
        (["Handling = Strict"], True),
        (['wait=5, handling="strict"'], True),
        (["wait=5", "handling=strict; why=not"], True),
        (["handling=strict, handling=lenient"], True),
        (["handling=lenient, handling=strict"], False),
        (["handling"], False),
        (["handling=stricter"], False),
        (["strict"], False),
        (["wait=5; handling=strict"], False),
        ([""], False),
        ([], False),
    ],
)
def test_handling_is_read_as_rfc_7240_has_it(headers: list[str], strict: bool) -> None:  # noqa: FBT001
    """The first handling counts, and a parameter of another preference is none."""
    assert is_strict(headers) is strict
