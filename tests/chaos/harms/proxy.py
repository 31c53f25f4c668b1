"""A bad network in front of any server of stream connections: TCP or unix, whatever is spoken over them.

Toxiproxy does the like, but is a Go program to fetch and to keep, and `make test` asks for Python and make only; netem
asks for a kernel module and root. And neither loses answers, which is what finds the commands that are sent twice.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

CHUNK_BYTES = 64 * 1024
"""The most that is read at once."""

CHUNKS_IN_FLIGHT = 32
"""How many chunks of one direction of one connection are on their way at most; then its sender has to wait."""

PIECES_PER_SECOND = 20
"""Into how many pieces a second a throttled stream is cut."""

_CALL_SECONDS = 30.0
_Chunks = asyncio.Queue[tuple[float, bytes | None]]
"""What is on its way, each with the time at which it is due: chunks, an empty one for the end, None for a reset."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A host, by number or name, and a port; port 0 listens on a free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class UnixAddress:
    """The path of a unix socket."""

    path: Path


Address = TcpAddress | UnixAddress


class _AnswerLostError(Exception):
    """An answer was dropped, and its connection with it."""


class Proxy:
    """Passes connections on to `upstream`, as badly as its modes say; listens while it is entered.

    Modes are entered and left from any thread, and several may be active at once. A connection is reset when one side
    fails, when upstream cannot be had, and at the end of the proxy; a unix socket knows no reset, and is closed.
    `upstream` may be set at any time, for new connections.

    Counters say what was done: `connections` were accepted; `cut_connections` were reset by `cut`, during it too;
    `delayed` chunks, ends and resets were kept waiting by `slow`; `throttled_pieces` were sent under `throttled`;
    `held` connections, chunks, ends and resets came up against `stalled`; `lost` chunks were by `lost_answers`.
    """

    def __init__(self, upstream: Address, *, listen: Address = TcpAddress("127.0.0.1", 0)) -> None:
        self.upstream = upstream
        self.connections = self.cut_connections = self.delayed = self.throttled_pieces = self.held = self.lost = 0
        self._address = listen
        self._delays: list[tuple[float, float]] = []
        self._rates: list[float] = []
        self._cuts: list[None] = []
        self._stalls: list[None] = []
        self._losses: list[tuple[Random, float]] = []
        self._random = Random()  # noqa: S311 - no secret
        self._serving: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._stopping = asyncio.Event()
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._address

    @property
    def port(self) -> int:
        """The TCP port where it listens. Raises TypeError when that is a unix socket."""
        if not isinstance(self._address, TcpAddress):
            raise TypeError(f"{self._address} has no port")
        return self._address.port

    def slow(self, seconds: float, jitter: float = 0.0) -> AbstractContextManager[None]:
        """Delay every chunk, either way, by so many seconds, give or take the jitter; what is read first stays first.

        Several add up. What is on its way when this is left still comes late.
        """
        return self._mode(self._delays, (seconds, jitter))

    def throttled(self, bytes_per_second: float) -> AbstractContextManager[None]:
        """Pass on so many bytes a second at most, either way of each connection. The least of several counts."""
        if bytes_per_second <= 0:
            raise ValueError("nothing would ever pass: see stalled")
        return self._mode(self._rates, bytes_per_second)

    def cut(self) -> AbstractContextManager[None]:
        """Reset every connection, and until this is left each new one too. They have ended once this is entered."""
        return self._mode(self._cuts, None)

    def stalled(self) -> AbstractContextManager[None]:
        """Let nothing pass, either way, and new connections hang; afterwards all goes on, and nothing is lost."""
        return self._mode(self._stalls, None)

    def lost_answers(self, random: Random, probability: float) -> AbstractContextManager[None]:
        """Lose each chunk that comes back, with the probability: its client is reset, and upstream sees an end.

        What the client had sent was passed on. The random numbers are drawn in the proxy's thread.
        """
        return self._mode(self._losses, (random, probability))

    def __enter__(self) -> Self:
        """Listen. Raises OSError where that cannot be done."""
        listener, where = _socket(self._address)
        try:
            listener.bind(where)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
        listener.settimeout(0)
        if isinstance(self._address, TcpAddress):
            self._address = TcpAddress(self._address.host, listener.getsockname()[1])
        # Without a factory, the runner would make its loop the one of this thread.
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = runner.get_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="proxy")
        self._ran = self._thread.submit(self._run, runner, listener)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection and the thread. Raises what went wrong in it."""
        with self._lock:
            loop, self._loop = self._loop, None
        assert loop
        with suppress(RuntimeError):  # closed, because the thread has failed: its error comes below
            loop.call_soon_threadsafe(self._stopping.set)
        self._thread.shutdown()
        if isinstance(self._address, UnixAddress):
            self._address.path.unlink(missing_ok=True)
        self._ran.result()

    @contextmanager
    def _mode(self, active: list[_T], mode: _T) -> Iterator[None]:
        if not self._call(lambda: self._change(active.append, mode)):
            raise RuntimeError("the proxy is not entered")
        try:
            yield
        finally:
            self._call(lambda: self._change(active.remove, mode))

    def _call(self, change: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do it in the loop, and wait until it is done. Returns whether there is a loop."""
        with self._lock:  # else the loop could end without having looked at it
            if self._loop is not None:
                asyncio.run_coroutine_threadsafe(change(), self._loop).result(_CALL_SECONDS)
            return self._loop is not None

    async def _change(self, what: Callable[[_T], None], mode: _T) -> None:
        what(mode)
        if self._cuts:
            self.cut_connections += len(self._serving)
            await asyncio.gather(*self._cancel(), return_exceptions=True)
        (self._flowing.clear if self._stalls else self._flowing.set)()

    def _run(self, runner: asyncio.Runner, listener: socket.socket) -> None:
        with listener, runner:
            runner.run(self._listen(listener))

    async def _listen(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            loop.add_reader(listener, self._accept, listener, group)
            try:
                await self._stopping.wait()
            finally:
                loop.remove_reader(listener)
                self._cancel()

    def _accept(self, listener: socket.socket, group: asyncio.TaskGroup) -> None:
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # whoever it was has gone
        self.connections += 1
        _prepare(client)
        if self._cuts:
            self.cut_connections += 1
            client.close()
            return
        task = group.create_task(self._serve(client))
        self._serving.add(task)
        # Not closed by the task itself: one that is cancelled before its first step does nothing at all.
        task.add_done_callback(lambda _: client.close())
        task.add_done_callback(self._serving.discard)

    def _cancel(self) -> list[asyncio.Task[None]]:
        tasks = list(self._serving)
        for task in tasks:
            task.cancel()
        return tasks

    async def _serve(self, client: socket.socket) -> None:
        await self._passable()
        upstream, where = _socket(self.upstream)
        with upstream:
            _prepare(upstream)
            try:
                await asyncio.get_running_loop().sock_connect(upstream, where)
                async with asyncio.TaskGroup() as group:
                    requests, answers = _Chunks(CHUNKS_IN_FLIGHT), _Chunks(CHUNKS_IN_FLIGHT)
                    group.create_task(self._read(client, requests))
                    group.create_task(self._write(requests, upstream, ()))
                    group.create_task(self._read(upstream, answers))
                    group.create_task(self._write(answers, client, self._losses))
                _end_on_close(client)
                _end_on_close(upstream)
            except* _AnswerLostError:
                _end_on_close(upstream)
            except* OSError:
                pass  # one side has failed: the other one is told by the reset

    async def _read(self, source: socket.socket, chunks: _Chunks) -> None:
        loop = asyncio.get_running_loop()
        chunk: bytes | None = b"more"
        while chunk:
            try:
                chunk = await loop.sock_recv(source, CHUNK_BYTES)
            except OSError:
                chunk = None  # it neither overtakes the bytes before it, nor passes where nothing does
            delays = (seconds + self._random.uniform(-jitter, jitter) for seconds, jitter in self._delays)
            delay = sum(max(0.0, seconds) for seconds in delays)
            self.delayed += delay > 0
            await chunks.put((loop.time() + delay, chunk))

    async def _write(self, chunks: _Chunks, target: socket.socket, losses: Sequence[tuple[Random, float]]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, chunk = await chunks.get()
            await asyncio.sleep(due - loop.time())
            await self._passable()
            if chunk is None:
                raise ConnectionResetError
            if not chunk:
                return target.shutdown(socket.SHUT_WR)
            if any(random.random() < probability for random, probability in losses):
                self.lost += 1
                raise _AnswerLostError
            await self._send(target, chunk)

    async def _send(self, target: socket.socket, chunk: bytes) -> None:
        rest = memoryview(chunk)
        while rest:
            await self._passable()
            rate = min(self._rates, default=None)
            piece = rest if rate is None else rest[: max(1, int(rate / PIECES_PER_SECOND))]
            try:
                sent = target.send(piece)
            except BlockingIOError:
                await _writable(target)  # and not sock_sendall, which would not stop for a stall
                continue
            rest = rest[sent:]
            if rate is not None:
                self.throttled_pieces += 1
                await asyncio.sleep(sent / rate)

    async def _passable(self) -> None:
        self.held += bool(self._stalls)
        while self._stalls:
            await self._flowing.wait()


def _socket(address: Address) -> tuple[socket.socket, str | tuple[str, int]]:
    """A new socket, and where it is to be bound or connected."""
    if isinstance(address, UnixAddress):
        return socket.socket(socket.AF_UNIX), str(address.path)
    stream = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return stream, (address.host, address.port)


def _prepare(stream: socket.socket) -> None:
    """Let it pass small chunks at once, and end by a reset unless it is told otherwise."""
    stream.settimeout(0)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if stream.family != socket.AF_UNIX:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _end_on_close(stream: socket.socket) -> None:
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))


async def _writable(stream: socket.socket) -> None:
    ready = asyncio.Event()
    asyncio.get_running_loop().add_writer(stream, ready.set)
    try:
        await ready.wait()
    finally:
        asyncio.get_running_loop().remove_writer(stream)
