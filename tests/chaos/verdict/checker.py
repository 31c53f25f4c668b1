"""Reads the history of a run under faults, and says where it breaks what the service promises. Pure.

Operations of one client follow each other, those of several overlap. One precedes another only if it was completed
before the other was invoked; for two that overlap every order is allowed. What has no answer, or 503, may have been
carried out at any time after it was invoked, or never.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain, combinations
from math import inf
from typing import Any

from chaos.history import Answered, Entry, Exchange, Kind, Spec
from chaos.verdict.chi_squared import p_value
from chaos.verdict.sights import OPEN, MalformedError, Sight, flaws, resource_sight, result_sight, sights_of
from pydantic import ValidationError
from quantum_api.schemas.resources import TaskList, TaskResource
from quantum_tasks.states import Phase, Reason, State

FALSE_ALARMS = 1e-6
"""How probable it is at most that the tests of unseeded counts, all of a run together, blame a right system.

Each of m tests is at the level FALSE_ALARMS / m: the union bound, known as Bonferroni's correction (Dunn 1961,
"Multiple comparisons among means").
"""

END = 0
"""The line of what is said at the end, which is not in the history."""

UNDER_FAULTS = frozenset({Reason.BACKOFF_LIMIT_EXCEEDED, Reason.DEADLINE_EXCEEDED, Reason.EVICTED, Reason.OOM_KILLED})
"""Why a task may fail whose program is right."""

_TIMES = frozenset({"createdAt", "startedAt", "finishedAt"})


class Rule(StrEnum):
    """What is promised."""

    NOTHING_LOST = "every accepted task is there, and ends"
    ENDS_STAY = "a task that has ended does not change"
    RIGHT_RESULTS = "results are right"
    KEYS_MAKE_ONE = "an idempotency key makes one task, and every submission its own"
    NOTHING_UNASKED = "every task was submitted, as it is"
    VIEWS_AGREE = "listings and answers agree"
    CANCELLED_STAYS = "a cancelled task stays cancelled, and only that one is"
    DELETED_STAYS = "a deleted task stays away"
    ANSWERS = "every answer is one of the contract's"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: for which task, and by which lines of the history. END stands for the end."""

    rule: Rule
    task: str | None
    lines: tuple[int, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the run, and what may come of it.

    `probabilities` maps each outcome to its value in (0, 1]; empty for a program that cannot succeed. `failures` are
    the reasons for which it may fail.
    """

    qasm: str
    probabilities: Mapping[str, float] = field(default_factory=dict)
    failures: frozenset[Reason] = UNDER_FAULTS


@dataclass(frozen=True, slots=True)
class Model:
    """What is right in a run.

    `counts` has those of a direct simulation for every seeded spec, and for as many drawn seeds as one likes.
    `mirrored` is for Kubernetes, where a task has two homes: listings show the resource, which may lag behind what
    Redis says of the task; the two have times of their own; a cancellation may be carried out after its answer; and the
    pages of a listing show one moment, at its beginning.
    """

    programs: Mapping[str, Program]
    counts: Mapping[Spec, Mapping[str, int]] = field(default_factory=dict)
    mirrored: bool = False
    false_alarms: float = FALSE_ALARMS


@dataclass(frozen=True, slots=True)
class Final:
    """What is said once all faults are healed and nothing is asked any more.

    `resources` and `results` are the answers of `/v1/tasks/{id}` and `/tasks/{id}` for every id that was ever seen,
    `listing` is every task of a whole listing, and `objects` are the resources of a cluster by their names.
    """

    resources: Mapping[str, Answered]
    results: Mapping[str, Answered]
    listing: Sequence[TaskResource]
    objects: Mapping[str, Mapping[str, Any]] | None = None


def check(history: Sequence[Entry], final: Final, model: Model) -> list[Violation]:
    """Every violation of every rule, rule by rule.

    Raises LookupError when the model lacks a program, or the counts of a seeded spec, that the history has.
    """
    case = _Case(history, final, model)
    return [violation for rule in _RULES for violation in rule(case)]


@dataclass(frozen=True, slots=True)
class _Span:
    """When something was done, for sure or maybe; `end` is infinite for what may be done at any time later."""

    line: int
    start: float
    end: float
    sure: bool

    def may_be_in(self, start: float, end: float) -> bool:
        return self.start <= end and self.end >= start


@dataclass(slots=True)
class _Submission:
    span: _Span
    key: str | None
    spec: Spec
    task: str | None
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Life:
    """Who made a task, and who deleted or cancelled it."""

    submissions: list[_Submission] = field(default_factory=list)
    deletions: list[_Span] = field(default_factory=list)
    cancellations: list[_Span] = field(default_factory=list)

    @property
    def lines(self) -> tuple[int, ...]:
        """Where it was submitted."""
        return tuple(one.span.line for one in self.submissions)

    def deletion_in(self, start: float, end: float) -> bool:
        return any(one.may_be_in(start, end) for one in self.deletions)

    def kept(self, start: float, end: float) -> _Span | None:
        """The submission that shows that the task was there from `start` to `end`, if one does."""
        made = (one.span for one in self.submissions if one.span.sure and one.span.end < start)
        return next((one for one in made if not self.deletion_in(one.start, end)), None)

    def gone(self, start: float, end: float) -> _Span | None:
        """The deletion that shows that the task was away from `start` to `end`, if one does."""
        done = (one for one in self.deletions if one.sure and one.end < start)
        spans = [one.span for one in self.submissions]
        return next((one for one in done if not any(made.may_be_in(one.start, end) for made in spans)), None)


class _Case:
    """The history, indexed."""

    def __init__(self, history: Sequence[Entry], final: Final, model: Model) -> None:
        self.model = model
        self.final = final
        self.exchanges = [(line, one) for line, one in enumerate(history, 1) if isinstance(one, Exchange)]
        self.malformed: list[Violation] = []
        self._listings = _begun(exchange for _, exchange in self.exchanges)
        self.shown: dict[int, list[Sight]] = {line: self._read(line, one) for line, one in self.exchanges}
        self.final_resources = self._final(final.resources, _final_resource)
        self.final_results = self._final(final.results, _final_result)
        self.listed = [resource_sight(END, (inf, inf), one, listed=True) for one in final.listing]
        self.sights: dict[str, list[Sight]] = defaultdict(list)
        ends = (self.final_resources.values(), self.final_results.values(), self.listed)
        for sight in chain(*self.shown.values(), *ends):
            self.sights[sight.task].append(sight)
        self.submissions = list(self._submissions())
        self.orphans = _adopt(self)
        self.lives = self._lives()

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """What each task was submitted as, where that is one thing."""
        asked = {task: {one.spec for one in life.submissions} for task, life in self.lives.items()}
        return {task: specs.pop() for task, specs in asked.items() if len(specs) == 1}

    def life(self, task: str) -> _Life:
        """Who did what to a task."""
        return self.lives.get(task, _Life())

    def spec_is(self, spec: Spec, resource: TaskResource) -> bool:
        """Whether a task shows this spec. A listing does not show programs."""
        shown = resource.spec
        right_program = shown.qasm is None or shown.qasm == self.model.programs[spec.program].qasm
        return right_program and (shown.shots, shown.seed) == (spec.shots, spec.seed)

    def _read(self, line: int, exchange: Exchange) -> list[Sight]:
        since = self._listings.get(exchange.operation.listing) if self.model.mirrored else None
        try:
            return sights_of(line, exchange, since=since)
        except MalformedError as error:
            self.malformed.append(Violation(Rule.ANSWERS, exchange.operation.task, (line,), str(error)))
            return []

    def _final(self, answers: Mapping[str, Answered], read: Callable[[str, Answered], Sight]) -> dict[str, Sight]:
        sights = {}
        for task, answer in answers.items():
            try:
                sights[task] = read(task, answer)
            except (ValidationError, MalformedError) as error:
                why = f"at the end {answer.status} with {answer.text[:200]!r}: {error}"
                self.malformed.append(Violation(Rule.ANSWERS, task, (END,), why))
        return sights

    def _submissions(self) -> Iterator[_Submission]:
        for line, exchange in self.exchanges:
            operation = exchange.operation
            span = _span(line, exchange)
            if operation.kind is not Kind.SUBMIT or span is None:
                continue
            if operation.spec is None or operation.spec.program not in self.model.programs:
                raise LookupError(f"line {line} submits a program that the model does not know")
            answer = exchange.outcome
            replayed = isinstance(answer, Answered) and answer.headers.get("idempotency-replayed") == "true"
            shown = self.shown[line]
            task = operation.task or (shown[0].task if shown else None)
            yield _Submission(span, operation.key, operation.spec, task, replayed)

    def _lives(self) -> dict[str, _Life]:
        lives: dict[str, _Life] = defaultdict(_Life)
        for submission in self.submissions:
            if submission.task is not None:
                lives[submission.task].submissions.append(submission)
        for line, exchange in self.exchanges:
            operation, span = exchange.operation, _span(line, exchange)
            if span is None or operation.task is None:
                continue
            if operation.kind is Kind.DELETE:
                lives[operation.task].deletions.append(span)
            elif operation.kind is Kind.CANCEL:
                lives[operation.task].cancellations.append(span)
        return dict(lives)


def _begun(exchanges: Iterable[Exchange]) -> dict[str | None, float]:
    """When each listing was begun."""
    begun: dict[str | None, float] = {}
    for exchange in exchanges:
        listing, start = exchange.operation.listing, exchange.invoked.monotonic
        if listing is not None:
            begun[listing] = min(start, begun.get(listing, start))
    return begun


def _span(line: int, exchange: Exchange) -> _Span | None:
    """When an operation was carried out; None for one that certainly was not.

    Calls between the parts are repeated when their answers are lost, so 404 may mean that the first try has deleted
    the task, and a submission may meet the deletion of its own task.
    """
    start, end = exchange.invoked.monotonic, exchange.completed.monotonic
    outcome = exchange.outcome
    if not isinstance(outcome, Answered):
        return _Span(line, start, inf, sure=False) if outcome.sent else None
    if outcome.status < 300:
        return _Span(line, start, end, sure=True)
    if outcome.status >= 500:
        return _Span(line, start, inf, sure=False)
    return _Span(line, start, end, sure=False) if outcome.status == 404 else None


def _final_resource(task: str, answer: Answered) -> Sight:
    if answer.status == 404:
        return Sight(END, task, inf, inf, frozenset())
    if answer.status != 200:
        raise MalformedError("neither 200 nor 404")
    return resource_sight(END, (inf, inf), TaskResource.model_validate_json(answer.text))


def _final_result(task: str, answer: Answered) -> Sight:
    if answer.status == 404:
        return Sight(END, task, inf, inf, frozenset())
    if answer.status != 200:
        raise MalformedError("neither 200 nor 404")
    return result_sight(END, task, (inf, inf), answer.text)


class _Matching:
    """Which submission without an answer may have made which task: each one, or all of one key together, makes one.

    A maximum matching by augmenting paths (Kuhn 1955).
    """

    def __init__(self, case: "_Case") -> None:
        self._case = case
        self._makers: dict[str | int, list[_Submission]] = defaultdict(list)
        for one in case.submissions:
            if one.task is None:
                self._makers[one.span.line if one.key is None else one.key].append(one)
        self._made: dict[str | int, str] = {}

    def place(self, task: str, tried: set[str | int]) -> bool:
        """Find a maker for one more task. Returns False when there is none."""
        for maker, submissions in self._makers.items():
            if maker in tried or not _may_have_made(self._case, submissions, task):
                continue
            tried.add(maker)
            if maker not in self._made or self.place(self._made[maker], tried):
                self._made[maker] = task
                return True
        return False

    def settle(self) -> None:
        """Let each maker's submissions be those of its task."""
        for maker, task in self._made.items():
            for one in self._makers[maker]:
                one.task = task


def _adopt(case: _Case) -> list[str]:
    """Say which task each submission made that has no answer. Returns the tasks that none can have made."""
    keys = {one.key: one.task for one in case.submissions if one.key is not None and one.task is not None}
    for one in case.submissions:
        if one.key is not None and one.task is None:
            one.task = keys.get(one.key)
    known = {one.task for one in case.submissions}
    shown = {task for task, sights in case.sights.items() if not all(sight.absent for sight in sights)}
    matching = _Matching(case)
    orphans = [task for task in sorted(shown - known) if not matching.place(task, set())]
    matching.settle()
    return orphans


def _may_have_made(case: _Case, submissions: Iterable[_Submission], task: str) -> bool:
    there = [sight for sight in case.sights.get(task, ()) if not sight.absent]
    resources = [sight.resource for sight in there if sight.resource]
    first = min(sight.end for sight in there)
    return any(
        one.span.start < first and all(case.spec_is(one.spec, resource) for resource in resources)
        for one in submissions
    )


# -- the rules ------------------------------------------------------------------------------------------------------


def _nothing_lost(case: _Case) -> Iterator[Violation]:
    for task, life in case.lives.items():
        for sight in case.sights.get(task, ()):
            made = life.kept(sight.start, sight.end) if sight.absent else None
            if made:
                yield Violation(Rule.NOTHING_LOST, task, (made.line, sight.line), "404 for a task that was accepted")
        made = life.kept(inf, inf)
        if made and not (task in case.final.resources and task in case.final.results):
            yield Violation(Rule.NOTHING_LOST, task, (made.line, END), "nobody asked for it at the end")
    last = chain(case.final_resources.values(), case.final_results.values(), case.listed)
    for task in dict.fromkeys(sight.task for sight in last if sight.open):
        yield Violation(Rule.NOTHING_LOST, task, (*case.life(task).lines, END), "it has not ended")


def _ends_stay(case: _Case) -> Iterator[Violation]:
    for task, sights in case.sights.items():
        for flaw in dict.fromkeys((sight.line, flaw) for sight in sights for flaw in flaws(sight)):
            yield Violation(Rule.ENDS_STAY, task, (flaw[0],), flaw[1])
        life = case.life(task)
        for one, other in combinations(_telling(sights, life), 2):
            first, then = sorted((one, other), key=lambda sight: sight.end)
            why = _change(first, then, mirrored=case.model.mirrored)
            if why and not life.deletion_in(min(first.start, then.start), then.end):
                cancelled = first.states == {State.CANCELLED}
                rule = Rule.CANCELLED_STAYS if cancelled else Rule.ENDS_STAY
                yield Violation(rule, task, (first.line, then.line), why)


def _telling(sights: Sequence[Sight], life: _Life) -> list[Sight]:
    """The sights that matter: of a task that nobody deletes, those that say what no earlier one of their kind says."""
    if life.deletions:
        return [sight for sight in sights if not sight.absent]
    told: list[Sight] = []
    for sight in sorted(sights, key=lambda sight: sight.end):
        late = sight.open and any(one.ended and one.end < sight.start for one in told)
        if not sight.absent and (late or not any(sight.says_no_more_than(one) for one in told)):
            told.append(sight)
    return told


def _change(first: Sight, then: Sight, *, mirrored: bool) -> str | None:
    """What differs that must not, between two looks at one task of which the first was completed before."""
    changed = _disagreements(first, then, mirrored=mirrored)
    if first.ended and then.ended and not first.states & then.states:
        return f"{_words(first)}, then {_words(then)}"
    if changed:
        return f"other {', '.join(changed)} than before"
    lags = mirrored and first.listed != then.listed
    if first.ended and then.open and first.end < then.start and not lags:
        return f"{_words(first)}, then {_words(then)}"
    return None


def _words(sight: Sight) -> str:
    return " or ".join(sorted(sight.states)) or "away"


def _right_results(case: _Case) -> Iterator[Violation]:
    tests: list[tuple[str, int, Spec, Mapping[str, int]]] = []
    for task, sights in case.sights.items():
        yield from _failures(case, task, sights)
        for sight in _distinct_counts(sights):
            spec = _spec_of(case, sight)
            if spec is None:
                continue
            why = _mistake(case.model, spec, sight)
            if why:
                yield Violation(Rule.RIGHT_RESULTS, task, (sight.line,), why)
            elif spec.seed is None:
                tests.append((task, sight.line, spec, sight.counts or {}))
    yield from _unlikely(case.model, tests)


def _distinct_counts(sights: Iterable[Sight]) -> list[Sight]:
    """A sight of each result that a task was seen with, the one that says most of it."""
    best: dict[tuple[tuple[str, int], ...], Sight] = {}
    for sight in sights:
        if sight.counts is not None:
            key = tuple(sorted(sight.counts.items()))
            if key not in best or (sight.resource and not best[key].resource):
                best[key] = sight
    return list(best.values())


def _spec_of(case: _Case, sight: Sight) -> Spec | None:
    if sight.resource is None:
        return case.specs.get(sight.task)
    asked = (one.spec for one in case.life(sight.task).submissions)
    return next((spec for spec in asked if case.spec_is(spec, sight.resource)), None)


def _failures(case: _Case, task: str, sights: Iterable[Sight]) -> Iterator[Violation]:
    for sight in sights:
        resource, spec = sight.resource, case.specs.get(task)
        if resource is None or spec is None or resource.phase is not Phase.FAILED:
            continue
        if resource.reason not in case.model.programs[spec.program].failures:
            why = f"{spec.program} failed because of {resource.reason}"
            yield Violation(Rule.RIGHT_RESULTS, task, (sight.line,), why)
            return


def _mistake(model: Model, spec: Spec, sight: Sight) -> str | None:
    """What is wrong with counts, whatever their distribution."""
    counts, program = sight.counts or {}, model.programs[spec.program]
    if sum(counts.values()) != spec.shots:
        return f"{sum(counts.values())} counts for {spec.shots} shots"
    if any(shots < 1 or not program.probabilities.get(outcome) for outcome, shots in counts.items()):
        return f"{spec.program} cannot give {counts}"
    seed = spec.seed
    if sight.resource and sight.resource.result:
        result = sight.resource.result
        if result.shots != spec.shots or seed not in {None, result.seed}:
            return f"the result is of {result.shots} shots with seed {result.seed}"
        seed = result.seed
    expected = None if seed is None else model.counts.get(Spec(spec.program, spec.shots, seed))
    if expected is None and spec.seed is not None:
        raise LookupError(f"the model has no counts for {spec}")
    return None if expected is None or counts == expected else f"{counts}, where seed {seed} gives {expected}"


def _unlikely(model: Model, tests: Sequence[tuple[str, int, Spec, Mapping[str, int]]]) -> Iterator[Violation]:
    """Counts that the program's distribution hardly gives: those of each run, and of all runs of a program together."""
    together: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    lines: dict[str, list[int]] = defaultdict(list)
    for _, line, spec, counts in tests:
        lines[spec.program].append(line)
        for outcome, shots in counts.items():
            together[spec.program][outcome] += shots
    level = model.false_alarms / max(1, len(tests) + len(together))
    for task, line, spec, counts in tests:
        p = p_value(counts, model.programs[spec.program].probabilities)
        if p < level:
            yield Violation(Rule.RIGHT_RESULTS, task, (line,), f"{counts} of {spec.program}: p = {p:.1e} < {level:.1e}")
    for name, counts in together.items():
        p = p_value(counts, model.programs[name].probabilities)
        if p < level:
            why = f"{dict(counts)} of all runs of {name}: p = {p:.1e} < {level:.1e}"
            yield Violation(Rule.RIGHT_RESULTS, None, tuple(lines[name]), why)


def _keys_make_one(case: _Case) -> Iterator[Violation]:
    sure = [one for one in case.submissions if one.span.sure and one.task is not None]
    by_key: dict[str | None, list[_Submission]] = defaultdict(list)
    by_task: dict[str | None, list[_Submission]] = defaultdict(list)
    for one in sure:
        by_key[one.key].append(one)
        by_task[one.task].append(one)
    for key, submissions in by_key.items():
        if key is not None and len({one.task for one in submissions}) > 1:
            lines = tuple(one.span.line for one in submissions)
            yield Violation(Rule.KEYS_MAKE_ONE, submissions[0].task, lines, f"the key {key} made several tasks")
    for task, submissions in by_task.items():
        lines = tuple(one.span.line for one in submissions)
        if len({one.span.line if one.key is None else one.key for one in submissions}) > 1:
            yield Violation(Rule.KEYS_MAKE_ONE, task, lines, "several submissions made one task")
    for one in sure:
        yield from _remade(case, one)


def _remade(case: _Case, submission: _Submission) -> Iterator[Violation]:
    """A submission that was accepted while its task was there: it must be a replay, and of the same."""
    span, task = submission.span, submission.task or ""
    made = case.life(task).kept(span.start, span.end)
    if made is None or submission.key is None:
        return
    if not submission.replayed:
        why = f"the key {submission.key} was accepted again, not replayed"
        yield Violation(Rule.KEYS_MAKE_ONE, task, (made.line, span.line), why)
    first = next(one for one in case.life(task).submissions if one.span is made)
    if first.spec != submission.spec:
        why = f"the key {submission.key} was accepted for something else"
        yield Violation(Rule.KEYS_MAKE_ONE, task, (made.line, span.line), why)


def _nothing_unasked(case: _Case) -> Iterator[Violation]:
    for task in case.orphans:
        lines = tuple(dict.fromkeys(sight.line for sight in case.sights.get(task, ()) if not sight.absent))
        yield Violation(Rule.NOTHING_UNASKED, task, lines, "no submission can have made it")
    for task, life in case.lives.items():
        if not life.submissions:
            continue
        first = min(one.span.start for one in life.submissions)
        for sight in case.sights.get(task, ()):
            if not sight.absent and sight.end < first:
                yield Violation(Rule.NOTHING_UNASKED, task, (sight.line,), "it was there before it was submitted")
            resource = sight.resource
            if resource and not any(case.spec_is(one.spec, resource) for one in life.submissions):
                lines = (*life.lines, sight.line)
                yield Violation(Rule.NOTHING_UNASKED, task, lines, f"it was not submitted as {resource.spec}")


def _views_agree(case: _Case) -> Iterator[Violation]:
    yield from _final_views(case)
    for line, exchange in case.exchanges:
        phase = exchange.operation.phase
        for sight in case.shown[line]:
            if phase and sight.resource and sight.resource.phase is not phase:
                yield Violation(Rule.VIEWS_AGREE, sight.task, (line,), f"it is {_words(sight)} in a list of {phase}")
    yield from _listings(case)


def _final_views(case: _Case) -> Iterator[Violation]:
    listed: dict[str, list[Sight]] = defaultdict(list)
    for sight in case.listed:
        listed[sight.task].append(sight)
    for task in case.final_resources.keys() | listed.keys():
        views = listed[task]
        resource = case.final_resources.get(task)
        there = 1 if resource and not resource.absent else 0
        if len(views) != there:
            why = f"it is listed {len(views)} times, where {there} are right"
            yield Violation(Rule.VIEWS_AGREE, task, (END,), why)
        result = case.final_results.get(task)
        if resource is None:
            continue
        for other in (*views, *([result] if result else [])):
            differ = _disagreements(resource, other, mirrored=case.model.mirrored)
            if differ or not resource.may_be_as(other):
                why = f"{_words(resource)} at one door, {_words(other)} at another, {differ}"
                yield Violation(Rule.VIEWS_AGREE, task, (END,), why)
    yield from _objects(case)


def _disagreements(first: Sight, then: Sight, *, mirrored: bool) -> list[str]:
    """The facts of which two looks at one task say different things, where they must not."""
    ignored = _TIMES if mirrored else frozenset()
    return [name for name in first.disagreements(then) if name not in ignored]


def _objects(case: _Case) -> Iterator[Violation]:
    objects = case.final.objects
    if objects is None:
        return
    for task in case.final_resources.keys() | objects.keys():
        sight, there = case.final_resources.get(task), objects.get(task)
        shown = sight.resource if sight else None
        if shown is None or there is None:
            if shown or there:
                yield Violation(Rule.VIEWS_AGREE, task, (END,), "it is over HTTP or in the cluster, but not in both")
            continue
        status = there.get("status", {})
        counts = status.get("counts")
        if status.get("phase") != shown.phase:
            why = f"{shown.phase} over HTTP, {status.get('phase')} in the cluster"
            yield Violation(Rule.VIEWS_AGREE, task, (END,), why)
        elif counts is not None and (shown.result is None or counts != shown.result.counts):
            yield Violation(Rule.VIEWS_AGREE, task, (END,), "other counts in the cluster than over HTTP")


def _listings(case: _Case) -> Iterator[Violation]:
    """What whole listings, all their pages together, show twice or miss."""
    pages: dict[str, list[tuple[int, Exchange]]] = defaultdict(list)
    for line, exchange in case.exchanges:
        if exchange.operation.listing is not None and exchange.operation.phase is None:
            pages[exchange.operation.listing].append((line, exchange))
    for parts in pages.values():
        parts.sort(key=lambda part: part[1].invoked.monotonic)
        if not _is_whole([exchange for _, exchange in parts]):
            continue
        start, end = parts[0][1].invoked.monotonic, parts[-1][1].completed.monotonic
        lines = tuple(line for line, _ in parts)
        shown = Counter(sight.task for line in lines for sight in case.shown[line])
        for task, life in case.lives.items():
            made = life.kept(start, end)
            if made and task not in shown:
                yield Violation(Rule.VIEWS_AGREE, task, (made.line, *lines), "a listing misses it")
            if shown[task] > 1 and not life.deletion_in(start, end):
                yield Violation(Rule.VIEWS_AGREE, task, lines, "a listing has it twice")


def _is_whole(pages: Sequence[Exchange]) -> bool:
    """Whether pages begin at the beginning, follow each other, and reach the end."""
    expected: str | None = None
    for number, page in enumerate(pages):
        answer = page.outcome
        if page.operation.cursor != expected or (number and expected is None):
            return False
        if not isinstance(answer, Answered) or answer.status != 200:
            return False
        try:
            expected = TaskList.model_validate_json(answer.text).next_cursor
        except ValidationError:
            return False  # another rule says so
    return expected is None


def _cancelled_stays(case: _Case) -> Iterator[Violation]:
    for line, exchange in case.exchanges:
        for sight in case.shown[line] if exchange.operation.kind is Kind.CANCEL else ():
            later = case.model.mirrored and sight.states <= OPEN
            fine = sight.states == {State.CANCELLED} or sight.absent or sight.resource is None
            life = case.life(sight.task)
            if not (fine or later or life.deletion_in(sight.start, sight.end)):
                yield Violation(Rule.CANCELLED_STAYS, sight.task, (line,), f"cancelled, and yet {_words(sight)}")
    for task, sights in case.sights.items():
        orders = case.life(task).cancellations
        for sight in sights:
            if sight.states == {State.CANCELLED} and not any(one.start < sight.end for one in orders):
                yield Violation(Rule.CANCELLED_STAYS, task, (sight.line,), "it is cancelled, and nobody asked for that")
                break


def _deleted_stays(case: _Case) -> Iterator[Violation]:
    for task, life in case.lives.items():
        for sight in case.sights.get(task, ()):
            deleted = None if sight.absent else life.gone(sight.start, sight.end)
            if deleted:
                lines = (deleted.line, sight.line)
                yield Violation(Rule.DELETED_STAYS, task, lines, f"deleted, and then {_words(sight)}")
        for again in life.deletions:
            deleted = life.gone(again.start, again.end) if again.sure else None
            if deleted:
                yield Violation(Rule.DELETED_STAYS, task, (deleted.line, again.line), "it was deleted twice")


def _answers(case: _Case) -> Iterator[Violation]:
    yield from case.malformed
    for line, exchange in case.exchanges:
        operation, answer = exchange.operation, exchange.outcome
        if operation.kind is not Kind.SUBMIT or not isinstance(answer, Answered):
            continue
        if answer.status == 404 and not _may_be_deleted(case, line, exchange):
            yield Violation(Rule.ANSWERS, operation.task, (line,), "404 for a submission whose task nobody deleted")
        if answer.status == 422 and not _may_mismatch(case, exchange):
            yield Violation(Rule.ANSWERS, operation.task, (line,), "422 for a key that stands for nothing else")


def _may_be_deleted(case: _Case, line: int, exchange: Exchange) -> bool:
    task = next((one.task for one in case.submissions if one.span.line == line), None)
    life = case.life(task or "")
    return life.deletion_in(exchange.invoked.monotonic, exchange.completed.monotonic)


def _may_mismatch(case: _Case, exchange: Exchange) -> bool:
    operation, end = exchange.operation, exchange.completed.monotonic
    return operation.key is not None and any(
        one.key == operation.key and one.spec != operation.spec and one.span.start < end for one in case.submissions
    )


_RULES: tuple[Callable[[_Case], Iterator[Violation]], ...] = (
    _nothing_lost,
    _ends_stay,
    _right_results,
    _keys_make_one,
    _nothing_unasked,
    _views_agree,
    _cancelled_stays,
    _deleted_stays,
    _answers,
)
