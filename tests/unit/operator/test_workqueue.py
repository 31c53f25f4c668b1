"""The queue of keys: one worker for a key, one wait for a key, and pauses that grow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from quantum_operator import workqueue
from quantum_operator.workqueue import WorkQueue
from support.stores import run

NEVER = 3600.0
"""A while that no test waits for."""


class Work:
    """Work that says when it begins, and ends when it is told to."""

    def __init__(self, *, at_once: bool = False) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.now: list[str] = []
        self.most = 0
        self._go: dict[str, asyncio.Semaphore] = {}
        self._at_once = at_once

    async def __call__(self, key: str) -> float | None:
        """Work on a key."""
        self.now.append(key)
        self.most = max(self.most, len(self.now))
        self.begun.put_nowait(key)
        try:
            if not self._at_once:
                await self._gate(key).acquire()
        finally:
            self.now.remove(key)
        return None

    def end(self, key: str) -> None:
        """Let one run of a key end."""
        self._gate(key).release()

    async def next(self) -> str:
        """The key whose work begins next."""
        async with asyncio.timeout(5):
            return await self.begun.get()

    def _gate(self, key: str) -> asyncio.Semaphore:
        return self._go.setdefault(key, asyncio.Semaphore(0))


@asynccontextmanager
async def serving(
    work: Callable[[str], Awaitable[float | None]], *, concurrency: int = 2
) -> AsyncIterator[WorkQueue[str]]:
    """A queue that is worked on."""
    queue: WorkQueue[str] = WorkQueue(work, concurrency=concurrency)
    loop = asyncio.create_task(queue.run())
    try:
        yield queue
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop


async def idle() -> None:
    """Give everything that is ready to run the chance to."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_keys_are_worked_on_in_their_order() -> None:
    """What was added first comes first."""

    async def scenario() -> None:
        work = Work(at_once=True)
        async with serving(work, concurrency=1) as queue:
            for key in "abc":
                queue.add(key)
            assert len(queue) == 3
            assert [await work.next() for _ in range(3)] == ["a", "b", "c"]

    run(scenario())


def test_a_key_waits_once() -> None:
    """However often a waiting key is added, it is worked on once."""

    async def scenario() -> None:
        work = Work(at_once=True)
        async with serving(work, concurrency=1) as queue:
            for key in "aabab":
                queue.add(key)
            assert len(queue) == 2
            assert [await work.next() for _ in range(2)] == ["a", "b"]
            await idle()
            assert work.begun.empty()

    run(scenario())


def test_a_key_has_one_worker() -> None:
    """A key that is added while it is worked on waits for that, and is worked on once more then."""

    async def scenario() -> None:
        work = Work()
        async with serving(work, concurrency=3) as queue:
            queue.add("a")
            assert await work.next() == "a"
            queue.add("a")
            queue.add("a")
            await idle()
            assert work.now == ["a"]
            work.end("a")
            assert await work.next() == "a"
            work.end("a")
            await idle()
            assert (work.begun.empty(), work.now) == (True, [])

    run(scenario())


def test_as_many_keys_are_worked_on_as_may_be() -> None:
    """Different keys are worked on side by side, up to the bound."""

    async def scenario() -> None:
        work = Work()
        async with serving(work, concurrency=2) as queue:
            for key in "abc":
                queue.add(key)
            assert {await work.next(), await work.next()} == {"a", "b"}
            await idle()
            assert (len(queue), work.most) == (1, 2)
            work.end("a")
            assert await work.next() == "c"

    run(scenario())


def test_a_slow_key_keeps_nobody() -> None:
    """While one key is worked on for long, others are worked on again and again."""

    async def scenario() -> None:
        work = Work()
        async with serving(work, concurrency=2) as queue:
            queue.add("slow")
            assert await work.next() == "slow"
            for _ in range(3):
                queue.add("fast")
                assert await work.next() == "fast"
                work.end("fast")
                await idle()
            assert work.now == ["slow"]

    run(scenario())


def test_work_may_ask_to_be_done_again() -> None:
    """A number that the work returns is a while after which the key comes again; None is no such while."""

    async def scenario() -> None:
        answers: list[float | None] = [0.0, 0.001, None]
        done = asyncio.Event()

        async def work(key: str) -> float | None:
            assert key == "a"
            answer = answers.pop(0)
            if not answers:
                done.set()
            return answer

        async with serving(work) as queue:
            queue.add("a")
            await asyncio.wait_for(done.wait(), 5)

    run(scenario())


def test_of_two_whiles_the_shorter_one_holds() -> None:
    """A longer while neither delays a shorter one nor adds a second run to it."""

    async def scenario() -> None:
        work = Work(at_once=True)
        async with serving(work) as queue:
            queue.add_after("a", NEVER)
            queue.add_after("a", 0.01)
            queue.add_after("a", NEVER)
            assert await work.next() == "a"
            await idle()
            assert work.begun.empty()

    run(scenario())


