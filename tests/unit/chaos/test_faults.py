"""Faults are planned repeatably, one at a time and then mixed; what is begun is healed and written down."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby, pairwise
from pathlib import Path
from random import Random
from threading import Condition, Event
from time import monotonic

import pytest
from chaos.faults import ALONE, COMPANIONS, MOST_AT_ONCE, Harm, Injector, NotNowError, Step, plan
from chaos.history import Entry, Fault, Log, read
from hypothesis import assume, given
from hypothesis import strategies as st

DEADLINE_SECONDS = 20.0
LONG = 1000.0
"""Longer than any test lasts: only `stop` ends such a fault."""

TINY = 1e-6


def never(target: str, random: Random) -> AbstractContextManager[Mapping[str, str]]:
    """A harm that is planned only."""
    raise AssertionError(f"{target} was hurt, {random}")


@st.composite
def some_harms(draw: st.DrawFn) -> dict[str, Harm]:
    """Up to five harms, each with up to four targets."""
    names = draw(st.lists(st.sampled_from("abcde"), min_size=1, unique=True))
    harms = {}
    for name in names:
        targets = draw(st.lists(st.sampled_from(["w", "x", "y", "z"]), min_size=1, unique=True))
        shortest, longest = sorted(draw(st.tuples(st.floats(0, 60), st.floats(0, 60))))
        harms[name] = Harm(tuple(targets), never, shortest, longest)
    return harms


SEEDS = st.integers(0, 2**32 - 1)
HARMS = some_harms()
RUNS = st.floats(0, 2000)
INTERVALS = st.floats(5, 100)


def planned(seed: int, harms: Mapping[str, Harm], seconds: float, every_seconds: float) -> list[Step]:
    """The plan that a seed gives."""
    return plan(Random(seed), harms, seconds, every_seconds)  # noqa: S311 - no secret


# -- plans ----------------------------------------------------------------------------------------------------------


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_a_seed_gives_one_plan(seed: int, harms: dict[str, Harm], seconds: float, every: float) -> None:
    """The same seed gives the same plan, in whatever order the stack names its harms."""
    reordered = dict(reversed(harms.items()))
    assert planned(seed, harms, seconds, every) == planned(seed, reordered, seconds, every)


def test_another_seed_gives_another_plan() -> None:
    """Faults, targets, times and what the harms draw depend on the seed."""
    harms = {name: Harm(("x", "y", "z"), never, 1, 20) for name in "abcd"}
    first, other = planned(1, harms, 600, 20), planned(2, harms, 600, 20)
    for field in ("fault", "target", "seconds", "seed"):
        assert [getattr(step, field) for step in first[:20]] != [getattr(step, field) for step in other[:20]]


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_plans_are_in_order_and_within_the_run(seed: int, harms: dict[str, Harm], seconds: float, every: float) -> None:
    """Faults are sorted by when they begin, and none is healed after the end of the run."""
    steps = planned(seed, harms, seconds, every)
    assert steps == sorted(steps, key=lambda step: step.at)
    assert all(0 <= step.at < seconds for step in steps)
    assert all(step.at + step.seconds <= seconds + TINY for step in steps)


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_faults_last_as_long_as_their_harm_says(
    seed: int, harms: dict[str, Harm], seconds: float, every: float
) -> None:
    """A fault is of one of its harm's targets, and as long as that says, but for the end of the run."""
    for step in planned(seed, harms, seconds, every):
        harm = harms[step.fault]
        assert step.target in harm.targets
        assert step.seconds <= harm.longest
        assert step.seconds >= min(harm.shortest, seconds - step.at)


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_plans_are_bounded(seed: int, harms: dict[str, Harm], seconds: float, every: float) -> None:
    """There are no more faults than so many at a time, at times that are half of the interval apart."""
    steps = planned(seed, harms, seconds, every)
    assert len(steps) <= (max(COMPANIONS) + 1) * (seconds / (every / 2) + 1)


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_every_kind_comes_before_any_comes_twice(
    seed: int, harms: dict[str, Harm], seconds: float, every: float
) -> None:
    """In the order in which they begin, kinds come in rounds, and so do the targets of each kind."""
    steps = planned(seed, harms, seconds, every)
    assert_rounds([step.fault for step in steps], len(harms))
    of_kind = sorted(steps, key=lambda step: step.fault)
    for name, group in groupby(of_kind, key=lambda step: step.fault):
        assert_rounds([step.target for step in group], len(harms[name].targets))


