"""Several processes that answer on one port, by uvicorn's supervisor, and metrics that are those of all of them.

Each has its own waits, connections and caches; what is accepted, and how much, Redis counts for all.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from quantum_tasks.metrics import build_registry_of
from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where each process puts what it counts, for the others to read; prometheus_client takes it from the environment."""

_LIVE = "gauge_live*_*.db"


@contextmanager
def counting_together() -> Iterator[CollectorRegistry]:
    """Have processes that start meanwhile count into one folder. Gives the registry of what all of them counted.

    Raises SystemExit that says what is missing where nothing can be written.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="quantum-tasks-api-")
    except OSError as error:
        raise SystemExit(f"QT_API_PROCESSES: several processes need a folder to write to (TMPDIR): {error}") from None
    with folder as path:
        os.environ[_FOLDER] = path
        try:
            yield registry_of_all()
        finally:
            del os.environ[_FOLDER]


def counts_with_others() -> bool:
    """Whether this process is one of several."""
    return _FOLDER in os.environ


def registry_of_all() -> CollectorRegistry:
    """A registry that tells what all processes have counted, those that are gone included."""
    registry = build_registry_of("api")
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # not annotated there
    return registry


def supervise(config: Config) -> None:
    """Serve in `config.workers` processes until told to stop; one that dies is replaced.

    Raises SystemExit when one cannot start.
    """
    supervisor = Multiprocess(config, [config.bind_socket()])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def join_the_others() -> None:
    """In one of several processes: end with the supervisor, however it ends, and clear up after one that died."""
    supervisor = parent_process()
    if supervisor is not None:
        threading.Thread(target=_end_after, args=(supervisor.join,), name="supervisor", daemon=True).start()
    for file in Path(os.environ[_FOLDER]).glob(_LIVE):
        pid = int(file.stem.rpartition("_")[2])
        if not _lives(pid):
            mark_process_dead(pid)  # type: ignore[no-untyped-call] # not annotated there


def _end_after(join: Callable[[], None]) -> None:
    join()
    os._exit(1)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
