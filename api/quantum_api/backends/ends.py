"""The ends of tasks, for those who wait: one reader of the event stream, however many waiters there are."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import structlog
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.room import Room
from quantum_tasks.store import Store
from quantum_tasks.task import Task

RETRY_SECONDS = 0.2

LOOK_AT_ONCE = 100
"""How many tasks one look reads at most."""

Read = Callable[[Sequence[str], Room], Awaitable[Sequence[Task | None]]]
"""Reads some tasks, with the outcomes that have room; None stands for one that there is not."""

log = structlog.get_logger(__name__)


class Watch:
    """Some tasks that one request waits for, and what is known of each.

    Their ends come to it by themselves. It must begin before they are first read, or submitted, so that none is missed.
    """

    def __init__(self, ids: Iterable[str], read: Read) -> None:
        self.known: dict[str, Task | None] = {}
        """The tasks by their ids, as they were last seen; None for one that was deleted."""
        self.room = Room()
        """Room for the outcomes that are still to come: all of them are given together."""
        self._unended = set(ids)
        self._doubtful: set[str] = set()
        self._read = read
        self._woken = asyncio.Event()
        self._over = False

    def learn(self, task_id: str, task: Task | None, *, read_for_this: bool = False) -> None:
        """Take what a task is now; what its end is known of stays as it is."""
        if task_id not in self._unended:
            return
        self.known[task_id] = task and self.room.admit(task)
        lacking = task is not None and task.is_outcome_left_out and self.room.holds(task.outcome_bytes)
        if lacking and not read_for_this:
            self.doubt(task_id)  # whoever read it had no room, and there is some here
        elif task is None or task.state.terminal:
            self._unended.remove(task_id)
            if not self._unended:
                self._woken.set()

    def doubt(self, task_id: str) -> None:
        """Have a task read anew."""
        if task_id in self._unended:
            self._doubtful.add(task_id)
            self._woken.set()

    def give_up(self) -> None:
        """Wait no longer."""
        self._over = True
        self._woken.set()

    async def until_ended(self, seconds: float) -> None:
        """Return when all tasks have ended or are deleted, after so many seconds at the latest."""
        deadline = asyncio.get_running_loop().time() + seconds
        while self._unended and not self._over and await _set_by(self._woken, deadline):
            self._woken.clear()
            await self._read_doubtful()

    async def _read_doubtful(self) -> None:
        doubtful, self._doubtful = sorted(self._doubtful), set()
        if doubtful:
            for task_id, task in zip(doubtful, await self._read(doubtful, self.room), strict=True):
                self.learn(task_id, task, read_for_this=True)


class Ends:
    """Tells those who watch tasks of their ends. Each task that ended is read once, for all who watch it.

    An event is a reason to look, not the news itself: after Redis was away every watched task is looked at, since an
    end may have been missed. `look` reads tasks in Redis, and what it does not find there is read anew by those who
    watch it, with `read`. `prefix` is what ids in Redis have before those of tasks.
    """

    def __init__(
        self, store: Store, *, look: Read, read: Read, max_waiting: int, block_seconds: float, prefix: str = ""
    ) -> None:
        self._store = store
        self._look_at = look
        self._read = read
        self._prefix = prefix
        self._block_seconds = block_seconds
        self._max_waiting = max_waiting
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        self._awaited = 0
        """How many ends are waited for; an end that two wait for is two."""
        self._following = True
        self._reader: asyncio.Task[None] | None = None
        self.closed = False

    @contextmanager
    def watch(self, ids: Collection[str]) -> Iterator[Watch]:
        """Watch tasks; without waiting, where as many ends are waited for as may be, or nobody may any more."""
        watch = Watch(ids, self._read)
        if not ids or self.closed or self._awaited + len(ids) > self._max_waiting:
            watch.give_up()
            yield watch
            return
        self._begin(watch, ids)
        try:
            yield watch
        finally:
            self._end(watch, ids)

    def close(self) -> None:
        """End all waits, and let no more begin."""
        self.closed = True
        for watches in self._watches.values():
            for watch in watches:
                watch.give_up()

    def start(self) -> None:
        """Begin to read the event stream."""
        self._reader = asyncio.create_task(self._follow(), name="follow the ends of tasks")

    async def stop(self) -> None:
        """End all waits, and read no more."""
        self.close()
        if self._reader:
            # closing is what ends it; a cancellation alone may be lost in a connection that is being made
            self._reader.cancel()
            await asyncio.wait([self._reader])

    def _begin(self, watch: Watch, ids: Collection[str]) -> None:
        self._awaited += len(ids)
        for task_id in ids:
            self._watches[task_id].add(watch)

    def _end(self, watch: Watch, ids: Collection[str]) -> None:
        self._awaited -= len(ids)
        for task_id in ids:
            self._watches[task_id].discard(watch)
            if not self._watches[task_id]:
                del self._watches[task_id]

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
        await self._look(list(self._watches))
        while not self.closed:
            events = await self._store.events(after, block_seconds=self._block_seconds)
            after = events[-1].id if events else after
            told = dict.fromkeys(event.task_id for event in events if event.task_id.startswith(self._prefix))
            await self._look([task_id for task_id in self._ids(told) if task_id in self._watches])

    def _ids(self, records: Iterable[str]) -> Iterator[str]:
        return (record.removeprefix(self._prefix) for record in records)

    async def _look(self, ids: Sequence[str]) -> None:
        """Tell those who watch these tasks what they are now, or to read for themselves what Redis does not know."""
        for start in range(0, len(ids), LOOK_AT_ONCE):
            part = ids[start : start + LOOK_AT_ONCE]
            for task_id, task in zip(part, await self._look_at(part, Room()), strict=True):
                for watch in self._watches.get(task_id, ()):
                    if task is None:
                        watch.doubt(task_id)
                    else:
                        watch.learn(task_id, task)


async def _set_by(event: asyncio.Event, deadline: float) -> bool:
    try:
        async with asyncio.timeout_at(deadline):
            return await event.wait()
    except TimeoutError:
        return False
