"""The local stack: a Redis, the API and workers, started in that order and stopped in the reverse.

Process managers such as honcho start a list of commands and end all of them when one dies. This stack must do the
opposite: start a part again when it dies, as compose does, and tell when the whole of it can take a task.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from redis.asyncio import Redis
from redis.exceptions import RedisError

from quantum_client.local import redis_server
from quantum_client.local.process import Part, PartFailedError

READY_SECONDS = 120.0
"""How long the stack may take to be ready, on a slow machine."""

_POLL_SECONDS = 0.05


class StackError(Exception):
    """The stack cannot run here; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `port` 0 picks a free one. `on_line` sees each line of each part, with the part's name."""

    data: Path
    port: int = 8000
    workers: int = 1
    on_line: Callable[[str, str], None] = lambda _name, _line: None


class Stack:
    """A running stack."""

    def __init__(self, plan: Plan, port: int, redis_socket: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._on_line = plan.on_line
        self._socket = redis_socket
        self._workers_ready = 0
        settings = {"QT_REDIS_URL": f"unix://{redis_socket}?db=0", "QT_HOST": "127.0.0.1", "QT_PORT": str(port)}
        env = {**os.environ, "QT_LOG_FORMAT": "console", **settings}
        self._redis = Part("redis", redis_server.command(redis_server.find(), plan.data, redis_socket), env, self._see)
        self._api = Part("api", [sys.executable, "-m", "quantum_api"], env, self._see)
        worker = [sys.executable, "-m", "quantum_runner", "worker"]
        self._workers = [Part(f"worker-{number}", worker, env, self._see) for number in range(1, plan.workers + 1)]
        self._running: list[asyncio.Task[None]] = []

    @property
    def parts(self) -> list[Part]:
        """Every part, in the order of its start."""
        return [self._redis, self._api, *self._workers]

    async def start(self) -> None:
        """Start every part and wait until a task can be taken. Raises StackError."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                self._run(self._redis)
                await self._until(self._redis_answers)
                for part in (self._api, *self._workers):
                    self._run(part)
                await self._until(self._can_take_a_task)
            for part in self.parts:
                part.was_ready = True
        except TimeoutError as error:
            raise StackError(f"the stack was not ready within {READY_SECONDS:g} s") from error
        except PartFailedError as error:
            raise StackError(str(error)) from error

    async def wait(self) -> None:
        """Wait for a part that cannot be kept running. Raises StackError then; never returns otherwise."""
        try:
            await asyncio.gather(*self._running)
        except PartFailedError as error:
            raise StackError(str(error)) from error

    async def stop(self) -> None:
        """Stop the parts in an orderly way: nothing new is taken, then work ends, then the store is closed.

        Cancelled in the middle of it, it ends what is left at once.
        """
        try:
            await self._api.stop()
            await asyncio.gather(*(worker.stop() for worker in self._workers))
            await self._redis.stop()
        except asyncio.CancelledError:
            for part in self.parts:
                part.kill()
        for running in self._running:
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _run(self, part: Part) -> None:
        self._running.append(asyncio.create_task(part.keep_running(), name=part.name))

    def _see(self, name: str, line: str) -> None:
        self._workers_ready += name.startswith("worker") and "worker ready" in line
        self._on_line(name, line)

    async def _until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        while not await condition():
            for running in self._running:
                if running.done():
                    running.result()
            await asyncio.sleep(_POLL_SECONDS)

    async def _redis_answers(self) -> bool:
        redis = Redis(unix_socket_path=str(self._socket))
        try:
            return bool(await redis.ping())
        except (RedisError, OSError):
            return False
        finally:
            await redis.aclose()

    async def _can_take_a_task(self) -> bool:
        if not self._workers_ready:
            return False
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"{self.url}/readyz")).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False


@asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Stack]:
    """A stack that is ready, and stopped at the end. Raises StackError."""
    data = plan.data.resolve()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(data):
        folder = redis_server.socket_folder(data)
        try:
            stack = Stack(Plan(data, plan.port, plan.workers, plan.on_line), _port(plan.port), folder / "redis.sock")
            try:
                await stack.start()
                yield stack
            finally:
                await stack.stop()
        except redis_server.RedisMissingError as error:
            raise StackError(str(error)) from error
        finally:
            if folder != data:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(data: Path) -> Iterator[None]:
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"another stack is running on {data}") from None
        yield


def _port(wanted: int) -> int:
    """The port, if it is free. Raises StackError if not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            raise StackError(f"port {wanted} is in use: choose another, as in `make up PORT=8001`") from None
        return int(probe.getsockname()[1])
