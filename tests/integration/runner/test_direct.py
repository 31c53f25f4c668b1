"""A Pod's own way to Redis: what it says is what redis-py says, and whatever is wrong with Redis is an outage."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from quantum_runner.direct import Address, DirectStore
from quantum_tasks.errors import Code, StoreUnavailableError
from quantum_tasks.keys import Keys
from quantum_tasks.leases import End, Gone, Lease
from quantum_tasks.mirror import Mirror
from quantum_tasks.states import Reason, State
from quantum_tasks.store import connect
from quantum_tasks.task import Failure, Method, Options, Outcome
from support.redis_server import RedisServer
from support.stores import run

OPTIONS = Options(shots=10, seed=3, method=Method.STATEVECTOR)
OUTCOME = Outcome(counts={"0": 4, "1": 6}, shots=10, seed=3, qubits=1, method=Method.STATEVECTOR)
FAILURE = Failure(Code.SYNTAX, "ü", 1, 2)


@contextmanager
def direct(url: str) -> Iterator[DirectStore]:
    """A Pod's store."""
    address = Address.of(url)
    assert address
    store = DirectStore(address, Keys(), timeout_seconds=1)
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def provided(url: str, **programs: str) -> AsyncIterator[Mirror]:
    """The cluster's records, with some in them."""
    redis = connect(url, timeout_seconds=5, retries=1, max_connections=2)
    mirror = Mirror(redis, Keys())
    try:
        for name, program in programs.items():
            await mirror.provide(name, "uid", program, OPTIONS, queued=False)
        yield mirror
    finally:
        await redis.aclose()


def test_attempts_begin_and_end_as_through_redis_py(redis_url: str) -> None:
    """What is begun and ended here is so for everybody, and again is fine."""

    async def scenario() -> None:
        async with provided(redis_url, a="ä", b="ä") as mirror:
            with direct(redis_url) as store:
                leases = [await store.begin(name, "uid", "pod") for name in "ab"]
                assert leases == [Lease(name, "pod", 1, "ä", OPTIONS) for name in "ab"]
                assert leases == [await mirror.begin(name, "uid", "pod") for name in "ab"]
                first, second = (lease for lease in leases if isinstance(lease, Lease))
                ends = [End.succeeded(first, OUTCOME), End.failed(second, Reason.INVALID_PROGRAM, FAILURE)]
                assert await store.end(ends) == await store.end(ends) == [True, True]
                assert await store.end([End.succeeded(second, OUTCOME)]) == [False]
                assert await store.begin("a", "uid", "pod") is Gone.ENDED
                assert await store.begin("a", "another", "pod") is Gone.ABSENT
            tasks = [await mirror.get(name) for name in "ab"]
            assert [task.state for task in tasks] == [State.SUCCEEDED, State.FAILED]
            assert (tasks[0].outcome, tasks[1].failure) == (OUTCOME, FAILURE)

    run(scenario())


def test_a_program_of_any_length_arrives(redis_url: str) -> None:
    """Answers come in as many pieces as they need."""
    program = "é" * 200_000

    async def scenario() -> None:
        async with provided(redis_url, a=program):
            with direct(redis_url) as store:
                lease = await store.begin("a", "uid", "pod")
        assert isinstance(lease, Lease)
        assert lease.qasm == program

    run(scenario())


def test_a_password_is_given_and_another_one_is_an_outage() -> None:
    """As long as the password is wrong Redis is away: a Secret may be changed before its Redis is."""
    with RedisServer() as server:
        server.execute("CONFIG", "SET", "requirepass", "right")
        right, wrong = (f"unix://:{password}@{server.socket}" for password in ("right", "wrong"))

        async def scenario() -> None:
            with direct(right) as store:
                assert await store.begin("a", "uid", "pod") is Gone.ABSENT
            for url in (wrong, server.url):
                with direct(url) as store, pytest.raises(StoreUnavailableError):
                    await store.begin("a", "uid", "pod")

        run(scenario())


def _hang_up(connection: socket.socket) -> None:
    connection.close()


def _speak_http(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.recv(1)


def _say_nothing(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.recv(1)  # until the other one has had enough


def _is_loading(connection: socket.socket) -> None:
    connection.sendall(b"-LOADING Redis is loading the dataset in memory\r\n")
    connection.recv(65536)


@pytest.mark.parametrize("behave", [_hang_up, _speak_http, _say_nothing, _is_loading])
def test_whatever_else_answers_is_an_outage(behave: Callable[[socket.socket], None]) -> None:
    """Nobody, a stranger, silence, or a Redis that is not ready: the Pod tries again, on a new connection."""
    heard: list[int] = []

    def serve(listener: socket.socket) -> None:
        for number in range(2):
            connection, _ = listener.accept()
            heard.append(number)
            with connection:
                behave(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,), daemon=True)
        server.start()
        for _ in range(2):
            with (
                direct(f"redis://127.0.0.1:{listener.getsockname()[1]}") as store,
                pytest.raises(StoreUnavailableError),
            ):
                asyncio.run(_begin(store))
        server.join(10)
    assert heard == [0, 1]


async def _begin(store: DirectStore) -> None:
    await store.begin("a", "uid", "pod")


def test_a_connection_that_was_lost_is_made_anew() -> None:
    """A Redis that hung up is found again, and the script that it forgot is loaded."""

    async def scenario(server: RedisServer) -> None:
        async with provided(server.url, a="x"):
            pass
        with direct(server.url) as store:
            assert isinstance(await store.begin("a", "uid", "pod"), Lease)
            server.execute("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            server.execute("SCRIPT", "FLUSH")
            with pytest.raises(StoreUnavailableError):
                await store.begin("a", "uid", "pod")
            assert isinstance(await store.begin("a", "uid", "pod"), Lease)

    with RedisServer() as server:
        run(scenario(server))
