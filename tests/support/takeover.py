"""The operator as far as ends go, in the process of a test: its controller, which looks when Redis tells of an end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pydantic import SecretStr
from quantum_operator.controller import Controller
from quantum_operator.main import opened
from quantum_operator.settings import OperatorSettings
from quantum_operator.world import TASKS, World
from quantum_tasks.cluster import Cluster, ClusterError, connect
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.store import Store
from support.stores import open_store

NAMESPACE = "default"


@asynccontextmanager
async def taking_over(redis_url: str) -> AsyncIterator[None]:
    """Have every end taken over into its resource, and shown then."""
    settings = OperatorSettings(
        redis_url=SecretStr(redis_url), namespace=NAMESPACE, metrics_port=0, pool_max_jobs=0, redis_timeout_seconds=2
    )
    async with (
        connect(timeout_seconds=10, connections=4) as cluster,
        open_store(redis_url) as store,
        opened(settings) as operator,
    ):
        after = await store.last_event()
        closed = asyncio.Event()  # a cancellation alone may be lost in a connection that is being made
        loop = asyncio.create_task(_follow(store, after, cluster, operator.world, operator.controller, closed=closed))
        try:
            yield
        finally:
            closed.set()
            await loop


async def _follow(
    store: Store, after: str, cluster: Cluster, world: World, controller: Controller, *, closed: asyncio.Event
) -> None:
    while not closed.is_set():
        with suppress(StoreUnavailableError):
            for event in await store.events(after, block_seconds=0.5):
                after = event.id
                namespace, _, name = event.task_id.partition("/")
                with suppress(ClusterError):  # it is gone
                    world.put_task(await cluster.get(TASKS, namespace, name))
                    while await controller.look((namespace, name)) == 0:
                        pass
