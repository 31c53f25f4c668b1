"""Redis, an API and two workers as processes, as compose has them as containers: what ends is started again."""

import asyncio
import re
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from chaos.faults import Harm
from chaos.harms import memory_limit
from chaos.harms.disk import SmallDisk
from chaos.harms.networks import network_harms
from chaos.harms.proxy import Proxy, TcpAddress, UnixAddress
from chaos.harms.shifted_clock import ShiftedClock
from chaos.local.harms import local_harms
from quantum_client.local import redis_server, stack
from quantum_client.local.logs import SUPERVISOR
from quantum_client.local.process import Child, Part
from support.ports import free_port
from support.processes import alive
from support.waiting import eventually

WORKERS = ("worker-1", "worker-2")
LEASE_SECONDS = 2
DEADLINE_SECONDS = 15
"""Longest run of an attempt: that is how long a program without an end goes on, and a paused one may last."""

START_SECONDS = 60.0
HEAL_SECONDS = 60.0

T = TypeVar("T")

_STARTED = re.compile(r"^started (\S+) pid=(\d+)$")


class LocalStack:
    """The stack on a folder of its own, with every way between two parts through a proxy; a context manager.

    Its parts are those of `quantum-tasks up`, and so is what starts them again. Their output goes to a file. The
    folder's path must be short: it holds a unix socket.
    """

    name = "local"
    mirrored = False
    settle_seconds = 120.0

    def __init__(self, folder: Path, output: Path) -> None:
        self._output_file = output
        self._pids: dict[str, int] = {}
        self._changed = threading.Condition()
        self._children: list[Child] = []
        self._resources = ExitStack()
        self._api_port = free_port()
        self._redis_socket = UnixAddress(folder / "redis.sock")
        self.links = {
            "clients to api": Proxy(TcpAddress("127.0.0.1", self._api_port)),
            **{f"{part} to redis": Proxy(self._redis_socket) for part in ("api", *WORKERS)},
        }
        self.disk = SmallDisk(folder / "data")
        self.clock = ShiftedClock(folder)

    @property
    def urls(self) -> Mapping[str, float]:
        """See Stack."""
        return {f"http://127.0.0.1:{self.links['clients to api'].port}": 1.0}

    @property
    def harms(self) -> Mapping[str, Harm]:
        """See Stack."""
        return {**local_harms(self, WORKERS), **network_harms(self.links, self.links.__getitem__)}

    def missing(self) -> Mapping[str, str]:
        """See Stack."""
        needed = {
            "full disk": self.disk.missing,
            "clock": self.clock.missing,
            "out of memory": memory_limit.missing(),
        }
        return {name: why for name, why in needed.items() if why}

    def pid(self, part: str) -> int:
        """The process of a part that was started last."""
        with self._changed:
            return self._pids[part]

    @property
    def redis_url(self) -> str:
        """Where Redis is, past the proxies."""
        return redis_server.socket_url(self._redis_socket.path)

    def heal(self) -> None:
        """See Stack."""
        eventually(self._is_whole, HEAL_SECONDS, "every part to be there, and the API to be ready")

    def objects(self) -> None:
        """See Stack."""

    def __enter__(self) -> Self:
        """Start, and wait until a task can be submitted and run."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="supervisor")
        self._thread.start()
        try:
            self._resources.enter_context(self.disk)
            self._resources.enter_context(self.clock)
            self._output = self._resources.enter_context(self._output_file.open("w", buffering=1))
            for link in self.links.values():
                self._resources.enter_context(link)
            self._call(self._start())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process."""
        self._stop()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _redis(self) -> Part:
        socket = self._redis_socket.path
        command = redis_server.server_command(redis_server.find_server(), self.disk.path, socket)
        environment = {**redis_server.server_environment(), **self.clock.environment}
        return Part("redis", command, environment, probe=lambda: redis_server.answers(socket))

    def _worker(self, name: str) -> Part:
        limits = {
            "QT_CONCURRENCY": "1",
            "QT_MEMORY_MB": "256",
            "QT_LEASE_SECONDS": str(LEASE_SECONDS),
            "QT_TASK_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        }
        return stack.worker_part(name, self._environment(name) | limits)

    def _environment(self, part: str) -> dict[str, str]:
        url = f"redis://127.0.0.1:{self.links[f'{part} to redis'].port}"
        inherited = {name: value for name, value in redis_server.server_environment().items() if name[:3] != "QT_"}
        return stack.child_environment(inherited, url, self._api_port)

    async def _start(self) -> None:
        url = f"http://127.0.0.1:{self._api_port}"
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(base_url=url, trust_env=False) as client:
            await self._launch(self._redis())
            await self._launch(stack.api_part(self._environment("api"), client), *map(self._worker, WORKERS))

    async def _launch(self, *parts: Part) -> None:
        children = [Child(part, self._take) for part in parts]
        self._children += children
        for child in children:
            child.start()
        for child in children:
            await child.ready.wait()

    def _take(self, part: str, line: str) -> None:
        """A line of a part's output, or of what supervises the parts."""
        self._output.write(f"{part:9} {line}\n")
        if part == SUPERVISOR and (started := _STARTED.match(line)):
            with self._changed:
                self._pids[started[1]] = int(started[2])
                self._changed.notify_all()

    def _is_whole(self) -> bool:
        if len(alive(map(self.pid, ("redis", "api", *WORKERS)))) < len(WORKERS) + 2:
            return False
        [url] = self.urls
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        done: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return done.result()

    def _stop(self) -> None:
        async def stop() -> None:
            for child in reversed(self._children):
                await child.stop()

        with self._resources:
            try:
                self._call(stop())
            finally:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join()
                self._loop.close()
