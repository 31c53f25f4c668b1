"""How long a child waits before it is started again."""

import pytest
from quantum_client.local.process import LONGEST_BACKOFF_SECONDS, backoff_seconds


@pytest.mark.parametrize(
    ("ends", "expected"), [(1, 0.2), (2, 0.4), (3, 0.8), (6, 6.4), (7, LONGEST_BACKOFF_SECONDS), (10**6, 10.0)]
)
def test_the_backoff_doubles_up_to_a_bound(ends: int, expected: float) -> None:
    """Each end in a row doubles the wait, from a fifth of a second to ten seconds."""
    assert backoff_seconds(ends) == pytest.approx(expected)
