"""Metrics for Prometheus, as far as all parts have them alike: their registry, and a port to be scraped on.

Like `cluster`, this needs the extra of a part that uses it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)


def registry_of(part: str) -> CollectorRegistry:
    """A registry that tells of the build and of the process; the part adds what is its own."""
    # else every counter and histogram has a twin that nobody asks for
    disable_created_metrics()  # type: ignore[no-untyped-call] # not annotated there
    registry = build_registry_of(part)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


def build_registry_of(part: str) -> CollectorRegistry:
    """A registry that tells of the build alone."""
    registry = CollectorRegistry()
    build = Info("quantum_tasks_build", "What runs here; always 1.", registry=registry)
    build.info({"version": version("quantum-tasks"), "part": part})
    return registry


@contextmanager
def served(registry: CollectorRegistry, host: str, port: int) -> Iterator[None]:
    """Serve the metrics on a port of their own, in a thread: a part that is busy or stuck is scraped all the same.

    Port 0 serves nothing. Raises OSError that names the setting when the port cannot be had.
    """
    if port == 0:
        yield
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: metrics on {host}:{port}, from QT_METRICS_PORT") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
