"""What is done to a stack, when, and for how long: planned from a seed before the run, so that it can be repeated."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import count
from random import Random
from threading import Event, Lock
from time import monotonic

from chaos.history import Fault, Log, Moment

ALONE = 1 / 3
"""The part of a run in which faults come one at a time. After it they are mixed."""

COMPANIONS = (0, 0, 1, 1, 2)
"""How many others a mixed fault comes with, drawn."""

MOST_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Harm:
    """One kind of fault.

    `begin` does it to one of the `targets`: what it gives is entered for the time that the fault lasts, between
    `shortest` and `longest` seconds, and heals it when it is left, also if the target has ended meanwhile. It draws
    what it likes from its random numbers; what it gives on entry is written into the history. Where it cannot be done
    just then, as when there is no such process, it raises NotNowError.
    """

    targets: tuple[str, ...]
    begin: Callable[[str, Random], AbstractContextManager[Mapping[str, str]]]
    shortest: float = 0.0
    longest: float = 0.0


class NotNowError(Exception):
    """A fault that cannot be done at this moment, and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """A fault of the plan. `at` counts from the start of the run, in seconds; `seed` is for what the harm draws."""

    at: float
    fault: str
    target: str
    seconds: float
    seed: int


def plan(random: Random, harms: Mapping[str, Harm], seconds: float, every_seconds: float) -> list[Step]:
    """Faults for a run of so many seconds, one about every `every_seconds`, in the order in which they begin.

    First each comes alone: it is healed, and half of `every_seconds` pass, before the next begins. Then they are mixed.
    Every kind comes once before any comes twice, and likewise every target of a kind. Without harms there is nothing to
    do. Raises ValueError for a harm without targets, and for an `every_seconds` that is not positive.
    """
    if every_seconds <= 0:
        raise ValueError(f"faults cannot come every {every_seconds} s")
    if targetless := sorted(name for name, harm in harms.items() if not harm.targets):
        raise ValueError(f"nothing to be done: {', '.join(targetless)}")
    if not harms:
        return []
    kinds, targets = _rounds(random, sorted(harms)), {name: _rounds(random, harms[name].targets) for name in harms}

    def step(at: float) -> Step:
        name = next(kinds)
        harm = harms[name]
        lasts = min(random.uniform(harm.shortest, harm.longest), seconds - at)
        return Step(at, name, next(targets[name]), lasts, random.getrandbits(32))

    steps: list[Step] = []
    at = every_seconds / 2
    while at < seconds:
        if at < seconds * ALONE:
            steps.append(step(at))
            at = max(at + every_seconds, at + steps[-1].seconds + every_seconds / 2)
            continue
        with_it = [at + random.uniform(0, every_seconds / 2) for _ in range(random.choice(COMPANIONS))]
        steps += [step(one) for one in sorted([at, *with_it]) if one < seconds]
        at += every_seconds * random.uniform(0.5, 1.5)
    return steps


def _rounds(random: Random, things: Sequence[str]) -> Iterator[str]:
    """All the things in some order, then all of them in another one, for ever."""
    for _ in count():
        yield from random.sample(things, len(things))


class Injector:
    """Carries out a plan, and writes down what was done. `stop` ends it early; whatever was begun is healed."""

    def __init__(self, harms: Mapping[str, Harm], log: Log, report: Callable[[str], None]) -> None:
        self._harms = harms
        self._log = log
        self._report = report
        self._stopping = Event()
        self._busy: set[tuple[str, str]] = set()
        self._lock = Lock()

    def stop(self) -> None:
        """Heal everything now, and begin nothing more."""
        self._stopping.set()

    def run(self, steps: Sequence[Step]) -> None:
        """Carry out the plan, until its last fault is healed.

        Raises what the first harm raised, but for NotNowError; what others raised is in its notes.
        """
        began = monotonic()
        with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="fault") as pool:
            running: list[Future[None]] = []
            try:
                for step in steps:
                    if self._stopping.wait(max(0.0, began + step.at - monotonic())):
                        break
                    running.append(pool.submit(self._do, step))
                wait(running)
            except BaseException:  # as when a person interrupts it
                self.stop()
                raise
        errors = [error for done in running if (error := done.exception())]
        for error in errors[1:]:
            errors[0].add_note(f"and another fault: {error!r}")
        if errors:
            raise errors[0]

    def _do(self, step: Step) -> None:
        what = (step.fault, step.target)
        with self._lock:
            if what in self._busy:
                return self._report(f"{step.fault} of {step.target}: not twice at once")
            self._busy.add(what)
        try:
            return self._harm(step)
        finally:
            with self._lock:
                self._busy.discard(what)

    def _harm(self, step: Step) -> None:
        if self._stopping.is_set():  # it has waited for its turn until then
            return
        healing, start, end = ExitStack(), Moment.now(), None
        random = Random(step.seed)  # noqa: S311 - no secret
        try:
            details = healing.enter_context(self._harms[step.fault].begin(step.target, random))
        except NotNowError as error:
            self._report(f"{step.fault} of {step.target}: {error}")
            return
        try:
            with healing:
                self._report(f"{step.fault} of {step.target} for {step.seconds:.1f} s {dict(details) or ''}")
                self._stopping.wait(step.seconds)
            end = Moment.now()
        finally:
            self._log.write(Fault(step.fault, step.target, start, end, details))
