"""Whole runs of a simulated system: right ones are never blamed, and each single corruption of one is caught."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from chaos.history import Answered, Entry, Exchange, Kind, Moment, Operation, Unknown
from chaos.verdict.checker import Final, Rule, check
from hypothesis import given, settings
from hypothesis import strategies as st
from quantum_api.schemas.resources import TaskResource
from quantum_tasks.states import State
from unit.chaos.simulation import ENDLESS, MODEL, SimulatedTask, Simulation
from unit.chaos.story import BELL, NO_CONTENT, NOT_FOUND, UNAVAILABLE, body, final, in_list, result_of

SEEDS = st.integers(0, 2**32 - 1)


@dataclass
class Run:
    """A run that is over, to be corrupted. Lines count from 1."""

    history: list[Entry]
    final: Final
    marks: dict[str, int]

    def at(self, mark: str) -> Exchange:
        """The operation of client 0 with this mark."""
        entry = self.history[self.marks[mark] - 1]
        assert isinstance(entry, Exchange)
        return entry

    def shown(self, mark: str) -> dict[str, Any]:
        """The body of its answer."""
        outcome = self.at(mark).outcome
        assert isinstance(outcome, Answered)
        shown: dict[str, Any] = json.loads(outcome.text)
        return shown

    def answer(self, mark: str, outcome: Answered) -> None:
        """Give it another answer."""
        self.history[self.marks[mark] - 1] = replace(self.at(mark), outcome=outcome)

    def show(self, mark: str, **other: object) -> None:
        """Give it an answer with something else in it."""
        self.answer(mark, Answered(200, json.dumps({**self.shown(mark), **other})))

    def end(self, task: str, *bodies: dict[str, Any]) -> None:
        """Have a task end as this body says, the same at every door, or be gone."""
        [there] = bodies or [None]
        listing = [one for one in self.final.listing if one.id != task]
        self.final = replace(
            self.final,
            resources={**self.final.resources, task: Answered(200, json.dumps(there)) if there else NOT_FOUND},
            results={**self.final.results, task: result_of(there) if there else NOT_FOUND},
            listing=[*listing, TaskResource.model_validate(in_list(there))] if there else listing,
        )

    def add(self, operation: Operation, outcome: Answered, after: str) -> None:
        """Add an operation right after another one."""
        moment = Moment(self.at(after).completed.monotonic + 1e-9, 0)
        self.history.append(Exchange(operation, moment, moment, outcome))


def run_of(seed: int, system: type[Simulation] = Simulation) -> Run:
    """A run of a system, the right one unless told otherwise."""
    simulation = system(Random(seed))  # noqa: S311 - no secret
    simulation.run()
    return Run(simulation.story.entries, final(*simulation.bodies(), gone=simulation.gone()), simulation.marks)


def _moved(counts: dict[str, int]) -> dict[str, int]:
    """The counts with one shot on the other side."""
    return {"00": counts["00"] - 1, "11": counts["11"] + 1}


def flip_a_count_at_the_end(run: Run) -> None:
    """One shot of a seeded run is on another side."""
    seen = run.shown("seen")
    run.end(seen["id"], {**seen, "result": {**seen["result"], "counts": _moved(seen["result"]["counts"])}})


def flip_a_count_on_the_way(run: Run) -> None:
    """One shot of a seeded run is on another side, in one answer."""
    result = run.shown("seen")["result"]
    run.show("seen", result={**result, "counts": _moved(result["counts"])})


def drop_a_task(run: Run) -> None:
    """A task is gone at the end."""
    run.end(run.shown("seen")["id"])


def drop_a_task_on_the_way(run: Run) -> None:
    """A task is away for a moment."""
    run.answer("seen", NOT_FOUND)


def drop_a_task_from_the_last_listing(run: Run) -> None:
    """A task is there, and not listed."""
    task = run.shown("seen")["id"]
    run.final = replace(run.final, listing=[one for one in run.final.listing if one.id != task])


def drop_a_task_from_a_page(run: Run) -> None:
    """A listing misses a task that it must have."""
    task, tasks = run.shown("seen")["id"], run.shown("listed")["tasks"]
    run.show("listed", tasks=[one for one in tasks if one["id"] != task])


def leave_a_task_running(run: Run) -> None:
    """A task never ends, though every door says so."""
    submitted = run.shown("submitted")
    run.end(submitted["id"], {**submitted, "phase": "Running", "reason": "Started"})


def run_a_task_again(run: Run) -> None:
    """A task that has ended is seen running."""
    task = run.shown("seen")["id"]
    running = json.dumps(body(task, "Running", createdAt=run.shown("seen")["createdAt"]))
    run.add(Operation(Kind.GET, "c0", task=task), Answered(200, running), "seen")


def count_another_attempt(run: Run) -> None:
    """A task has had another attempt after its end."""
    seen = run.shown("seen")
    run.end(seen["id"], {**seen, "attempts": seen["attempts"] + 1})


def give_a_key_a_second_task(run: Run) -> None:
    """A key that has a task is answered with another one, which is there."""
    second = {**run.shown("seen"), "id": "second"}
    run.add(run.at("submitted").operation, Answered(202, json.dumps(second)), "seen")
    run.end("second", second)


def accept_a_key_again(run: Run) -> None:
    """A key that has a task is accepted as if it were new."""
    run.add(run.at("submitted").operation, Answered(202, json.dumps(run.shown("seen"))), "seen")


def add_a_task(run: Run) -> None:
    """There is a task like none that was ever submitted."""
    run.end("ghost", body("ghost", "Succeeded", replace(BELL, shots=13), {"00": 13}))


def change_a_spec(run: Run) -> None:
    """A task shows other shots than it was submitted with."""
    run.show("seen", spec={**run.shown("seen")["spec"], "shots": 99})


def finish_a_cancelled_task(run: Run) -> None:
    """A task that was cancelled has counts at the end."""
    task = run.shown("cancelled")["id"]
    run.end(task, body(task, "Succeeded", ENDLESS, createdAt=run.shown("cancelled")["createdAt"]))


def cancel_a_task_that_nobody_cancels(run: Run) -> None:
    """A task ends as cancelled, and nobody asked for it."""
    task = run.shown("seen")["id"]
    run.end(task, body(task, "Cancelled", createdAt=run.shown("seen")["createdAt"]))


def bring_a_deleted_task_back(run: Run) -> None:
    """A task that was deleted is there at the end."""
    task = run.shown("to delete")["id"]
    run.end(task, body(task, "Succeeded", counts=run.shown("seen")["result"]["counts"]))


def delete_a_deleted_task(run: Run) -> None:
    """A task that was deleted is deleted once more."""
    run.add(run.at("deleted").operation, Answered(204, ""), "deleted")


def fail_unexpectedly(run: Run) -> None:
    """One answer is a 500."""
    run.answer("seen", Answered(500, UNAVAILABLE.text))


def forget_when_to_retry(run: Run) -> None:
    """One answer is a 503 that does not say when to try again."""
    run.answer("seen", Answered(503, UNAVAILABLE.text))


CORRUPTIONS: list[tuple[Callable[[Run], None], Rule]] = [
    (flip_a_count_at_the_end, Rule.RIGHT_RESULTS),
    (flip_a_count_on_the_way, Rule.RIGHT_RESULTS),
    (drop_a_task, Rule.NOTHING_LOST),
    (drop_a_task_on_the_way, Rule.NOTHING_LOST),
    (leave_a_task_running, Rule.NOTHING_LOST),
    (drop_a_task_from_the_last_listing, Rule.VIEWS_AGREE),
    (drop_a_task_from_a_page, Rule.VIEWS_AGREE),
    (run_a_task_again, Rule.ENDS_STAY),
    (count_another_attempt, Rule.ENDS_STAY),
    (give_a_key_a_second_task, Rule.KEYS_MAKE_ONE),
    (accept_a_key_again, Rule.KEYS_MAKE_ONE),
    (add_a_task, Rule.NOTHING_UNASKED),
    (change_a_spec, Rule.NOTHING_UNASKED),
    (finish_a_cancelled_task, Rule.CANCELLED_STAYS),
    (cancel_a_task_that_nobody_cancels, Rule.CANCELLED_STAYS),
    (bring_a_deleted_task_back, Rule.DELETED_STAYS),
    (delete_a_deleted_task, Rule.DELETED_STAYS),
    (fail_unexpectedly, Rule.ANSWERS),
    (forget_when_to_retry, Rule.ANSWERS),
]


class Forgetful(Simulation):
    """It answers before a task is durable, and now and then loses it."""

    def submit(self, operation: Operation) -> Answered:
        """Accept, and lose one in three, but for those that the run itself needs."""
        answer = super().submit(operation)
        if operation.client != "c0" and self.random.random() < 0.3:
            self.tasks.popitem()
        return answer


class Unleased(Simulation):
    """Whoever has run a task ends it, though it has ended in another way by then."""

    def may_go_on(self, task: SimulatedTask, phase: str) -> bool:
        """Whether it is there is all that is asked."""
        return bool(phase) and self.tasks.get(task.id) is task


class Undecided(Simulation):
    """It cancels whatever it is told to, be it at its end."""

    def cancel(self, task: SimulatedTask) -> Answered:
        """Cancel, not looking at the state."""
        task.phase = "Running"
        task.other = {}
        return super().cancel(task)


class Repeating(Simulation):
    """It makes a new task for a key that has one."""

    def submit(self, operation: Operation) -> Answered:
        """Accept, not looking at the key."""
        return super().submit(replace(operation, key=None))


class Careless(Simulation):
    """It says that it has deleted a task, and keeps it."""

    def delete(self, task: SimulatedTask) -> Answered:
        """Answer only."""
        return NO_CONTENT if task.id else NOT_FOUND


@pytest.mark.parametrize(
    ("system", "rules"),
    [
        (Forgetful, {Rule.NOTHING_LOST}),
        (Unleased, {Rule.CANCELLED_STAYS}),
        (Undecided, {Rule.ENDS_STAY}),
        (Repeating, {Rule.KEYS_MAKE_ONE}),
        (Careless, {Rule.DELETED_STAYS}),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_broken_system_is_blamed(system: type[Simulation], rules: set[Rule], seed: int) -> None:
    """A system that lacks one of the protocol's steps breaks the promise that the step is for, in every run."""
    run = run_of(seed, system)
    assert rules <= {violation.rule for violation in check(run.history, run.final, MODEL)}


