"""Every Redis key, in one place.

The prefix stands in braces, so that on a Redis cluster all keys share one slot and a script may touch several.

| key | type | what it holds |
|---|---|---|
| `{qt}:task:<id>` | hash | one task: its program, options, state, attempts, result |
| `{qt}:queue` | stream | one entry per task that is queued or running, with the consumer group `workers` |
| `{qt}:events` | stream | the latest ends of tasks, for those who wait |
| `{qt}:seq` | integer | the number of the last accepted task; orders the listings |
| `{qt}:tasks` | sorted set | every task's id by its number |
| `{qt}:tasks:<state>` | sorted set | the ids of the tasks in that state by their number |
| `{qt}:circuit:<digest>` | string | a program that tasks refer to by its digest |
| `{qt}:finished` | sorted set | the ids of the ended tasks by the time of their end, in ms |
| `{qt}:gone` | sorted set | the uids of a cluster's objects that were deleted lately, by the time of that, in ms |
"""

import re
from dataclasses import dataclass

from quantum_tasks.states import State

GROUP = "workers"
"""The consumer group on the queue."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one installation; two with different prefixes share a Redis without meeting."""

    prefix: str = "qt"

    def __post_init__(self) -> None:
        """Refuse a prefix that could not stand in a script or a cluster's hash tag."""
        if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", self.prefix):
            raise ValueError("the key prefix is 1 to 64 letters, digits, '_', '.', ':' or '-'")

    @property
    def root(self) -> str:
        """What every key starts with."""
        return f"{{{self.prefix}}}:"

    @property
    def queue(self) -> str:
        """The stream of unfinished tasks."""
        return f"{self.root}queue"

    @property
    def events(self) -> str:
        """The stream of ends."""
        return f"{self.root}events"

    @property
    def sequence(self) -> str:
        """The counter that orders tasks."""
        return f"{self.root}seq"

    @property
    def finished(self) -> str:
        """The ended tasks by the time of their end."""
        return f"{self.root}finished"

    @property
    def gone(self) -> str:
        """The objects that were deleted lately."""
        return f"{self.root}gone"

    @property
    def task_prefix(self) -> str:
        """What a task's key is without its id."""
        return f"{self.root}task:"

    def task(self, task_id: str) -> str:
        """One task's hash."""
        return f"{self.task_prefix}{task_id}"

    def circuit(self, digest: str) -> str:
        """One program that tasks refer to."""
        return f"{self.root}circuit:{digest}"

    def index(self, state: State | None = None) -> str:
        """The tasks in a state, or all of them."""
        return f"{self.root}tasks" if state is None else f"{self.root}tasks:{state}"

    def lua(self) -> str:
        """The same names as a Lua table `K`, for the store's scripts."""
        names = {
            "task": self.task_prefix,
            "queue": self.queue,
            "events": self.events,
            "seq": self.sequence,
            "tasks": self.index(),
            "finished": self.finished,
            "gone": self.gone,
            "group": GROUP,
        }
        return "local K = {" + ", ".join(f"{name} = '{key}'" for name, key in names.items()) + "}\n"
