"""Each promise: histories that keep it, that nearly break it, and that break it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest
from chaos.history import Answered, Door, Fault, Kind, Moment, Operation, Spec
from chaos.verdict.checker import END, Final, Model, Program, Rule, Violation, check
from quantum_tasks.states import Phase, Reason
from unit.chaos.story import (
    BELL,
    BROKEN,
    COUNTS,
    FINISHED,
    LOST_ANSWER,
    MISMATCH,
    MODEL,
    NO_CONNECTION,
    NOT_FOUND,
    QASM,
    UNAVAILABLE,
    UNSEEDED,
    Story,
    body,
    final,
    page,
    resource,
    result_of,
)

DONE = body("a", "Succeeded")
CANCELLED = body("a", "Cancelled")
SUCCEEDED = resource("a", "Succeeded")
PENDING = resource("a", "Pending")
RUNNING = resource("a", "Running")
LATER = "2026-11-24T10:00:00.000Z"


class Kept(NamedTuple):
    """A history that keeps every promise."""

    why: str
    story: Story
    final: Final
    model: Model = MODEL


class Broken(NamedTuple):
    """A history that breaks one promise, which these lines show."""

    why: str
    rule: Rule
    story: Story
    final: Final
    lines: tuple[int, ...]
    model: Model = MODEL
    also: frozenset[Rule] = frozenset()
    """What else it breaks."""


def told(tell: Callable[[Story], Story]) -> Story:
    """A story that begins with the submission of a, in line 1."""
    return tell(Story().submit())


def unseeded(counts: dict[str, int]) -> Final:
    """An end with one task, whose seed was drawn."""
    return final(body("a", "Succeeded", UNSEEDED, counts))


MIRRORED = replace(MODEL, mirrored=True)
FAILED_WRONGLY = body("a", "Failed", reason="InvalidProgram")

MISSPELLED = body("a", "Failed", BROKEN, reason="InvalidProgram") | {
    "error": {"code": "syntax.invalid", "message": "no", "line": 3, "column": 1}
}

KEPT = [
    Kept("nothing happened", Story(), final()),
    Kept(
        "a task from its submission to its end", told(lambda s: s.get(PENDING).get(RUNNING).get(SUCCEEDED)), final(DONE)
    ),
    Kept(
        "an attempt is lost and another one begins",
        told(lambda s: s.get(RUNNING).get(PENDING).get(RUNNING)),
        final(DONE),
    ),
    Kept(
        "both doors", told(lambda s: s.get(result_of(body("a", "Running")), door=Door.SEED).get(SUCCEEDED)), final(DONE)
    ),
    # nothing lost
    Kept("the task of a lost answer is not there", Story().submit(outcome=LOST_ANSWER), final()),
    Kept("the task of a lost answer is there", Story().submit(outcome=LOST_ANSWER), final(DONE)),
    Kept("the task of a 503 is there", Story().submit(outcome=UNAVAILABLE), final(DONE)),
    Kept("404 while the submission is under way", Story().submit(at=(0, 2)).get(NOT_FOUND, at=(1, 3)), final(DONE)),
    Kept(
        "404 while a deletion is under way",
        told(lambda s: s.delete(at=(5, 8)).get(NOT_FOUND, at=(4, 6))),
        final(gone=("a",)),
    ),
    Kept(
        "404 after a deletion without an answer",
        told(lambda s: s.delete(LOST_ANSWER).get(NOT_FOUND)),
        final(gone=("a",)),
    ),
    Kept("a deletion without an answer did nothing", told(lambda s: s.delete(LOST_ANSWER).get(SUCCEEDED)), final(DONE)),
    Kept("a deletion whose first try did it", told(lambda s: s.delete(NOT_FOUND).get(NOT_FOUND)), final(gone=("a",))),
    Kept(
        "a deletion that was answered 503 is done later",
        told(lambda s: s.delete(UNAVAILABLE).get(SUCCEEDED).get(NOT_FOUND)),
        final(gone=("a",)),
    ),
    Kept("a task fails for want of workers", told(lambda s: s), final(body("a", "Failed"))),
    # ends stay
    Kept("looks that overlap", told(lambda s: s.get(SUCCEEDED, at=(5, 7)).get(RUNNING, at=(6, 8))), final(DONE)),
    Kept(
        "a look that began before the end was seen",
        told(lambda s: s.get(SUCCEEDED, at=(6, 7)).get(PENDING, at=(5, 9))),
        final(DONE),
    ),
    Kept(
        "deleted, and submitted again by its key",
        Story().submit(key="k").get(SUCCEEDED).delete().submit(key="k").get(resource("a", "Pending", createdAt=LATER)),
        final(body("a", "Succeeded", createdAt=LATER)),
    ),
    Kept(
        "maybe deleted, and submitted again by its key",
        Story()
        .submit(key="k")
        .get(SUCCEEDED)
        .delete(LOST_ANSWER)
        .submit(key="k")
        .get(resource("a", "Pending", createdAt=LATER)),
        final(body("a", "Succeeded", createdAt=LATER)),
    ),
    Kept(
        "a cluster's listing lags",
        told(lambda s: s.get(SUCCEEDED).listed(page(body("a", "Running")))),
        final(DONE),
        MIRRORED,
    ),
    Kept(
        "a cluster's times differ",
        told(lambda s: s.get(SUCCEEDED)),
        final(body("a", "Succeeded", finishedAt=LATER)),
        MIRRORED,
    ),
    Kept(
        "a cluster's listing has times of its own",
        told(lambda s: s),
        replace(final(DONE), listing=final(body("a", "Succeeded", finishedAt=LATER)).listing),
        MIRRORED,
    ),
    Kept(
        "a failure with its place, the same at both doors",
        Story().submit(spec=BROKEN).get(Answered(200, '{"status": "error", "message": "3:1: no"}'), door=Door.SEED),
        replace(final(MISSPELLED), results={"a": Answered(200, '{"status": "error", "message": "3:1: no"}')}),
    ),
    # right results
    Kept("unseeded counts like a fair coin's", Story().submit(spec=UNSEEDED), unseeded({"00": 60, "11": 40})),
    Kept(
        "a drawn seed that the model has",
        Story().submit(spec=UNSEEDED),
        unseeded(COUNTS),
        replace(MODEL, counts={replace(BELL, seed=5): COUNTS}),
    ),
    Kept(
        "a program that cannot run fails",
        Story().submit(spec=BROKEN),
        final(body("a", "Failed", BROKEN, reason="InvalidProgram")),
    ),
    # keys make one
    Kept("a replay", Story().submit(key="k").submit(key="k", replayed=True), final(DONE)),
    Kept("two of one key at a time", Story().submit(key="k", at=(0, 2)).submit(key="k", at=(1, 3)), final(DONE)),
    Kept(
        "a first answer that is lost",
        Story().submit(key="k", outcome=LOST_ANSWER).submit(key="k", replayed=True),
        final(DONE),
    ),
    Kept(
        "a first answer that is lost, and nothing done",
        Story().submit(key="k", outcome=LOST_ANSWER).submit(key="k"),
        final(DONE),
    ),
    Kept(
        "a key used for something else",
        Story().submit(key="k").submit(key="k", spec=UNSEEDED, outcome=MISMATCH),
        final(DONE),
    ),
    # nothing unasked
    Kept(
        "lost answers of alike submissions",
        Story().submit(outcome=LOST_ANSWER).submit(outcome=LOST_ANSWER),
        final(DONE, body("b", "Succeeded")),
    ),
    Kept(
        "lost answers of unlike submissions, whose tasks fit in one way only",
        Story().submit(outcome=LOST_ANSWER).submit(spec=UNSEEDED, outcome=LOST_ANSWER),
        final(DONE, body("b", "Succeeded", UNSEEDED)),
    ),
    Kept(
        "lost answers of one key for different things",
        Story().submit(key="k", outcome=LOST_ANSWER).submit(key="k", spec=UNSEEDED, outcome=LOST_ANSWER),
        final(DONE),
    ),
    Kept(
        "it is listed before its 202",
        Story().submit(at=(0, 3)).listed(page(body("a", "Pending")), at=(1, 2)),
        final(DONE),
    ),
    # views agree
    Kept(
        "a listing misses what is submitted meanwhile", Story().submit(at=(0, 3)).listed(page(), at=(2, 4)), final(DONE)
    ),
    Kept(
        "a listing misses what is deleted meanwhile",
        told(lambda s: s.delete(at=(4, 6)).listed(page(), at=(3, 5))),
        final(gone=("a",)),
    ),
    Kept(
        "a listing that breaks off",
        told(lambda s: s.listed(page(cursor="x")).listed(UNAVAILABLE, cursor="x")),
        final(DONE),
    ),
    Kept("a listing of one phase", told(lambda s: s.listed(page(), phase=Phase.FAILED)), final(DONE)),
    Kept(
        "a listing of two pages", told(lambda s: s.listed(page(cursor="x")).listed(page(DONE), cursor="x")), final(DONE)
    ),
    Kept(
        "a cluster agrees",
        told(lambda s: s),
        replace(final(DONE), objects={"a": {"status": {"phase": "Succeeded", "counts": COUNTS}}}),
    ),
    Kept(
        "a cluster has large counts elsewhere",
        told(lambda s: s),
        replace(final(DONE), objects={"a": {"status": {"phase": "Succeeded"}}}),
    ),
    # cancelled stays
    Kept(
        "cancelled twice",
        told(lambda s: s.cancel(resource("a", "Cancelled")).cancel(resource("a", "Cancelled"))),
        final(CANCELLED),
    ),
    Kept("cancelled too late", told(lambda s: s.get(SUCCEEDED).cancel(FINISHED)), final(DONE)),
    Kept("a cancellation without an answer did it", told(lambda s: s.cancel(LOST_ANSWER)), final(CANCELLED)),
    Kept("a cancellation without an answer did nothing", told(lambda s: s.cancel(LOST_ANSWER)), final(DONE)),
    Kept(
        "seen cancelled while that is under way",
        told(lambda s: s.cancel(resource("a", "Cancelled"), at=(4, 8)).get(RUNNING, at=(5, 6))),
        final(CANCELLED),
    ),
    Kept(
        "a cluster's listing shows the moment at which it began",
        told(lambda s: s.listed(page(cursor="n")).delete().listed(page(body("a", "Running")), cursor="n")),
        final(gone=("a",)),
        MIRRORED,
    ),
    Kept("a cluster cancels later", told(lambda s: s.cancel(RUNNING)), final(CANCELLED), MIRRORED),
    # deleted stays
    Kept("deleted", told(lambda s: s.delete().get(NOT_FOUND).delete(NOT_FOUND)), final(gone=("a",))),
    Kept(
        "a look that overlaps the deletion",
        told(lambda s: s.delete(at=(4, 6)).get(RUNNING, at=(5, 7))),
        final(gone=("a",)),
    ),
    Kept("two deletions at a time", told(lambda s: s.delete(at=(4, 6)).delete(at=(5, 7))), final(gone=("a",))),
    Kept(
        "deleted while a submission of its key has no answer",
        Story().submit(key="k").submit(key="k", outcome=LOST_ANSWER).delete().get(PENDING),
        final(DONE),
    ),
    # answers
    Kept("no connection", told(lambda s: s.get(NO_CONNECTION)), final(DONE)),
    Kept("a listing without an answer", told(lambda s: s.listed(LOST_ANSWER)), final(DONE)),
    Kept(
        "a submission meets the deletion of its task",
        Story().submit(key="k").submit(key="k", outcome=NOT_FOUND, at=(3, 6)).delete(at=(4, 5)),
        final(gone=("a",)),
    ),
]

BROKEN_ = [
    # nothing lost
    Broken("it is gone at the end", Rule.NOTHING_LOST, told(lambda s: s), final(gone=("a",)), (1, END)),
    Broken(
        "nobody asked at the seed route",
        Rule.NOTHING_LOST,
        told(lambda s: s),
        replace(final(DONE), results={}),
        (1, END),
    ),
    Broken("it is away for a moment", Rule.NOTHING_LOST, told(lambda s: s.get(NOT_FOUND)), final(DONE), (1, 2)),
    Broken("it has not ended", Rule.NOTHING_LOST, told(lambda s: s), final(body("a", "Running")), (1, END)),
    Broken(
        "the task of a lost answer has not ended",
        Rule.NOTHING_LOST,
        Story().submit(outcome=LOST_ANSWER),
        final(body("a", "Pending")),
        (1, END),
    ),
    Broken("nobody asked", Rule.NOTHING_LOST, told(lambda s: s), final(), (1, END)),
    Broken(
        "a deletion that was never sent excuses nothing",
        Rule.NOTHING_LOST,
        told(lambda s: s.delete(NO_CONNECTION)),
        final(gone=("a",)),
        (1, END),
    ),
    Broken(
        "nor does one before the submission",
        Rule.NOTHING_LOST,
        Story().delete(NOT_FOUND).submit(),
        final(gone=("a",)),
        (2, END),
    ),
    # ends stay
    Broken("it runs again", Rule.ENDS_STAY, told(lambda s: s.get(SUCCEEDED).get(RUNNING)), final(DONE), (2, 3)),
    Broken(
        "it is pending again, as it was before",
        Rule.ENDS_STAY,
        told(lambda s: s.get(PENDING).get(SUCCEEDED).get(PENDING)),
        final(DONE),
        (3, 4),
    ),
    Broken(
        "it runs again, before it is deleted",
        Rule.ENDS_STAY,
        told(lambda s: s.get(SUCCEEDED).get(RUNNING).delete()),
        final(gone=("a",)),
        (2, 3),
    ),
    Broken(
        "it is pending again at the other door",
        Rule.ENDS_STAY,
        told(lambda s: s.get(SUCCEEDED).get(result_of(body("a", "Pending")), door=Door.SEED)),
        final(DONE),
        (2, 3),
    ),
    Broken(
        "it is listed as running again",
        Rule.ENDS_STAY,
        told(lambda s: s.get(SUCCEEDED).listed(page(body("a", "Running")))),
        final(DONE),
        (2, 3),
    ),
    Broken(
        "two ends, even at a time",
        Rule.ENDS_STAY,
        told(lambda s: s.get(SUCCEEDED, at=(5, 7)).get(resource("a", "Failed"), at=(6, 8))),
        final(DONE),
        (2, 3),
    ),
    Broken(
        "another number of attempts",
        Rule.ENDS_STAY,
        told(lambda s: s.get(resource("a", "Succeeded", attempts=2))),
        final(DONE),
        (2, END),
    ),
    Broken(
        "another time of its end",
        Rule.ENDS_STAY,
        told(lambda s: s.get(SUCCEEDED)),
        final(body("a", "Succeeded", finishedAt=LATER)),
        (2, END),
    ),
    Broken(
        "another time of its creation",
        Rule.ENDS_STAY,
        told(lambda s: s.get(PENDING).get(resource("a", "Pending", createdAt=LATER))),
        final(DONE),
        (2, 3),
    ),
    Broken(
        "another message",
        Rule.ENDS_STAY,
        told(lambda s: s.get(Answered(200, '{"status": "error", "message": "x"}'), door=Door.SEED)),
        final(body("a", "Failed")),
        (2, END),
    ),
    Broken(
        "counts, and running",
        Rule.ENDS_STAY,
        told(lambda s: s.get(resource("a", "Running", result=DONE["result"]))),
        final(DONE),
        (2,),
    ),
    Broken(
        "no counts, and succeeded",
        Rule.ENDS_STAY,
        told(lambda s: s.get(resource("a", "Succeeded", result=None))),
        final(DONE),
        (2,),
    ),
    Broken(
        "failed without a reason",
        Rule.ENDS_STAY,
        told(lambda s: s.get(resource("a", "Failed", error=None))),
        final(body("a", "Failed")),
        (2,),
    ),
    Broken(
        "an error, and succeeded",
        Rule.ENDS_STAY,
        told(lambda s: s.get(resource("a", "Succeeded", error=CANCELLED["error"]))),
        final(body("a", "Succeeded", error=CANCELLED["error"])),
        (2,),
    ),
    Broken(
        "failed, and its reason is that it completed",
        Rule.ENDS_STAY,
        told(lambda s: s),
        final(body("a", "Failed", reason="Completed")),
        (END,),
        also=frozenset({Rule.RIGHT_RESULTS}),
    ),
    # right results
    Broken(
        "seeded counts that are others",
        Rule.RIGHT_RESULTS,
        told(lambda s: s),
        final(body("a", "Succeeded", counts={"00": 49, "11": 51})),
        (END,),
    ),
    Broken(
        "one shot too few", Rule.RIGHT_RESULTS, Story().submit(spec=UNSEEDED), unseeded({"00": 50, "11": 49}), (END,)
    ),
    Broken(
        "an impossible outcome",
        Rule.RIGHT_RESULTS,
        Story().submit(spec=UNSEEDED),
        unseeded({"00": 50, "01": 1, "11": 49}),
        (END,),
    ),
    Broken(
        "unseeded counts like a loaded coin's",
        Rule.RIGHT_RESULTS,
        Story().submit(spec=UNSEEDED),
        unseeded({"00": 80, "11": 20}),
        (END,),
    ),
    Broken(
        "a drawn seed with others' counts",
        Rule.RIGHT_RESULTS,
        Story().submit(spec=UNSEEDED),
        unseeded({"00": 50, "11": 50}),
        (END,),
        replace(MODEL, counts={replace(BELL, seed=5): COUNTS}),
    ),
    Broken(
        "another seed was used",
        Rule.RIGHT_RESULTS,
        told(lambda s: s),
        final(body("a", "Succeeded", result={**DONE["result"], "seed": 8})),
        (END,),
    ),
    Broken(
        "wrong only while it lasted",
        Rule.RIGHT_RESULTS,
        told(lambda s: s.get(resource("a", "Succeeded", counts={"11": 100})).delete()),
        final(gone=("a",)),
        (2,),
    ),
    Broken("a right program is refused", Rule.RIGHT_RESULTS, told(lambda s: s), final(FAILED_WRONGLY), (END,)),
    Broken(
        "a program that cannot run gives counts",
        Rule.RIGHT_RESULTS,
        Story().submit(spec=BROKEN),
        final(body("a", "Succeeded", BROKEN)),
        (END,),
    ),
    # keys make one
    Broken(
        "two tasks of one key",
        Rule.KEYS_MAKE_ONE,
        Story().submit(key="k").submit("b", key="k"),
        final(DONE, body("b", "Succeeded")),
        (1, 2),
    ),
    Broken("one task of two submissions", Rule.KEYS_MAKE_ONE, Story().submit().submit(), final(DONE), (1, 2)),
    Broken("one task of two keys", Rule.KEYS_MAKE_ONE, Story().submit(key="k").submit(key="l"), final(DONE), (1, 2)),
    Broken(
        "made again, not replayed", Rule.KEYS_MAKE_ONE, Story().submit(key="k").submit(key="k"), final(DONE), (1, 2)
    ),
    Broken(
        "replayed for something else",
        Rule.KEYS_MAKE_ONE,
        Story().submit(key="k").submit(key="k", spec=UNSEEDED, replayed=True),
        final(DONE),
        (1, 2),
    ),
    # nothing unasked
    Broken("a task that nobody submitted", Rule.NOTHING_UNASKED, Story(), final(DONE), (END,)),
    Broken(
        "listed before a submission without an answer",
        Rule.NOTHING_UNASKED,
        Story().listed(page(body("a", "Pending"))).submit(outcome=LOST_ANSWER),
        final(DONE),
        (1, END),
    ),
    Broken(
        "two tasks of one lost answer",
        Rule.NOTHING_UNASKED,
        Story().submit(outcome=LOST_ANSWER),
        final(DONE, body("b", "Succeeded")),
        (END,),
    ),
    Broken(
        "two tasks of one key, whose answers are lost",
        Rule.NOTHING_UNASKED,
        Story().submit(key="k", outcome=LOST_ANSWER).submit(key="k", outcome=LOST_ANSWER),
        final(DONE, body("b", "Succeeded")),
        (END,),
    ),
    Broken(
        "a second task of a key, whose replay is lost",
        Rule.NOTHING_UNASKED,
        Story().submit(key="k").submit(key="k", outcome=LOST_ANSWER),
        final(DONE, body("b", "Succeeded")),
        (END,),
    ),
    Broken(
        "a task like no lost answer's",
        Rule.NOTHING_UNASKED,
        Story().submit(outcome=LOST_ANSWER),
        unseeded({"00": 50, "11": 50}),
        (END,),
    ),
    Broken(
        "a task of a submission that was never sent",
        Rule.NOTHING_UNASKED,
        Story().submit(outcome=NO_CONNECTION),
        final(DONE),
        (END,),
    ),
    Broken(
        "listed, and never seen again",
        Rule.NOTHING_UNASKED,
        Story().listed(page(body("a", "Pending"))),
        final(gone=("a",)),
        (1,),
    ),
    Broken(
        "listed before it was submitted",
        Rule.NOTHING_UNASKED,
        Story().listed(page(body("a", "Pending"))).submit(),
        final(DONE),
        (1,),
    ),
    Broken(
        "other shots than asked for",
        Rule.NOTHING_UNASKED,
        told(lambda s: s.get(resource("a", "Pending", replace(BELL, shots=7)))),
        final(DONE),
        (1, 2),
    ),
    Broken(
        "another program than asked for",
        Rule.NOTHING_UNASKED,
        told(lambda s: s.get(resource("a", "Pending", BROKEN))),
        final(DONE),
        (1, 2),
    ),
    # views agree
    Broken("not in the last listing", Rule.VIEWS_AGREE, told(lambda s: s), replace(final(DONE), listing=[]), (END,)),
    Broken(
        "twice in the last listing",
        Rule.VIEWS_AGREE,
        told(lambda s: s),
        replace(final(DONE), listing=final(DONE, DONE).listing),
        (END,),
    ),
    Broken(
        "in the last listing, and not there",
        Rule.VIEWS_AGREE,
        told(lambda s: s.delete()),
        replace(final(gone=("a",)), listing=final(DONE).listing),
        (END,),
        also=frozenset({Rule.DELETED_STAYS}),
    ),
    Broken(
        "another phase in the last listing",
        Rule.VIEWS_AGREE,
        told(lambda s: s),
        replace(final(DONE), listing=final(body("a", "Failed")).listing),
        (END,),
        also=frozenset({Rule.ENDS_STAY}),
    ),
    Broken(
        "pending at the seed route",
        Rule.VIEWS_AGREE,
        told(lambda s: s),
        replace(final(DONE), results={"a": result_of(body("a", "Running"))}),
        (END,),
        also=frozenset({Rule.NOTHING_LOST}),
    ),
    Broken(
        "other counts at the seed route",
        Rule.VIEWS_AGREE,
        told(lambda s: s),
        replace(final(DONE), results={"a": result_of(body("a", "Succeeded", counts={"00": 47, "11": 53}))}),
        (END,),
        also=frozenset({Rule.ENDS_STAY, Rule.RIGHT_RESULTS}),
    ),
    Broken("a listing misses a task", Rule.VIEWS_AGREE, told(lambda s: s.listed(page())), final(DONE), (1, 2)),
    Broken(
        "two pages miss a task",
        Rule.VIEWS_AGREE,
        told(lambda s: s.listed(page(cursor="x")).listed(page(), cursor="x")),
        final(DONE),
        (1, 2, 3),
    ),
    Broken(
        "a listing has a task twice",
        Rule.VIEWS_AGREE,
        told(lambda s: s.listed(page(DONE, cursor="x")).listed(page(DONE), cursor="x")),
        final(DONE),
        (2, 3),
    ),
    Broken(
        "a listing of one phase has another",
        Rule.VIEWS_AGREE,
        told(lambda s: s.listed(page(DONE), phase=Phase.FAILED)),
        final(DONE),
        (2,),
    ),
    Broken(
        "another phase in the cluster",
        Rule.VIEWS_AGREE,
        told(lambda s: s),
        replace(final(DONE), objects={"a": {"status": {"phase": "Failed"}}}),
        (END,),
    ),
    Broken(
        "other counts in the cluster",
        Rule.VIEWS_AGREE,
        told(lambda s: s),
        replace(final(DONE), objects={"a": {"status": {"phase": "Succeeded", "counts": {"00": 100}}}}),
        (END,),
    ),
    Broken("not in the cluster", Rule.VIEWS_AGREE, told(lambda s: s), replace(final(DONE), objects={}), (END,)),
    # cancelled stays
    Broken(
        "cancelled, and then counts",
        Rule.CANCELLED_STAYS,
        told(lambda s: s.cancel(resource("a", "Cancelled"))),
        final(DONE),
        (2, END),
    ),
    Broken(
        "cancelled, and then running",
        Rule.CANCELLED_STAYS,
        told(lambda s: s.cancel(resource("a", "Cancelled")).get(RUNNING)),
        final(CANCELLED),
        (2, 3),
    ),
    Broken(
        "cancelled, and yet running", Rule.CANCELLED_STAYS, told(lambda s: s.cancel(RUNNING)), final(CANCELLED), (2,)
    ),
    Broken(
        "cancelled, and yet succeeded",
        Rule.CANCELLED_STAYS,
        told(lambda s: s.cancel(SUCCEEDED)),
        final(DONE),
        (2,),
        MIRRORED,
    ),
    Broken("nobody cancelled it", Rule.CANCELLED_STAYS, told(lambda s: s), final(CANCELLED), (END,)),
    Broken(
        "nobody could cancel it",
        Rule.CANCELLED_STAYS,
        told(lambda s: s.cancel(NO_CONNECTION)),
        final(CANCELLED),
        (END,),
    ),
    Broken(
        "it had ended, and then it was cancelled",
        Rule.ENDS_STAY,
        told(lambda s: s.cancel(FINISHED).cancel(LOST_ANSWER)),
        final(CANCELLED),
        (2, END),
    ),
    # deleted stays
    Broken("deleted, and there at the end", Rule.DELETED_STAYS, told(lambda s: s.delete()), final(DONE), (2, END)),
    Broken(
        "deleted, and there for a moment",
        Rule.DELETED_STAYS,
        told(lambda s: s.delete().get(SUCCEEDED)),
        final(gone=("a",)),
        (2, 3),
    ),
    Broken(
        "deleted, and listed",
        Rule.DELETED_STAYS,
        told(lambda s: s.delete().listed(page(DONE))),
        final(gone=("a",)),
        (2, 3),
    ),
    Broken(
        "deleted while it was listed, and on a later page",
        Rule.DELETED_STAYS,
        told(lambda s: s.listed(page(cursor="n")).delete().listed(page(DONE), cursor="n")),
        final(gone=("a",)),
        (3, 4),
    ),
    Broken(
        "deleted, and in a cluster's later listing",
        Rule.DELETED_STAYS,
        told(lambda s: s.delete().listed(page(cursor="n")).listed(page(DONE), cursor="n")),
        final(gone=("a",)),
        (2, 4),
        MIRRORED,
    ),
    Broken("deleted twice", Rule.DELETED_STAYS, told(lambda s: s.delete().delete()), final(gone=("a",)), (2, 3)),
    # answers
    Broken("500", Rule.ANSWERS, told(lambda s: s.get(Answered(500, UNAVAILABLE.text))), final(DONE), (2,)),
    Broken(
        "503 without Retry-After",
        Rule.ANSWERS,
        told(lambda s: s.get(Answered(503, UNAVAILABLE.text))),
        final(DONE),
        (2,),
    ),
    Broken(
        "an error of another shape",
        Rule.ANSWERS,
        told(lambda s: s.get(Answered(503, '{"detail": "no"}', UNAVAILABLE.headers))),
        final(DONE),
        (2,),
    ),
    Broken(
        "an error with more in it",
        Rule.ANSWERS,
        told(lambda s: s.get(Answered(404, '{"status": "error", "message": "x", "a": 1}'))),
        final(DONE),
        (2,),
    ),
    Broken(
        "an error without a message",
        Rule.ANSWERS,
        told(lambda s: s.get(Answered(404, '{"status": "error", "message": ""}'))),
        final(DONE),
        (2,),
    ),
    Broken(
        "an answer that is no JSON", Rule.ANSWERS, told(lambda s: s.get(Answered(200, "<html>"))), final(DONE), (2,)
    ),
    Broken(
        "an answer that lacks something",
        Rule.ANSWERS,
        told(lambda s: s.get(Answered(200, '{"id": "a"}'))),
        final(DONE),
        (2,),
    ),
    Broken(
        "a trace",
        Rule.ANSWERS,
        told(lambda s: s.get(Answered(200, "Traceback (most recent call last)"))),
        final(DONE),
        (2,),
    ),
    Broken("an answer that no such request has", Rule.ANSWERS, told(lambda s: s.get(FINISHED)), final(DONE), (2,)),
    Broken("404 for a new task", Rule.ANSWERS, Story().submit(outcome=NOT_FOUND), final(), (1,)),
    Broken("422 for a new key", Rule.ANSWERS, Story().submit(key="k", outcome=MISMATCH), final(), (1,)),
    Broken(
        "422 for a replay", Rule.ANSWERS, Story().submit(key="k").submit(key="k", outcome=MISMATCH), final(DONE), (2,)
    ),
    Broken(
        "a submission that is answered as if it had waited",
        Rule.ANSWERS,
        Story().submit(outcome=Answered(200, '{"task_id": "a", "status": "error"}')),
        final(DONE),
        (1,),
    ),
    Broken(
        "a deletion that says something",
        Rule.ANSWERS,
        told(lambda s: s.delete(Answered(204, "deleted"))),
        final(gone=("a",)),
        (2,),
    ),
    Broken(
        "a listing of another shape", Rule.ANSWERS, told(lambda s: s.listed(Answered(200, "[]"))), final(DONE), (2,)
    ),
    Broken(
        "an end without an answer",
        Rule.ANSWERS,
        told(lambda s: s),
        replace(final(DONE), resources={"a": UNAVAILABLE}),
        (END,),
        also=frozenset({Rule.VIEWS_AGREE}),
    ),
]


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.why)
def test_a_history_that_keeps_every_promise_has_no_violation(case: Kept) -> None:
    """What a right system may do, however unlucky its timing, is not held against it."""
    assert check(case.story.entries, case.final, case.model) == []


@pytest.mark.parametrize("case", BROKEN_, ids=lambda case: case.why)
def test_a_broken_promise_is_found_in_its_lines(case: Broken) -> None:
    """A violation names the promise and the lines that show it, and no other promise is said to be broken."""
    found = check(case.story.entries, case.final, case.model)
    assert {violation.rule for violation in found} == {case.rule} | case.also
    assert (case.rule, case.lines) in [(violation.rule, violation.lines) for violation in found]


@pytest.mark.parametrize("rule", Rule)
def test_every_promise_is_tried(rule: Rule) -> None:
    """No rule is without a history that breaks it."""
    assert any(case.rule is rule for case in BROKEN_)


def test_a_violation_says_what_it_saw() -> None:
    """A violation reads without the history beside it."""
    history = told(lambda story: story.get(SUCCEEDED).get(RUNNING)).entries
    [violation] = check(history, final(DONE), MODEL)
    assert violation == Violation(Rule.ENDS_STAY, "a", (2, 3), "succeeded, then running")


def test_faults_are_no_operations() -> None:
    """Faults in the history take up lines, and are neither read as operations nor excuse any."""
    fault = Fault("kill", "worker", Moment(0, 0), Moment(9, 9))
    [violation] = check([fault, *told(lambda story: story).entries], final(gone=("a",)), MODEL)[:1]
    assert violation.lines == (2, END)


def test_the_order_of_lines_does_not_matter() -> None:
    """Operations are ordered by their times, whatever the order in which their answers were written."""
    entries = told(lambda story: story.get(SUCCEEDED).get(RUNNING)).entries
    assert {violation.rule for violation in check(entries[::-1], final(DONE), MODEL)} == {Rule.ENDS_STAY}


def test_a_seeded_run_that_the_model_lacks_is_an_error() -> None:
    """Results that cannot be checked are not passed over."""
    with pytest.raises(LookupError, match="no counts for"):
        check(told(lambda story: story).entries, final(DONE), replace(MODEL, counts={}))


def test_a_program_that_the_model_lacks_is_an_error() -> None:
    """A submission of an unknown program is a mistake of the run's author, not of the system."""
    with pytest.raises(LookupError, match="line 1"):
        check(Story().submit(spec=Spec("other", 1)).entries, final(), MODEL)


