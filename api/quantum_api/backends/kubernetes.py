"""Tasks as QuantumTask resources, the truth; Redis is asked first, since that costs the API server nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

import structlog
from quantum_tasks.cluster import Cluster, ClusterError, Kind, Object, connect
from quantum_tasks.errors import (
    Code,
    IdempotencyMismatchError,
    InvalidCursorError,
    QuantumTasksError,
    QueueFullError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from quantum_tasks.mirror import Mirror
from quantum_tasks.resource import (
    API_VERSION,
    GROUP,
    KIND,
    PLURAL,
    VERSION,
    ExecutionMode,
    QuantumTask,
    store_id,
)
from quantum_tasks.room import Room
from quantum_tasks.states import Phase, State
from quantum_tasks.store import NewTask, Receipt, Sight, Submitted, block_seconds
from quantum_tasks.store import connect as connect_to_redis
from quantum_tasks.task import Frontend, Options, Task

from quantum_api.backends.base import Listing, TaskBackend
from quantum_api.backends.ends import Ends, Watch
from quantum_api.settings import ApiSettings

log = structlog.get_logger(__name__)

TASKS = Kind(GROUP, VERSION, PLURAL)

CANCEL_SECONDS = 2.0
"""How long a cancellation waits until its end is shown."""

AT_ONCE = 16
"""How many of a batch's tasks the API server is asked about at a time."""

