"""The seam: what HTTP asks of whatever keeps the tasks."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from quantum_tasks.errors import QuantumTasksError, TaskNotFoundError
from quantum_tasks.room import Room
from quantum_tasks.states import Phase
from quantum_tasks.store import NewTask, Receipt
from quantum_tasks.task import Options, Task

from quantum_api.backends.ends import Watch


@dataclass(frozen=True, slots=True)
class Listing:
    """A part of a listing. `cursor` leads to the next part and is None at the end."""

    tasks: list[Task]
    cursor: str | None


class TaskBackend(ABC):
    """Accepts tasks and tells what became of them. One suite of behaviour tests runs against every implementation.

    Every method raises StoreUnavailableError when what keeps the tasks is away.
    """

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Start; what keeps the tasks may still be away."""

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up every connection."""

    @abstractmethod
    async def submit(self, task_id: str, qasm: str, options: Options) -> Receipt:
        """Accept a task, durably. The same call again is a replay.

        Raises IdempotencyMismatchError when the id stands for something else, QueueFullError.
        """

    @abstractmethod
    async def submit_all(self, tasks: Sequence[NewTask]) -> Sequence[Receipt | QuantumTasksError]:
        """Accept each of some tasks, or say why not, as `submit` does; a large outcome of a replay may be left out.

        Raises StoreUnavailableError where it is not known of any whether it was accepted.
        """

    @abstractmethod
    async def get(self, task_id: str, *, with_program: bool = False) -> Task:
        """One task, with its outcome; an end that was given once is given ever after. Raises TaskNotFoundError."""

    @abstractmethod
    async def get_all(self, ids: Sequence[str], room: Room | None = None) -> Sequence[Task | None]:
        """Some tasks, each as `get` has it, with the outcomes that have room; None stands for one that there is not."""

    @abstractmethod
    def watch(self, ids: Collection[str]) -> AbstractContextManager[Watch]:
        """Watch for the ends of tasks, which may not be there yet. Of none, it costs nothing."""

    async def wait(self, task_id: str, seconds: float) -> Task:
        """The task at its end, or as it is after so many seconds. Raises TaskNotFoundError, also when it is deleted."""
        with self.watch([task_id]) as watch:
            watch.learn(task_id, await self.get(task_id))
            await watch.until_ended(seconds)
        task = watch.known[task_id]
        if task is None:
            raise TaskNotFoundError(task_id)
        return task

    async def wait_all(self, ids: Sequence[str], seconds: float) -> Sequence[Task | None]:
        """Some tasks when all have ended, or as they are after so many seconds; None for one that there is not.

        Outcomes that have no room together are left out.
        """
        with self.watch(set(ids)) as watch:
            for task_id, task in zip(ids, await self.get_all(ids), strict=True):
                watch.learn(task_id, task)
            await watch.until_ended(seconds)
        return [watch.known[task_id] for task_id in ids]

    @abstractmethod
    async def page(self, *, phase: Phase | None, cursor: str | None, limit: int) -> Listing:
        """Tasks in a phase (or all), at most `limit`, from `cursor` on. Raises InvalidCursorError."""

    @abstractmethod
    async def cancel(self, task_id: str) -> None:
        """Cancel a task; again is fine. Raises TaskNotFoundError, TaskFinishedError."""

    @abstractmethod
    async def delete(self, task_id: str) -> None:
        """Forget a task in any state; it is not found from then on. Raises TaskNotFoundError."""

    @abstractmethod
    async def ready(self) -> None:
        """Return if a task can be accepted now. Raises StoreUnavailableError saying why not."""

    @abstractmethod
    def stop_waiting(self) -> None:
        """End every wait now, with the task as it is, and let no new one begin: the server is about to stop."""
