"""What clients of the benchmark take for an answer."""

import pytest

from benchmarks.clients import WrongAnswerError, check, expect
from benchmarks.connection import Answer


def test_counts_that_add_up_are_right() -> None:
    """Counts that add up to the shots pass."""
    check({"00": 500, "11": 524}, 1024)


@pytest.mark.parametrize("counts", [None, {}, {"00": 1023}, {"00": 1024, "11": 1}])
def test_counts_that_do_not_add_up_end_the_run(counts: dict[str, int] | None) -> None:
    """A missing shot, one too many, or no counts at all are no result."""
    with pytest.raises(WrongAnswerError, match="1024"):
        check(counts, 1024)


def test_another_status_ends_the_run() -> None:
    """A refusal is told with what it says."""
    with pytest.raises(WrongAnswerError, match=r"503 instead of 202.*away"):
        expect(Answer(503, b'{"message": "Redis is away"}'), 202)