def assert_rounds(things: Sequence[str], size: int) -> None:
    """Assert that each so many things in a row, counted from the first, differ."""
    for start in range(0, len(things), size):
        one_round = things[start : start + size]
        assert len(set(one_round)) == len(one_round), things


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_faults_come_alone_first(seed: int, harms: dict[str, Harm], seconds: float, every: float) -> None:
    """What begins in the first third is healed for half of the interval before the next begins."""
    steps = planned(seed, harms, seconds, every)
    for step, following in pairwise(steps):
        if step.at < seconds * ALONE:
            assert following.at >= step.at + step.seconds + every / 2 - TINY
            assert following.at >= step.at + every - TINY


@given(SEEDS, HARMS, RUNS, INTERVALS)
def test_faults_go_on_coming(seed: int, harms: dict[str, Harm], seconds: float, every: float) -> None:
    """After the first third no more than one and a half intervals pass without a new fault."""
    times = [step.at for step in planned(seed, harms, seconds, every)]
    assume(any(at >= seconds * ALONE for at in times))
    mixed = [at for at in times if at >= seconds * ALONE]
    assert all(following - at <= 1.5 * every + TINY for at, following in pairwise([*mixed, seconds]))


@given(SEEDS)
def test_faults_are_mixed_later(seed: int) -> None:
    """After the first third faults overlap, and some begin close together."""
    harms = {name: Harm(("x", "y"), never, 40, 60) for name in "abc"}
    mixed = [step for step in planned(seed, harms, 3000, 20) if step.at >= 3000 * ALONE]
    assert all(following.at < step.at + step.seconds for step, following in pairwise(mixed[:-10]))
    assert any(following.at - step.at < 10 for step, following in pairwise(mixed))


def test_without_harms_there_is_nothing_to_do() -> None:
    """A stack to which nothing can be done has an empty plan."""
    assert planned(1, {}, 600, 20) == []


def test_a_run_too_short_for_a_fault_has_none() -> None:
    """The first fault comes after half of the interval."""
    harms = {"a": Harm(("x",), never)}
    assert planned(1, harms, 10, 20) == []
    assert [step.at for step in planned(1, harms, 10.5, 20)] == [10]


def test_a_harm_needs_a_target() -> None:
    """A harm that has none is named."""
    with pytest.raises(ValueError, match="nothing to be done: b"):
        planned(1, {"a": Harm(("x",), never), "b": Harm((), never)}, 600, 20)


@pytest.mark.parametrize("every", [0.0, -1.0])
def test_faults_need_some_time_between_them(every: float) -> None:
    """An interval that is not positive would never come to an end."""
    with pytest.raises(ValueError, match="every"):
        planned(1, {"a": Harm(("x",), never)}, 600, every)


# -- the injector ---------------------------------------------------------------------------------------------------


class BeginError(Exception):
    """A harm went wrong."""


class HealError(Exception):
    """A harm could not be healed."""


