"""The order of turns."""

from benchmarks.turns import in_turn


def test_every_other_round_goes_backwards() -> None:
    """None is always the first, nor always the last."""
    assert [list(in_turn("abc", number)) for number in range(3)] == [list("abc"), list("cba"), list("abc")]
