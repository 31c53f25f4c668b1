"""A store on a real Redis, and a loop to use it in."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from quantum_tasks.keys import Keys
from quantum_tasks.store import Store, connect

T = TypeVar("T")


@asynccontextmanager
async def open_store(url: str, *, max_unfinished: int = 1000, prefix: str = "qt") -> AsyncIterator[Store]:
    """A store with its consumer group, as a worker has it."""
    redis = connect(url, timeout_seconds=5, retries=1, max_connections=10)
    store = Store(redis, Keys(prefix), max_unfinished=max_unfinished)
    try:
        await store.prepare()
        yield store
    finally:
        await redis.aclose()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own, for a minute at most."""

    async def bounded() -> T:
        async with asyncio.timeout(60):
            return await coroutine

    return asyncio.run(bounded())


async def flush(url: str) -> None:
    """Empty a Redis."""
    redis = connect(url, timeout_seconds=5, retries=1, max_connections=2)
    await redis.flushall()
    await redis.aclose()