class Scene:
    """Harms that do nothing but take note of it, with an injector for them."""

    def __init__(self, path: Path, log: Log, pool: ThreadPoolExecutor) -> None:
        self._path = path
        self._pool = pool
        self._notes: list[str] = []
        self._noted = Condition()
        self.harms = {
            "pause": self._harm("pause"),
            "kill": self._harm("kill"),
            "absent": self._harm("absent", begin=NotNowError("there is no such process")),
            "broken": self._harm("broken", begin=BeginError("no right to")),
            "incurable": self._harm("incurable", heal=HealError("it does not start")),
            "confused": self._harm("confused", heal=NotNowError("it is too late for that")),
        }
        self.injector = Injector(self.harms, log, self._note)

    @property
    def notes(self) -> list[str]:
        """What was done and reported so far."""
        with self._noted:
            return list(self._notes)

    @property
    def history(self) -> list[Entry]:
        """What was written."""
        return read(self._path)

    @property
    def faults(self) -> set[tuple[str, str]]:
        """The kinds and targets of what was written."""
        return {(one.fault, one.target) for one in self.history if isinstance(one, Fault)}

    def start(self, *steps: Step) -> Future[None]:
        """Carry out these, on another thread."""
        return self.carry_out(steps)

    def carry_out(self, steps: Sequence[Step]) -> Future[None]:
        """Carry out a plan, on another thread."""
        return self._pool.submit(self.injector.run, steps)

    def wait_for(self, *notes: str) -> None:
        """Wait until all of this was noted."""
        with self._noted:
            noted = self._noted.wait_for(lambda: set(notes) <= set(self._notes), DEADLINE_SECONDS)
            assert noted, f"{notes} in {self._notes}"

    def _note(self, what: str) -> None:
        with self._noted:
            self._notes.append(what)
            self._noted.notify_all()

    def _harm(self, name: str, begin: Exception | None = None, heal: Exception | None = None) -> Harm:
        @contextmanager
        def hurt(target: str, random: Random) -> Iterator[Mapping[str, str]]:
            if begin is not None:
                self._note(f"{name} {target} not begun")
                raise begin
            self._note(f"{name} {target} begun")
            yield {"drawn": str(random.random())}
            self._note(f"{name} {target} healed")
            if heal is not None:
                raise heal

        return Harm(("x", "y"), hurt, 0, LONG)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A scene whose injector is stopped at the end, also when the test has failed."""
    path = tmp_path / "history.jsonl"
    with Log(path) as log, ThreadPoolExecutor(1) as pool:
        scene = Scene(path, log, pool)
        try:
            yield scene
        finally:
            scene.injector.stop()


def now(fault: str, target: str, seconds: float = 0.0, seed: int = 7) -> Step:
    """A fault that begins at once."""
    return Step(0.0, fault, target, seconds, seed)


def test_every_fault_is_written_once(scene: Scene) -> None:
    """The history has each fault, when it began and was healed, and what the harm said of it."""
    before = monotonic()
    scene.start(now("pause", "x", seed=3), now("kill", "y", seed=4)).result(DEADLINE_SECONDS)
    drawn = {"x": str(Random(3).random()), "y": str(Random(4).random())}  # noqa: S311 - no secrets
    assert len(scene.history) == 2
    assert scene.faults == {("pause", "x"), ("kill", "y")}
    for fault in scene.history:
        assert isinstance(fault, Fault)
        assert fault.end is not None
        assert before <= fault.start.monotonic <= fault.end.monotonic <= monotonic()
        assert fault.details == {"drawn": drawn[fault.target]}


def test_faults_begin_when_they_are_planned(scene: Scene) -> None:
    """A fault does not begin before its time, and lasts as long as it should."""
    before = monotonic()
    scene.start(Step(0.05, "pause", "x", 0.02, 7)).result(DEADLINE_SECONDS)
    [fault] = scene.history
    assert isinstance(fault, Fault)
    assert fault.end is not None
    assert fault.start.monotonic >= before + 0.05
    assert fault.end.monotonic >= fault.start.monotonic + 0.02


def test_a_stop_heals_everything(scene: Scene) -> None:
    """Faults that would go on for long are healed at once, and written; the next does not begin."""
    run = scene.start(now("pause", "x", LONG), now("kill", "y", LONG), Step(LONG, "pause", "z", 0, 7))
    scene.wait_for("pause x begun", "kill y begun")
    assert not run.done()
    scene.injector.stop()
    run.result(DEADLINE_SECONDS)
    assert {"pause x healed", "kill y healed"} <= set(scene.notes)
    assert "pause z begun" not in scene.notes
    assert scene.faults == {("pause", "x"), ("kill", "y")}


def test_after_a_stop_nothing_begins(scene: Scene) -> None:
    """An injector that was stopped before it ran does nothing."""
    scene.injector.stop()
    scene.start(now("pause", "x")).result(DEADLINE_SECONDS)
    assert scene.notes == []
    assert scene.history == []


class Then(list[Step]):
    """Steps, and what is done when the one after the last is asked for."""

    def __init__(self, steps: Sequence[Step], then: Callable[[], None]) -> None:
        super().__init__(steps)
        self._then = then

    def __iter__(self) -> Iterator[Step]:
        """The steps, and then the other thing."""
        yield from super().__iter__()
        self._then()


def test_an_interrupted_run_is_healed(scene: Scene) -> None:
    """A run that a person breaks off heals what was begun at once, and is broken off then."""

    def interrupt() -> None:
        scene.wait_for("pause x begun")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.carry_out(Then([now("pause", "x", LONG)], interrupt)).result(DEADLINE_SECONDS)
    assert scene.notes[-1] == "pause x healed"
    assert scene.faults == {("pause", "x")}


def test_what_waits_for_its_turn_does_not_begin_after_a_stop(scene: Scene) -> None:
    """Where more faults are due than can be done at once, the stop is also for those that have not begun."""
    targets = [f"t{number}" for number in range(MOST_AT_ONCE)]
    all_are_due = Event()
    run = scene.carry_out(Then([now("pause", target, LONG) for target in [*targets, "late"]], all_are_due.set))
    assert all_are_due.wait(DEADLINE_SECONDS)
    scene.wait_for(*(f"pause {target} begun" for target in targets))
    scene.injector.stop()
    run.result(DEADLINE_SECONDS)
    assert scene.faults == {("pause", target) for target in targets}
    assert "pause late begun" not in scene.notes


def test_what_cannot_be_done_now_is_reported(scene: Scene) -> None:
    """A fault for which there is no occasion is no error and is not in the history; the others are done."""
    scene.start(now("absent", "x"), now("kill", "y")).result(DEADLINE_SECONDS)
    assert "absent of x: there is no such process" in scene.notes
    assert scene.faults == {("kill", "y")}


@pytest.mark.parametrize(
    ("fault", "error", "note"),
    [
        ("broken", BeginError, "broken y not begun"),
        ("incurable", HealError, "incurable y healed"),
        ("confused", NotNowError, "confused y healed"),
    ],
)
def test_a_harm_that_fails_fails_the_run(scene: Scene, fault: str, error: type[Exception], note: str) -> None:
    """What a harm raises as it begins or heals is raised by the run, after all others were healed and written."""
    run = scene.start(now("pause", "x", LONG), now(fault, "y"))
    scene.wait_for("pause x begun", note)
    assert not run.done()
    scene.injector.stop()
    with pytest.raises(error):
        run.result(DEADLINE_SECONDS)
    assert "pause x healed" in scene.notes
    assert ("pause", "x") in scene.faults


def test_a_harm_that_is_not_healed_is_written_without_an_end(scene: Scene) -> None:
    """The history has a fault also when it could not be healed, and does not say that it was."""
    with pytest.raises(HealError):
        scene.start(now("incurable", "x")).result(DEADLINE_SECONDS)
    [fault] = scene.history
    assert isinstance(fault, Fault)
    assert (fault.fault, fault.target, fault.end) == ("incurable", "x", None)
    assert fault.details.keys() == {"drawn"}


def test_a_harm_that_never_began_is_not_written(scene: Scene) -> None:
    """Nothing was done, so the history has nothing of it."""
    with pytest.raises(BeginError):
        scene.start(now("broken", "x")).result(DEADLINE_SECONDS)
    assert scene.history == []


def test_no_error_is_lost(scene: Scene) -> None:
    """Where several harms fail, the first of the plan is raised, and its notes name the others."""
    with pytest.raises(BeginError) as raised:
        scene.start(now("broken", "x"), now("incurable", "y")).result(DEADLINE_SECONDS)
    assert raised.value.__notes__ == ["and another fault: HealError('it does not start')"]


def test_nothing_is_done_twice_at_once(scene: Scene) -> None:
    """A fault that its target has already is left out and reported; others of the kind or of the target are done."""
    what = [("pause", "x"), ("pause", "x"), ("pause", "y"), ("kill", "x")]
    run = scene.start(*(now(fault, target, LONG) for fault, target in what))
    scene.wait_for("pause x begun", "pause of x: not twice at once", "pause y begun", "kill x begun")
    scene.injector.stop()
    run.result(DEADLINE_SECONDS)
    assert scene.notes.count("pause x begun") == 1
    assert scene.faults == set(what)
    assert len(scene.history) == 3


@pytest.mark.parametrize("fault", ["pause", "absent", "broken", "incurable"])
def test_what_is_over_can_be_done_again(scene: Scene, fault: str) -> None:
    """A kind of fault can come to its target again once it has ended, however it did."""

    def again() -> BaseException | None:
        return scene.start(now(fault, "x")).exception(DEADLINE_SECONDS)

    first, second = again(), again()
    assert type(first) is type(second)
    assert "not twice" not in " ".join(scene.notes)
    assert len(scene.notes) > 1
