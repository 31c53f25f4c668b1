"""A right system under faults, simulated: clients that overlap, answers that are lost, attempts that are lost."""

import heapq
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from chaos.history import Answered, Door, Kind, Operation, Spec
from chaos.verdict.checker import Model, Program
from quantum_tasks.states import Reason
from unit.chaos.story import (
    BELL,
    BROKEN,
    FINISHED,
    LOST_ANSWER,
    MISMATCH,
    NO_CONNECTION,
    NO_CONTENT,
    NOT_FOUND,
    QASM,
    UNAVAILABLE,
    UNSEEDED,
    Story,
    body,
    in_list,
    result_body,
    result_of,
)

END_SECONDS = 60.0
DEADLINE_SECONDS = 20.0
PAGE = 4
ENDLESS = Spec("endless", 100, 7)
SPECS = (BELL, replace(BELL, seed=8), UNSEEDED, BROKEN, ENDLESS)
KEYS = (None, None, "k1", "k2", "k3")
COIN = {"00": 0.5, "11": 0.5}
_START = datetime(2026, 11, 24, tzinfo=UTC)
_TERMINAL = {"Succeeded", "Failed", "Cancelled"}

QASM["endless"] = "a loop without an end"


def counts_of(seed: int, shots: int = 100) -> dict[str, int]:
    """What the simulated simulator gives for a seed."""
    random = Random(seed)  # noqa: S311 - no secret
    ones = sum(random.random() < 0.5 for _ in range(shots))
    return {"00": shots - ones, "11": ones}


MODEL = Model(
    programs={
        "bell": Program(QASM["bell"], COIN),
        "broken": Program(QASM["broken"], failures=frozenset({Reason.INVALID_PROGRAM})),
        "endless": Program(QASM["endless"]),
    },
    counts={spec: counts_of(spec.seed) for spec in SPECS if spec.seed is not None},
)


_Request = tuple[Operation, bool]
"""An operation, and whether it meets faults."""

_Client = Generator[_Request, Any, None]
"""A client: it yields requests, and is sent the answers."""


@dataclass
class SimulatedTask:
    """A task as the simulated system keeps it."""

    id: str
    spec: Spec
    number: int
    created: float
    phase: str = "Pending"
    attempts: int = 0
    started: float | None = None
    finished: float | None = None
    other: dict[str, object] = field(default_factory=dict)


