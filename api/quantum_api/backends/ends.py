"""The ends of tasks, for those who wait: one reader of the event stream, however many waiters there are."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.store import Store
from quantum_tasks.task import Task

RETRY_SECONDS = 0.2

log = structlog.get_logger(__name__)


class Ends:
    """Wakes those who watch a task when it ends or is deleted.

    A wake-up is a reason to look again, not the news itself: after Redis was away everyone is woken, since an end may
    have been missed.
    """

    def __init__(self, store: Store, *, max_waiting: int, block_seconds: float) -> None:
        self._store = store
        self._block_seconds = block_seconds
        self._max_waiting = max_waiting
        self._watchers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.waiting = 0
        """How many wait at this moment."""
        self._following = True
        self._reader: asyncio.Task[None] | None = None
        self.closed = False

    @property
    def full(self) -> bool:
        """Whether as many wait as may, or nobody may any more."""
        return self.closed or self.waiting >= self._max_waiting

    @contextmanager
    def watch(self, task_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever there is a reason to look at the task again."""
        woken = asyncio.Event()
        self._watchers[task_id].add(woken)
        self.waiting += 1
        try:
            yield woken
        finally:
            self.waiting -= 1
            self._watchers[task_id].discard(woken)
            if not self._watchers[task_id]:
                del self._watchers[task_id]

    async def until_ended(
        self,
        get: Callable[[], Awaitable[Task]],
        woken: asyncio.Event,
        seconds: float,
        *,
        again: Callable[[], Awaitable[Task]] | None = None,
    ) -> Task:
        """The task once it has ended, or as it is after so many seconds. It must be watched before it is first read.

        `again` is how to look at it when woken, where that is another way.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        task = await get()
        while not task.state.terminal and await _set_by(woken, deadline) and not self.closed:
            woken.clear()
            task = await (again or get)()
        return task

    def close(self) -> None:
        """Wake everyone for the last time."""
        self.closed = True
        self._wake_all()

    def start(self) -> None:
        """Begin to read the event stream."""
        self._reader = asyncio.create_task(self._follow(), name="follow the ends of tasks")

    async def stop(self) -> None:
        """Wake everyone for the last time, and read no more."""
        self.close()
        if self._reader:
            # closing is what ends it; a cancellation alone may be lost in a connection that is being made
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def _follow(self) -> None:
        """Read the event stream until closed; Redis may go away and come back."""
        while not self.closed:
            try:
                await self._follow_until_redis_goes_away()
            except StoreUnavailableError as error:
                if self._following:
                    log.warning("cannot follow the ends of tasks; trying again until it works", because=str(error))
                self._following = False
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow_until_redis_goes_away(self) -> None:
        after = await self._store.last_event()
        if not await self._store.is_durable():
            log.warning("Redis keeps no log of its writes: what it accepts may be lost", setting="appendonly")
        self._following = True
        self._wake_all()
        while not self.closed:
            for event in await self._store.events(after, block_seconds=self._block_seconds):
                after = event.id
                for woken in self._watchers.get(event.task_id, ()):
                    woken.set()

    def _wake_all(self) -> None:
        for watchers in self._watchers.values():
            for woken in watchers:
                woken.set()


async def _set_by(event: asyncio.Event, deadline: float) -> bool:
    try:
        async with asyncio.timeout_at(deadline):
            return await event.wait()
    except TimeoutError:
        return False
