"""`python -m quantum_runner job`: runs one task in a Pod of its own, reports what came of it, and ends.

Kubernetes is the supervisor here: it ends a Pod that takes too long or too much memory, and starts another attempt.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import structlog
from quantum_tasks import logs
from quantum_tasks.errors import Code, ProgramError, StoreUnavailableError
from quantum_tasks.keys import Keys
from quantum_tasks.logs import LogFormat, LogLevel
from quantum_tasks.mirror import Gone, Mirror
from quantum_tasks.store import Lease, connect
from quantum_tasks.task import Outcome

from quantum_runner import container, report
from quantum_runner.report import ExitCode

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What the operator tells a Pod, by `QT_...`. No pydantic here: each Pod would spend a tenth of a second on it."""

    redis_url: str
    task_id: str
    task_uid: str
    pod_uid: str
    """The Pod's own uid: the token of its attempt."""
    key_prefix: str = "qt"
    log_format: LogFormat = LogFormat.AUTO
    log_level: LogLevel = LogLevel.INFO
    termination_log: Path | None = None
    """Where Kubernetes looks for the Pod's last message."""
    redis_timeout_seconds: float = 5
    patience_seconds: float = 600
    """How long Redis may be away before the Pod gives up and another one follows."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment. Raises ValueError, and SystemExit naming what is missing."""
        told = {name.removeprefix("QT_").lower(): value for name, value in environ.items() if name.startswith("QT_")}
        read: dict[str, Callable[[str], Any]] = {
            "log_format": LogFormat,
            "log_level": LogLevel,
            "termination_log": Path,
            "redis_timeout_seconds": float,
            "patience_seconds": float,
        }
        optional = {name: convert(told[name]) for name, convert in read.items() if name in told}
        missing = [
            f"QT_{name.upper()}" for name in ("redis_url", "task_id", "task_uid", "pod_uid") if not told.get(name)
        ]
        if missing:
            raise SystemExit(f"not set: {', '.join(missing)}")
        return cls(
            redis_url=told["redis_url"],
            task_id=told["task_id"],
            task_uid=told["task_uid"],
            pod_uid=told["pod_uid"],
            key_prefix=told.get("key_prefix", "qt"),
            **optional,
        )


async def run() -> ExitCode:
    """Run the task that the environment names."""
    settings = JobSettings.of(os.environ)
    logs.configure(settings.log_format, settings.log_level)
    logging.getLogger("qiskit").setLevel(logging.WARNING)  # it reports every pass
    end_at_once_when_asked()
    container.one_thread_per_library()
    redis = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds, retries=1, max_connections=2)
    try:
        return await Job(Mirror(redis, Keys(settings.key_prefix)), settings, compute).run()
    except StoreUnavailableError as error:
        log.error("Redis was away for too long", because=str(error))  # noqa: TRY400 - one line says it all
        return ExitCode.TRY_AGAIN
    finally:
        await redis.aclose()


class Job:
    """One attempt at one task. `compute` is what simulates."""

    def __init__(
        self, store: Mirror, settings: JobSettings, compute: Callable[[Lease], Outcome | ProgramError]
    ) -> None:
        self._store = store
        self._settings = settings
        self._compute = compute

    async def run(self) -> ExitCode:
        """Run the attempt to its end. Raises StoreUnavailableError when Redis is away for too long."""
        lease = await self._begin()
        if lease is None:
            log.info("the task has ended already", task=self._settings.task_id)
            return ExitCode.DONE
        log.info("attempt began", task=lease.task_id, attempt=lease.attempt)
        result = self._compute(lease)
        message = report.message_of(result)
        report.write(self._settings.termination_log, message or "")
        try:
            told = await self._tell(lease, result)
        except StoreUnavailableError:
            if message is None:
                raise
            log.warning("Redis is away; the report is in the termination message", task=lease.task_id)
            told = True
        if not told:
            report.write(self._settings.termination_log, "")  # the task ended otherwise: cancelled, or by another Pod
        log.info("attempt ended" if told else "the task was no longer ours", task=lease.task_id)
        return ExitCode.REFUSED if told and isinstance(result, ProgramError) else ExitCode.DONE

    async def _begin(self) -> Lease | None:
        """The task, or None when it has ended; waits for a record that is not there (yet, or any more)."""
        answer = await self._patiently(self._begin_or_raise)
        return answer if isinstance(answer, Lease) else None

    async def _begin_or_raise(self) -> Lease | Gone:
        settings = self._settings
        answer = await self._store.begin(settings.task_id, settings.task_uid, settings.pod_uid)
        if answer is Gone.ABSENT:
            raise StoreUnavailableError("Redis does not know the task (yet)")
        return answer

    async def _tell(self, lease: Lease, result: Outcome | ProgramError) -> bool:
        """Report the end. Returns False when the task has ended otherwise."""
        if await self._patiently(self._finish, lease, result):
            return True
        # Redis was emptied, or another Pod has begun; if the task still waits for its end, this is as good as any
        again = await self._begin()
        return again is not None and await self._patiently(self._finish, again, result)

    async def _finish(self, lease: Lease, result: Outcome | ProgramError) -> bool:
        if isinstance(result, ProgramError):
            return await self._store.fail(lease, report.reason_of(result.code), report.failure_of(result))
        return await self._store.succeed(lease, result)

    async def _patiently(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Repeat a call until Redis serves it, for as long as the patience lasts. Every call may be repeated."""
        now = asyncio.get_running_loop().time
        give_up_at = now() + self._settings.patience_seconds
        waiting = False
        while True:
            try:
                return await call(*args, **kwargs)
            except StoreUnavailableError as error:
                if now() > give_up_at:
                    raise
                if not waiting:
                    log.warning("waiting for Redis", because=str(error))
                waiting = True
                await asyncio.sleep(RETRY_SECONDS)


def compute(lease: Lease) -> Outcome | ProgramError:
    """Simulate in this process, with what the container has."""
    from quantum_runner.simulate import Machine, simulate  # noqa: PLC0415 - loaded only where there is a task to run

    gc.freeze()
    gc.enable()  # a large program makes garbage; what was loaded is none
    memory = container.memory_for_one_simulation(container.memory_bytes())
    try:
        return simulate(lease.qasm, lease.options, Machine(memory_bytes=memory, threads=container.processors()))
    except ProgramError as refusal:
        return refusal
    except Exception as error:  # noqa: BLE001 - a mistake of ours; the task ends with a reason all the same
        return ProgramError(Code.ENGINE_FAILED, f"The runner failed on this program ({type(error).__name__}).")


def end_at_once_when_asked() -> None:
    """Have SIGTERM and SIGINT end this process, whatever it is doing, with the signal's number as its exit code.

    The kernel ignores a signal without a handler where the process is a container's first, and a handler in Python
    waits for the simulation to return to Python. libc's `_exit` is a handler that does neither.
    """
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    end = libc["_exit"]
    for number in (signal.SIGTERM, signal.SIGINT):
        libc.signal(number, ctypes.cast(end, ctypes.c_void_p))
