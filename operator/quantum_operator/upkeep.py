"""The loops that need no news: look at everything unfinished, list everything anew, follow the ends, size the pool."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from quantum_tasks.cluster import Cluster, ClusterError, ClusterUnavailableError, Kind, Object
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.mirror import Mirror
from quantum_tasks.resource import store_id
from quantum_tasks.store import block_seconds

from quantum_operator import jobs
from quantum_operator.controller import Controller
from quantum_operator.metrics import Metrics
from quantum_operator.pool import missing_jobs
from quantum_operator.reconcile import is_finished
from quantum_operator.settings import OperatorSettings, UnusableSettingsError
from quantum_operator.views import MANAGED_BY
from quantum_operator.world import JOBS, PODS, TASKS, Key, World

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0

POOL_PAUSE_SECONDS = 0.5
"""How soon after one look at the pool's size the next one may come."""

LATE = 6.0
"""How many resyncs may be missed before the operator counts as stuck."""


class Upkeep:
    """Keeps the world, the queue and the pool in step with the cluster and with Redis.

    `add` queues a task, and `add_anew` does so where what it failed by may be over.
    """

    def __init__(
        self,
        cluster: Cluster,
        store: Mirror,
        world: World,
        controller: Controller,
        *,
        settings: OperatorSettings,
        metrics: Metrics,
        add: Callable[[Key], None],
        add_anew: Callable[[Key], None],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._world = world
        self._controller = controller
        self._settings = settings
        self._metrics = metrics
        self._add = add
        self._add_anew = add_anew
        self._relist_at = 0.0
        self._synced = time.monotonic()
        self._closed = False

    def close(self) -> None:
        """End the loops at their next step; redis-py may lose a cancellation while it opens a connection."""
        self._closed = True

    @property
    def late_seconds(self) -> float:
        """For how long the last resync has been overdue; more than zero says that the operator is stuck."""
        return time.monotonic() - self._synced - LATE * self._settings.resync_seconds

    async def try_settings(self) -> None:
        """Have the API server look at Jobs that are made by the settings. Raises UnusableSettingsError.

        Else a slip in a Pod template would be found by every task, and a field's name with a slip by nobody.
        """
        for body in jobs.samples(self._settings):
            try:
                await self._cluster.try_to_create(JOBS, self._settings.namespace_of_the_pool, body)
            except ClusterError as error:
                if error.malformed:
                    raise UnusableSettingsError(f"no Job can be made by these settings: {error}") from error
                log.warning("a Job by these settings would be refused now", because=str(error))
            except ClusterUnavailableError as error:
                log.warning("the settings could not be tried", because=str(error))

    async def resync(self) -> None:
        """Look at everything unfinished, again and again, whatever was heard of it."""
        while not self._closed:
            try:
                if time.monotonic() >= self._relist_at:
                    await self.relist()
                    await self._forget_what_is_gone()
                    self._relist_at = time.monotonic() + self._settings.relist_seconds
                unshown = self._controller.unshown
                for key, task in self._world.tasks():
                    kept = task.spec.ttl_seconds_after_finished is None and key not in unshown
                    if not (is_finished(task.status) and kept):
                        self._add(key)
                # a Redis that was started anew has forgotten them, and the runner's user there may load none
                await self._store.load_scripts()
                self._metrics.last_resync.set_to_current_time()
            except (ClusterUnavailableError, StoreUnavailableError) as error:
                # what is away is no reason to be restarted
                log.warning("a resync could not be done", because=str(error))
            self._synced = time.monotonic()
            await asyncio.sleep(self._settings.resync_seconds)

    async def follow(self) -> None:
        """Look at a task as soon as Redis tells of its end; at all of them when it was away.

        What ended meanwhile by the resource alone, or was deleted, Redis does not know yet.
        """
        after: str | None = None
        block = block_seconds(self._settings.redis_timeout_seconds)
        while not self._closed:
            try:
                if after is None:
                    after = await self._store.last_event()
                    self._look_at_everything()
                self._metrics.redis_up.set(1)
                for event in await self._store.events(after, block_seconds=block):
                    after = event.id
                    namespace, _, name = event.task_id.partition("/")
                    self._add((namespace, name))
            except StoreUnavailableError as error:
                self._metrics.redis_up.set(0)
                log.warning("cannot follow the ends of tasks", because=str(error))
                after = None
                await asyncio.sleep(RETRY_SECONDS)

    async def size_pool(self) -> None:
        """Have Jobs of the pool when tasks wait for them."""
        wanted = self._controller.pool_wanted
        while not self._closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.resync_seconds):
                    await wanted.wait()
            wanted.clear()
            try:
                await self.scale_pool()
            except (ClusterUnavailableError, StoreUnavailableError) as error:
                log.warning("the pool could not be sized", because=str(error))
            await asyncio.sleep(POOL_PAUSE_SECONDS)

    async def relist(self) -> None:
        """Take in every task, Job and Pod, and forget the others."""
        settings, uids, versions = self._settings, set(), []
        ours = f"{MANAGED_BY[0]}={MANAGED_BY[1]}"
        put: dict[Kind, Callable[[Object], object]] = {
            TASKS: self._world.put_task,
            JOBS: self._world.put_job,
            PODS: self._world.put_pod,
        }
        for kind, take in put.items():
            selector = None if kind is TASKS else ours
            async for part in self._cluster.parts(kind, settings.namespace, labelSelector=selector):
                versions.append(int(part["metadata"]["resourceVersion"]))
                for body in part["items"]:
                    uids.add(body["metadata"]["uid"])
                    take(body)
        for key in self._world.keep_only(uids, min(versions)):
            self._add(key)

    async def scale_pool(self) -> None:
        """Start as many Jobs of the pool as the queue is worth."""
        settings = self._settings
        depth = await self._store.depth()
        self._metrics.pool_depth.set(depth)
        if settings.pool_max_jobs == 0:
            return
        namespace = settings.namespace_of_the_pool
        for _ in range(missing_jobs(depth, self._world.pool.values(), datetime.now(UTC), settings)):
            name = f"quantum-tasks-pool-{secrets.token_hex(4)}"
            try:
                made = await self._cluster.create(JOBS, namespace, jobs.pool_job(name, namespace, settings))
            except ClusterError as error:
                log.error("the pool's Job was refused", because=str(error))  # noqa: TRY400 - one line says it all
                return
            log.info("the pool grows", job=name, waiting=depth)
            self._world.put_job(made)

    async def _forget_what_is_gone(self) -> None:
        """Remove the records of tasks that were deleted while nobody looked."""
        async for ids in self._store.known():
            for task_id in ids:
                namespace, _, name = task_id.partition("/")
                if name and self._is_ours(namespace) and self._world.task((namespace, name)) is None:
                    await self._forget_if_gone((namespace, name))

    async def _forget_if_gone(self, key: Key) -> None:
        uid = await self._store.owner(store_id(*key))  # before: what comes after the answer is another one's
        try:
            body = await self._cluster.get(TASKS, *key)
        except ClusterError as error:
            if error.not_found:
                await self._controller.forget(key, uid or "")
        else:
            self._add(self._world.put_task(body))

    def _look_at_everything(self) -> None:
        self._controller.doubt()
        for key in (*self._controller.buried, *(key for key, _ in self._world.tasks())):
            self._add_anew(key)

    def _is_ours(self, namespace: str) -> bool:
        return bool(namespace) and self._settings.namespace in (None, namespace)