@dataclass
class Simulation:
    """One run. `story` is its history, `tasks` what is there at the end, `marks` are the lines of client 0."""

    random: Random
    story: Story = field(default_factory=Story)
    tasks: dict[str, SimulatedTask] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    marks: dict[str, int] = field(default_factory=dict)
    _now: float = 0.0
    _due: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _known: list[str] = field(default_factory=list)

    def run(self, clients: int = 4) -> None:
        """Run until nothing is left to happen."""
        self._resume(self._steady())
        for number in range(1, clients + 1):
            self._resume(self._erratic(f"c{number}"))
        while self._due:
            self._now, _, action = heapq.heappop(self._due)
            action()

    def bodies(self) -> list[dict[str, Any]]:
        """Every task that is there, whole."""
        return [_body(task) for task in self.tasks.values()]

    def gone(self) -> tuple[str, ...]:
        """The ids of those that are not there any more."""
        return tuple(sorted(self.ever - self.tasks.keys()))

    # -- the clients ------------------------------------------------------------------------------------------------

    def _steady(self) -> _Client:
        """Client 0, which meets no fault, and whose tasks nobody else touches."""
        submit = Operation(Kind.SUBMIT, "c0", spec=BELL, key="steady")
        task = yield from self._marked("submitted", submit)
        while json.loads((yield Operation(Kind.WAIT, "c0", task=task), False).text)["phase"] not in _TERMINAL:
            pass
        yield from self._marked("seen", Operation(Kind.GET, "c0", task=task))
        cancelled = yield from self._marked("to cancel", replace(submit, spec=ENDLESS, key=None))
        yield from self._marked("cancelled", Operation(Kind.CANCEL, "c0", task=cancelled))
        deleted = yield from self._marked("to delete", replace(submit, key=None))
        yield Operation(Kind.DELETE, "c0", task=deleted), False
        self.marks["deleted"] = len(self.story.entries)
        yield Operation(Kind.GET, "c0", task=deleted), False
        yield Operation(Kind.LIST, "c0", listing="c0", limit=1000), False
        self.marks["listed"] = len(self.story.entries)

    def _marked(self, name: str, operation: Operation) -> Generator[_Request, Any, str]:
        answer = yield operation, False
        self.marks[name] = len(self.story.entries)
        task: str = json.loads(answer.text)["id"]
        return task

    def _erratic(self, client: str) -> _Client:
        while self._now < END_SECONDS:
            if self.random.random() < 0.1:
                yield from self._list_all(client)
            else:
                yield self._any_operation(client), True

    def _list_all(self, client: str) -> _Client:
        page = Operation(Kind.LIST, client, listing=f"{client} {next(self._numbers)}", limit=PAGE)
        while page is not None:
            answer = yield page, True
            cursor = json.loads(answer.text).get("nextCursor") if isinstance(answer, Answered) else None
            if cursor is None:
                return
            page = replace(page, cursor=cursor)

    def _any_operation(self, client: str) -> Operation:
        door = self.random.choice(list(Door))
        if not self._known or self.random.random() < 0.3:
            spec, key = self.random.choice(SPECS), self.random.choice(KEYS)
            return Operation(Kind.SUBMIT, client, door, spec=spec, key=key)
        kinds = [Kind.GET] * 6 + [Kind.CANCEL, Kind.DELETE]
        return Operation(self.random.choice(kinds), client, door, self.random.choice(self._known))

    def _resume(self, client: _Client, answer: object = None) -> None:
        """Let a client go on with its next operation, after a while."""
        try:
            operation, faults = client.send(answer)
        except StopIteration:
            return
        start = self._now + self.random.expovariate(2)
        end = start + self.random.expovariate(1)
        self._at(start, lambda: self._carry_out(client, operation, end, faults=faults))

    def _carry_out(self, client: _Client, operation: Operation, end: float, *, faults: bool) -> None:
        """Do it at a moment before it ends, in two steps where the API takes two, or meet a fault."""
        start, fate = self._now, self.random.random() if faults else 1.0
        outcome: list[Any] = [LOST_ANSWER if fate < 0.1 else UNAVAILABLE if fate < 0.15 else NO_CONNECTION]
        first, second = sorted(self.random.uniform(start, end) for _ in range(2))
        if fate >= 0.2:
            self._at(first, lambda: outcome.append(self._do(operation)))
            if operation.door is Door.V1 and operation.kind in {Kind.SUBMIT, Kind.CANCEL}:
                self._at(second, lambda: outcome.append(self._then_read(outcome[-1])))
        elif fate < 0.15 and self.random.random() < 0.7:
            late = self.random.choice([first, end + self.random.expovariate(0.2)])
            self._at(late, lambda: self._do(operation))

        def complete() -> None:
            self.story.tell(operation, outcome[-1], (start, end))
            self._learn(operation, outcome[-1])
            self._resume(client, outcome[-1])

        self._at(end, complete)

    def _learn(self, operation: Operation, outcome: object) -> None:
        if operation.kind is Kind.SUBMIT and operation.client != "c0" and isinstance(outcome, Answered):
            shown = json.loads(outcome.text)
            task = shown.get("task_id") or shown.get("id")
            self._known += [task] if task else []

    def _at(self, when: float, action: Callable[[], object]) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), action))

    # -- the system -------------------------------------------------------------------------------------------------

    def _do(self, operation: Operation) -> Answered:
        if operation.kind is Kind.SUBMIT:
            return self.submit(operation)
        if operation.kind is Kind.LIST:
            return self._list(operation)
        task = self.tasks.get(operation.task or "")
        if task is None:
            return NOT_FOUND
        if operation.kind is Kind.DELETE:
            return self.delete(task)
        if operation.kind is Kind.CANCEL:
            return self.cancel(task)
        whole = _body(task)
        return result_of(whole) if operation.door is Door.SEED else Answered(200, json.dumps(whole))

    def _then_read(self, answer: Answered) -> Answered:
        """What the API answers that changes a task, and then reads it."""
        if answer.status >= 400:
            return answer
        task = self.tasks.get(json.loads(answer.text)["id"])
        return replace(answer, text=json.dumps(_body(task))) if task else NOT_FOUND

    def submit(self, operation: Operation) -> Answered:
        """Accept a task, or say that it was accepted before."""
        spec = operation.spec or BELL
        task_id = f"u-{next(self._numbers)}" if operation.key is None else f"k-{operation.key}"
        task, headers = self.tasks.get(task_id), {}
        if task is None:
            task = self.tasks[task_id] = SimulatedTask(task_id, spec, next(self._numbers), self._now)
            self.ever.add(task_id)
            self._soon(task, "Pending", self._start)
        elif task.spec != spec:
            return MISMATCH
        else:
            headers = {"idempotency-replayed": "true"}
        if operation.door is Door.V1:
            return Answered(202, json.dumps(_body(task)), headers)
        return Answered(202, json.dumps({"task_id": task_id}), headers)

    def _list(self, operation: Operation) -> Answered:
        before = float(operation.cursor or "inf")
        newest = sorted((task for task in self.tasks.values() if task.number < before), key=lambda task: -task.number)
        limit = operation.limit or PAGE
        cursor = str(newest[limit - 1].number) if len(newest) > limit else None
        tasks = [in_list(_body(task)) for task in newest[:limit]]
        return Answered(200, json.dumps({"tasks": tasks, "nextCursor": cursor}))

    def cancel(self, task: SimulatedTask) -> Answered:
        """Cancel a task that has not ended."""
        if task.phase not in _TERMINAL:
            self._end(task, "Cancelled")
        return Answered(200, json.dumps(_body(task))) if task.phase == "Cancelled" else FINISHED

    def delete(self, task: SimulatedTask) -> Answered:
        """Forget a task."""
        del self.tasks[task.id]
        return NO_CONTENT

    def may_go_on(self, task: SimulatedTask, phase: str) -> bool:
        """Whether a step with a task that was in this phase may still be taken."""
        return self.tasks.get(task.id) is task and task.phase == phase

    def _soon(self, task: SimulatedTask, phase: str, step: Callable[[SimulatedTask], None]) -> None:
        """Take a step with the task after a while, if it is still there and in this phase."""

        def take() -> None:
            if self.may_go_on(task, phase):
                step(task)

        self._at(self._now + self.random.expovariate(1), take)

    def _start(self, task: SimulatedTask) -> None:
        task.phase, task.attempts = "Running", task.attempts + 1
        task.started = task.started or self._now
        self._soon(task, "Running", self._finish)

    def _finish(self, task: SimulatedTask) -> None:
        if task.spec.program == "endless" and self._now < task.created + DEADLINE_SECONDS:
            self._soon(task, "Running", self._finish)
        elif self.random.random() < 0.2 and task.attempts < 3:
            task.phase = "Pending"
            self._soon(task, "Pending", self._start)
        elif task.spec.program == "bell":
            self._succeed(task)
        else:
            reason = "DeadlineExceeded" if task.spec.program == "endless" else "InvalidProgram"
            self._end(task, "Failed", reason=reason)

    def _succeed(self, task: SimulatedTask) -> None:
        seed = self.random.randrange(2**31) if task.spec.seed is None else task.spec.seed
        self._end(task, "Succeeded", result=result_body(counts_of(seed), 100, seed))

    def _end(self, task: SimulatedTask, phase: str, **other: object) -> None:
        task.phase, task.finished, task.other = phase, self._now, other


def _body(task: SimulatedTask) -> dict[str, Any]:
    times = {"createdAt": task.created, "startedAt": task.started, "finishedAt": task.finished}
    said = {name: None if when is None else _time(when) for name, when in times.items()}
    return {**body(task.id, task.phase, task.spec, attempts=task.attempts), **said, **task.other}


def _time(seconds: float) -> str:
    return (_START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
