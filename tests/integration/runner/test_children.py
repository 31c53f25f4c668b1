"""Child processes that simulate: warm, bounded, and killable without harm to others."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from quantum_runner.children import Child, ChildLostError, DeadlineExceededError
from quantum_runner.container import one_thread_per_library
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import MAX_SHOTS, Method, Options
from support.processes import descendants, process
from support.programs import BELL, ENDLESS
from support.stores import run
from support.waiting import eventually

LONG = 60.0
"""A deadline that is not meant to be reached, in seconds."""


@asynccontextmanager
async def started(*, simulations: int = 1000) -> AsyncIterator[Child]:
    """A warm child."""
    one_thread_per_library()
    child = Child(memory_bytes=2**30, threads=1, simulations=simulations)
    try:
        await child.start()
        yield child
    finally:
        await child.stop()


def _pid() -> int:
    """The process of the one child there is: it carries the out-of-memory killer's mark, and is of our own session."""
    ours = os.getsid(0)
    [marked] = [one.pid for one in descendants(os.getpid()) if one.session == ours and _is_marked(one.pid)]
    return marked


def _is_marked(pid: int) -> bool:
    with open(f"/proc/{pid}/oom_score_adj") as file:  # noqa: PTH123 - the kernel's, not a path of ours
        return file.read().strip() == "1000"


def test_a_child_simulates_again_and_again() -> None:
    """One child runs many programs, equal ones with equal seeds alike."""

    async def scenario() -> None:
        async with started() as child:
            outcomes = [(await child.run(BELL, Options(seed=7), LONG)).outcome for _ in range(3)]
            assert outcomes[0] == outcomes[1] == outcomes[2]
            assert sum(outcomes[0].counts.values()) == 1024

    run(scenario())


def test_a_child_runs_small_programs_together_and_no_others() -> None:
    """Each small program has its outcome or its refusal, and what may take longer is not begun."""

    async def scenario() -> None:
        async with started() as child:
            first, second, third, fourth = await child.run_quick(
                [(BELL, Options(seed=7)), (ENDLESS, Options()), ("\x00", Options()), (BELL, Options(shots=MAX_SHOTS))]
            )
            assert first == (await child.run(BELL, Options(seed=7), LONG)).outcome
            assert (second, fourth) == (None, None)
            assert isinstance(third, ProgramError)
            assert third.code is Code.ENCODING

    run(scenario())


@pytest.mark.parametrize(
    ("program", "options", "quick"),
    [
        (BELL, Options(), True),
        (BELL, Options(shots=MAX_SHOTS), False),
        (BELL, Options(method=Method.STABILIZER), False),
    ],
)
def test_a_child_says_whether_a_program_was_a_small_one(program: str, options: Options, quick: bool) -> None:  # noqa: FBT001
    """Whoever has it run a program learns whether more of that kind may be run together."""

    async def scenario() -> None:
        async with started() as child:
            assert (await child.run(program, options, LONG)).quick is quick

    run(scenario())


def test_a_refusal_comes_back_with_its_place_and_costs_nothing() -> None:
    """A program that is refused raises in the supervisor what it raised in the child, and the process lives on."""

    async def scenario() -> None:
        async with started() as child:
            before = _pid()
            with pytest.raises(ProgramError) as refusal:
                await child.run("OPENQASM 3;\nqubit q;\nh q;", Options(), LONG)
            assert (refusal.value.code, refusal.value.line) == (Code.UNDEFINED, 3)
            assert _pid() == before

    run(scenario())


