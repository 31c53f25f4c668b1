"""What is promised of the tasks in Redis: after every step, and of every step."""

import re
from dataclasses import dataclass
from typing import Any, Self

from quantum_tasks.states import TRANSITIONS, State

MAX_ATTEMPTS = 2
"""How many attempts the model's workers allow a task."""

LOSS = "everything is lost"
"""The step in which Redis loses what it has."""

_TIMES = ("created_at", "started_at", "finished_at")
_BY_TOKEN = ("finish", "release", "renew")
_BY_UID = {"cancel": 1, "delete": 1, "begin": 1, "hold": 1, "note": 1, "resume": 1, "settle": 1, "show": 1, "submit": 8}
"""The scripts that name the uid of a resource, and at which argument."""

Record = dict[str, str]


class Violation(AssertionError):  # noqa: N818 - it is what was looked for
    """A promise is broken."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an actor did, and what it was answered."""

    actor: str
    name: str
    args: tuple[str, ...]
    answer: Any

    def __str__(self) -> str:
        """For a person."""
        args = " ".join(arg if len(arg) <= _LONG else f"{arg[:_LONG]}..." for arg in self.args)
        answer = re.sub(r"[0-9a-f]{64}", "...", str(self.answer))
        return f"{self.actor}: {self.name} {args} -> {answer}"


_LONG = 40


@dataclass(frozen=True, slots=True)
class Contents:
    """What Redis holds of tasks, without the times."""

    tasks: dict[str, Record]
    indexes: dict[str, list[str]]
    listed: list[str]
    finished: list[str]
    queue: list[tuple[str, str]]
    """Entries and their tasks."""
    holders: dict[str, tuple[str, bool]]
    """Of entries that are held: by whom, and whether the lease is over."""
    events: list[tuple[str, str]]
    """Tasks and what was told of them."""
    gone: list[str]
    """The uids of the objects that are known to be gone."""
    resource: str | None
    """How the resource has ended, where a scenario has one."""

    @classmethod
    def of(cls, rows: list[Any], lease_seconds: float) -> Self:
        """From what Redis answers."""
        tasks, indexes, listed, finished, queue, pending, events, gone, resource = rows
        return cls(
            tasks={task: _record(fields) for task, fields in sorted(tasks)},
            indexes=dict(indexes),
            listed=listed,
            finished=sorted(finished),
            queue=[(entry, fields[1]) for entry, fields in queue],
            holders={entry: (holder, idle >= lease_seconds * 1000) for entry, holder, idle, _ in pending},
            events=[(fields[1], fields[3]) for _, fields in events],
            gone=sorted(gone),
            resource=resource,
        )

    def state(self, task: str) -> State:
        """The state of a task that is there."""
        return State(self.tasks[task]["state"])

    def unchanged(self) -> tuple[object, ...]:
        """What a refused step leaves alone; events are looked at apart."""
        return (self.tasks, self.indexes, self.listed, self.finished, self.queue, self.holders)


def end_of(state: str, outcome: str | None) -> str:
    """An end, as a resource has it."""
    return f"{state} {outcome or ''}"


def _record(fields: list[str]) -> Record:
    record = dict(sorted(zip(fields[::2], fields[1::2], strict=True)))  # Redis has them in any order
    return record | {name: "some time" for name in _TIMES if name in record}


def _promise(kept: bool, what: str) -> None:  # noqa: FBT001 - a condition, as assert has it
    if not kept:
        raise Violation(what)


# -- at every moment ---------------------------------------------------------------------------------------------


