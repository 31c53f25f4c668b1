"""What one request that waits for tasks makes of what it is told of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from quantum_api.backends.ends import Watch
from quantum_tasks.room import Room
from quantum_tasks.states import Reason, State
from quantum_tasks.task import Options, Task
from support.stores import run

LEFT_OUT = Task(
    "a", Options(), State.SUCCEEDED, Reason.COMPLETED, 1, datetime(2026, 1, 1, tzinfo=UTC), outcome_bytes=10
)


def test_an_outcome_that_is_not_given_is_asked_for_once() -> None:
    """Whoever reads the task for the wait may have its reasons to leave the outcome out; that is no loop."""
    asked: list[Sequence[str]] = []

    async def read(ids: Sequence[str], _: Room) -> Sequence[Task | None]:
        asked.append(ids)
        assert len(asked) < 5, "a loop"
        return [LEFT_OUT]

    async def scenario() -> None:
        watch = Watch(["a"], read)
        watch.learn("a", LEFT_OUT)
        await watch.until_ended(30)
        assert watch.known == {"a": LEFT_OUT}

    run(scenario())
    assert asked == [["a"]]
