"""The application: doors in front of a backend."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from quantum_tasks.metrics import served

from quantum_api.backends.base import TaskBackend
from quantum_api.backends.redis import RedisBackend
from quantum_api.body_limit import BodyLimit
from quantum_api.docs import describe_errors_truly, serve_docs
from quantum_api.metrics import Metrics, RequestMetrics
from quantum_api.problems import handle_errors
from quantum_api.routes import batches, circuits, health, registers, tasks, v1
from quantum_api.routes import metrics as scraped
from quantum_api.settings import ApiSettings
from quantum_api.stopping import stopping

DESCRIPTION = """
Send an OpenQASM 3 program, get its counts. 202 means that the task will end, once, with its counts or with a reason.

* `Prefer: wait=N` answers when the task has ended, after N seconds at the latest.
* `Prefer: handling=strict` refuses a program with mistakes at once, and all of them are told.
* `Idempotency-Key` makes a submission safe to repeat.
* `/v1/circuits:check` tells what is wrong with a program.
* `/v1/tasks:batch` and `/v1/tasks:batchGet` take up to 1,000 tasks in one request.
"""


def backend_of(settings: ApiSettings) -> TaskBackend:
    """The backend that the settings name."""
    if settings.backend == "redis":
        return RedisBackend(settings)
    from quantum_api.backends.kubernetes import KubernetesBackend  # noqa: PLC0415 - its client takes long to load

    return KubernetesBackend(settings)


def create_app(settings: ApiSettings, backend: Callable[[ApiSettings], TaskBackend] = backend_of) -> FastAPI:
    """Make the application; `backend` is opened when it starts and closed when it ends."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            alone = settings.api_processes == 1  # else the supervisor serves the metrics of all
            stack.enter_context(served(metrics.registry, settings.host, settings.metrics_port or 0 if alone else 0))
            opened = app.state.backend = await stack.enter_async_context(backend(settings))
            stack.enter_context(stopping(opened.stop_waiting))
            yield

    app = FastAPI(
        title="Quantum Tasks",
        description=DESCRIPTION,
        version=version("quantum-tasks"),
        license_info={"name": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # else it looks into the environment at every request, for collectors that nothing here tells of
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.turns = circuits.Turns()
    doors = [door.router for door in (tasks, v1, registers, batches, circuits, health)]
    if settings.metrics_port is None:
        doors.append(scraped.router)
    app.state.routes = [route for door in doors for route in door.routes]
    for door in doors:
        app.include_router(door)
    serve_docs(app)
    describe_errors_truly(app)
    handle_errors(app)
    larger = {batches.PATH: settings.max_batch_bytes}
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, of_paths=larger)
    app.add_middleware(RequestMetrics, metrics=metrics)  # the last one is the outermost
    return app