def test_a_clock_that_is_set_forward_costs_an_attempt_and_not_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines are about how long a run took: an hour that did not pass is no reason to fail a program for good."""

    class Clock:
        """The time module, as pebble sees it."""

        ahead = 0.0
        sleep = staticmethod(time.sleep)

        def time(self) -> float:
            return time.time() + self.ahead

    async def scenario() -> None:
        clock = Clock()
        monkeypatch.setattr("pebble.pool.process.time", clock)
        async with started() as child:
            work = asyncio.create_task(child.run(ENDLESS, Options(), LONG))
            await asyncio.sleep(1)
            clock.ahead = 3600
            with pytest.raises(ChildLostError, match="clock"):
                await work

    run(scenario())


def test_a_mistake_in_the_runner_fails_one_task() -> None:
    """An exception that nobody thought of becomes a failure of that run, and the process lives on."""

    async def scenario() -> None:
        async with started() as child:
            before = _pid()
            nonsense: Any = None
            with pytest.raises(ProgramError, match="AttributeError") as failure:
                await child.run(BELL, nonsense, LONG)
            assert failure.value.code is Code.ENGINE_FAILED
            assert _pid() == before

    run(scenario())


def test_an_answer_that_cannot_be_read_is_a_lost_attempt() -> None:
    """What cannot be sent to the child or back costs one attempt, never the supervisor."""

    async def scenario() -> None:
        async with started() as child:
            unsendable: Any = lambda: None  # noqa: E731 - what pickle refuses
            with pytest.raises(ChildLostError, match="no answer"):
                await child.run(BELL, unsendable, LONG)
            assert sum((await child.run(BELL, Options(), LONG)).outcome.counts.values()) == 1024

    run(scenario())


def test_a_killed_process_costs_one_run() -> None:
    """A process killed in the middle of a run loses that run, says how it ended, and is replaced for the next."""

    async def scenario() -> None:
        async with started() as child:
            running = asyncio.create_task(child.run(ENDLESS, Options(), LONG))
            pid = _pid()
            await asyncio.to_thread(eventually, lambda: _is_busy(pid), 20, "the process to simulate")
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(ChildLostError, match="signal 9"):
                await running
            assert sum((await child.run(BELL, Options(), LONG)).outcome.counts.values()) == 1024

    run(scenario())


def test_an_idle_process_that_dies_is_replaced() -> None:
    """A process killed while it waits costs at most one run, and the one after that works."""

    async def scenario() -> None:
        async with started() as child:
            pid = _pid()
            os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(eventually, lambda: process(pid) is None, 20, "the end of the process")
            with contextlib.suppress(ChildLostError):
                await child.run(BELL, Options(), LONG)
            assert sum((await child.run(BELL, Options(), LONG)).outcome.counts.values()) == 1024

    run(scenario())


def test_a_run_ends_at_its_deadline() -> None:
    """An endless program is stopped, its process with it, and the next program runs."""

    async def scenario() -> None:
        async with started() as child:
            pid = _pid()
            with pytest.raises(DeadlineExceededError):
                await child.run(ENDLESS, Options(), 0.5)
            await asyncio.to_thread(eventually, lambda: process(pid) is None, 20, "the end of the process")
            assert sum((await child.run(BELL, Options(), LONG)).outcome.counts.values()) == 1024

    run(scenario())


def test_a_cancelled_run_is_killed() -> None:
    """Cancelling a run ends its process, and the next program runs."""

    async def scenario() -> None:
        async with started() as child:
            pid = _pid()
            running = asyncio.create_task(child.run(ENDLESS, Options(), LONG))
            await asyncio.to_thread(eventually, lambda: _is_busy(pid), 20, "the process to simulate")
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await asyncio.to_thread(eventually, lambda: process(pid) is None, 20, "the end of the process")
            assert sum((await child.run(BELL, Options(), LONG)).outcome.counts.values()) == 1024

    run(scenario())


def test_a_process_is_replaced_after_so_many_simulations() -> None:
    """A child changes its process after as many runs as it may have, and loses none of them."""

    async def scenario() -> None:
        async with started(simulations=2) as child:
            for _ in range(6):
                assert sum((await child.run(BELL, Options(), LONG)).outcome.counts.values()) == 1024

    run(scenario())


def _is_busy(pid: int) -> bool:
    # its state would not tell: Aer computes in a thread, and the state is that of the main one
    one = process(pid)
    return one is not None and one.cpu_ticks > 20