def test_a_bias_too_small_for_one_run_shows_in_all_of_them() -> None:
    """Runs that each look fair are blamed together when their sum does not."""
    story, tasks = Story(), [body(f"t{n}", "Succeeded", UNSEEDED, {"00": 58, "11": 42}) for n in range(30)]
    for task in tasks:
        story.submit(task["id"], UNSEEDED)
    [violation] = check(story.entries, final(*tasks), MODEL)
    assert (violation.rule, violation.task) == (Rule.RIGHT_RESULTS, None)


def test_more_runs_need_more_extreme_counts() -> None:
    """The rate of false alarms is that of the run: what is blamed alone may be luck among many."""
    counts = {"00": 75, "11": 25}
    fair = [body(f"t{n}", "Succeeded", UNSEEDED, {"00": 50, "11": 50}) for n in range(200)]
    lucky = body("lucky", "Succeeded", UNSEEDED, counts)
    alone = check(Story().submit("lucky", UNSEEDED).entries, final(lucky), replace(MODEL, false_alarms=1e-3))
    story = Story().submit("lucky", UNSEEDED)
    for task in fair:
        story.submit(task["id"], UNSEEDED)
    assert {violation.rule for violation in alone} == {Rule.RIGHT_RESULTS}
    assert check(story.entries, final(lucky, *fair), replace(MODEL, false_alarms=1e-3)) == []


