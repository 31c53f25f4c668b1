"""One child process that is kept running: started again when it dies, ended in an orderly way."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

log = structlog.get_logger("stack")

_PR_SET_PDEATHSIG = 1
_LINE_BYTES = 4000
_LAST_LINES = 20

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
SETTLED_SECONDS = 10.0
"""A process that ran for so long is started again at once when it dies."""

FAILED_STARTS = 3
"""How often a process may die before it was ever ready."""


class PartFailedError(Exception):
    """A part of the stack dies whenever it is started; the message has its last lines."""


@dataclass
class Part:
    """A process of the stack.

    `on_line` sees each line that it prints, with its name. Once `was_ready` is set it is never given up.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    on_line: Callable[[str, str], None]
    stop_seconds: float = 15.0
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    was_ready: bool = False
    _process: asyncio.subprocess.Process | None = None
    _stopping: bool = False

    async def keep_running(self) -> None:
        """Run the process, again and again, until `stop`. Raises PartFailedError when it was never ready."""
        deaths = 0
        while not self._stopping:
            seconds = await self._run_once()
            deaths = 1 if seconds >= SETTLED_SECONDS else deaths + 1
            if self._stopping:
                return
            if deaths >= FAILED_STARTS and not self.was_ready:
                raise PartFailedError(f"{self.name} does not start:\n" + "\n".join(self.last_lines))
            pause = pause_seconds(deaths)
            log.warning("%s %s; starting again in %g s", self.name, self._how_it_ended(), pause)
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """End the process: SIGTERM, and SIGKILL when it takes too long."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self.stop_seconds)
        except TimeoutError:
            log.warning("%s does not stop; killing it", self.name)
            self.kill()
            await process.wait()

    def kill(self) -> None:
        """End the process at once."""
        self._stopping = True
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _run_once(self) -> float:
        clock = asyncio.get_running_loop().time
        started = clock()
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            env=dict(self.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the stack, which then stops its parts in their order
            preexec_fn=partial(die_with, os.getpid()),
        )
        log.info("started %s pid=%d", self.name, self._process.pid)
        assert self._process.stdout  # noqa: S101 - asked for above
        async for line in _lines(self._process.stdout):
            self.last_lines.append(line)
            self.on_line(self.name, line)
        await self._process.wait()
        return clock() - started

    def _how_it_ended(self) -> str:
        code = self._process.returncode if self._process else None
        if code is not None and code < 0:
            return f"ended by signal {-code} ({signal.Signals(-code).name})"
        return f"ended with exit code {code}"


def pause_seconds(deaths: int) -> float:
    """How long to wait before the next start, after so many deaths in a row: doubling, up to LONGEST_PAUSE_SECONDS."""
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(deaths - 1, 20), LONGEST_PAUSE_SECONDS))


def die_with(parent: int) -> None:
    """Ask Linux to end this process when the one that started it is killed. Runs between fork and exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed before we could ask
            os._exit(0)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """The lines of a stream; one that is longer than _LINE_BYTES is cut."""
    rest = b""
    while chunk := await stream.read(65536):
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[:_LINE_BYTES]
        for line in whole:
            yield line[:_LINE_BYTES].decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