@settings(deadline=None, max_examples=100)
@given(SEEDS)
def test_a_right_system_is_never_blamed(seed: int) -> None:
    """However operations overlap and whatever answers are lost, a system that keeps its promises has no violation."""
    run = run_of(seed)
    assert check(run.history, run.final, MODEL) == []


@pytest.mark.parametrize(("corrupt", "rule"), CORRUPTIONS, ids=lambda value: getattr(value, "__name__", ""))
@settings(deadline=None, max_examples=10)
@given(seed=SEEDS)
def test_a_single_corruption_is_caught(corrupt: Callable[[Run], None], rule: Rule, seed: int) -> None:
    """One wrong thing among all that is right is found, under the promise that it breaks."""
    run = run_of(seed)
    corrupt(run)
    assert rule in {violation.rule for violation in check(run.history, run.final, MODEL)}


def test_the_simulation_is_worth_checking() -> None:
    """A few runs together have every kind of operation, every end, replays, second attempts, and lost answers."""
    runs = [run_of(seed) for seed in range(5)]
    exchanges = [entry for run in runs for entry in run.history if isinstance(entry, Exchange)]
    answers = [one.outcome for one in exchanges if isinstance(one.outcome, Answered)]
    assert {one.operation.kind for one in exchanges} == set(Kind)
    assert {answer.status for answer in answers} == {200, 202, 204, 404, 409, 422, 503}
    assert {one.outcome.sent for one in exchanges if isinstance(one.outcome, Unknown)} == {True, False}
    assert any("idempotency-replayed" in answer.headers for answer in answers)
    listing = [one for run in runs for one in run.final.listing]
    assert {State.of(one.phase) for one in listing} == {state for state in State if state.terminal}
    assert max(one.attempts for one in listing) > 1
