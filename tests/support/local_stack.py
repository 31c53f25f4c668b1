"""The local stack (`quantum-tasks up`) as a process that a test starts, watches, hurts and ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from support.processes import Process, alive, descendants, kill, process, processes
from support.waiting import eventually

START_SECONDS = 60.0
STOP_SECONDS = 30.0
MAX_LINES = 100_000

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_READY = re.compile(r"Ready on (http://127\.0\.0\.1:\d+)")
_STARTED = re.compile(r"started (redis|api|worker(?:-\d+)?) pid=(\d+)")


class LocalStack:
    """`quantum-tasks up` on a data folder, from its Ready line to a clean exit.

    `port` None lets the system choose one; `env` is laid over this process's own environment, less its QT_ settings.
    """

    def __init__(
        self, data: Path, workers: int = 1, port: int | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        self._command = [
            str(Path(sys.executable).with_name("quantum-tasks")),
            "up",
            *("--port", str(port or 0)),
            *("--workers", str(workers)),
            *("--data", str(data)),
        ]
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("QT_")}
        self._env = {**inherited, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **(env or {})}
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._line_count = 0
        self._changed = threading.Condition()
        self._pids: dict[str, int] = {}
        self._base_url: str | None = None
        self._ended = False
        self._family: set[int] = set()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start, and wait until the stack says that it is ready."""
        self._process = subprocess.Popen(
            self._command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="stack-output", daemon=True)
        self._reader.start()
        with self._changed:
            self._changed.wait_for(lambda: self._base_url or self._ended, START_SECONDS)
        if self._base_url is None:
            self._kill()
            raise AssertionError(f"the stack was not ready within {START_SECONDS:g} s:\n{self.output()[-8000:]}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the stack; a failed test keeps its own error, with the end of the stack's output as a note."""
        if error is not None:
            error.add_note(f"the stack's last output:\n{self.output()[-8000:]}")
        if self.pid is None or self._ended:
            self._kill()
            return
        with contextlib.suppress(AssertionError) if error is not None else contextlib.nullcontext():
            self.terminate()

    @property
    def pid(self) -> int | None:
        """The id of the `up` process, None once it has been waited for."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    @property
    def base_url(self) -> str:
        """Where the API answers."""
        assert self._base_url is not None, "the stack is not started"
        return self._base_url

    def output(self) -> str:
        """What the stack wrote to stdout and stderr, at most its last MAX_LINES lines."""
        with self._changed:
            return "\n".join(self._lines)

    @property
    def output_is_whole(self) -> bool:
        """Whether every line that was written is still in `output`."""
        return self._line_count <= MAX_LINES

    def child(self, role: str) -> int:
        """The latest process id that was logged for `redis`, `api` or `worker` (the first worker, or `worker-N`)."""
        with self._changed:
            pids = dict(self._pids)
        for name in (role, f"{role}-1", f"{role}-0"):
            if name in pids:
                return pids[name]
        raise AssertionError(f"no `started {role} pid=` in the stack's output, only {pids}")

    def replaced(self, role: str, old: int, deadline_seconds: float = 30.0) -> int:
        """The process id that took the place of `old`, once the stack has started one."""
        eventually(lambda: self.child(role) != old, deadline_seconds, f"another {role} in the place of {old}")
        return self.child(role)

    def family(self) -> list[Process]:
        """Every living process of the stack: below `up`, in its session, or named in its output, and `up` itself."""
        if self._process is None:
            return []
        found = {one.pid: one for one in descendants(self._process.pid)}
        found |= {one.pid: one for one in processes().values() if one.session == self._process.pid}
        with self._changed:
            named = list(self._pids.values())
        for pid in (self._process.pid, *named):
            one = process(pid)
            if one is not None:
                found[pid] = one
        self._family |= set(found)
        return list(found.values())

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the stack to end, and assert that it exits with 0 and leaves no process behind."""
        assert self._process is not None, "the stack is not started"
        self.family()
        self._process.send_signal(number)
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            raise AssertionError(f"the stack did not end within {STOP_SECONDS:g} s of {number.name}") from None
        try:
            eventually(lambda: not alive(self._family), 5, f"no process left behind by the stack: {self._family}")
        finally:
            self._kill()
        assert status == 0, f"the stack exited with {status} on {number.name}:\n{self.output()[-8000:]}"

    def _kill(self) -> None:
        """End whatever is left of the stack, each process by its id, and wait for its output's end."""
        assert self._process is not None
        self.family()
        for pid in alive(self._family):
            kill(pid)
        self._process.wait()
        if self._reader is not None:
            self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = _ANSI.sub("", raw.rstrip("\n"))
            with self._changed:
                self._lines.append(line)
                self._line_count += 1
                if started := _STARTED.search(line):
                    self._pids[started[1]] = int(started[2])
                if ready := _READY.search(line):
                    self._base_url = ready[1]
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
