"""`python -m quantum_runner worker`: takes tasks from the queue, has children simulate them, reports what came of it.

Three loops share one connection pool: take work for idle children, renew the leases of what runs, and tidy up. None of
them ever runs a stranger's program; only the children do.
"""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import structlog
from quantum_tasks.errors import Code, ProgramError, StoreUnavailableError
from quantum_tasks.states import Reason
from quantum_tasks.store import Lease, Store
from quantum_tasks.task import Failure

from quantum_runner.children import Child, ChildLostError, DeadlineExceededError
from quantum_runner.report import failure_of, reason_of
from quantum_runner.settings import RunnerSettings

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

CLAIM_SECONDS = 1.0
"""How long one look into an empty queue lasts; also how long a stop may go unnoticed."""

SWEEP_SECONDS = 60.0
RETRY_SECONDS = 0.5


@dataclass(slots=True)
class _Run:
    """A lease, and the work on it."""

    lease: Lease
    work: asyncio.Task[None] | None = None


class Worker:
    """One supervisor and its children. `store` and `children` are the caller's to open and close."""

    def __init__(self, store: Store, children: list[Child], settings: RunnerSettings) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._store = store
        self._settings = settings
        self._idle: asyncio.Queue[Child] = asyncio.Queue()
        for child in children:
            self._idle.put_nowait(child)
        self._children = len(children)
        self._runs: dict[str, _Run] = {}
        self._stopping = asyncio.Event()
        self._away = False
        self._done = False
        self._idle_since = asyncio.get_running_loop().time()
        self._reclaim_after = asyncio.get_running_loop().time() + settings.lease_seconds

    def stop(self) -> None:
        """Take no more tasks; `run` returns once those at hand have ended or their time is up."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped. Raises StoreUnavailableError when Redis is away for longer than the patience lasts."""
        await self._patiently(self._store.prepare)
        log.info("worker ready", worker=self.name, children=self._children)
        async with asyncio.TaskGroup() as loops:
            upkeep = [loops.create_task(self._renew_leases())]
            if self._settings.sweep:
                upkeep.append(loops.create_task(self._sweep()))
            try:
                await self._take_work(loops)
                await self._drain()
            finally:
                # the flag is what ends them: redis-py may lose a cancellation while it opens a connection
                self._done = True
                for loop in upkeep:
                    loop.cancel()
        log.info("worker stopped", worker=self.name)

    # -- take work --------------------------------------------------------------------------------------------------

    async def _take_work(self, group: asyncio.TaskGroup) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(CLAIM_SECONDS):
                    self._idle.put_nowait(await self._idle.get())
                await self._take_as_many_as_are_idle(group)
            self._stop_if_idle_for_long()

    def _stop_if_idle_for_long(self) -> None:
        now, most = asyncio.get_running_loop().time(), self._settings.idle_seconds
        if self._runs:
            self._idle_since = now
        elif most is not None and now - self._idle_since > most:
            log.info("nothing to do", seconds=most)
            self.stop()

    async def _take_as_many_as_are_idle(self, group: asyncio.TaskGroup) -> None:
        leases = await self._patiently(self._claim)
        if leases:
            self._idle_since = asyncio.get_running_loop().time()
        for lease in leases:
            run = self._runs[lease.token] = _Run(lease)
            run.work = group.create_task(self._work_on(run, self._idle.get_nowait()))

    async def _claim(self) -> list[Lease]:
        count, attempts = self._idle.qsize(), self._settings.max_attempts
        now = asyncio.get_running_loop().time()
        if now >= self._reclaim_after:
            lease_seconds = self._settings.lease_seconds
            reclaimed = await self._store.reclaim(
                self.name, count=count, lease_seconds=lease_seconds, max_attempts=attempts
            )
            if len(reclaimed) < count:  # or else there may be more: they have waited for long enough
                self._reclaim_after = now + lease_seconds / 4
            if reclaimed:
                log.warning("took over the tasks of a lost worker", tasks=[lease.task_id for lease in reclaimed])
                return reclaimed
        return await self._store.claim(self.name, count=count, block_seconds=CLAIM_SECONDS, max_attempts=attempts)

    # -- work on one task -------------------------------------------------------------------------------------------

    async def _work_on(self, run: _Run, child: Child) -> None:
        lease = run.lease
        try:
            ended = await self._simulate(lease, child)
            log.info("task ended" if ended else "task was no longer ours", task=lease.task_id, attempt=lease.attempt)
        except asyncio.CancelledError:
            log.info("task abandoned", task=lease.task_id, attempt=lease.attempt)
        finally:
            self._runs.pop(lease.token, None)
            self._idle.put_nowait(child)

    async def _simulate(self, lease: Lease, child: Child) -> bool:
        deadline = lease.deadline_seconds or self._settings.task_deadline_seconds
        try:
            outcome = await child.run(lease.qasm, lease.options, deadline)
        except ProgramError as refusal:
            return await self._patiently(self._store.fail, lease, reason_of(refusal.code), failure_of(refusal))
        except DeadlineExceededError:
            failure = Failure(Code.DEADLINE, f"The task ran for longer than {deadline:g} s and was stopped.")
            return await self._patiently(self._store.fail, lease, Reason.DEADLINE_EXCEEDED, failure)
        except ChildLostError as loss:
            return await self._release(lease, str(loss), counts=True)
        return await self._patiently(self._store.succeed, lease, outcome)

    async def _release(self, lease: Lease, cause: str, *, counts: bool) -> bool:
        log.warning("an attempt was lost", task=lease.task_id, attempt=lease.attempt, because=cause)
        attempts = self._settings.max_attempts
        state = await self._patiently(self._store.release, lease, cause, counts=counts, max_attempts=attempts)
        return state is not None

    # -- keep house -------------------------------------------------------------------------------------------------

    async def _renew_leases(self) -> None:
        while not self._done:
            self._show_life()
            leases = [run.lease for run in self._runs.values()]
            if leases:
                self._abandon(await self._patiently(self._store.renew, self.name, leases))
            if not self._done:
                await asyncio.sleep(self._settings.lease_seconds / 4)

    def _abandon(self, lost: set[str]) -> None:
        for run in self._runs.values():
            if run.lease.token in lost and run.work:
                run.work.cancel()

    async def _sweep(self) -> None:
        while not self._done:
            retention = self._settings.retention_seconds
            swept = await self._patiently(self._store.sweep, retention_seconds=retention)
            if swept:
                log.info("forgot old tasks", tasks=swept)
            if not self._done:
                await asyncio.sleep(0 if swept else SWEEP_SECONDS)

    def _show_life(self) -> None:
        if self._settings.heartbeat_file:
            self._settings.heartbeat_file.touch()

    async def _drain(self) -> None:
        work = [run.work for run in self._runs.values() if run.work]
        if work:
            log.info("waiting for running tasks", tasks=len(work), seconds=self._settings.shutdown_seconds)
            await asyncio.wait(work, timeout=self._settings.shutdown_seconds)
        for run in list(self._runs.values()):
            if run.work:
                run.work.cancel()
                await asyncio.wait([run.work])
            await self._release(run.lease, "the worker was stopped", counts=False)

    # -- Redis may be away ------------------------------------------------------------------------------------------

    async def _patiently(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Repeat a call until Redis serves it, for as long as the patience lasts. Every call may be repeated."""
        now = asyncio.get_running_loop().time
        give_up_at = now() + self._settings.patience_seconds
        while True:
            try:
                answer = await call(*args, **kwargs)
            except StoreUnavailableError as error:
                if now() > give_up_at:
                    raise
                self._redis_is_away(error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._redis_is_back()
                return answer

    def _redis_is_away(self, error: StoreUnavailableError) -> None:
        # while it is away nobody can renew: give the others a whole lease to do so before taking anything over
        self._reclaim_after = asyncio.get_running_loop().time() + self._settings.lease_seconds
        if not self._away:
            log.warning("Redis is away; trying again until it is back", because=str(error))
        self._away = True

    def _redis_is_back(self) -> None:
        if self._away:
            log.info("Redis is back")
        self._away = False
