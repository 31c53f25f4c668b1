"""Tasks as QuantumTask resources, the truth; Redis is asked first, since that costs the API server nothing."""

from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

import structlog
from quantum_tasks.cluster import Cluster, ClusterError, Kind, Object, connect
from quantum_tasks.errors import (
    IdempotencyMismatchError,
    InvalidCursorError,
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
from quantum_tasks.states import Phase, State
from quantum_tasks.store import Submitted
from quantum_tasks.store import connect as connect_to_redis
from quantum_tasks.task import Options, Task

from quantum_api.backends.base import Listing, TaskBackend
from quantum_api.backends.ends import Ends
from quantum_api.settings import ApiSettings

log = structlog.get_logger(__name__)

TASKS = Kind(GROUP, VERSION, PLURAL)

_GONE = 410
_BAD_REQUEST = 400


class KubernetesBackend(TaskBackend):
    """Resources in one namespace, and the copy of their states that the operator and the runners keep in Redis.

    While Redis is away tasks are accepted, read and listed all the same; the operator puts into Redis later what is
    missing there.
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
        self._ends = Ends(self._store, max_waiting=settings.max_waiting)
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

    async def submit(self, task_id: str, qasm: str, options: Options) -> Submitted:
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
        await self._tell_redis(QuantumTask.of(made), qasm, options)
        return Submitted.ACCEPTED

    async def get(self, task_id: str, *, with_program: bool = False) -> Task:
        """See TaskBackend. From Redis, and from the resource where Redis does not know the task or is away."""
        try:
            task = await self._store.get(self._record(task_id), with_program=with_program)
        except (TaskNotFoundError, StoreUnavailableError):
            return await self._get_resource(task_id, with_program=with_program)
        return replace(task, id=task_id)

    async def wait(self, task_id: str, seconds: float) -> Task:
        """See TaskBackend. Costs a read at the beginning and one at the end, none in between."""
        if self._ends.full:
            return await self.get(task_id)
        with self._ends.watch(self._record(task_id)) as woken:
            return await self._ends.until_ended(lambda: self.get(task_id), woken, seconds)

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
        return Listing(tasks, part["metadata"].get("continue") or None)

    async def cancel(self, task_id: str) -> None:
        """See TaskBackend. Redis says which came first, the end or the cancellation; the operator does the rest."""
        task = await self._get_resource(task_id)
        if task.state is State.CANCELLED:
            return
        if task.state.terminal:
            raise TaskFinishedError(f"the task has already {task.state}")
        with suppress(TaskNotFoundError):  # Redis was emptied: the operator ends it by the resource alone
            await self._store.cancel(self._record(task_id))
        await self._change(task_id, {"spec": {"cancel": True}})

    async def delete(self, task_id: str) -> None:
        """See TaskBackend. What the resource owns goes with it; Redis forgets it at once."""
        try:
            await self._cluster.delete(TASKS, self._namespace, task_id)
        except ClusterError as error:
            raise _known(error, task_id) from error
        try:
            await self._store.delete(self._record(task_id))
        except (TaskNotFoundError, StoreUnavailableError) as error:
            log.debug("the operator removes the record", task=task_id, because=str(error))

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
        if options.seed is not None:
            spec["seed"] = options.seed
        if self._settings.ttl_seconds_after_finished is not None:
            spec["ttlSecondsAfterFinished"] = self._settings.ttl_seconds_after_finished
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": task_id}, "spec": spec}

    async def _tell_redis(self, made: QuantumTask, qasm: str, options: Options) -> None:
        pool = made.spec.execution_mode is ExecutionMode.POOL
        try:
            await self._store.provide(self._record(made.metadata.name), made.metadata.uid, qasm, options, queued=pool)
        except StoreUnavailableError as error:
            log.warning("Redis is told later, by the operator", task=made.metadata.name, because=str(error))

    async def _is_full(self) -> bool:
        try:
            return await self._store.unfinished() >= self._settings.max_unfinished
        except StoreUnavailableError:
            return False  # a quota of the namespace bounds them, too

    async def _replay_or_refuse(self, task_id: str, qasm: str, options: Options) -> Submitted:
        try:
            return await self._replay(task_id, qasm, options)
        except TaskNotFoundError as error:
            raise QueueFullError(f"{self._settings.max_unfinished} tasks are waiting") from error

    async def _replay(self, task_id: str, qasm: str, options: Options) -> Submitted:
        task = await self._get_resource(task_id, with_program=True)
        if (task.qasm, task.options) != (qasm, options):
            raise IdempotencyMismatchError(task_id)
        return Submitted.REPLAYED

    async def _get_resource(self, task_id: str, *, with_program: bool = False) -> Task:
        try:
            body = await self._cluster.get(TASKS, self._namespace, task_id)
        except ClusterError as error:
            raise _known(error, task_id) from error
        task = QuantumTask.of(body).task()
        return task if with_program else replace(task, qasm=None)

    async def _change(self, task_id: str, body: Object) -> None:
        try:
            await self._cluster.patch(TASKS, self._namespace, task_id, body)
        except ClusterError as error:
            raise _known(error, task_id) from error


def _known(error: ClusterError, task_id: str) -> Exception:
    return TaskNotFoundError(task_id) if error.not_found else error