def check_contents(seen: Contents, *, in_queue: bool) -> None:
    """Records, indexes and queue agree: nothing is nowhere, and nothing twice. Raises Violation."""
    _promise(sorted(seen.listed) == sorted(seen.tasks), "the listing and the records differ")
    for state in State:
        those = sorted(task for task in seen.tasks if seen.state(task) is state)
        _promise(sorted(seen.indexes[state]) == those, f"the listing of what is {state} and the records differ")
    ended = [task for task in seen.tasks if seen.state(task).terminal]
    _promise(seen.finished == ended, "the list of ended tasks and the records differ")
    for task, record in seen.tasks.items():
        entries = [entry for entry, of in seen.queue if of == task]
        waits = in_queue and not seen.state(task).terminal and record["reason"] != "Suspended"
        _promise(
            entries == ([record["entry"]] if waits else []), f"{task} is {record['state']}, in the queue {entries}"
        )
        if in_queue and seen.state(task) is State.RUNNING:
            _promise(record["entry"] in seen.holders, f"{task} is running and nobody holds it")
        if record["uid"] and seen.state(task).terminal and "before" not in record:
            end = end_of(record["state"], record.get("outcome"))
            _promise(end == seen.resource, f"{task} is shown as {end}, and its resource is {seen.resource}")
        _promise(record["uid"] not in seen.gone, f"{task} is an object's that is gone")
        attempts = int(record["attempts"])
        _promise(attempts >= 0, f"{task} had {attempts} attempts")
        held = seen.state(task) is State.RUNNING and record["lease"]
        _promise(not held or attempts > 0, f"{record['lease']} runs {task}, which had no attempts")
        _promise(not in_queue or attempts <= MAX_ATTEMPTS, f"{task} had {attempts} attempts of {MAX_ATTEMPTS}")
    _promise({task for _, task in seen.queue} <= seen.tasks.keys(), "the queue has a task that is not there")
    _promise(seen.holders.keys() <= {entry for entry, _ in seen.queue}, "an entry is held that is not in the queue")


# -- of every step -----------------------------------------------------------------------------------------------


def check_step(before: Contents, after: Contents, step: Step) -> None:
    """A step changed only what it may. Raises Violation."""
    _promise(before.resource in (None, after.resource), f"the resource was {before.resource} and is {after.resource}")
    if step.name == LOSS:
        return
    _check_ends(before, after, step)
    _check_events(before, after, step)
    _check_who_may(before, after, step)
    _check_attempts(before, after, step)
    _check_answer(before, after, step)
    _check_presence(before, after, step)


def check_again(before: Contents, after: Contents, step: Step) -> None:
    """A script that is sent again, since its answer was lost, does nothing more. Raises Violation."""
    _promise(before.unchanged() == after.unchanged(), f"{step.name} that was sent again did more")


def _same(before: Contents, after: Contents) -> list[str]:
    """The tasks that are in both, and not another one under the same id."""
    both = before.tasks.keys() & after.tasks.keys()
    return sorted(task for task in both if before.tasks[task]["uid"] == after.tasks[task]["uid"])


def _check_ends(before: Contents, after: Contents, step: Step) -> None:
    for task in _same(before, after):
        was, now = before.state(task), after.state(task)
        record = before.tasks[task]
        ended = was.terminal
        if ended and _gives_way(record, step):
            continue
        _promise(not ended or was is now, f"{task} was {was}, an end, and is {now}")
        if step.name == "show" and "before" in record:
            record = {name: value for name, value in record.items() if name != "before"} | {"attempts": step.args[4]}
            ended = ended and step.answer == 1
        _promise(not ended or record == after.tasks[task], f"{task} has ended and was changed")
        unheard = step.name == "settle"  # a run of which Redis was told nothing
        _promise(unheard or was is now or now in TRANSITIONS[was], f"{task} went from {was} to {now}")


def _gives_way(record: Record, step: Step) -> bool:
    """Whether an end was shown to nobody, and its resource says another one, perhaps."""
    return step.name == "settle" and step.args[5] == "1" and "before" in record


def _check_events(before: Contents, after: Contents, step: Step) -> None:
    told = after.events[len(before.events) :]
    same = _same(before, after)
    due = [(task, "deleted") for task in before.tasks if task not in same]
    due += [(task, str(after.state(task))) for task in same if after.state(task).terminal > before.state(task).terminal]
    if step.name == "settle" and step.answer is None:
        due.append((step.args[0], step.args[2]))  # there is no record to look at: the resource has ended
    if step.name == "show" and step.answer == 1:
        due.append((step.args[0], step.args[2]))
    due += [
        (task, str(after.state(task)))
        for task in same
        if before.state(task).terminal and _gives_way(before.tasks[task], step)
    ]
    _promise(sorted(told) == sorted(due), f"told {told}, due was {due}")