_GONE = 410
_BAD_REQUEST = 400

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class KubernetesBackend(TaskBackend):
    """Resources in one namespace, and the copy of their states that the operator and the runners keep in Redis.

    While Redis is away tasks are accepted and listed all the same, and read where they have ended; the operator puts
    into Redis later what is missing there.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._namespace = settings.namespace
        self._redis = connect_to_redis(
            settings.redis_url.get_secret_value(),
            timeout_seconds=settings.redis_timeout_seconds,
            retries=0,  # the resource answers instead
            max_connections=settings.redis_connections,
        )
        self._store = Mirror(self._redis, settings.keys)
        block = block_seconds(settings.redis_timeout_seconds)
        self._ends = Ends(
            self._store,
            look=self._seen_in_redis,
            read=self.get_all,
            max_waiting=settings.max_waiting,
            block_seconds=block,
            prefix=self._record(""),
        )
        self._open = AsyncExitStack()
        self._cluster_or_none: Cluster | None = None

    @property
    def _cluster(self) -> Cluster:
        assert self._cluster_or_none is not None  # noqa: S101 - entering made it
        return self._cluster_or_none

    async def __aenter__(self) -> Self:
        """Find the cluster, and begin to follow the ends of tasks."""
        settings = self._settings
        self._cluster_or_none = await self._open.enter_async_context(
            connect(timeout_seconds=settings.cluster_timeout_seconds, connections=settings.cluster_connections)
        )
        self._ends.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._ends.stop()
        await self._redis.aclose()
        await self._open.aclose()

    async def submit(self, task_id: str, qasm: str, options: Options) -> Receipt:
        """See TaskBackend. Durable once the API server has it; Redis is told for the sake of polls."""
        if await self._is_full():
            return await self._replay_or_refuse(task_id, qasm, options)
        try:
            made = await self._cluster.create(TASKS, self._namespace, self._resource(task_id, qasm, options))
        except ClusterError as error:
            if error.conflict:
                return await self._replay(task_id, qasm, options)
            if error.over_quota:
                raise QueueFullError("the namespace's quota of tasks is used up") from error
            if error.not_found:
                raise StoreUnavailableError("the cluster has no such resource, or no such namespace") from error
            raise
        return Receipt(Submitted.ACCEPTED, await self._tell_redis(QuantumTask.of(made), qasm, options))

    async def submit_all(self, tasks: Sequence[NewTask]) -> Sequence[Receipt | QuantumTasksError]:
        """See TaskBackend. AT_ONCE of them at a time; where one finds the API server away, so do all that follow."""
        away: StoreUnavailableError | None = None
        room = Room()

        async def submit(task: NewTask) -> Receipt | QuantumTasksError:
            nonlocal away
            try:
                if away:
                    return away
                receipt = await self.submit(task.id, task.qasm, task.options)
                return replace(receipt, task=room.admit(receipt.task))
            except StoreUnavailableError as error:
                away = error
                return error
            except QuantumTasksError as error:
                return error

        return await _some_at_a_time(submit, tasks)

    async def get(self, task_id: str, *, with_program: bool = False) -> Task:
        """See TaskBackend. From Redis, and from the resource where Redis does not know the task or is away.

        An end is shown once the resource has it, since Redis may lose what it has. The operator marks it in Redis then,
        and so the resource is asked only while it is about to.
        """
        try:
            sight = await self._store.sight(self._record(task_id), with_program=with_program)
        except TaskNotFoundError:
            return await self._get_resource(task_id, with_program=with_program)
        except StoreUnavailableError:
            task = await self._get_resource(task_id, with_program=with_program)
            if _lost(task):
                raise  # Redis has the counts: ask again
            return task
        if sight.before is not None:
            return _as_it_may_be_shown(sight, await self._get_resource(task_id))
        return replace(sight.task, id=task_id)

    async def get_all(self, ids: Sequence[str], room: Room | None = None) -> Sequence[Task | None]:
        """See TaskBackend. Those that Redis may not answer for are read one by one, AT_ONCE at a time."""
        room = replace(room) if room else Room()
        try:
            sights = await self._store.sights([self._record(task_id) for task_id in ids], room)
        except StoreUnavailableError:
            sights = [None] * len(ids)

        async def task_of(asked: tuple[str, Sight | None]) -> Task | None:
            task_id, sight = asked
            if sight is not None and sight.before is None:
                return replace(sight.task, id=task_id)
            try:
                return await self.get(task_id)
            except TaskNotFoundError:
                return None

        tasks = await _some_at_a_time(task_of, zip(ids, sights, strict=True))
        return [task and room.admit(task) for task in tasks]

    def watch(self, ids: Collection[str]) -> AbstractContextManager[Watch]:
        """See TaskBackend. Costs nothing: one reader follows the ends for all."""
        return self._ends.watch(ids)

    async def page(self, *, phase: Phase | None, cursor: str | None, limit: int) -> Listing:
        """See TaskBackend. By name, as the API server lists; the cursor is its `continue` token."""
        selector = f"status.phase={phase}" if phase else None
        if cursor is not None and not (cursor and cursor.isascii()):
            raise InvalidCursorError(cursor)
        query = {"limit": limit, "continue": cursor, "fieldSelector": selector}
        try:
            part = await self._cluster.page(TASKS, self._namespace, **query)
        except ClusterError as error:
            if cursor is not None and error.status in (_GONE, _BAD_REQUEST):
                raise InvalidCursorError(cursor) from error
            raise
        tasks = [replace(QuantumTask.of(item).task(), qasm=None, outcome=None) for item in part["items"]]
        # a listing has no counts, and so does not know whether they are lost
        tasks = [replace(task, failure=None) if _lost(task) else task for task in tasks]
        return Listing(tasks, part["metadata"].get("continue") or None)

    async def cancel(self, task_id: str) -> None:
        """See TaskBackend. Redis says which came first, the end or the cancellation; the operator does the rest.

        Raises StoreUnavailableError also where another end came first that the resource has not got yet.
        """
        task = await self._get_resource(task_id)
        ended = False
        if not task.state.terminal:
            await self._change(task_id, {"spec": {"cancel": True}})
            try:
                await self._store.cancel(self._record(task_id))
            except TaskNotFoundError:
                pass  # Redis was emptied: the operator ends it by the resource alone
            except TaskFinishedError:
                ended = True
            task = await self.wait(task_id, CANCEL_SECONDS)
        if task.state.terminal and task.state is not State.CANCELLED:
            raise TaskFinishedError(f"the task has already {task.state}")
        if ended and not task.state.terminal:
            raise StoreUnavailableError("the task has ended, and the operator has not said so yet")

    async def delete(self, task_id: str) -> None:
        """See TaskBackend. What the resource owns goes with it; Redis forgets it at once, or else nothing is done."""
        record = self._record(task_id)
        before = await self._store.owner(record)
        try:
            uid = await self._cluster.delete(TASKS, self._namespace, task_id)
        except ClusterError as error:
            raise _known(error, task_id) from error
        # by uid: another task may have the id by now. The record of a restored object has the uid of its first life.
        for gone in {uid, before or uid}:
            await self._store.forget(record, gone)

    async def ready(self) -> None:
        """See TaskBackend. Redis may be away: the resource is what counts."""
        await self._cluster.ready()

    def stop_waiting(self) -> None:
        """See TaskBackend."""
        self._ends.close()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _record(self, task_id: str) -> str:
        return store_id(self._namespace, task_id)

    def _resource(self, task_id: str, qasm: str, options: Options) -> Object:
        spec: Object = {
            "qasm": qasm,
            "shots": options.shots,
            "method": options.method,
            "executionMode": self._settings.execution_mode,
        }
        if options.frontend is not Frontend.AUTOMATIC:
            spec["frontend"] = options.frontend
        if options.inputs:
            spec["inputs"] = dict(options.inputs)
        if options.seed is not None:
            spec["seed"] = options.seed
        if self._settings.ttl_seconds_after_finished is not None:
            spec["ttlSecondsAfterFinished"] = self._settings.ttl_seconds_after_finished
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": task_id}, "spec": spec}

    async def _tell_redis(self, made: QuantumTask, qasm: str, options: Options) -> Task:
        """Tell Redis of a task. Returns it as it is shown from then on."""
        pool = made.spec.execution_mode is ExecutionMode.POOL
        name = made.metadata.name
        try:
            receipt = await self._store.provide(self._record(name), made.metadata.uid, qasm, options, queued=pool)
            if receipt.submitted is Submitted.ACCEPTED:  # else it may have an end that is not to be shown yet
                return replace(receipt.task, id=name)
        except StoreUnavailableError as error:
            log.warning("Redis is told later, by the operator", task=name, because=str(error))
        except TaskNotFoundError:
            log.info("the task was deleted at once", task=name)
        return replace(made.task(), qasm=None)

    async def _is_full(self) -> bool:
        try:
            return await self._store.unfinished() >= self._settings.max_unfinished
        except StoreUnavailableError:
            return False  # a quota of the namespace bounds them, too

    async def _replay_or_refuse(self, task_id: str, qasm: str, options: Options) -> Receipt:
        try:
            return await self._replay(task_id, qasm, options)
        except TaskNotFoundError as error:
            raise QueueFullError(f"{self._settings.max_unfinished} tasks are waiting") from error

    async def _replay(self, task_id: str, qasm: str, options: Options) -> Receipt:
        task = await self._get_resource(task_id, with_program=True)
        if (task.qasm, task.options) != (qasm, options):
            raise IdempotencyMismatchError(task_id)
        return Receipt(Submitted.REPLAYED, await self.get(task_id))

    async def _get_resource(self, task_id: str, *, with_program: bool = False) -> Task:
        try:
            body = await self._cluster.get(TASKS, self._namespace, task_id)
        except ClusterError as error:
            raise _known(error, task_id) from error
        task = QuantumTask.of(body).task()
        return task if with_program else replace(task, qasm=None)

    async def _seen_in_redis(self, ids: Sequence[str], room: Room) -> Sequence[Task | None]:
        """Tasks as Redis alone may show them."""
        sights = await self._store.sights([self._record(task_id) for task_id in ids], room)
        return [
            replace(sight.before or sight.task, id=task_id) if sight else None
            for task_id, sight in zip(ids, sights, strict=True)
        ]

    async def _change(self, task_id: str, body: Object) -> None:
        try:
            await self._cluster.patch(TASKS, self._namespace, task_id, body)
        except ClusterError as error:
            raise _known(error, task_id) from error


async def _some_at_a_time(do: Callable[[_Given], Awaitable[_Made]], given: Iterable[_Given]) -> list[_Made]:
    """What is made of each, in their order, AT_ONCE of them at a time."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(each: _Given) -> _Made:
        async with free:
            return await do(each)

    tasks = [asyncio.create_task(one(each)) for each in given]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _as_it_may_be_shown(sight: Sight, resource: Task) -> Task:
    """A task whose end in Redis is not marked as shown, by its resource."""
    assert sight.before is not None  # noqa: S101 - it is about that
    if not resource.state.terminal:
        return replace(sight.before, id=resource.id)
    ended = sight.task
    same = (ended.state, ended.reason) == (resource.state, resource.reason)
    if same and (_lost(resource) or (ended.failure, ended.outcome) == (resource.failure, resource.outcome)):
        return replace(ended, id=resource.id, attempts=resource.attempts)
    return replace(resource, qasm=ended.qasm)  # Redis has another end, which will give way


def _lost(task: Task) -> bool:
    """Whether the resource, by itself, has nothing of a task's counts."""
    return task.failure is not None and task.failure.code is Code.RESULT_LOST


def _known(error: ClusterError, task_id: str) -> Exception:
    return TaskNotFoundError(task_id) if error.not_found else error
