"""Tasks in Redis, which is the truth: the backend of compose and of the local stack."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from quantum_tasks.errors import InvalidCursorError, QuantumTasksError
from quantum_tasks.room import Room
from quantum_tasks.states import Phase, State
from quantum_tasks.store import NewTask, Receipt, Store, block_seconds, connect
from quantum_tasks.task import Options, Task

from quantum_api.backends.base import Listing, TaskBackend
from quantum_api.backends.ends import Ends, Watch
from quantum_api.settings import ApiSettings


class RedisBackend(TaskBackend):
    """The task store, and one reader of its events for everyone who waits."""

    def __init__(self, settings: ApiSettings) -> None:
        self._redis = connect(
            settings.redis_url.get_secret_value(),
            timeout_seconds=settings.redis_timeout_seconds,
            retries=2,
            max_connections=settings.redis_connections,
        )
        self._store = Store(self._redis, settings.keys, max_unfinished=settings.max_unfinished)
        block = block_seconds(settings.redis_timeout_seconds)
        self._ends = Ends(
            self._store,
            look=self._store.get_all,
            read=self._store.get_all,
            max_waiting=settings.max_waiting,
            block_seconds=block,
        )

    async def __aenter__(self) -> Self:
        """Begin to follow the ends of tasks."""
        self._ends.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._ends.stop()
        await self._redis.aclose()

    async def submit(self, task_id: str, qasm: str, options: Options) -> Receipt:
        """See TaskBackend."""
        return await self._store.submit(task_id, qasm, options)

    async def submit_all(self, tasks: Sequence[NewTask]) -> Sequence[Receipt | QuantumTasksError]:
        """See TaskBackend. One round trip."""
        return await self._store.submit_all(tasks)

    async def get(self, task_id: str, *, with_program: bool = False) -> Task:
        """See TaskBackend."""
        return await self._store.get(task_id, with_program=with_program)

    async def get_all(self, ids: Sequence[str], room: Room | None = None) -> Sequence[Task | None]:
        """See TaskBackend. One round trip for each hundred."""
        return await self._store.get_all(ids, room)

    def watch(self, ids: Collection[str]) -> AbstractContextManager[Watch]:
        """See TaskBackend. Costs nothing: one reader follows the ends for all."""
        return self._ends.watch(ids)

    async def page(self, *, phase: Phase | None, cursor: str | None, limit: int) -> Listing:
        """See TaskBackend. Newest first; the cursor is the number of the last task given."""
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < len(str(2**53))):
            raise InvalidCursorError(cursor)
        if phase is Phase.SUSPENDED:
            return Listing([], None)  # nothing here holds a task back
        state = State.of(phase) if phase else None
        page = await self._store.page(state=state, cursor=None if cursor is None else int(cursor), limit=limit)
        return Listing(page.tasks, None if page.cursor is None else str(page.cursor))

    async def cancel(self, task_id: str) -> None:
        """See TaskBackend."""
        await self._store.cancel(task_id)

    async def delete(self, task_id: str) -> None:
        """See TaskBackend."""
        await self._store.delete(task_id)

    async def ready(self) -> None:
        """See TaskBackend."""
        await self._store.check()

    def stop_waiting(self) -> None:
        """See TaskBackend."""
        self._ends.close()
