"""What a run under faults came to: counted from its history, as Markdown for the docs and as JSON. Pure."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise
from math import inf, isfinite
from statistics import median

from chaos.history import Answered, Entry, Exchange, Fault, Kind, Operation
from chaos.verdict.checker import END, Final, Rule, Violation
from chaos.verdict.sights import MalformedError, Sight, resource_sight, sights_of
from pydantic import TypeAdapter, ValidationError
from quantum_api.schemas.resources import TaskResource
from quantum_tasks.states import Reason, State

MOST_VIOLATIONS = 50
"""How many violations the Markdown tells of; the JSON has all."""

MOST_LINES = 10
"""How many of a violation's lines are shown; all their numbers are."""

LONGEST_TEXT = 300
"""How many characters of an answer are shown."""

OK = 200

_BULKY = re.compile(r'"(qasm|conditions)":\s*(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])')


class Came(StrEnum):
    """What came of an operation."""

    DONE = "2xx"
    REFUSED = "4xx"
    UNAVAILABLE = "503"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Quiet:
    """A time in which no operation succeeded: seconds, and when it began, in seconds since the run did.

    `during` are the faults that there were meanwhile.
    """

    seconds: float
    at: float
    during: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long after a fault the system did its work again, in seconds since it was healed.

    `at` is when it was healed, or began if it has no end, in seconds since the run did. `accepted` is until a new task
    was accepted, and `ended` until one that was accepted since was seen to have ended: None where none came.
    """

    fault: str
    target: str
    at: float
    accepted: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of one kind, or of one kind and target: how many, for how long together, and how they were recovered from.

    Times are in seconds; `median` and `slowest` are of the recoveries. After `unrecovered` of them nothing more came.
    """

    fault: str
    target: str | None
    count: int
    seconds: float
    median: float | None
    slowest: float | None
    unrecovered: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation, and what the history has in the first of its lines, shortened."""

    rule: Rule
    task: str | None
    lines: tuple[int, ...]
    why: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A run in numbers.

    `minutes` were asked for, `seconds` are from the first moment of the history to its last. `operations` counts by
    kind and by what came of them, `ends` the accepted tasks by phase and reason as last seen. `quiet` is the longest
    time in which no operation of any client succeeded. `missing` are the harms that could not be done, each with what
    it would need.
    """

    stack: str
    seed: int
    minutes: float
    seconds: float
    operations: Mapping[Kind, Mapping[Came, int]]
    accepted: int
    ends: Mapping[str, Mapping[str, int]]
    most_attempts: int
    faults: tuple[Faults, ...]
    faults_by_target: tuple[Faults, ...]
    quiet: Quiet | None
    recoveries: tuple[Recovery, ...]
    median_recovery: float | None
    slowest_recovery: Recovery | None
    unrecovered: int
    missing: Mapping[str, str]
    violations: tuple[Finding, ...]

    def markdown(self) -> str:
        """The report as short tables, to be pasted into a page."""
        return "\n\n".join(part for part in _parts(self) if part) + "\n"

    def json(self) -> bytes:
        """The report whole, as JSON."""
        return _REPORT.dump_json(self, indent=2)


_REPORT: TypeAdapter[Report] = TypeAdapter(Report)


def summary(
    history: Sequence[Entry],
    violations: Sequence[Violation],
    *,
    seed: int,
    stack: str,
    minutes: float,
    missing: Mapping[str, str],
    final: Final | None = None,
) -> Report:
    """The report of a run. Raises IndexError for a violation by a line that the history does not have."""
    exchanges = sorted((one for one in history if isinstance(one, Exchange)), key=lambda one: one.completed.monotonic)
    faults = sorted((one for one in history if isinstance(one, Fault)), key=lambda one: one.start.monotonic)
    began = min((_start(one) for one in history), default=0.0)
    tasks = _Tasks()
    for exchange in exchanges:
        tasks.take(exchange)
    if final is not None:
        tasks.take_final(final)
    recoveries = _recoveries(faults, tasks.works, began)
    done = [one for one in recoveries if one.ended is not None]
    return Report(
        stack=stack,
        seed=seed,
        minutes=minutes,
        seconds=max((_end(one) for one in history), default=0.0) - began,
        operations=_operations(exchanges),
        accepted=len(tasks.accepted),
        ends=_ends(tasks.last[task] for task in tasks.accepted),
        most_attempts=tasks.most_attempts,
        faults=tuple(_faults(faults, recoveries, by_target=False)),
        faults_by_target=tuple(_faults(faults, recoveries, by_target=True)),
        quiet=_quiet(exchanges, faults, began),
        recoveries=tuple(recoveries),
        median_recovery=median(one.ended or 0.0 for one in done) if done else None,
        slowest_recovery=max(done, key=lambda one: one.ended or 0.0, default=None),
        unrecovered=len(recoveries) - len(done),
        missing=dict(missing),
        violations=tuple(_finding(one, history, began) for one in violations),
    )


