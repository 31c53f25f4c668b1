"""How much of some tasks' outcomes is given together: a thousand outcomes may be of many megabytes each."""

from dataclasses import dataclass, replace

from quantum_tasks.task import Task

MAX_OUTCOMES_BYTES = 64 * 2**20
"""How many bytes of outcomes, as Redis keeps them, one read of some tasks gives: as many as one outcome may have."""


@dataclass(slots=True)
class Room:
    """Room for the outcomes of tasks that are given together. The first has room however large it is."""

    bytes: int = MAX_OUTCOMES_BYTES
    empty: bool = True

    def holds(self, size: int) -> bool:
        """Whether an outcome of this size has room."""
        return self.empty or size <= self.bytes

    def admit(self, task: Task) -> Task:
        """The task, without its outcome if that has no room; if it has, there is less room from then on."""
        if task.outcome is None:
            return task
        if not self.holds(task.outcome_bytes):
            return replace(task, outcome=None)
        self.bytes, self.empty = max(0, self.bytes - task.outcome_bytes), False
        return task
