"""Warm child processes that simulate, each killable at any time without harm to the others.

A child is a pebble pool of one process: pebble starts, watches, times out and kills it. After anything unusual the
whole pool is thrown away, since a process that was killed may have held one of its locks.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.context import ForkServerContext
from signal import Signals
from typing import TYPE_CHECKING, TypeVar

from pebble import CONSTS, ProcessExpired, ProcessPool
from quantum_tasks.errors import ProgramError, QuantumTasksError
from quantum_tasks.task import Options, Outcome

from quantum_runner import child, container

if TYPE_CHECKING:
    from quantum_runner.simulate import Run

T = TypeVar("T")

CONSTS.term_timeout = 0.2  # seconds from SIGTERM to SIGKILL: a simulation does not listen

_START_SECONDS = 120
"""How long a process may take to load the simulator, on a slow machine."""

_QUICK_SECONDS = 60
"""How long as many programs as are run at once may take, each of which takes milliseconds, on a slow machine."""

_GRACE_SECONDS = 10
"""How long after a deadline pebble may take to notice."""


class DeadlineExceededError(QuantumTasksError):
    """The simulation ran for longer than it may; its child was killed."""


class ChildLostError(QuantumTasksError):
    """The child died in the middle of a simulation; the message says how."""


class Child:
    """One place for one simulation at a time, with a warm process in it."""

    def __init__(self, *, memory_bytes: int, threads: int, simulations: int, quiet: bool = True) -> None:
        """Give each simulation so much memory and so many threads; replace the process after so many `simulations`."""
        self._machine = (memory_bytes, threads)
        self._simulations = simulations
        self._quiet = quiet
        self._pool: ProcessPool | None = None

    async def start(self) -> None:
        """Have a process that is warm. Raises ChildLostError."""
        await self._in_child(child.ready, (), _START_SECONDS)

    async def run(self, program: str, options: Options, deadline_seconds: float) -> "Run":
        """Simulate. Cancelling this kills the process.

        Raises ProgramError for a refusal, DeadlineExceededError, ChildLostError.
        """
        answer = await self._in_child(child.run, (program, options, *self._machine), deadline_seconds)
        if isinstance(answer, ProgramError):
            raise answer
        return answer

    async def run_quick(self, programs: Sequence[tuple[str, Options]]) -> list[Outcome | ProgramError | None]:
        """Simulate those programs that take but a moment; a refusal is a value here, and None is for any other program.

        Cancelling this kills the process. Raises DeadlineExceededError, ChildLostError: then nothing is known of any.
        """
        return await self._in_child(child.run_quick, (programs,), _QUICK_SECONDS)

    async def stop(self) -> None:
        """End the process, whatever it is doing."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call] # pebble does not say that it returns nothing
            await asyncio.to_thread(pool.join)

    async def _in_child(self, function: Callable[..., T], args: tuple[object, ...], seconds: float) -> T:
        pool = self._pool = self._pool or self._new_pool()
        kills = container.oom_kills()
        settled = False
        began = asyncio.get_running_loop().time()
        try:
            # pebble times the run from its start in the child; the outer bound is for a pool that is stuck
            async with asyncio.timeout(seconds + _GRACE_SECONDS):
                answer = await asyncio.wrap_future(pool.schedule(function, args=args, timeout=seconds))
            settled = True
        except TimeoutError as error:
            if asyncio.get_running_loop().time() - began < seconds:  # pebble goes by the clock on the wall
                raise ChildLostError("the machine's clock was set forward, and the process was stopped") from error
            raise DeadlineExceededError(f"ran for longer than {seconds:g} s") from error
        except ProcessExpired as error:
            raise ChildLostError(_cause(error.exitcode, ran_out_of_memory=container.oom_kills() > kills)) from error
        except (BrokenProcessPool, RuntimeError) as error:
            raise ChildLostError("the process was not there any more") from error
        except Exception as error:
            raise ChildLostError(f"the process gave no answer that can be read ({type(error).__name__})") from error
        finally:
            if not settled:
                await self.stop()
        return answer

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=1,
            max_tasks=self._simulations,
            initializer=child.prepare,
            initargs=(self._quiet,),
            context=_fork_server(),
        )


@cache
def _fork_server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["quantum_runner.warm"])
    return context


def _cause(exit_code: int, *, ran_out_of_memory: bool) -> str:
    if ran_out_of_memory:
        return "the memory ran out and the process was killed"
    if exit_code < 0:
        return f"the process was killed by signal {-exit_code} ({Signals(-exit_code).name})"
    return f"the process ended with exit code {exit_code}"
