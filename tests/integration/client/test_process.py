"""Supervised children, with real processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from quantum_client.local.errors import LocalStackError
from quantum_client.local.logs import MAX_LINE_BYTES, SUPERVISOR
from quantum_client.local.process import MAX_STARTS, Child, Part
from support.processes import alive, kill
from support.stores import run
from support.waiting import eventually

SERVE = "import signal; print('here', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SERVE}"
POLITE = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit('bye')); " + SERVE.partition("; ")[2]

SUPERVISE = f"""
import asyncio
from quantum_client.local.process import Child, Part

async def main():
    command = ({sys.executable!r}, "-c", {SERVE!r})
    child = Child(Part("child", command, {{}}, ready_line="here"), lambda name, line: print(line, flush=True))
    child.start()
    await child.running

asyncio.run(main())
"""


class Lines:
    """Keeps a log, and lets a test wait for a line of it."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def __call__(self, name: str, line: str) -> None:
        """Keep one line."""
        self.all.append((name, line))
        self._changed.set()

    def of(self, name: str) -> list[str]:
        """The lines of one part."""
        return [line for named, line in self.all if named == name]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds, which is looked at after every line."""
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def pid(self, nth: int = 1) -> int:
        """The process id of the nth start."""

        def started() -> list[str]:
            return [line for line in self.of(SUPERVISOR) if line.startswith("started child pid=")]

        await self.until(lambda: len(started()) >= nth)
        return int(started()[nth - 1].partition("=")[2])


@asynccontextmanager
async def supervised(code: str, lines: Lines, stop_seconds: float = 10.0) -> AsyncIterator[Child]:
    """A child that runs this Python code, stopped when the test is over."""
    command = (sys.executable, "-c", code)
    child = Child(Part("child", command, os.environ, ready_line="here", stop_seconds=stop_seconds), lines)
    child.start()
    try:
        yield child
    finally:
        await child.stop()


def test_a_child_that_is_killed_is_started_again() -> None:
    """After a kill, the log says by which signal it ended, and another process takes its place."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised(SERVE, lines) as child:
            await child.ready.wait()
            first = await lines.pid()
            kill(first)
            assert await lines.pid(2) != first
            assert "child ended by signal 9; starting again in 0.2 s" in lines.of(SUPERVISOR)

    run(scenario())


def test_a_child_that_exits_is_started_again() -> None:
    """A child that ends by itself, even with 0, is started again, with its exit status in the log."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised("print('here', flush=True)", lines):
            await lines.pid(3)
            assert "child ended with exit status 0; starting again in 0.4 s" in lines.of(SUPERVISOR)

    run(scenario())


def test_a_child_that_is_never_ready_is_given_up() -> None:
    """A child that ends again and again before it was ready fails, and the error has its last lines."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised("import sys; sys.exit('no module of that name')", lines) as child:
            assert child.running
            with pytest.raises(LocalStackError) as caught:
                await child.running
        assert f"child ended with exit status 1 before it was ready, {MAX_STARTS} times" in str(caught.value)
        assert "no module of that name" in str(caught.value)

    run(scenario())


def test_a_program_that_is_missing_cannot_be_started() -> None:
    """A command that does not exist fails at once, with a message."""

    async def scenario() -> None:
        child = Child(Part("child", ("/nowhere/program",), {}), Lines())
        child.start()
        assert child.running
        with pytest.raises(LocalStackError, match=r"cannot start child: .*No such file"):
            await child.running

    run(scenario())


def test_a_child_is_asked_to_end_before_it_is_killed() -> None:
    """Stopping sends SIGTERM, waits for the end, and takes the last output along."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised(POLITE, lines) as child:
            await child.ready.wait()
            pid = await lines.pid()
        assert lines.of("child")[-1] == "bye"
        assert not alive([pid])
        assert len(lines.of(SUPERVISOR)) == 1

    run(scenario())


def test_a_child_that_does_not_end_is_killed() -> None:
    """A child that ignores SIGTERM is killed once its time is up."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised(STUBBORN, lines, stop_seconds=0.1) as child:
            await child.ready.wait()
            pid = await lines.pid()
        assert "child did not end in 0.1 s; killing it" in lines.of(SUPERVISOR)
        assert not alive([pid])

    run(scenario())


