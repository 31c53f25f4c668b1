"""Requests are counted and timed under labels that have a closed list of values."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from quantum_api.app import create_app
from quantum_api.metrics import OTHER, WAITS, Metrics, RequestMetrics
from quantum_api.settings import ApiSettings
from starlette.types import ASGIApp, Receive, Scope, Send
from support.scrapes import Scrape

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=20)
PATHS = st.text(st.characters(codec="utf-8", exclude_characters="?#"), max_size=50)
JUNK = st.tuples(
    WORDS.map("X{}".format), PATHS.map("/{}".format) | st.sampled_from(["/tasks", "/v1/tasks/a", "/docs"])
) | (st.tuples(st.just("GET"), PATHS.map("/junk/{}".format)))
"""Methods that nobody knows on any path, and a known one on paths that nobody knows."""


def _scrape(metrics: Metrics) -> Scrape:
    return Scrape(generate_latest(metrics.registry).decode())


def _request(app: ASGIApp, method: str, path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(ask())


async def _receive() -> dict[str, object]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(_message: object) -> None:
    """Send nowhere."""


def _serve(app: ASGIApp, method: str = "GET", path: str = "/tasks") -> None:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": [], "query_string": b""}

    async def serve() -> None:
        await app(scope, _receive, _drop)

    asyncio.run(serve())


def test_a_request_is_counted_and_timed_under_its_route() -> None:
    """The labels are the route as the application has it, the method and the code."""
    app = create_app(ApiSettings())
    assert _request(app, "GET", "/healthz").status_code == 200
    scrape = _scrape(app.state.metrics)
    assert scrape.value("http_requests_total", route="/healthz", method="GET", code="200") == 1
    assert scrape.value("http_request_duration_seconds_count", route="/healthz", method="GET") == 1
    assert scrape.total("http_wait_duration_seconds_count") == 0


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("DELETE", "/tasks/a", {"route": "/tasks/{task_id}", "method": "DELETE", "code": "405"}),
        ("BREW", "/v1/tasks/a/cancel", {"route": "/v1/tasks/{task_id}/cancel", "method": "other", "code": "405"}),
        ("GET", "/nowhere", {"route": "other", "method": "GET", "code": "404"}),
        ("GET", "/docs/assets/nothing", {"route": "other", "method": "GET", "code": "404"}),
    ],
)
def test_what_is_refused_is_counted_as_well(method: str, path: str, labels: dict[str, str]) -> None:
    """A known path with a wrong method keeps its route; what is not known is `other`."""
    app = create_app(ApiSettings())
    _request(app, method, path)
    assert _scrape(app.state.metrics).value("http_requests_total", **labels) == 1


def test_junk_makes_no_new_labels() -> None:
    """Whatever is requested, routes and methods stay those of a closed list."""
    app = create_app(ApiSettings())

    @given(JUNK)
    def request_junk(junk: tuple[str, str]) -> None:
        _serve(app, *junk)

    request_junk()
    found = {pair for (name, labels) in _scrape(app.state.metrics).samples if "_http_" in name for pair in labels}
    assert {method for label, method in found if label == "method"} == {"GET", OTHER}
    known = {OTHER, "/docs", *(route.path for route in app.state.routes)}
    assert {route for label, route in found if label == "route"} <= known


def test_an_exception_that_nobody_took_is_a_500() -> None:
    """It is counted as what the server answers to it, and is not in progress any more."""

    async def fail(*_: object) -> None:
        raise RuntimeError

    metrics = Metrics()
    with pytest.raises(RuntimeError):
        _serve(RequestMetrics(fail, metrics))
    scrape = _scrape(metrics)
    assert scrape.total("http_requests_total", code="500") == 1
    assert scrape.value("http_requests_in_progress") == 0


def test_a_request_is_in_progress_until_it_is_answered() -> None:
    """The gauge has the request while it is served, and not afterwards."""
    metrics, seen = Metrics(), []

    async def look(*_: object) -> None:
        seen.append(_scrape(metrics).value("http_requests_in_progress"))

    _serve(RequestMetrics(look, metrics))
    assert [*seen, _scrape(metrics).value("http_requests_in_progress")] == [1, 0]


def test_a_request_that_waits_is_timed_apart() -> None:
    """Its time is among those of waits only, and it is counted like any other."""
    metrics = Metrics()

    async def wait(scope: Scope, _receive: Receive, send: Send) -> None:
        scope[WAITS] = True
        await send({"type": "http.response.start", "status": 200, "headers": []})

    _serve(RequestMetrics(wait, metrics))
    scrape = _scrape(metrics)
    assert scrape.total("http_wait_duration_seconds_count") == 1
    assert scrape.total("http_request_duration_seconds_count") == 0
    assert scrape.total("http_requests_total", code="200") == 1


@pytest.mark.parametrize(
    ("accept", "kind", "end"),
    [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", "\n"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text;", "# EOF\n"),
    ],
)
def test_a_scrape_gets_the_format_that_it_asks_for(accept: str, kind: str, end: str) -> None:
    """Prometheus' text format unless OpenMetrics is asked for, each under its own type."""
    answer = _request(create_app(ApiSettings()), "GET", "/metrics", accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.text.endswith(end)


@pytest.mark.parametrize("port", [0, 9090])
def test_metrics_are_not_on_the_main_port_where_they_have_another(port: int) -> None:
    """With a port of their own, or none, `/metrics` is not found, and the document does not have it."""
    app = create_app(ApiSettings(metrics_port=port))
    assert _request(app, "GET", "/metrics").status_code == 404
    assert "/metrics" not in app.openapi()["paths"]
