"""The store on connections that break."""

import asyncio

import pytest
import uvloop
from chaos.harms.proxy import Proxy, UnixAddress
from quantum_tasks.errors import StoreUnavailableError, TaskNotFoundError
from quantum_tasks.keys import Keys
from quantum_tasks.store import Store, connect
from support.redis_server import RedisServer
from support.stores import open_store, run

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_was_reset_while_idle_is_an_outage_at_most(redis_server: RedisServer, loop: str) -> None:
    """Kept connections that were reset meanwhile are replaced; while no others are to be had, the store is away."""

    async def scenario() -> None:
        with Proxy(UnixAddress(redis_server.socket)) as proxy:
            async with open_store(f"redis://127.0.0.1:{proxy.port}/0") as store:
                for _ in range(3):
                    assert await _answers(store) == {TaskNotFoundError}
                    with proxy.cut():
                        assert await _answers(store) == {StoreUnavailableError}
                    assert await _answers(store) == {TaskNotFoundError}

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(asyncio.wait_for(scenario(), 60))


def test_a_stranger_at_its_address_is_no_redis() -> None:
    """Who answers in Redis's place, and not as Redis does, means that the store is away."""

    async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        async with await asyncio.start_server(speak_http, "127.0.0.1") as server:
            port = server.sockets[0].getsockname()[1]
            redis = connect(f"redis://127.0.0.1:{port}/0", timeout_seconds=5, retries=1, max_connections=10)
            assert await _answers(Store(redis, Keys("qt"))) == {StoreUnavailableError}
            await redis.aclose()

    run(scenario())


async def _answers(store: Store) -> set[type]:
    """What the store says to ten questions at once."""
    answers = await asyncio.gather(*(store.get("none") for _ in range(10)), return_exceptions=True)
    return {type(answer) for answer in answers}
