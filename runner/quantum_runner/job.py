"""`python -m quantum_runner job`: runs one task in a Pod of its own, reports what came of it, and ends.

Kubernetes is the supervisor here: it ends a Pod that takes too long or too much memory, and starts another attempt.
"""

import ctypes
import gc
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from quantum_tasks import logs
from quantum_tasks.errors import Code, ProgramError, StoreUnavailableError
from quantum_tasks.keys import Keys
from quantum_tasks.leases import End, Gone, Lease
from quantum_tasks.logs import JsonLines, LogFormat, LogLevel
from quantum_tasks.task import Outcome

from quantum_runner import container, report
from quantum_runner.direct import Address, DirectStore
from quantum_runner.report import ExitCode

P = ParamSpec("P")
T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]

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


class AttemptStore(Protocol):
    """What an attempt asks of the store."""

    async def begin(self, task_id: str, uid: str, token: str) -> Lease | Gone:
        """See Mirror."""

    async def end(self, ends: Sequence[End]) -> list[bool]:
        """See Store."""


class Log(Protocol):
    """What an attempt logs with."""

    def info(self, event: str, /, **values: Any) -> object:  # noqa: ANN401 - whatever can be shown
        """Write a line at level `info`."""

    def warning(self, event: str, /, **values: Any) -> object:  # noqa: ANN401 - whatever can be shown
        """Write a line at level `warning`."""

    def error(self, event: str, /, **values: Any) -> object:  # noqa: ANN401 - whatever can be shown
        """Write a line at level `error`."""


def run() -> ExitCode:
    """Run the task that the environment names."""
    settings = JobSettings.of(os.environ)
    end_at_once_when_asked()
    container.one_thread_per_library()
    log = _log(settings)
    try:
        return _attempt(settings, log)
    except StoreUnavailableError as error:
        log.error("Redis was away for too long", because=str(error))  # noqa: TRY400 - one line says it all
        return ExitCode.TRY_AGAIN


def _log(settings: JobSettings) -> Log:
    if logs.is_json(settings.log_format):
        return JsonLines(settings.log_level)
    import structlog  # noqa: PLC0415 - nobody is in a hurry who looks on

    logs.configure(settings.log_format, settings.log_level)
    log: Log = structlog.get_logger(__name__)
    return log


def _attempt(settings: JobSettings, log: Log) -> ExitCode:
    work, keys = partial(compute, settings), Keys(settings.key_prefix)
    address = Address.of(settings.redis_url)
    if address is None:
        import asyncio  # noqa: PLC0415 - see DirectStore

        return asyncio.run(_by_redis_py(settings, keys, work, log, asyncio.sleep))
    store = DirectStore(address, keys, timeout_seconds=settings.redis_timeout_seconds)
    try:
        return _driven(Job(store, settings, work, log, _sleep).run())
    finally:
        store.close()


async def _by_redis_py(
    settings: JobSettings, keys: Keys, work: Callable[[Lease], Outcome | ProgramError], log: Log, sleep: Sleep
) -> ExitCode:
    from quantum_tasks.mirror import Mirror  # noqa: PLC0415 - see DirectStore
    from quantum_tasks.store import connect  # noqa: PLC0415 - see DirectStore

    redis = connect(settings.redis_url, timeout_seconds=settings.redis_timeout_seconds, retries=1, max_connections=2)
    try:
        return await Job(Mirror(redis, keys), settings, work, log, sleep).run()
    finally:
        await redis.aclose()


async def _sleep(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - there is no loop, and nothing else to do


def _driven(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing, and so needs no loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("it waits for a loop")


class Job:
    """One attempt at one task. `compute` is what simulates."""

    def __init__(
        self,
        store: AttemptStore,
        settings: JobSettings,
        compute: Callable[[Lease], Outcome | ProgramError],
        log: Log,
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._settings = settings
        self._compute = compute
        self._log = log
        self._sleep = sleep

    async def run(self) -> ExitCode:
        """Run the attempt to its end. Raises StoreUnavailableError when Redis is away for too long."""
        lease = await self._begin()
        if lease is None:
            self._log.info("the task has ended already", task=self._settings.task_id)
            return ExitCode.DONE
        self._log.info("attempt began", task=lease.task_id, attempt=lease.attempt)
        result = self._compute(lease)
        message = report.message_of(result)
        report.write(self._settings.termination_log, message or "")
        try:
            told = await self._tell(lease, result)
        except StoreUnavailableError:
            if message is None:
                raise
            self._log.warning("Redis is away; the report is in the termination message", task=lease.task_id)
            told = True
        if not told:
            report.write(self._settings.termination_log, "")  # the task ended otherwise: cancelled, or by another Pod
        self._log.info("attempt ended" if told else "the task was no longer ours", task=lease.task_id)
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
            end = End.failed(lease, report.reason_of(result.code), report.failure_of(result))
        else:
            end = End.succeeded(lease, result)
        [ended] = await self._store.end([end])
        return ended

    async def _patiently(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Repeat a call until Redis serves it, for as long as the patience lasts. Every call may be repeated."""
        give_up_at = time.monotonic() + self._settings.patience_seconds
        waiting = False
        while True:
            try:
                return await call(*args, **kwargs)
            except StoreUnavailableError as error:
                if time.monotonic() > give_up_at:
                    raise
                if not waiting:
                    self._log.warning("waiting for Redis", because=str(error))
                waiting = True
                await self._sleep(RETRY_SECONDS)


def compute(settings: JobSettings, lease: Lease) -> Outcome | ProgramError:
    """Simulate in this process, with what the container has."""
    from quantum_runner.simulate import quickly  # noqa: PLC0415 - loaded only where there is a task to run

    try:
        return quickly(lease.qasm, lease.options) or _at_length(settings, lease)
    except ProgramError as refusal:
        return refusal
    except Exception as error:  # noqa: BLE001 - a mistake of ours; the task ends with a reason all the same
        return ProgramError(Code.ENGINE_FAILED, f"The runner failed on this program ({type(error).__name__}).")


def _at_length(settings: JobSettings, lease: Lease) -> Outcome:
    import logging  # noqa: PLC0415 - see JsonLines

    from quantum_runner.simulate import Machine, simulate  # noqa: PLC0415 - see compute

    logs.configure(settings.log_format, settings.log_level)  # for what the libraries have to say
    logging.getLogger("qiskit").setLevel(logging.WARNING)  # it reports every pass
    gc.freeze()
    gc.enable()  # a large program makes garbage; what was loaded is none
    memory = container.memory_for_one_simulation(container.memory_bytes())
    return simulate(lease.qasm, lease.options, Machine(memory_bytes=memory, threads=container.processors()))


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
