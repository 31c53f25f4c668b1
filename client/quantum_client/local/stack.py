"""The three parts and their order: Redis first, then the API and the workers; ended the other way round."""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from quantum_client.local import redis_server
from quantum_client.local.data_folder import DataFolder, open_data_folder
from quantum_client.local.errors import LocalStackError
from quantum_client.local.logs import SUPERVISOR, Log
from quantum_client.local.process import Child, Part

HOST = "127.0.0.1"
"""The API has no authentication, so nobody but this machine reaches it."""

START_SECONDS = 120.0
PROBE_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What to start. Port 0 takes any free one."""

    data: Path
    port: int = 8000
    workers: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the log."""
        return (SUPERVISOR, "redis", "api", *(f"worker-{number}" for number in range(1, self.workers + 1)))


class Stack:
    """Redis, an API and workers on one data folder: an async context manager, ready to take tasks when entered.

    Entering raises LocalStackError when the stack cannot start; whatever was started has then been ended again.
    """

    def __init__(self, settings: StackSettings, log: Log) -> None:
        self.url = ""
        self.stopping = False
        self._settings = settings
        self._log = log
        self._stages: list[list[Child]] = []
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start, and wait until a task can be submitted and run."""
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the API, then the workers, then Redis."""
        await self._stop()

    async def failure(self) -> None:
        """Wait until a part is given up, and raise its LocalStackError."""
        running = {child.running for child in self._children if child.running is not None}
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    def kill(self) -> None:
        """End every child at once."""
        for child in self._children:
            child.kill()

    @property
    def _children(self) -> list[Child]:
        return [child for stage in self._stages for child in stage]

    async def _start(self) -> None:
        port = choose_port(self._settings.port)
        self.url = f"http://{HOST}:{port}"
        data = self._resources.enter_context(open_data_folder(self._settings.data))
        client = await self._resources.enter_async_context(
            httpx.AsyncClient(base_url=self.url, timeout=PROBE_TIMEOUT_SECONDS, trust_env=False)
        )
        environment = child_environment(os.environ, redis_server.socket_url(data.socket), port)
        try:
            async with asyncio.timeout(START_SECONDS):
                (redis,) = self._launch(_redis(data))
                await self._first(redis.ready.wait(), self.failure())
                (api,) = self._launch(api_part(environment, client))
                workers = self._launch(*(worker_part(name, environment) for name in self._settings.names[3:]))
                await self._first(self._both_ready(api, workers), self.failure())
        except TimeoutError as error:
            late = [child for child in self._children if not child.ready.is_set()]
            ends = "".join(f"\n  {child.part.name}:{child.last_lines()}" for child in late)
            raise LocalStackError(f"not ready within {START_SECONDS:g} s, waited for:{ends}") from error

    def _launch(self, *parts: Part) -> list[Child]:
        children = [Child(part, self._log) for part in parts]
        self._stages.append(children)
        for child in children:
            child.start()
        return children

    async def _both_ready(self, api: Child, workers: list[Child]) -> None:
        await api.ready.wait()
        await self._first(*(worker.ready.wait() for worker in workers))

    @staticmethod
    async def _first(*waits: Coroutine[Any, Any, object]) -> None:
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _stop(self) -> None:
        self.stopping = True
        if self._stages:
            redis, *rest = self._stages
            for stage in (*rest, redis):
                await asyncio.gather(*(child.stop() for child in stage))
        await self._resources.aclose()


@contextmanager
def until_signal(stack: Stack, log: Log) -> Iterator[list[signal.Signals]]:
    """Let the first signal end the body, and with it the stack in order, and a second one kill the stack at once.

    Yields the signals that came.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - callers are coroutines
    received: list[signal.Signals] = []

    def take(number: signal.Signals) -> None:
        if received or stack.stopping:
            stack.kill()
        else:
            log(SUPERVISOR, f"stopping ({number.name}); once more to kill")
            task.cancel()
        received.append(number)

    loop = asyncio.get_running_loop()
    taken = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
        taken.append(signal.SIGHUP)
    for number in taken:
        loop.add_signal_handler(number, take, number)
    try:
        yield received
    except asyncio.CancelledError:
        if not received:
            raise
        task.uncancel()
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


def choose_port(port: int) -> int:
    """The port itself when it is free, or any free one for 0. Raises LocalStackError when it is not to be had."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise LocalStackError(f"port {port} {why}; choose another one, or 0 for any that is free") from error
        chosen: int = probe.getsockname()[1]
        return chosen


def child_environment(inherited: Mapping[str, str], redis_url: str, port: int) -> dict[str, str]:
    """What the API and the workers are told. Their output goes through a pipe to a person, not to a machine."""
    return {
        "QT_LOG_FORMAT": "console",
        **inherited,
        "PYTHONUNBUFFERED": "1",
        "QT_REDIS_URL": redis_url,
        "QT_HOST": HOST,
        "QT_PORT": str(port),
    }


def _redis(data: DataFolder) -> Part:
    return Part(
        name="redis",
        command=redis_server.server_command(redis_server.find_server(), data.path, data.socket),
        environment=redis_server.server_environment(),
        probe=lambda: redis_server.answers(data.socket),
        # A Redis that outlives its supervisor, where the kernel does not see to that, keeps its data locked.
        inherited=(data.lock,),
    )


def api_part(environment: Mapping[str, str], client: httpx.AsyncClient) -> Part:
    """The API, ready when it answers so to the client."""

    async def is_ready() -> bool:
        try:
            return (await client.get("/readyz")).is_success
        except httpx.TransportError:
            return False

    return Part(name="api", command=_python("quantum_api"), environment=environment, probe=is_ready)


def worker_part(name: str, environment: Mapping[str, str]) -> Part:
    """A worker, ready when it says so."""
    return Part(
        name=name, command=_python("quantum_runner", "worker"), environment=environment, ready_line="worker ready"
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", module, *arguments)  # -P: the caller's folder may hold an operator.py