def _check_who_may(before: Contents, after: Contents, step: Step) -> None:
    changed = before.unchanged() != after.unchanged()
    if step.name in _BY_TOKEN:
        at = 1 if step.name == "renew" else 0
        record = before.tasks.get(step.args[at])
        may = record is not None and record["lease"] == step.args[at + 1] and record["state"] == "running"
        _promise(may or not changed, f"{step.name} by a lost lease changed something")
    if step.name in _BY_UID and step.name != "submit" and step.args[0] in before.tasks:
        uid = step.args[_BY_UID[step.name]]
        may = uid in ("", before.tasks[step.args[0]]["uid"])
        _promise(may or not changed, f"{step.name} for another object of the name changed something")
    if step.name == "start":
        consumer, *_, entry = step.args  # nobody here claims more than one at a time
        may = before.holders.get(entry, ("", False))[0] == consumer
        _promise(may or not changed, f"{consumer} began what it does not hold")
    if step.name == "note" and step.args[0] in before.tasks:
        record = before.tasks[step.args[0]]
        may = step.args[2:5] == (record["state"], record["reason"], record["lease"])
        _promise(may or not changed, "a note on what is past changed something")
    if step.name in ("page", "reports"):
        _promise(not changed, "a look changed something")


def _check_attempts(before: Contents, after: Contents, step: Step) -> None:
    begun = step.name in ("start", "begin")
    given_back = step.name == "hold" or (step.name == "release" and step.args[3] == "0")
    for task in _same(before, after):
        was, now = (int(contents.tasks[task]["attempts"]) for contents in (before, after))
        may = (
            now == was
            or (now == was + 1 and begun)
            or (now == was - 1 and given_back)
            or step.name in ("settle", "show")
        )
        _promise(may, f"{step.name} made {now} attempts of {was}")
        if step.name == "start" and step.answer and step.answer[0][0] == task:
            _, token, attempt, *_ = step.answer[0]
            once_more = before.tasks[task]["lease"] == token  # its answer was lost
            begun_now = was if once_more else was + 1
            _promise(now == begun_now == int(attempt), f"attempt {attempt} began after {was}")


def _check_answer(before: Contents, after: Contents, step: Step) -> None:
    """Whoever is told that it was done can rely on it."""
    task = step.args[0] if step.args else ""
    now = after.tasks.get(task, {}).get("state")
    if step.name == "finish" and step.answer == ["ok"]:
        _promise(now == step.args[2], f"the answer to the run was ok, and {task} is {now}")
    if step.name == "cancel" and step.answer:
        _promise(now == step.answer, f"cancel answered {step.answer}, and {task} is {now}")
    if step.name == "submit" and not _accepts(step):
        _promise(before.unchanged() == after.unchanged(), f"a submission that was {step.answer} changed something")


def _accepts(step: Step) -> bool:
    return step.name == "submit" and isinstance(step.answer, list) and step.answer[0] == "accepted"


def _check_presence(before: Contents, after: Contents, step: Step) -> None:
    for task in before.tasks.keys() - after.tasks.keys():
        _promise(step.name in ("delete", "sweep"), f"{step.name} lost {task}")
    for task in after.tasks.keys() - before.tasks.keys():
        _promise(_accepts(step), f"{step.name} made {task}")
    for task in (before.tasks.keys() & after.tasks.keys()) - set(_same(before, after)):
        _promise(_accepts(step), f"{step.name} made {task} another object's")
        older, newer = before.tasks[task]["uid"], after.tasks[task]["uid"]  # they are numbered
        _promise(older < newer, f"{step.name} made {task} an earlier object's")
    for task in _same(before, after):
        number = before.tasks[task]["seq"]
        _promise(after.tasks[task]["seq"] == number, f"{step.name} made a second task of {task}")
