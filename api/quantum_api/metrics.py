"""What the API counts and times. Every label has a closed list of values, whatever is requested."""

from time import perf_counter

from fastapi.routing import APIRoute
from prometheus_client import Counter, Gauge, Histogram
from quantum_tasks.metrics import registry_of
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantum_api.processes import counts_with_others, registry_of_all

WAITS = "quantum_api.waits"
"""Set in the scope of a request that may wait for the end of a task."""

OTHER = "other"
"""The label of routes and methods that are none of the API's."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAIT_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 600)


class Metrics:
    """The metrics of one process. `registry` is to be scraped: of several processes it tells what all have counted."""

    def __init__(self) -> None:
        registry = registry_of("api")
        self.registry = registry_of_all() if counts_with_others() else registry
        self.requests = Counter(
            "quantum_tasks_http_requests_total",
            "Requests that were answered.",
            ("route", "method", "code"),
            registry=registry,
        )
        self.duration = Histogram(
            "quantum_tasks_http_request_duration_seconds",
            "Time that answers took, without those to `Prefer: wait`.",
            ("route", "method"),
            registry=registry,
            buckets=_SECONDS,
        )
        self.wait_duration = Histogram(
            "quantum_tasks_http_wait_duration_seconds",
            "Time that answers to `Prefer: wait` took.",
            ("route", "method"),
            registry=registry,
            buckets=_WAIT_SECONDS,
        )
        self.in_progress = Gauge(
            "quantum_tasks_http_requests_in_progress",
            "Requests that are not yet answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.waiting = Gauge(
            "quantum_tasks_http_requests_waiting",
            "Those of them that wait for the ends of tasks.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.submissions = Counter(
            "quantum_tasks_tasks_submitted_total", "Tasks that were sent, by outcome.", ("outcome",), registry=registry
        )
        for outcome in ("accepted", "replayed", "refused"):
            self.submissions.labels(outcome)


class RequestMetrics:
    """Counts and times every request that passes."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code = 500  # what is answered further out to an exception that nobody took

        async def noted(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        begun = perf_counter()
        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.in_progress.dec()
            if WAITS in scope:
                self._metrics.waiting.dec()
            self._note(scope, code, perf_counter() - begun)

    def _note(self, scope: Scope, code: int, seconds: float) -> None:
        route = scope.get("route")
        path = route.path if isinstance(route, APIRoute) else OTHER
        method = scope["method"] if scope["method"] in _METHODS else OTHER
        duration = self._metrics.wait_duration if WAITS in scope else self._metrics.duration
        duration.labels(path, method).observe(seconds)
        self._metrics.requests.labels(path, method, code).inc()
