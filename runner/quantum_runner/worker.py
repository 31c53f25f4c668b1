"""`python -m quantum_runner worker`: takes tasks from the queue, has children simulate them, reports what came of it.

As long as tasks take but a moment each, a child gets more and more of them at once, and their ends are reported
together. The first one of another kind is run by itself, and others of that kind go back to the queue: another worker
may be idle.

Three loops share one connection pool: take work for idle children, renew the leases of what runs, and tidy up. None of
them ever runs a stranger's program; only the children do.
"""

import asyncio
import os
import socket
import uuid
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import structlog
from quantum_tasks.errors import Code, ProgramError, StoreUnavailableError
from quantum_tasks.leases import End, Lease
from quantum_tasks.states import Reason
from quantum_tasks.store import Store
from quantum_tasks.task import Failure, Outcome

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


MAX_BATCH = 64
"""How many tasks a child gets at once at the most."""


@dataclass(slots=True)
class _Run:
    """A lease, and the work on it, as soon as it is on nothing else."""

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
        self._works: set[asyncio.Task[None]] = set()
        self._batch = 1
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
        idle = min(self._idle.qsize(), len(leases))
        for number in range(idle):
            runs = [_Run(lease) for lease in leases[number::idle]]
            self._runs.update((run.lease.token, run) for run in runs)
            work = group.create_task(self._work_on(runs, self._idle.get_nowait()))
            self._works.add(work)
            work.add_done_callback(self._works.discard)

    async def _claim(self) -> list[Lease]:
        count, attempts = self._idle.qsize() * self._batch, self._settings.max_attempts
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

    # -- work on tasks ----------------------------------------------------------------------------------------------

    async def _work_on(self, runs: list[_Run], child: Child) -> None:
        try:
            left = await self._run_quick_ones(runs, child) if len(runs) > 1 else runs
            if left:
                first, *others = left
                await asyncio.gather(*(self._hand_back(run) for run in others))
                first.work = asyncio.current_task()
                await self._run_alone(first.lease, child)
        except asyncio.CancelledError:
            log.info("tasks abandoned", tasks=[run.lease.task_id for run in runs if run.lease.token in self._runs])
        finally:
            for run in runs:
                self._runs.pop(run.lease.token, None)
            self._idle.put_nowait(child)

    async def _run_quick_ones(self, runs: list[_Run], child: Child) -> list[_Run]:
        """Run and end those that take but a moment. Returns the others."""
        try:
            answers = await child.run_quick([(run.lease.qasm, run.lease.options) for run in runs])
        except (ChildLostError, DeadlineExceededError) as loss:
            log.warning("tasks are run one by one", tasks=[run.lease.task_id for run in runs], because=str(loss))
            answers = [None] * len(runs)
        done = [(run, answer) for run, answer in zip(runs, answers, strict=True) if answer is not None]
        if done:
            await self._end(_end_of(run.lease, answer) for run, answer in done)
            for run, _ in done:
                self._runs.pop(run.lease.token)
        self._batch = min(2 * self._batch, MAX_BATCH) if len(done) == len(runs) else 1
        return [run for run, answer in zip(runs, answers, strict=True) if answer is None]

    async def _hand_back(self, run: _Run) -> None:
        await self._release(run.lease, "it was handed back", counts=False)
        self._runs.pop(run.lease.token)

    async def _run_alone(self, lease: Lease, child: Child) -> None:
        deadline = lease.deadline_seconds or self._settings.task_deadline_seconds
        quick = False
        try:
            run = await child.run(lease.qasm, lease.options, deadline)
            end, quick = End.succeeded(lease, run.outcome), run.quick
        except ProgramError as refusal:
            end = _end_of(lease, refusal)
        except DeadlineExceededError:
            failure = Failure(Code.DEADLINE, f"The task ran for longer than {deadline:g} s and was stopped.")
            end = End.failed(lease, Reason.DEADLINE_EXCEEDED, failure)
        except ChildLostError as loss:
            await self._release(lease, str(loss), counts=True)
            return
        self._batch = max(2, self._batch) if quick else 1
        await self._end([end])

    async def _end(self, ends: Iterable[End]) -> None:
        ends = list(ends)
        done = await self._patiently(self._store.end, ends)
        # one line for all of them: a line costs as much as a small task's bookkeeping
        for event, which in (("tasks ended", True), ("tasks were no longer ours", False)):
            tasks = [end.lease.task_id for end, ended in zip(ends, done, strict=True) if ended is which]
            if tasks:
                log.info(event, tasks=tasks)

    async def _release(self, lease: Lease, cause: str, *, counts: bool) -> None:
        if counts:
            log.warning("an attempt was lost", task=lease.task_id, attempt=lease.attempt, because=cause)
        else:
            log.info("task goes back to the queue", task=lease.task_id, because=cause)
        attempts = self._settings.max_attempts
        await self._patiently(self._store.release, lease, cause, counts=counts, max_attempts=attempts)

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
        if self._works:
            log.info("waiting for running tasks", tasks=len(self._runs), seconds=self._settings.shutdown_seconds)
            await asyncio.wait(self._works, timeout=self._settings.shutdown_seconds)
        left = list(self._runs.values())
        for work in list(self._works):
            work.cancel()
            await asyncio.wait([work])
        for run in left:
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


def _end_of(lease: Lease, answer: Outcome | ProgramError) -> End:
    if isinstance(answer, ProgramError):
        return End.failed(lease, reason_of(answer.code), failure_of(answer))
    return End.succeeded(lease, answer)
