"""The worker as a service of its own: settings, children, signals, and an end that leaves nothing behind."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from quantum_tasks import logs
from quantum_tasks.logs import LogLevel
from quantum_tasks.store import Store, connect

from quantum_runner import container
from quantum_runner.children import Child
from quantum_runner.settings import RunnerSettings
from quantum_runner.worker import Worker

log = structlog.get_logger(__name__)

SUPERVISOR_BYTES = 128 * 2**20
"""What the supervisor and the fork server take."""

CHILD_BYTES = 96 * 2**20
"""What a child takes before it simulates anything: 94 MB measured, most of it shared with the fork server."""


async def serve() -> int:
    """Run a worker until SIGTERM or SIGINT. Returns the exit code."""
    settings = RunnerSettings.of_this_process()
    logs.configure(settings.log_format, settings.log_level)
    container.one_thread_per_library()
    url, timeout = settings.redis_url.get_secret_value(), settings.redis_timeout_seconds
    redis = connect(url, timeout_seconds=timeout, retries=1, max_connections=8)
    code = 0
    try:
        async with _children(settings) as children:
            worker = Worker(Store(redis, settings.keys), children, settings)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, worker.stop)
            await worker.run()
    except* Exception as errors:  # noqa: BLE001 - whatever it is, it is logged in one line and ends this process
        log.error("worker gave up", because="; ".join(map(repr, errors.exceptions)))  # noqa: TRY400 - likewise
        code = 1
    finally:
        await redis.aclose()
    return code


def check_heartbeat() -> int:
    """Return 0 if the worker that writes the heartbeat file did so within the last lease, else 1."""
    settings = RunnerSettings.of_this_process()
    if settings.heartbeat_file is None:
        sys.stderr.write("QT_HEARTBEAT_FILE is not set, so there is no heartbeat to look at\n")
        return 1
    try:
        age = time.time() - settings.heartbeat_file.stat().st_mtime
    except FileNotFoundError:
        return 1
    return 0 if age < settings.lease_seconds else 1


def memory_per_simulation(total_bytes: int, concurrency: int) -> int:
    """Bytes for each of `concurrency` simulations in a container that has `total_bytes`, never less than 16 MiB."""
    left = total_bytes - SUPERVISOR_BYTES - CHILD_BYTES * concurrency
    return max(16 * 2**20, int(left * 0.9) // concurrency)


@asynccontextmanager
async def _children(settings: RunnerSettings) -> AsyncIterator[list[Child]]:
    processors = container.processors()
    concurrency = settings.concurrency or processors
    given = settings.memory_mb * 2**20 // concurrency if settings.memory_mb else None
    children = [
        Child(
            memory_bytes=given or memory_per_simulation(container.memory_bytes(), concurrency),
            threads=max(1, processors // concurrency),
            simulations=settings.tasks_per_child,
            quiet=settings.log_level is not LogLevel.DEBUG,
        )
        for _ in range(concurrency)
    ]
    try:
        await asyncio.gather(*(child.start() for child in children))
        yield children
    finally:
        await asyncio.gather(*(child.stop() for child in children))
