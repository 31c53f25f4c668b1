"""How long a load is counted."""

import pytest

from benchmarks.load import is_enough


@pytest.mark.parametrize(
    ("ends", "clients", "windows", "enough"),
    [
        (100, 64, 0, False),  # a whole window at least
        (20, 64, 1, True),
        (19, 64, 1, False),
        (19, 64, 4, False),
        (8, 64, 5, True),  # a slow server
        (7, 64, 5, False),
        (1, 1, 5, True),
        (0, 1, 50, False),
    ],
)
def test_a_slow_load_is_counted_for_longer(ends: int, clients: int, windows: int, enough: bool) -> None:  # noqa: FBT001 - a table
    """A window is long enough with twenty ends in it, and with fewer only where they take very long."""
    assert is_enough(ends, clients, windows) is enough
