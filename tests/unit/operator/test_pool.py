"""How many Jobs the pool gets."""

from datetime import UTC, datetime, timedelta

import pytest
from quantum_operator.pool import missing_jobs
from quantum_operator.settings import OperatorSettings
from quantum_operator.views import Job

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SETTINGS = OperatorSettings(pool_max_jobs=3, pool_tasks_per_job=50)

RUNS = Job("lab", "pool-1", "1")
GOES = Job("lab", "pool-2", "2", deleting=True)
DONE = Job("lab", "pool-3", "3", end="Complete", ended=NOW)
JUST_FAILED = Job("lab", "pool-4", "4", end="Failed", ended=NOW - timedelta(seconds=59))
FAILED_LONG_AGO = Job("lab", "pool-5", "5", end="Failed", ended=NOW - timedelta(seconds=61))


@pytest.mark.parametrize(
    ("depth", "there", "missing"),
    [
        pytest.param(0, [], 0, id="nothing-to-do"),
        pytest.param(1, [], 1, id="one-task"),
        pytest.param(50, [], 1, id="enough-for-one"),
        pytest.param(51, [], 2, id="enough-for-two"),
        pytest.param(100_000, [], 3, id="never-more-than-may-be"),
        pytest.param(51, [RUNS], 1, id="one-is-there"),
        pytest.param(50, [RUNS, RUNS, RUNS], 0, id="more-than-enough-are-there"),
        pytest.param(1, [GOES], 1, id="one-that-goes-is-not-there"),
        pytest.param(1, [DONE], 1, id="one-that-is-done-is-not-there"),
        pytest.param(1, [JUST_FAILED], 0, id="a-broken-image-makes-no-storm"),
        pytest.param(1, [FAILED_LONG_AGO], 1, id="tried-again-later"),
    ],
)
def test_the_pool_follows_the_depth_of_the_queue(depth: int, there: list[Job], missing: int) -> None:
    """As many Jobs are missing as the queue is worth, less those that are there or have just failed."""
    assert missing_jobs(depth, there, NOW, SETTINGS) == missing


def test_there_may_be_no_pool() -> None:
    """With at most 0 Jobs none is ever missing."""
    assert missing_jobs(100, [], NOW, OperatorSettings(pool_max_jobs=0)) == 0