def test_adding_a_key_ends_its_while() -> None:
    """A key that is added is worked on now, and not once more after its while."""

    async def scenario() -> None:
        work = Work(at_once=True)
        async with serving(work) as queue:
            queue.add_after("a", 0.02)
            queue.add("a")
            assert await work.next() == "a"
            queue.add_after("end", 0.06)
            assert await work.next() == "end"

    run(scenario())


class Told(WorkQueue[str]):
    """A queue that keeps the pauses it would make, and makes none."""

    def __init__(self, work: Callable[[str], Awaitable[float | None]]) -> None:
        super().__init__(work, concurrency=1)
        self.pauses: list[float] = []

    def add_after(self, key: str, seconds: float) -> None:
        """Note the while and add the key right away."""
        self.pauses.append(seconds)
        super().add_after(key, 0)


async def pauses(fails: list[bool]) -> list[float]:
    """The pauses that are made when the work fails or goes well in this order, and then ends."""
    left, done = list(fails), asyncio.Event()

    async def work(_: str) -> float | None:
        if not left:
            done.set()
            return None
        if left.pop(0):
            raise RuntimeError("no")
        return NEVER

    queue = Told(work)
    loop = asyncio.create_task(queue.run())
    queue.add("a")
    await asyncio.wait_for(done.wait(), 5)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop
    return queue.pauses


def test_pauses_after_failures_double_up_to_a_bound() -> None:
    """Each failure in a row doubles the pause, from the first one to the longest."""
    made = run(pauses([True] * 12))
    assert made[0] == workqueue.FIRST_RETRY_SECONDS
    assert made[:4] == [made[0] * 2**number for number in range(4)]
    assert made[-1] == workqueue.LONGEST_RETRY_SECONDS
    assert made == sorted(made)


def test_a_success_ends_the_doubling() -> None:
    """After a success the next failure makes the first pause again."""
    first = workqueue.FIRST_RETRY_SECONDS
    assert run(pauses([True, True, False, True])) == [first, 2 * first, NEVER, first]


def test_a_key_that_is_added_anew_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at now, and if it fails again the first pause follows; merely added, it pauses for longer."""
    first = 0.05
    monkeypatch.setattr(workqueue, "FIRST_RETRY_SECONDS", first)

    async def scenario() -> None:
        begun: asyncio.Queue[str] = asyncio.Queue()

        async def work(key: str) -> float | None:
            begun.put_nowait(key)
            raise ValueError("no")

        async def failed(key: str) -> int:
            await asyncio.wait_for(begun.get(), 5)
            await idle()
            return queue._failures[key]  # noqa: SLF001 - what the pause is made of

        async with serving(work, concurrency=1) as queue:
            queue.add("a")
            assert await failed("a") == 1
            queue.add("a")
            assert await failed("a") == 2
            queue.add_anew("a")
            assert await failed("a") == 1

    run(scenario())


def test_a_failure_of_one_key_is_none_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that fails for ever neither ends the queue nor keeps others."""
    monkeypatch.setattr(workqueue, "FIRST_RETRY_SECONDS", 0.001)

    async def scenario() -> None:
        good = Work(at_once=True)
        failed: asyncio.Queue[str] = asyncio.Queue()

        async def work(key: str) -> float | None:
            if key == "bad":
                failed.put_nowait(key)
                raise ValueError("no")
            return await good(key)

        async with serving(work, concurrency=1) as queue:
            queue.add("bad")
            for _ in range(3):
                queue.add("good")
                assert await good.next() == "good"
                await asyncio.wait_for(failed.get(), 5)

    run(scenario())


def test_a_key_added_while_it_fails_does_not_wait_for_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """News that came while the work failed are looked at now, and not after the pause."""
    monkeypatch.setattr(workqueue, "FIRST_RETRY_SECONDS", NEVER)

    async def scenario() -> None:
        begun: asyncio.Queue[str] = asyncio.Queue()
        go = asyncio.Event()

        async def work(key: str) -> float | None:
            begun.put_nowait(key)
            await go.wait()
            raise ValueError("no")

        async with serving(work, concurrency=1) as queue:
            queue.add("a")
            await asyncio.wait_for(begun.get(), 5)
            queue.add("a")
            go.set()
            assert await asyncio.wait_for(begun.get(), 5) == "a"

    run(scenario())


def test_an_ended_queue_leaves_no_timer_behind() -> None:
    """After the end nothing is added any more: no timer of the queue's is left in the loop."""

    async def scenario() -> None:
        work = Work(at_once=True)
        async with serving(work) as queue:
            await idle()
            queue.add_after("a", 0.01)
        await _after(0.03)
        assert (len(queue), work.begun.empty()) == (0, True)

    run(scenario())


async def _after(seconds: float) -> None:
    """Return once timers of this length have fired."""
    fired = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, fired.set)
    await fired.wait()