def test_an_ended_wait_shows_its_task() -> None:
    """A submission that waited for the end gives a result, which is checked as any other."""
    text = json.dumps({"task_id": "a", "status": "completed", "result": {"11": 100}})
    operation = Operation(Kind.SUBMIT, "c", Door.SEED, spec=BELL, wait_seconds=5)
    found = check(Story().tell(operation, Answered(200, text)).entries, final(DONE), MODEL)
    assert (Rule.ENDS_STAY, (1, END)) in [(violation.rule, violation.lines) for violation in found]
    assert (Rule.RIGHT_RESULTS, (1,)) in [(violation.rule, violation.lines) for violation in found]


def test_a_wait_that_ends_badly_shows_its_task() -> None:
    """A submission that waited for a failure says so, and it is a change if the task is then said to have succeeded."""
    text = json.dumps({"task_id": "a", "status": "error", "message": "It is Failed."})
    operation = Operation(Kind.SUBMIT, "c", Door.SEED, spec=BELL, wait_seconds=5)
    story = Story().tell(operation, Answered(200, text))
    assert check(story.entries, final(body("a", "Failed")), MODEL) == []
    assert {violation.rule for violation in check(story.entries, final(DONE), MODEL)} == {Rule.ENDS_STAY}


def test_the_reasons_for_which_a_program_may_fail_are_the_models() -> None:
    """A reason that the model allows for a program is no violation."""
    programs = {**MODEL.programs, "bell": Program(QASM["bell"], {"00": 0.5}, frozenset({Reason.INVALID_PROGRAM}))}
    assert check(told(lambda story: story).entries, final(FAILED_WRONGLY), replace(MODEL, programs=programs)) == []
