"""One supervised child process: started, read line by line, started again when it ends, and stopped.

Written here because what there is does something else: honcho ends everything as soon as one process ends and knows no
readiness; supervisor is a daemon with files of its own; circus brings ZeroMQ and tornado; simpervisor restarts, but
neither backs off nor reads output. None of them ties a child's life to its supervisor's.
"""

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from quantum_client.local.errors import LocalStackError
from quantum_client.local.logs import SUPERVISOR, LineSplitter, Log

FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A child that ran for this long starts over with the shortest backoff."""

MAX_STARTS = 3
"""How often a child may end before it was ever ready."""

PROBE_SECONDS = 0.05
DRAIN_SECONDS = 1.0
"""How long what is left of a child may keep its output open."""

LAST_LINES = 12

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Part:
    """What is run and how it is known to be ready: by a line that holds `ready_line`, or by a true answer of `probe`.

    `inherited` are file descriptors that the child keeps open.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    ready_line: str | None = None
    probe: Callable[[], Awaitable[bool]] | None = None
    stop_seconds: float = 15.0
    inherited: tuple[int, ...] = ()


class Child:
    """A part that runs, from `start` to `stop`. `ready` is set when it is ready for the first time."""

    def __init__(self, part: Part, log: Log) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self.running: asyncio.Task[None] | None = None
        """Ends when the part was stopped; fails with LocalStackError when it is given up."""
        self._log = log
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Keep the part running from now on."""
        self.running = asyncio.create_task(self._keep_running(), name=self.part.name)

    async def stop(self) -> None:
        """Ask the process to end, wait for `stop_seconds`, then kill it."""
        self._stopping.set()
        if self.running is None:
            return
        self._terminate()
        await asyncio.wait({self.running}, timeout=self.part.stop_seconds)
        if not self.running.done():
            self._log(SUPERVISOR, f"{self.part.name} did not end in {self.part.stop_seconds:g} s; killing it")
            self._kill()
        await asyncio.gather(self.running, return_exceptions=True)

    def kill(self) -> None:
        """End the process at once, and do not start it again."""
        self._stopping.set()
        self._kill()

    def last_lines(self) -> str:
        """The end of the output, indented, for an error message."""
        return "".join(f"\n    {line}" for line in self._last_lines)

    async def _keep_running(self) -> None:
        ends = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            ends = 1 if time.monotonic() - began >= STEADY_SECONDS else ends + 1
            if ends >= MAX_STARTS and not self.ready.is_set():
                raise LocalStackError(f"{self._ended(code)} before it was ready, {ends} times:{self.last_lines()}")
            delay = backoff_seconds(ends)
            self._log(SUPERVISOR, f"{self._ended(code)}; starting again in {delay:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def _run_once(self) -> int:
        output, process = await self._spawn()
        self._process = process
        self._log(SUPERVISOR, f"started {self.part.name} pid={process.pid}")
        if self._stopping.is_set():  # it was told so while the process was being made
            self._terminate()
        reading = asyncio.create_task(self._read(output))
        probing = asyncio.create_task(self._probe())
        try:
            return await process.wait()
        finally:
            self._kill()
            self._process = None
            probing.cancel()
            await self._drain(process.pid, reading)

    async def _spawn(self) -> tuple[int, asyncio.subprocess.Process]:
        # A pipe of our own: asyncio's wait() for a process with its pipes also waits for whoever else holds them.
        output, end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.part.command,
                env=self.part.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=end,
                stderr=end,
                start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, which stops all in order
                umask=0o077,
                pass_fds=self.part.inherited,
                preexec_fn=_dies_with(os.getpid()),
            )
        except BaseException as error:
            os.close(output)
            if isinstance(error, OSError):
                raise LocalStackError(f"cannot start {self.part.name}: {error}") from error
            raise
        finally:
            os.close(end)
        return output, process

    async def _read(self, output: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(output, "rb", buffering=0)
        )
        lines = LineSplitter()
        try:
            while chunk := await reader.read(64 * 1024):
                self._take(lines.feed(chunk))
            self._take(lines.close())
        finally:
            transport.close()

    def _take(self, lines: list[str]) -> None:
        for line in lines:
            self._last_lines.append(line)
            self._log(self.part.name, line)
            if self.part.ready_line and self.part.ready_line in line:
                self.ready.set()

    async def _probe(self) -> None:
        if self.part.probe is None:
            return
        while not await self.part.probe():  # noqa: ASYNC110 - a process has no event to wait for
            await asyncio.sleep(PROBE_SECONDS)
        self.ready.set()

    async def _drain(self, pid: int, reading: asyncio.Task[None]) -> None:
        await asyncio.wait({reading}, timeout=DRAIN_SECONDS)
        if not reading.done():
            # Children of the child still hold its output, so its session is not empty and is still the one we made.
            _kill_session(pid)
            reading.cancel()
            await asyncio.wait({reading})

    def _terminate(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            _kill_session(self._process.pid)

    def _ended(self, code: int) -> str:
        return f"{self.part.name} ended {f'by signal {-code}' if code < 0 else f'with exit status {code}'}"


def backoff_seconds(ends: int) -> float:
    """How long to wait before the next start, after this many ends in a row."""
    doublings = min(ends - 1, 16)  # far beyond the longest wait, and a bound on the number
    return min(FIRST_BACKOFF_SECONDS * 2.0**doublings, LONGEST_BACKOFF_SECONDS)


def _kill_session(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _dies_with(supervisor: int) -> Callable[[], None]:
    """What a new child runs first: from then on the kernel kills it when the supervisor ends, however it ends.

    Linux only. Elsewhere the children of a supervisor that was killed go on until they are stopped by hand.
    """

    def arrange() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:  # it ended before the kernel knew
                os._exit(1)

    return arrange