def test_a_second_demand_kills_at_once() -> None:
    """While a stop waits for a stubborn child, a kill ends it without any further wait."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised(STUBBORN, lines, stop_seconds=50) as child:
            await child.ready.wait()
            stopping = asyncio.create_task(child.stop())
            child.kill()
            async with asyncio.timeout(10):
                await stopping

    run(scenario())


def test_a_child_that_waits_to_be_started_again_can_be_stopped() -> None:
    """Stopping does not wait for a backoff, and nothing is started any more."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised("print('here', flush=True)", lines):
            await lines.until(lambda: any("in 0.8 s" in line for line in lines.of(SUPERVISOR)))
        assert len([line for line in lines.of(SUPERVISOR) if line.startswith("started")]) == 3

    run(scenario())


@pytest.mark.parametrize("turns", range(5))
def test_a_child_that_is_just_being_started_can_be_stopped(turns: int) -> None:
    """A stop that comes before the process is there, at whichever turn of the loop, ends the process all the same."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised(SERVE, lines, stop_seconds=50) as child:
            for _ in range(turns):
                await asyncio.sleep(0)
        assert child.running
        assert child.running.done()
        assert child.running.exception() is None
        assert "child did not end in 50 s; killing it" not in lines.of(SUPERVISOR)
        assert not alive([await lines.pid()] if lines.of(SUPERVISOR) else [])

    run(scenario())


def test_what_a_child_leaves_behind_does_not_hold_it_up() -> None:
    """A child that is killed is started again though its own children hold its output open, and those are killed."""
    code = (
        "import subprocess, sys; "
        "other = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); "
        f"print('other', other.pid, flush=True); {SERVE}"
    )

    async def scenario() -> None:
        lines = Lines()
        async with supervised(code, lines) as child:
            await child.ready.wait()
            orphan = int(lines.of("child")[0].split()[1])
            kill(await lines.pid())
            await lines.pid(2)
            assert not alive([orphan])

    run(scenario())


def test_a_flood_without_line_ends_is_bounded() -> None:
    """A line without end neither stops the child nor fills the memory: what is kept of it is bounded."""
    code = f"import sys; sys.stdout.write('x' * 5_000_000 + '\\n'); sys.stdout.flush(); {SERVE}"

    async def scenario() -> None:
        lines = Lines()
        async with supervised(code, lines) as child:
            await child.ready.wait()
        assert len(lines.of("child")[0]) < MAX_LINE_BYTES + 100
        assert lines.of("child")[0].endswith("bytes left out]")

    run(scenario())


def test_a_child_has_a_session_of_its_own() -> None:
    """The terminal's Ctrl-C, which goes to a whole group, does not reach a child."""

    async def scenario() -> None:
        lines = Lines()
        async with supervised(SERVE, lines):
            pid = await lines.pid()
            assert os.getsid(pid) == pid
            assert os.getpgid(pid) == pid

    run(scenario())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_child_does_not_outlive_its_supervisor(tmp_path: Path) -> None:
    """When the supervisor is killed, the kernel kills its child."""
    output = tmp_path / "output"
    with output.open("wb") as stream, subprocess.Popen([sys.executable, "-c", SUPERVISE], stdout=stream) as supervisor:
        try:
            eventually(lambda: "here" in output.read_text(), 20, "the child is there")
        finally:
            supervisor.send_signal(signal.SIGKILL)
    child = int(output.read_text().partition("pid=")[2].split()[0])
    try:
        eventually(lambda: not alive([child]), 10, "the child is gone")
    finally:
        kill(child)
