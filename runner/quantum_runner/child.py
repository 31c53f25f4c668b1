"""What runs inside a child process.

The supervisor loads this module too, to name its functions, and has no use for a simulator: the simulator is loaded
where it is used.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Options, Outcome

if TYPE_CHECKING:
    from quantum_runner.simulate import Run

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1


def prepare(quiet: bool) -> None:  # noqa: FBT001 - pebble passes initargs by position
    """Make this process a child that cannot outlive its parent nor take it down.

    It ends with its parent, is the first that the kernel kills when memory runs out, gives way to its supervisor's
    heartbeats, and leaves no core files. `quiet` sends what libraries print, on behalf of strangers, nowhere.
    """
    _let_the_fork_server_end()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError):  # not everywhere may a process do even this
            Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if quiet:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)


def _let_the_fork_server_end() -> None:
    """Give up the pipe by which the fork server knows that the supervisor is there.

    Every child gets it, so that it may have children of its own. But the fork server then lives for as long as one
    child does, and a child that computes, whose parent it is, outlives a supervisor that was killed.
    """
    lifeline = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)  # noqa: SLF001 - there is no public way
    if lifeline is not None:
        os.close(lifeline)
        forkserver._forkserver._forkserver_alive_fd = None  # type: ignore[attr-defined] # noqa: SLF001


def ready() -> None:
    """Answer: the child is up."""


def run(program: str, options: Options, memory_bytes: int, threads: int) -> "Run | ProgramError":
    """Simulate; a refusal is a value here, since an exception would take its traceback along."""
    from quantum_runner import simulate  # noqa: PLC0415 - see above

    machine = simulate.Machine(memory_bytes=memory_bytes, threads=threads)
    return _answer(partial(simulate.run, program, options, machine))


def run_quick(programs: Sequence[tuple[str, Options]]) -> list[Outcome | ProgramError | None]:
    """Simulate those that take but a moment, and answer None for each other one."""
    from quantum_runner.simulate import quickly  # noqa: PLC0415 - see above

    return [_answer(partial(quickly, program, options)) for program, options in programs]


def _answer(simulation: Callable[[], T]) -> T | ProgramError:
    try:
        return simulation()
    except ProgramError as refusal:
        return ProgramError(refusal.code, refusal.message, refusal.line, refusal.column)
    except Exception as error:  # noqa: BLE001 - a mistake of ours, and no reason for others to suffer
        return ProgramError(Code.ENGINE_FAILED, f"The runner failed on this program ({type(error).__name__}).")
