"""The report of a run says what its history has: no more, and nothing twice."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from math import inf
from random import Random

import pytest
from chaos.history import Answered, Door, Entry, Exchange, Fault, Kind, Moment, Operation
from chaos.verdict.checker import END, Final, Rule, Violation
from chaos.verdict.report import (
    LONGEST_TEXT,
    MOST_LINES,
    MOST_VIOLATIONS,
    Came,
    Faults,
    Quiet,
    Recovery,
    Report,
    summary,
)
from chaos.verdict.sights import sights_of
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.chaos.simulation import Simulation
from unit.chaos.story import (
    BELL,
    FINISHED,
    LOST_ANSWER,
    NO_CONNECTION,
    NOT_FOUND,
    UNAVAILABLE,
    Story,
    body,
    page,
    resource,
    result_of,
)

SUCCEEDED = resource("a", "Succeeded")
PENDING = resource("a", "Pending")
INTERNAL = Answered(500, '{"status": "error", "message": "Oh."}')


TAKEN = '{"task_id": "a", "message": "Task submitted successfully."}'


def fault(start: float, end: float | None = None, kind: str = "kill", target: str = "api", **details: str) -> Fault:
    """A fault of this kind from then to then."""
    return Fault(kind, target, Moment(start, 0), None if end is None else Moment(end, 0), details)


def report_of(story: Story, *faults: Fault, violations: tuple[Violation, ...] = ()) -> Report:
    """The report of a story with faults."""
    history: list[Entry] = [*story.entries, *faults]
    return summary(history, violations, seed=7, stack="local", minutes=30, missing={"partition": "NET_ADMIN"})


# -- the run and its operations -------------------------------------------------------------------------------------


def test_a_run_lasts_from_its_first_moment_to_its_last() -> None:
    """Faults belong to the run as operations do."""
    assert report_of(Story().submit(at=(10, 11)).get(PENDING, at=(12, 13))).seconds == 3
    assert report_of(Story().submit(at=(10, 11)), fault(4, 20), fault(30)).seconds == 26


def test_what_was_given_is_in_the_report() -> None:
    """Stack, seed, the minutes that were asked for, and what could not be done here."""
    report = report_of(Story())
    assert (report.stack, report.seed, report.minutes) == ("local", 7, 30)
    assert report.missing == {"partition": "NET_ADMIN"}


def test_operations_are_counted_by_kind_and_outcome() -> None:
    """Each operation counts once: as done, refused, unavailable, unknown, or as what no contract has."""
    story = Story().submit().submit("b").submit(outcome=UNAVAILABLE).submit(outcome=LOST_ANSWER)
    story.submit(outcome=NO_CONNECTION).get(PENDING).get(NOT_FOUND).get(INTERNAL).delete().cancel(FINISHED)
    done, refused, unavailable, other, unknown = Came
    assert report_of(story).operations == {
        Kind.SUBMIT: {done: 2, refused: 0, unavailable: 1, other: 0, unknown: 2},
        Kind.GET: {done: 1, refused: 1, unavailable: 0, other: 1, unknown: 0},
        Kind.CANCEL: {done: 0, refused: 1, unavailable: 0, other: 0, unknown: 0},
        Kind.DELETE: {done: 1, refused: 0, unavailable: 0, other: 0, unknown: 0},
    }


# -- tasks ----------------------------------------------------------------------------------------------------------


def test_a_task_is_accepted_once() -> None:
    """Tasks are counted, not answers: a replay is no other task, and one whose answer was lost is none."""
    story = Story().submit("a", key="k").submit("a", key="k", replayed=True).submit("b")
    story.submit(outcome=LOST_ANSWER).submit(outcome=UNAVAILABLE).get(resource("c", "Succeeded"), "c")
    assert report_of(story).accepted == 2


def test_a_malformed_answer_accepts_nothing() -> None:
    """An answer that the contract does not have is counted as an operation, and says nothing of any task."""
    report = report_of(Story().submit(outcome=Answered(202, "{}")).get(Answered(200, "no JSON")))
    assert report.accepted == 0
    assert report.operations[Kind.SUBMIT][Came.DONE] == 1


RUNNING = resource("a", "Running")
ENDED_BADLY = result_of(body("a", "Failed"))
ENDED_WELL = result_of(body("a", "Succeeded"))
STILL_OPEN = result_of(body("a", "Running"))
WAITED = Answered(200, json.dumps({"task_id": "a", "status": "completed", "result": {"00": 100}}))
WAITING = Operation(Kind.SUBMIT, "c", Door.SEED, spec=BELL, wait_seconds=5)


@pytest.mark.parametrize(
    ("story", "phase", "reason"),
    [
        (Story().submit(), "not seen again", ""),
        (Story().submit().get(PENDING), "Pending", "Queued"),
        (Story().submit().get(RUNNING).get(PENDING), "Pending", "Queued"),
        (Story().submit().get(RUNNING).submit(key="k", replayed=True), "Running", "Started"),
        (Story().submit().get(STILL_OPEN, door=Door.SEED), "Pending or Running", ""),
        (Story().submit().get(RUNNING).get(SUCCEEDED), "Succeeded", "Completed"),
        (Story().submit().listed(page(body("a", "Succeeded"))), "Succeeded", "Completed"),
        (Story().submit().get(resource("a", "Failed", reason="Evicted")), "Failed", "Evicted"),
        (Story().submit().cancel(resource("a", "Cancelled")), "Cancelled", "Cancelled"),
        (Story().submit().cancel(FINISHED), "Succeeded or Failed", ""),
        (Story().submit().get(ENDED_WELL, door=Door.SEED), "Succeeded", "Completed"),
        (Story().submit().get(ENDED_BADLY, door=Door.SEED), "Failed or Cancelled", ""),
        (Story().submit().get(resource("a", "Failed")).get(ENDED_BADLY, door=Door.SEED), "Failed", None),
        (Story().submit().get(ENDED_BADLY, door=Door.SEED).get(resource("a", "Failed")), "Failed", None),
        (Story().tell(WAITING, WAITED), "Succeeded", "Completed"),
        (Story().submit().get(RUNNING).delete(), "Deleted", ""),
        (Story().submit().get(RUNNING).get(NOT_FOUND), "Deleted", ""),
        (Story().submit().get(SUCCEEDED).delete().get(NOT_FOUND), "Succeeded", "Completed"),
        (Story().submit().delete(UNAVAILABLE), "not seen again", ""),
    ],
)
def test_tasks_are_counted_by_how_they_ended(story: Story, phase: str, reason: str | None) -> None:
    """The last that was seen of a task counts, in the words of the best answer; a deletion does not undo an end."""
    assert report_of(story).ends == {phase: {"BackoffLimitExceeded" if reason is None else reason: 1}}


def test_what_a_task_is_like_in_the_end_counts() -> None:
    """A task that nobody saw end is counted by what it is in the end; one that is gone, or unreadable, as last seen."""
    story = Story().submit("a").submit("b").get(resource("b", "Succeeded")).submit("c")
    ends = {"a": resource("a", "Failed"), "b": NOT_FOUND, "c": Answered(200, "oh")}
    report = summary(
        story.entries, [], seed=7, stack="local", minutes=1, missing={}, final=Final(ends, results={}, listing=[])
    )
    assert report.ends["Failed"] == {"BackoffLimitExceeded": 1}
    assert report.ends["Succeeded"] == {"Completed": 1}
    assert sum(sum(row.values()) for row in report.ends.values()) == 3


def test_a_late_answer_does_not_undo_an_end() -> None:
    """An answer that overlaps with one that shows the end may be older, though it comes later."""
    story = Story().submit().get(SUCCEEDED, at=(3, 4)).get(RUNNING, at=(2, 5))
    assert report_of(story).ends == {"Succeeded": {"Completed": 1}}


def test_a_late_answer_does_not_undo_a_deletion() -> None:
    """An answer from before a deletion may come after it."""
    story = Story().submit().delete(at=(3, 4)).get(RUNNING, at=(2, 5))
    assert report_of(story).ends == {"Deleted": {"": 1}}


@pytest.mark.parametrize("before", [SUCCEEDED, RUNNING])
def test_a_task_may_have_another_life(before: Answered) -> None:
    """A key whose task was deleted makes it again, and then the new one counts."""
    story = Story().submit(key="k").get(before).delete().submit(key="k").get(PENDING)
    assert report_of(story).ends == {"Pending": {"Queued": 1}}


def test_tasks_that_nobody_was_told_of_do_not_count() -> None:
    """Ends are of accepted tasks, and add up to their number."""
    listing = page(body("a", "Succeeded"), body("b", "Succeeded"), body("c", "Failed"), body("d", "Failed"))
    story = Story().submit("a").submit("b").submit("c").submit(outcome=LOST_ANSWER).listed(listing)
    assert report_of(story).ends == {"Succeeded": {"Completed": 2}, "Failed": {"BackoffLimitExceeded": 1}}


def test_the_most_attempts_are_those_of_any_task() -> None:
    """Whatever answer shows them."""
    listing = page(body("b", "Running", attempts=3))
    assert report_of(Story().submit().get(SUCCEEDED).listed(listing)).most_attempts == 3
    assert report_of(Story().submit()).most_attempts == 0


# -- faults ---------------------------------------------------------------------------------------------------------


def test_faults_are_counted_by_kind_and_target() -> None:
    """How many there were and how long they lasted together; what has no end lasted no time."""
    faults = [fault(1, 2), fault(3, 5, target="redis"), fault(6), fault(7, 17, "pause", "redis")]
    report = report_of(Story(), *faults)
    assert report.faults == (
        Faults("kill", None, 3, 3.0, None, None, 3),
        Faults("pause", None, 1, 10.0, None, None, 1),
    )
    assert report.faults_by_target == (
        Faults("kill", "api", 2, 1.0, None, None, 2),
        Faults("kill", "redis", 1, 2.0, None, None, 1),
        Faults("pause", "redis", 1, 10.0, None, None, 1),
    )


@pytest.mark.parametrize(
    ("why", "story", "quiet"),
    [
        ("between two", Story().submit(at=(0, 1)).get(PENDING, at=(1, 2)).get(PENDING, at=(8, 9)), Quiet(7, 2, ())),
        ("at first", Story().submit(outcome=UNAVAILABLE, at=(0, 1)).submit(at=(5, 6)), Quiet(6, 0, ())),
        ("at last", Story().submit(at=(0, 1)).get(LOST_ANSWER, at=(1, 31)), Quiet(30, 1, ())),
        ("never", Story().submit(outcome=NOT_FOUND, at=(0, 1)).get(UNAVAILABLE, at=(1, 4)), Quiet(4, 0, ())),
        ("other clients", Story().get(PENDING, at=(0, 9)).get(PENDING, at=(0, 3)).submit(at=(0, 5)), Quiet(4, 5, ())),
    ],
)
def test_the_longest_time_without_a_success_is_found(why: str, story: Story, quiet: Quiet) -> None:
    """It is that between two answers of 2xx to any client, or before the first or after the last."""
    assert report_of(story).quiet == quiet, why


def test_a_time_without_a_success_has_the_faults_of_that_time() -> None:
    """Those that overlap with it, each once; times count from the start of the run."""
    story = Story().submit(at=(10, 11)).get(PENDING, at=(19, 20)).get(PENDING, at=(20, 21))
    faults = [fault(12, 13), fault(14, 15), fault(18, 40, "pause"), fault(16, None, "oom"), fault(5, 10, "early")]
    assert report_of(story, *faults).quiet == Quiet(9, 6, ("kill of api", "oom of api", "pause of api"))


HEALED = 10.0
ALL_RIGHT = Story().submit("old", at=(8, 9)).submit("a", at=(11, 12)).get(SUCCEEDED, at=(12, 15))


@pytest.mark.parametrize(
    ("why", "story", "accepted", "ended"),
    [
        ("a task is accepted and ends", ALL_RIGHT, 2, 5),
        ("it has not ended yet", Story().submit(at=(11, 12)).get(PENDING, at=(12, 15)), 2, None),
        ("it is never seen again", Story().submit(at=(11, 12)), 2, None),
        ("nothing more comes", Story().submit(at=(8, 9)), None, None),
        ("the fault was still there", Story().submit(at=(9.5, 12)).get(SUCCEEDED, at=(12, 15)), None, None),
        ("it was healed at that moment", Story().submit(at=(10, 12)).get(SUCCEEDED, at=(12, 15)), None, None),
        ("an older task ends", Story().submit("b", at=(11, 12)).submit(at=(1, 2)).get(SUCCEEDED, at=(3, 14)), 2, None),
        ("refused", Story().submit(outcome=UNAVAILABLE, at=(11, 12)).submit(outcome=LOST_ANSWER), None, None),
        ("a replay", Story().submit(key="k", replayed=True, at=(11, 12)).get(SUCCEEDED, at=(12, 15)), None, None),
        ("a submission that waits", Story().tell(WAITING, WAITED, at=(11, 14)), 4, 4),
        ("listed", Story().submit(at=(11, 12)).listed(page(body("a", "Failed")), at=(12, 15)), 2, 5),
        ("the second", Story().submit("b", at=(11, 12)).submit(at=(12, 13)).get(SUCCEEDED, at=(13, 15)), 2, 5),
        ("the fastest", Story().submit("b", at=(11, 19)).submit(at=(12, 13)).get(SUCCEEDED, at=(13, 15)), 3, 5),
        ("another life", Story().get(SUCCEEDED, at=(9, 10.5)).submit(at=(11, 12)).get(SUCCEEDED, at=(10, 13)), 2, None),
    ],
)
@pytest.mark.parametrize("end", [HEALED, None])
def test_a_recovery_is_a_new_task_that_ends(
    why: str, story: Story, accepted: float | None, ended: float | None, end: float | None
) -> None:
    """It takes from when the fault is healed, or began if it has no end, until a task accepted since has ended."""
    start = HEALED if end is None else 5.0
    [recovery] = report_of(story, fault(0, 0.5), fault(start, end, "pause")).recoveries[1:]
    expected = Recovery("pause", "api", HEALED, accepted, ended)
    assert replace(recovery, at=HEALED) == expected, why


def test_recoveries_are_summed_up() -> None:
    """The slowest is named, the median is of those that were seen, and the others are counted, in all and by kind."""
    story = Story()
    for start, seconds in [(10, 2.0), (20, 8.0), (30, 4.0)]:
        story.submit(str(start), at=(start + 1, start + 1)).get(
            resource(str(start), "Succeeded"), str(start), at=(start + 1, start + seconds)
        )
    faults = [fault(9, 10), fault(19, 20, target="redis"), fault(30, None, "pause"), fault(90, 91, "pause")]
    report = report_of(story, *faults)
    assert report.median_recovery == 4
    assert report.slowest_recovery == Recovery("kill", "redis", 11, 1, 8)
    assert report.unrecovered == 1
    assert report.faults == (
        Faults("kill", None, 2, 2, 5, 8, 0),
        Faults("pause", None, 2, 1, 4, 4, 1),
    )


def naive_recovery(history: list[Entry], healed: float) -> tuple[float | None, float | None]:
    """Until a task is accepted, and until one is seen to have ended, by looking at everything."""
    exchanges = [one for one in history if isinstance(one, Exchange)]
    accepted = [
        (one.completed.monotonic, one.invoked.monotonic, sights_of(1, one)[0].task)
        for one in exchanges
        if one.operation.kind is Kind.SUBMIT and one.invoked.monotonic > healed and is_new(one)
    ]
    ended = [
        sight.end
        for one in exchanges
        for sight in sights_of(1, one)
        for completed, invoked, task in accepted
        if sight.task == task and sight.ended and sight.start >= invoked and sight.end >= completed
    ]
    first, last = min((one[0] for one in accepted), default=inf), min(ended, default=inf)
    return (None if first == inf else first - healed), (None if last == inf else last - healed)


def is_new(submission: Exchange) -> bool:
    """Whether a submission was answered with a task that is no replay."""
    outcome = submission.outcome
    return isinstance(outcome, Answered) and outcome.status < 300 and "idempotency-replayed" not in outcome.headers


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.floats(0, 80), max_size=5))
def test_recoveries_are_those_that_a_look_at_everything_finds(seed: int, ends: list[float]) -> None:
    """However operations overlap, the report agrees with the definition."""
    simulation = Simulation(Random(seed))  # noqa: S311 - no secret
    simulation.run(clients=2)
    report = report_of(simulation.story, *(fault(0, end) for end in ends))
    found = [(one.accepted, one.ended) for one in report.recoveries]
    assert found == [naive_recovery(simulation.story.entries, end) for end in ends]


@pytest.mark.parametrize("seed", range(5))
def test_numbers_add_up(seed: int) -> None:
    """In a whole run every operation and every accepted task is counted once, in whatever order the lines are."""
    simulation = Simulation(Random(seed))  # noqa: S311 - no secret
    simulation.run()
    report = report_of(simulation.story, fault(10, 20), fault(30, 40))
    assert sum(sum(row.values()) for row in report.operations.values()) == len(simulation.story.entries)
    assert sum(sum(row.values()) for row in report.ends.values()) == report.accepted
    assert 0 < report.accepted <= len(simulation.ever)
    story = Story()
    story.entries = simulation.story.entries[::-1]
    assert report_of(story, fault(30, 40), fault(10, 20)) == report


# -- violations -----------------------------------------------------------------------------------------------------


def test_a_violation_is_told_with_its_lines() -> None:
    """Each line of the history that it names is there to be read, the end aside."""
    story = Story().submit("a", key="k", at=(10, 10.5)).get(NOT_FOUND, at=(11, 11.25))
    violation = Violation(Rule.NOTHING_LOST, "a", (1, 2, 3, END), "404 for a task that was accepted")
    [found] = report_of(story, fault(12, 13, signal="9"), violations=(violation,)).violations
    assert (found.rule, found.task, found.lines, found.why) == (
        violation.rule,
        violation.task,
        violation.lines,
        violation.why,
    )
    assert found.shown == (
        "1: 0.000 s to 0.500 s: c, submit at seed key k program bell shots 100 seed 7 -> 202 " + TAKEN,
        '2: 1.000 s to 1.250 s: c, get at v1 task a -> 404 {"status": "error", "message": "Task not found."}',
        "3: 2.000 s to 3.000 s: kill of api signal 9",
    )


@pytest.mark.parametrize(
    ("tell", "shown"),
    [
        (lambda story: story.get(LOST_ANSWER), "c, get at v1 task a -> unknown: ReadTimeout('')"),
        (lambda story: story.delete(NO_CONNECTION), "c, delete at v1 task a -> unknown, not sent: ConnectError('')"),
        (lambda story: story.delete(), "c, delete at v1 task a -> 204"),
        (lambda story: story.tell(WAITING, UNAVAILABLE), "program bell shots 100 seed 7 wait 5 -> 503"),
        (lambda story: story.get(PENDING), '"qasm":..., "shots": 100'),
        (lambda story: story.get(Answered(200, "two\nlines")), "-> 200 two lines"),
    ],
)
def test_a_line_says_what_was_asked_and_what_came_of_it(tell: Callable[[Story], Story], shown: str) -> None:
    """Also without an answer; and it stays one line."""
    violation = Violation(Rule.ANSWERS, "a", (1,), "why")
    [found] = report_of(tell(Story()), violations=(violation,)).violations
    assert shown in found.shown[0]


def test_a_fault_without_an_end_says_so() -> None:
    """It may never have been healed."""
    [found] = report_of(Story(), fault(1), violations=(Violation(Rule.ANSWERS, None, (1,), "why"),)).violations
    assert found.shown == ("1: 0.000 s to 0.000 s, no end: kill of api",)


@pytest.mark.parametrize("task", ["t0", "t30", "t59", None])
def test_a_long_answer_is_cut_around_the_task(task: str | None) -> None:
    """A listing is cut to the part that has the task."""
    listing = page(*(body(f"t{number}", "Running") for number in range(60)))
    violation = Violation(Rule.VIEWS_AGREE, task, (1,), "why")
    [found] = report_of(Story().listed(listing), violations=(violation,)).violations
    assert f'"id": "{task or "t0"}"' in found.shown[0]
    assert len(found.shown[0]) < LONGEST_TEXT + 100
    assert "..." in found.shown[0]


def test_a_violation_of_many_lines_shows_the_first() -> None:
    """All their numbers are kept."""
    story, lines = Story(), tuple(range(1, 41))
    for _ in lines:
        story.get(PENDING)
    report = report_of(story, violations=(Violation(Rule.VIEWS_AGREE, None, lines, "a listing has it twice"),))
    assert report.violations[0].lines == lines
    assert len(report.violations[0].shown) == MOST_LINES
    assert "9, 10 and 30 more)" in report.markdown()


# -- Markdown and JSON ----------------------------------------------------------------------------------------------


def test_the_markdown_is_short_tables() -> None:
    """A page of a run reads like this."""
    story = Story().submit("old", at=(0, 1)).submit(outcome=UNAVAILABLE, at=(2, 3)).submit("a", at=(61, 62))
    story.get(SUCCEEDED, at=(62, 66))
    violation = Violation(Rule.ENDS_STAY, "a", (4, END), "it was | Succeeded, and then `Failed`")
    report = report_of(story, fault(1, 60, "slow network", "redis"), fault(70, 70), violations=(violation,))
    assert report.markdown().splitlines() == [
        "## local, seed 7",
        "",
        "**1 violation.**",
        "",
        "| run |  |",
        "|---|---|",
        "| time | 1.2 min, 30 asked for |",
        "| operations | 4 |",
        "| accepted tasks | 2 |",
        "| most attempts of a task | 1 |",
        "| faults | 2 |",
        "| longest time without a success | 61.0 s, from 1.0 s on, during slow network of redis |",
        "| median recovery | 6.0 s |",
        "| slowest recovery | 6.0 s, after slow network of redis, healed at 60.0 s |",
        "| faults after which no new task was accepted and seen to end | 1 |",
        "",
        "| operation | 2xx | 4xx | 503 | other | unknown |",
        "|---|---|---|---|---|---|",
        "| submit | 2 | 0 | 1 | 0 | 0 |",
        "| get | 1 | 0 | 0 | 0 | 0 |",
        "",
        "| accepted tasks, as last seen | reason | tasks |",
        "|---|---|---|",
        "| Succeeded | Completed | 1 |",
        "| not seen again |  | 1 |",
        "",
        "| fault | times | seconds | median recovery | slowest | none seen |",
        "|---|---|---|---|---|---|",
        "| kill | 1 | 0.0 | none | none | 1 |",
        "| slow network | 1 | 59.0 | 6.0 s | 6.0 s | 0 |",
        "",
        "| fault | target | times | seconds | median recovery | slowest | none seen |",
        "|---|---|---|---|---|---|---|",
        "| kill | api | 1 | 0.0 | none | none | 1 |",
        "| slow network | redis | 1 | 59.0 | 6.0 s | 6.0 s | 0 |",
        "",
        "| not done here | would need |",
        "|---|---|",
        r"| partition | NET\_ADMIN |",
        "",
        r"- a task that has ended does not change, task `a`: it was \| Succeeded, and then \`Failed\` (4, the end)",
        f"    - `{report.violations[0].shown[0]}`",
    ]


def test_an_empty_history_has_a_report() -> None:
    """Nothing happened, and that is what it says."""
    report = summary([], [], seed=1, stack="local", minutes=0.5, missing={})
    assert (report.seconds, report.quiet, report.median_recovery, report.slowest_recovery) == (0, None, None, None)
    assert "No violation." in report.markdown()
    assert report.markdown().count("|---") == 2


def test_the_markdown_tells_of_so_many_violations() -> None:
    """A run that goes wholly wrong has a page that one can read, and the JSON has it all."""
    violations = tuple(Violation(Rule.NOTHING_LOST, f"t{n}", (END,), "it never ended") for n in range(1234))
    report = report_of(Story(), violations=violations)
    assert report.markdown().count("it never ended") == MOST_VIOLATIONS
    assert "**1,234 violations.**" in report.markdown()
    assert report.markdown().endswith("And 1,184 more.\n")
    assert len(json.loads(report.json())["violations"]) == 1234


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(TEXT, TEXT, TEXT, TEXT)
def test_no_text_breaks_a_table_or_a_line(name: str, target: str, needs: str, why: str) -> None:
    """Whatever is in names and answers, rows have the cells of their heads, and code is closed."""
    violation = Violation(Rule.ANSWERS, target, (1,), why)
    story = Story().get(Answered(200, why), target)
    report = summary(
        [*story.entries, fault(1, 2, name, target)], [violation], seed=1, stack=name, minutes=1, missing={name: needs}
    )
    blocks = [block for block in report.markdown().split("\n\n") if block.startswith("|")]
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.split("\n")}) == 1, block
    *_, last = report.markdown().rstrip("\n").split("\n")
    assert last.startswith("    - `1: ")
    assert last.count("`") == 2


def test_the_json_has_the_whole_report() -> None:
    """It can be read back by any program: names for kinds and outcomes, seconds as numbers, null for what is not."""
    story = Story().submit("a", at=(11, 12)).get(SUCCEEDED, at=(12, 15))
    found = json.loads(report_of(story, fault(9, 10), fault(20)).json())
    assert found["operations"]["submit"] == {"2xx": 1, "4xx": 0, "503": 0, "other": 0, "unknown": 0}
    assert found["recoveries"] == [
        {"fault": "kill", "target": "api", "at": 1.0, "accepted": 2.0, "ended": 5.0},
        {"fault": "kill", "target": "api", "at": 11.0, "accepted": None, "ended": None},
    ]
    assert found["quiet"] == {"seconds": 3.0, "at": 3.0, "during": []}
    assert found["ends"] == {"Succeeded": {"Completed": 1}}
    assert (found["stack"], found["seed"], found["violations"]) == ("local", 7, [])


def test_a_line_that_is_not_there_is_an_error() -> None:
    """A violation by lines of another history is not passed over."""
    with pytest.raises(IndexError):
        report_of(Story().submit(), violations=(Violation(Rule.ANSWERS, None, (2,), "why"),))
