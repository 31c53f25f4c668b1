"""What the operator counts and times, and what it tells of the world when it is scraped. Every label has a closed list.

A scrape comes in a thread of its own. The lists are copied in one step, so that no change comes between.
"""

from collections.abc import Awaitable, Callable, Iterator
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram, Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from quantum_tasks.metrics import registry_of
from quantum_tasks.states import Phase, Reason

from quantum_operator.world import Key, World

ENDS = (
    Reason.COMPLETED,
    Reason.CANCELLED,
    Reason.INVALID_PROGRAM,
    Reason.TOO_LARGE,
    Reason.JOB_REFUSED,
    Reason.DEADLINE_EXCEEDED,
    Reason.BACKOFF_LIMIT_EXCEEDED,
    Reason.OOM_KILLED,
    Reason.EVICTED,
    Reason.ENGINE_FAILED,
)
"""The reasons that a task can end for."""

UNREACHABLE = "unreachable"
"""In the place of a status code, where there was no answer."""

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one operator, and their registry."""

    def __init__(self, world: World) -> None:
        self.registry = registry = registry_of("operator")
        registry.register(_OfTheWorld(world))
        self.finished = Counter(
            "quantum_tasks_tasks_finished_total",
            "Ends that this operator has written, by reason.",
            ("reason",),
            registry=registry,
        )
        self.reconciles = Counter(
            "quantum_tasks_reconciles_total", "Looks at a task, by outcome.", ("outcome",), registry=registry
        )
        self.reconcile_duration = Histogram(
            "quantum_tasks_reconcile_duration_seconds",
            "Time that a look at a task took, with the check of its program.",
            registry=registry,
            buckets=_SECONDS,
        )
        self.queue_depth = Gauge("quantum_tasks_workqueue_depth", "Tasks that wait to be looked at.", registry=registry)
        self.last_resync = Gauge(
            "quantum_tasks_last_resync_timestamp_seconds",
            "When everything unfinished was last looked through, in Unix time.",
            registry=registry,
        )
        self.pool_depth = Gauge(
            "quantum_tasks_pool_depth",
            "Tasks that wait for the pool's workers or are at them.",
            registry=registry,
        )
        self.redis_up = Gauge("quantum_tasks_redis_up", "Whether Redis answers.", registry=registry)
        self.apiserver_requests = Counter(
            "quantum_tasks_apiserver_requests_total",
            "Requests to the API server, without kopf's watches.",
            ("method", "code"),
            registry=registry,
        )
        for reason in ENDS:
            self.finished.labels(reason)
        for outcome in ("success", "error"):
            self.reconciles.labels(outcome)

    def timed(self, look: Callable[[Key], Awaitable[float | None]]) -> Callable[[Key], Awaitable[float | None]]:
        """The same work, counted and timed."""

        async def noted(key: Key) -> float | None:
            outcome, begun = "error", perf_counter()
            try:
                again_seconds = await look(key)
                outcome = "success"
            finally:
                self.reconcile_duration.observe(perf_counter() - begun)
                self.reconciles.labels(outcome).inc()
            return again_seconds

        return noted

    def note_request(self, method: str, status: int | None) -> None:
        """Count a request to the API server; None for one that was not answered."""
        self.apiserver_requests.labels(method, UNREACHABLE if status is None else status).inc()


class _OfTheWorld(Collector):
    """What is counted when it is asked for: a change of a task costs nothing."""

    def __init__(self, world: World) -> None:
        self._world = world

    def collect(self) -> Iterator[Metric]:
        """Count the tasks and the pool's Jobs."""
        known = self._world.phases()
        tasks = GaugeMetricFamily("quantum_tasks_tasks", "Tasks that are known, by phase.", labels=["phase"])
        for phase in Phase:
            tasks.add_metric([phase], known[phase])
        yield tasks
        working = sum(job.end is None and not job.deleting for job in list(self._world.pool.values()))
        yield GaugeMetricFamily("quantum_tasks_pool_jobs", "Jobs of the pool that have not ended.", working)