def _start(entry: Entry) -> float:
    return (entry.invoked if isinstance(entry, Exchange) else entry.start).monotonic


def _end(entry: Entry) -> float:
    return (entry.completed if isinstance(entry, Exchange) else entry.end or entry.start).monotonic


def _came(exchange: Exchange) -> Came:
    outcome = exchange.outcome
    if not isinstance(outcome, Answered):
        return Came.UNKNOWN
    if outcome.status == 503:
        return Came.UNAVAILABLE
    return {2: Came.DONE, 4: Came.REFUSED}.get(outcome.status // 100, Came.OTHER)


def _operations(exchanges: Iterable[Exchange]) -> dict[Kind, dict[Came, int]]:
    counts = Counter((one.operation.kind, _came(one)) for one in exchanges)
    kinds = {kind for kind, _ in counts}
    return {kind: {came: counts[kind, came] for came in Came} for kind in Kind if kind in kinds}


# -- tasks ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    """A task that was accepted, and not for a second time: monotonic seconds."""

    invoked: float
    accepted: float
    ended: float = inf


class _Tasks:
    """What is known of the tasks, exchange by exchange, in the order in which they were completed."""

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.last: dict[str, Sight] = {}
        self.most_attempts = 0
        self.works: list[_Work] = []
        self._unended: dict[str, list[_Work]] = defaultdict(list)

    def take(self, exchange: Exchange) -> None:
        """Take an exchange into account. A malformed answer is the checker's business."""
        try:
            sights = sights_of(END, exchange)
        except MalformedError:
            return
        if _came(exchange) is Came.DONE:
            if exchange.operation.kind is Kind.SUBMIT:
                self._accept(exchange, sights)
            elif exchange.operation.kind is Kind.DELETE:
                sights = [_deletion(exchange)]
        for sight in sights:
            self._see(sight)

    def take_final(self, final: Final) -> None:
        """Take into account what each task is like in the end. One that is not there any more ended as last seen."""
        for answer in final.resources.values():
            with suppress(ValidationError):  # the checker says so
                if answer.status == OK:
                    self._see(resource_sight(END, (inf, inf), TaskResource.model_validate_json(answer.text)))

    def _accept(self, exchange: Exchange, sights: Sequence[Sight]) -> None:
        outcome = exchange.outcome
        replayed = isinstance(outcome, Answered) and outcome.headers.get("idempotency-replayed") == "true"
        for sight in sights:
            self.accepted.add(sight.task)
            if not replayed:
                work = _Work(sight.start, sight.end)
                self.works.append(work)
                self._unended[sight.task].append(work)

    def _see(self, sight: Sight) -> None:
        if sight.resource is not None:
            self.most_attempts = max(self.most_attempts, sight.resource.attempts)
        last = self.last.get(sight.task)
        if last is None or _replaces(sight, last):
            self.last[sight.task] = sight
        if not sight.ended or sight.task not in self._unended:
            return
        for work in self._unended.pop(sight.task):
            if work.invoked <= sight.start:
                work.ended = sight.end
            else:
                self._unended[sight.task].append(work)


def _deletion(exchange: Exchange) -> Sight:
    span = (exchange.invoked.monotonic, exchange.completed.monotonic)
    return Sight(END, exchange.operation.task or "", *span, frozenset())


def _replaces(sight: Sight, last: Sight) -> bool:
    """Whether a sight that was completed later says more of how its task ended.

    An end is kept, also when the task is deleted after it: only one that is open for sure has another life. An answer
    that shows the whole task says more than one that does not.
    """
    if sight.ended:
        return not last.ended or sight.resource is not None or last.resource is None
    if last.ended:
        return sight.open and sight.start >= last.end
    says_nothing = not sight.open and not sight.absent
    return sight.start >= last.start and (last.absent or not says_nothing)


def _ends(sights: Iterable[Sight]) -> dict[str, dict[str, int]]:
    counts = Counter(_phase_and_reason(sight) for sight in sights)
    ends: dict[str, dict[str, int]] = defaultdict(dict)
    for (phase, reason), number in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        ends[phase][reason] = number
    return dict(ends)


def _phase_and_reason(sight: Sight) -> tuple[str, str]:
    """In words; a reason that no answer has shown is empty."""
    if sight.resource is not None:
        return sight.resource.phase, sight.resource.reason
    if sight.absent:
        return "Deleted", ""
    if not sight.ended and not sight.open:
        return "not seen again", ""
    reason = Reason.COMPLETED if sight.states == {State.SUCCEEDED} else ""
    return " or ".join(state.phase for state in State if state in sight.states), reason


# -- faults ---------------------------------------------------------------------------------------------------------


def _recoveries(faults: Iterable[Fault], works: Iterable[_Work], began: float) -> list[Recovery]:
    ordered = sorted(works, key=lambda work: work.invoked)
    invoked = [work.invoked for work in ordered]
    accepted = _minima_from([work.accepted for work in ordered])
    ended = _minima_from([work.ended for work in ordered])

    def recovery(fault: Fault) -> Recovery:
        healed = _end(fault)
        after = bisect_right(invoked, healed)
        return Recovery(
            fault.fault,
            fault.target,
            healed - began,
            accepted[after] - healed if isfinite(accepted[after]) else None,
            ended[after] - healed if isfinite(ended[after]) else None,
        )

    return [recovery(fault) for fault in faults]


def _minima_from(values: Sequence[float]) -> list[float]:
    """The least of the values from each place on; infinite from the end on."""
    return list(accumulate(reversed(values), min, initial=inf))[::-1]


def _faults(faults: Iterable[Fault], recoveries: Iterable[Recovery], *, by_target: bool) -> Iterator[Faults]:
    groups: dict[tuple[str, str | None], list[tuple[Fault, Recovery]]] = defaultdict(list)
    for fault, recovery in zip(faults, recoveries, strict=True):
        groups[fault.fault, fault.target if by_target else None].append((fault, recovery))
    for (name, target), group in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        times = [recovery.ended for _, recovery in group if recovery.ended is not None]
        yield Faults(
            name,
            target,
            len(group),
            sum(_end(fault) - _start(fault) for fault, _ in group),
            median(times) if times else None,
            max(times, default=None),
            len(group) - len(times),
        )


def _quiet(exchanges: Sequence[Exchange], faults: Iterable[Fault], began: float) -> Quiet | None:
    if not exchanges:
        return None
    done = [_end(one) for one in exchanges if _came(one) is Came.DONE]
    edges = [min(_start(one) for one in exchanges), *done, _end(exchanges[-1])]
    start, end = max(pairwise(edges), key=lambda edge: edge[1] - edge[0])
    during = {f"{one.fault} of {one.target}" for one in faults if _start(one) <= end and _end(one) >= start}
    return Quiet(end - start, start - began, tuple(sorted(during)))


# -- violations -----------------------------------------------------------------------------------------------------


def _finding(violation: Violation, history: Sequence[Entry], began: float) -> Finding:
    lines = [line for line in violation.lines if line != END][:MOST_LINES]
    shown = tuple(f"{line}: {_told(history[line - 1], began, violation.task)}" for line in lines)
    return Finding(violation.rule, violation.task, violation.lines, violation.why, shown)


def _told(entry: Entry, began: float, task: str | None) -> str:
    when = f"{_start(entry) - began:.3f} s to {_end(entry) - began:.3f} s"
    if isinstance(entry, Fault):
        details = ", ".join(f"{name} {value}" for name, value in entry.details.items())
        never = "" if entry.end else ", no end"
        return f"{when}{never}: {_cut(f'{entry.fault} of {entry.target} {details}'.strip())}"
    outcome = entry.outcome
    if isinstance(outcome, Answered):
        came = f"{outcome.status} {_cut(_BULKY.sub(_without, outcome.text), task)}".strip()
    else:
        came = f"unknown{'' if outcome.sent else ', not sent'}: {_cut(outcome.cause)}"
    return f"{when}: {_asked(entry.operation)} -> {came}"


def _without(bulky: re.Match[str]) -> str:
    return f'"{bulky[1]}":...'


def _asked(operation: Operation) -> str:
    spec = operation.spec
    facts = {
        "task": operation.task,
        "key": operation.key,
        "program": spec.program if spec else None,
        "shots": spec.shots if spec else None,
        "seed": spec.seed if spec else None,
        "wait": operation.wait_seconds,
        "phase": operation.phase,
        "limit": operation.limit,
        "cursor": operation.cursor,
    }
    told = "".join(f" {name} {value}" for name, value in facts.items() if value is not None)
    return f"{operation.client}, {operation.kind} at {operation.door}{told}"


def _cut(text: str, around: str | None = None) -> str:
    """The text on one line and not too long: its beginning, or the part with these words."""
    text = " ".join(text.split())
    place = text.find(around) - LONGEST_TEXT // 10 if around else 0
    start = max(0, min(place, len(text) - LONGEST_TEXT))
    end = start + LONGEST_TEXT
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"


# -- Markdown -------------------------------------------------------------------------------------------------------


def _parts(report: Report) -> Iterator[str]:
    yield f"## {_plain(report.stack)}, seed {report.seed}"
    yield f"**{_verdict(report)}**"
    yield _table(("run", ""), _numbers(report))
    yield _table(("operation", *Came), ((kind, *map(_count, row.values())) for kind, row in report.operations.items()))
    ends = ((phase, reason, number) for phase, row in report.ends.items() for reason, number in row.items())
    yield _table(("accepted tasks, as last seen", "reason", "tasks"), ((*end, _count(number)) for *end, number in ends))
    columns = ("times", "seconds", "median recovery", "slowest", "none seen")
    yield _table(("fault", *columns), ((one.fault, *_fault_cells(one)) for one in report.faults))
    by_target = ((one.fault, one.target or "", *_fault_cells(one)) for one in report.faults_by_target)
    yield _table(("fault", "target", *columns), by_target)
    yield _table(("not done here", "would need"), sorted(report.missing.items()))
    yield "\n".join(line for one in report.violations[:MOST_VIOLATIONS] for line in _finding_lines(one))
    if len(report.violations) > MOST_VIOLATIONS:
        yield f"And {_count(len(report.violations) - MOST_VIOLATIONS)} more."


def _verdict(report: Report) -> str:
    number = len(report.violations)
    return "No violation." if not number else f"{_count(number)} violation{'s' if number > 1 else ''}."


def _numbers(report: Report) -> Iterator[tuple[str, str]]:
    yield "time", f"{report.seconds / 60:.1f} min, {report.minutes:g} asked for"
    yield "operations", _count(sum(sum(row.values()) for row in report.operations.values()))
    yield "accepted tasks", _count(report.accepted)
    yield "most attempts of a task", _count(report.most_attempts)
    yield "faults", _count(len(report.recoveries))
    quiet = report.quiet
    if quiet is not None:
        during = f"during {', '.join(quiet.during)}" if quiet.during else "without a fault"
        yield "longest time without a success", f"{quiet.seconds:.1f} s, from {quiet.at:.1f} s on, {during}"
    slowest = report.slowest_recovery
    if slowest is not None:
        yield "median recovery", _seconds(report.median_recovery)
        after = f"after {slowest.fault} of {slowest.target}, healed at {slowest.at:.1f} s"
        yield "slowest recovery", f"{_seconds(slowest.ended)}, {after}"
    if report.unrecovered:
        yield "faults after which no new task was accepted and seen to end", _count(report.unrecovered)


def _fault_cells(faults: Faults) -> tuple[str, ...]:
    return (
        _count(faults.count),
        f"{faults.seconds:.1f}",
        _seconds(faults.median),
        _seconds(faults.slowest),
        _count(faults.unrecovered),
    )


def _finding_lines(finding: Finding) -> Iterator[str]:
    task = f", task {_code(finding.task)}" if finding.task is not None else ""
    lines = ", ".join("the end" if line == END else str(line) for line in finding.lines[:MOST_LINES])
    more = len(finding.lines) - MOST_LINES
    yield f"- {finding.rule}{task}: {_plain(_cut(finding.why))} ({lines}{f' and {more} more' if more > 0 else ''})"
    yield from (f"    - {_code(shown)}" for shown in finding.shown)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where it would have no rows."""
    lines = [f"| {' | '.join(map(_plain, row))} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines])


def _plain(text: str) -> str:
    """The text as Markdown that shows it, on one line, also in a table."""
    return re.sub(r"([\\`*_|<>\[\]])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """The text in the type of code; it cannot hold the sign that ends it."""
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _count(number: int) -> str:
    return f"{number:,}"


def _seconds(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.1f} s"
