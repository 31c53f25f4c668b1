"""How many Jobs the pool should have. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from quantum_operator.settings import OperatorSettings
from quantum_operator.views import Job

_BACKOFF = timedelta(seconds=60)
"""For how long a Job of the pool that failed counts as one that is there: so a broken image makes no storm of them."""


def missing_jobs(depth: int, jobs: Iterable[Job], now: datetime, settings: OperatorSettings) -> int:
    """How many Jobs to start for a queue of this depth; they end by themselves."""
    wanted = min(settings.pool_max_jobs, -(-depth // settings.pool_tasks_per_job))
    there = sum(_counts(job, now) for job in jobs)
    return max(0, wanted - there)


def _counts(job: Job, now: datetime) -> bool:
    if job.end is None:
        return not job.deleting
    return job.end == "Failed" and job.ended is not None and now - job.ended < _BACKOFF
