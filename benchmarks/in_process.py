"""Part `mixes`: CPU time of one warm task in this process, beside the floor's and the usual design's, in turns.

What is measured of this project is `simulate`, all that a worker's child does for a task. CPU time is the process's,
user and system, all threads; wall time stands beside it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from quantum_runner.simulate import Machine, simulate
from quantum_tasks.task import Options

from benchmarks.baseline.worker import counts_of
from benchmarks.floor import floor
from benchmarks.programs import Case
from benchmarks.results import Mix
from benchmarks.turns import in_turn

MACHINE = Machine(memory_bytes=2**30)
MOST_PAIRS = 60
USUAL_SECONDS = 3.0
"""The usual design is left out where one task takes it longer than that."""

Run = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class _Time:
    cpu: float
    wall: float


def measure(case: Case, seconds: float, *, usual: bool = True) -> Mix:
    """Run a program by each way in turns, for about so many seconds; by the usual one only if asked to."""
    below = floor(case)
    ways: dict[str, Run] = {"floor": below.run, "ours": lambda: ours(case)}
    why_not = _why_not_usual(case) if usual else "not asked for"
    if not why_not:
        ways["usual"] = lambda: the_usual(case)
    for run in ways.values():  # warm
        _timed(run, case.shots)
    times: dict[str, list[_Time]] = {name: [] for name in ways}
    began = time.monotonic()
    for number in range(MOST_PAIRS):
        if number >= case.fewest_pairs and time.monotonic() - began > seconds:
            break
        for name in in_turn(ways, number):
            times[name].append(_timed(ways[name], case.shots))
    return Mix(
        name=case.name,
        native_floor=below.native,
        usual_says=why_not,
        cpu_ms={name: [one.cpu * 1000 for one in each] for name, each in times.items()},
        wall_ms={name: [one.wall * 1000 for one in each] for name, each in times.items()},
    )


def ours(case: Case) -> Mapping[str, int]:
    """What the worker's child does for each task."""
    return simulate(case.program, Options(shots=case.shots), MACHINE).counts


def the_usual(case: Case) -> Mapping[str, int]:
    """What the worker of the usual design does for each task."""
    return counts_of(case.program, case.shots)


def _why_not_usual(case: Case) -> str:
    """Why the usual design is left out for a program; empty when it is not."""
    try:
        taken = _timed(lambda: the_usual(case), case.shots)
    except Exception as error:  # noqa: BLE001 - whatever it refuses a program with
        return f"refuses: {type(error).__name__}"
    return "too slow" if taken.cpu > USUAL_SECONDS else ""


def _timed(run: Run, shots: int) -> _Time:
    cpu, wall = time.process_time(), time.perf_counter()
    counts = run()
    taken = _Time(time.process_time() - cpu, time.perf_counter() - wall)
    if sum(counts.values()) != shots:
        raise RuntimeError(f"the counts of {shots} shots add up to {sum(counts.values())}")
    return taken
