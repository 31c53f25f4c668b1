"""A queue of keys, as controllers have it: a key waits once however often it is added, and has one worker at a time.

What fails is tried again after a while that doubles. (client-go's workqueue, for asyncio.)
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import structlog

log = structlog.get_logger(__name__)

K = TypeVar("K", bound=Hashable)

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 30.0


class WorkQueue(Generic[K]):
    """Keys to be worked on by `work`, which returns after how many seconds to look again, or None."""

    def __init__(self, work: Callable[[K], Awaitable[float | None]], *, concurrency: int) -> None:
        self._work = work
        self._concurrency = concurrency
        self._waiting: deque[K] = deque()
        self._known: set[K] = set()
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._something = asyncio.Semaphore(0)

    def __len__(self) -> int:
        """How many keys wait now."""
        return len(self._waiting)

    def add(self, key: K) -> None:
        """Have a key worked on, soon."""
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._busy:
            self._again.add(key)
        elif key not in self._known:
            self._known.add(key)
            self._waiting.append(key)
            self._something.release()

    def add_anew(self, key: K) -> None:
        """Have a key worked on, soon, and forget that it failed: what it failed by may be over."""
        self._failures.pop(key, None)
        self.add(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Have a key worked on after a while, unless it is added before; of two whiles the shorter one holds."""
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is None or timer.when() > loop.time() + seconds:
            if timer is not None:
                timer.cancel()
            self._timers[key] = loop.call_later(seconds, self.add, key)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(self._concurrency):
                    workers.create_task(self._serve())
        finally:
            for timer in self._timers.values():
                timer.cancel()

    async def _serve(self) -> None:
        while True:
            await self._something.acquire()
            key = self._waiting.popleft()
            self._known.discard(key)
            self._busy.add(key)
            try:
                await self._serve_one(key)
            finally:
                self._busy.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _serve_one(self, key: K) -> None:
        try:
            after = await self._work(key)
        except Exception as error:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            pause = min(FIRST_RETRY_SECONDS * 2 ** (failures - 1), LONGEST_RETRY_SECONDS)
            log.warning("trying again later", key=key, failures=failures, seconds=pause, exc_info=error)
            self.add_after(key, pause)
        else:
            self._failures.pop(key, None)
            if after is not None:
                self.add_after(key, after)
