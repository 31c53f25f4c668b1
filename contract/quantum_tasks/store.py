"""The tasks in Redis: every change of state is one atomic script (`scripts/`), and nothing else writes.

A worker's claim is a lease: an entry of the queue's consumer group that it must renew. One that is idle for longer than
the lease is claimed again by whoever asks first, and whatever the former holder says of it then is refused.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.maint_notifications import MaintNotificationsConfig

from quantum_tasks import lua
from quantum_tasks.errors import (
    IdempotencyMismatchError,
    QuantumTasksError,
    QueueFullError,
    StoreUnavailableError,
    TaskFinishedError,
    TaskNotFoundError,
)
from quantum_tasks.keys import GROUP, Keys
from quantum_tasks.leases import End, Lease, values_of
from quantum_tasks.outages import cannot_serve
from quantum_tasks.records import FIELDS, RESULT_FIELDS, before_of, more_of, options_of, submission_of, task_of, text
from quantum_tasks.room import Room
from quantum_tasks.states import Reason, State
from quantum_tasks.task import MAX_PROGRAM_BYTES, Failure, Options, Outcome, Task

SWEEP_BATCH = 100
"""How many old tasks one sweep forgets, so that no script holds Redis for long."""

LONGEST_BLOCK_SECONDS = 2.0
"""How long a read that waits for events waits at most."""

READ_AT_ONCE = 100
"""How many tasks one script reads, so that it does not hold Redis for long."""

MAX_REPLAY_BYTES = 64 * 1024
"""The largest outcome that a replay in a batch is answered with: a thousand are as much as one outcome may be."""

MAX_CLAIM_BYTES = 1024 * 1024
"""How many bytes of programs one claim gives at most; the first is given however long it is."""

NO_BOUND = 2**53
"""The largest number that Lua knows exactly."""

CONSUMER_IDLE_SECONDS = 3600
"""After how long a consumer that holds no lease is taken for gone."""


class Submitted(StrEnum):
    """How the store took a submission."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that is to be."""

    id: str
    qasm: str
    options: Options


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a submission is answered with: how the store took it, and the task as it is then, without its program."""

    submitted: Submitted
    task: Task


@dataclass(frozen=True, slots=True)
class Sight:
    """A task as Redis has it; and as it was `before` its end, where that is not to be shown yet."""

    task: Task
    before: Task | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing, newest first; `cursor` leads to the next part and is None at the end."""

    tasks: list[Task]
    cursor: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """The end of a task: `state` is the word of a terminal state, or `deleted`."""

    id: str
    task_id: str
    state: str


class Store:
    """The task store on one Redis.

    `redis` must decode responses; `max_unfinished` bounds how many tasks may be queued or running at a time. Every
    method raises StoreUnavailableError when Redis is away, loading, full or read-only.
    """

    def __init__(self, redis: Redis, keys: Keys | None = None, *, max_unfinished: int = 100_000) -> None:
        self._redis = redis
        self._keys = keys or Keys()
        self._scripts = {name: redis.register_script(source) for name, source in lua.sources(self._keys).items()}
        self._max_unfinished = max_unfinished
        self._unheard: dict[str, tuple[list[str], str]] = {}
        """By consumer: entries that it holds, and the word by which it asked for their leases and heard nothing."""

    # -- what the API does ------------------------------------------------------------------------------------------

    async def submit(self, task_id: str, qasm: str, options: Options) -> Receipt:
        """Accept a task; once this returns it is durable. The same call again is a replay and changes nothing.

        Raises IdempotencyMismatchError when the id stands for another program or other options, and QueueFullError.
        """
        return self._receipt(task_id, await self._run("submit", *self._submission(NewTask(task_id, qasm, options))))

    async def submit_all(self, tasks: Sequence[NewTask]) -> list[Receipt | QuantumTasksError]:
        """Accept each of some tasks, or say why not, in one round trip; each is a submission by itself.

        The outcome of a task that was there before is left out where it is large.

        Raises StoreUnavailableError where it is not known which were accepted.
        """
        answers = await self._run_each("submit", [self._submission(task, MAX_REPLAY_BYTES) for task in tasks])
        receipts: list[Receipt | QuantumTasksError] = []
        for task, answer in zip(tasks, answers, strict=True):
            try:
                async with translated_errors():
                    receipts.append(self._receipt(task.id, answer))
            except QuantumTasksError as error:
                receipts.append(error)
        return receipts

    async def get(self, task_id: str, *, with_program: bool = False) -> Task:
        """Read one task, with its outcome. Raises TaskNotFoundError."""
        return task_of(task_id, await self._read(task_id, with_program=with_program))

    async def get_all(self, ids: Sequence[str], room: Room | None = None) -> list[Task | None]:
        """Read some tasks, with the outcomes that have room; None stands for one that there is not."""
        return [sight.task if sight else None for sight in await self._read_some(ids, room or Room())]

    async def page(self, *, state: State | None = None, cursor: int | None = None, limit: int = 50) -> Page:
        """List tasks in a state (or all), from the one after `cursor`, at most `limit`."""
        rows = await self._run("page", state or "", "" if cursor is None else cursor, limit + 1, *FIELDS)
        tasks = [task_of(row[1], dict(zip(FIELDS, row[2:], strict=True))) for row in rows[:limit]]
        return Page(tasks, int(rows[limit - 1][0]) if len(rows) > limit else None)

    async def cancel(self, task_id: str, uid: str = "") -> None:
        """Cancel a task (of the resource with this uid only, if one is given); again is fine.

        Raises TaskNotFoundError, and TaskFinishedError when it has another end.
        """
        state = await self._run("cancel", task_id, uid)
        if state is None:
            raise TaskNotFoundError(task_id)
        if state != State.CANCELLED:
            raise TaskFinishedError(f"the task has already {state}")

    async def delete(self, task_id: str) -> None:
        """Forget a task; one that runs is abandoned. Raises TaskNotFoundError."""
        if not await self._run("delete", task_id, ""):
            raise TaskNotFoundError(task_id)

    async def last_event(self) -> str:
        """The id of the newest event, to read from there on."""
        async with translated_errors():
            newest = await self._redis.xrevrange(self._keys.events, count=1)
        return str(newest[0][0]) if newest else "0-0"

    async def events(self, after: str, *, block_seconds: float) -> list[Event]:
        """The ends of tasks since event `after`; waits for one up to `block_seconds`."""
        async with translated_errors():
            block = max(1, int(block_seconds * 1000))  # 0 would be for ever
            answer = await self._redis.xread({self._keys.events: after}, count=1000, block=block)
        return [Event(entry, fields["task"], fields["state"]) for entry, fields in _entries(answer)]

    async def check(self) -> None:
        """Return if any task could be accepted now, even the largest. Raises StoreUnavailableError saying why not."""
        async with translated_errors():
            persistence = await self._redis.info("persistence")
            memory = await self._redis.info("memory")
        if persistence.get("aof_enabled") and persistence.get("aof_last_write_status") != "ok":
            raise StoreUnavailableError("Redis cannot write its log")
        if 0 < memory.get("maxmemory", 0) < memory["used_memory"] + 2 * MAX_PROGRAM_BYTES:
            raise StoreUnavailableError("Redis is full")

    async def is_durable(self) -> bool:
        """Whether Redis keeps a log of its writes, without which an accepted task may be lost with it."""
        async with translated_errors():
            persistence = await self._redis.info("persistence")
        return bool(persistence.get("aof_enabled"))

    async def load_scripts(self) -> None:
        """Have Redis know every script: whoever may run but not load one, as a restricted user, finds it there."""
        async with translated_errors(), self._redis.pipeline(transaction=False) as calls:
            for script in self._scripts.values():
                calls.script_load(script.script)
            await calls.execute()

    # -- what a worker does -----------------------------------------------------------------------------------------

    async def claim(self, consumer: str, *, count: int, block_seconds: float, max_attempts: int) -> list[Lease]:
        """Lease up to `count` queued tasks; waits for the first up to `block_seconds`.

        Fewer are leased where their programs are long. A claim whose answer was not heard is gone on with by the next
        one, or by the next `reclaim`.
        """
        if consumer in self._unheard:
            return await self._start([], consumer, max_attempts)
        async with translated_errors(), self._group():
            answer = await self._redis.xreadgroup(
                GROUP, consumer, {self._keys.queue: ">"}, count=count, block=int(block_seconds * 1000)
            )
        return await self._start([entry for entry, _ in _entries(answer)], consumer, max_attempts)

    async def reclaim(self, consumer: str, *, count: int, lease_seconds: float, max_attempts: int) -> list[Lease]:
        """Lease up to `count` tasks whose holder let the lease run out."""
        if consumer in self._unheard:
            return await self._start([], consumer, max_attempts)
        async with self._group():
            entries = await self._run("take", consumer, int(lease_seconds * 1000), count)
        return await self._start(entries, consumer, max_attempts)

    async def renew(self, consumer: str, leases: Sequence[Lease]) -> set[str]:
        """Renew leases. Returns the tokens of those that are lost: their runs are to be stopped."""
        pairs = [value for lease in leases for value in (lease.task_id, lease.token)]
        return set(await self._run("renew", consumer, *pairs))

    async def end(self, ends: Sequence[End]) -> list[bool]:
        """End tasks, in one round trip. Returns for each whether it is so: not when its lease was lost."""
        return [answer == "ok" for answer in await self._run("finish", *values_of(ends))]

    async def succeed(self, lease: Lease, outcome: Outcome) -> bool:
        """End the task with its outcome. Returns False when the lease was lost and nothing changed."""
        return (await self.end([End.succeeded(lease, outcome)]))[0]

    async def fail(self, lease: Lease, reason: Reason, failure: Failure) -> bool:
        """End the task with a failure. Returns False when the lease was lost and nothing changed."""
        return (await self.end([End.failed(lease, reason, failure)]))[0]

    async def release(self, lease: Lease, cause: str, *, counts: bool, max_attempts: int) -> State | None:
        """Give the lease back after a lost attempt; `cause` is for a person.

        One that does not count is as if it had never begun. Returns QUEUED for another attempt, FAILED when there were
        as many as may be, None when the lease was lost.
        """
        answer = await self._run("release", lease.task_id, lease.token, cause, int(counts), max_attempts)
        return None if answer == "lost" else State(answer)

    async def sweep(self, *, retention_seconds: float) -> int:
        """Forget up to SWEEP_BATCH tasks that ended longer ago than that. Returns how many went."""
        async with self._group():
            return int(
                await self._run("sweep", int(retention_seconds * 1000), SWEEP_BATCH, CONSUMER_IDLE_SECONDS * 1000)
            )

    # -- inside -----------------------------------------------------------------------------------------------------

    def _submission(self, task: NewTask, most_bytes: int = NO_BOUND) -> tuple[str | int, ...]:
        told = submission_of(task.id, task.qasm, task.options)
        return (*told, self._max_unfinished, 1, "", most_bytes, *more_of(task.options))

    def _receipt(self, task_id: str, answer: Any) -> Receipt:  # noqa: ANN401 - what `submit.lua` returns, or an error
        if isinstance(answer, Exception):
            raise answer
        if answer == "mismatch":
            raise IdempotencyMismatchError(task_id)
        if answer == "full":
            raise QueueFullError(f"{self._max_unfinished} tasks are waiting")
        submitted, *row, left_out = answer
        return Receipt(Submitted(submitted), task_of(task_id, dict(zip(RESULT_FIELDS, row, strict=True)), left_out))

    async def _read(self, task_id: str, *, with_program: bool, more: Sequence[str] = ()) -> dict[str, str | None]:
        fields = [*RESULT_FIELDS, *(["qasm"] if with_program else []), *more]
        async with translated_errors():
            values = await self._redis.hmget(self._keys.task(task_id), fields)
        if values[0] is None:
            raise TaskNotFoundError(task_id)
        return dict(zip(fields, map(text, values), strict=True))

    async def _read_some(self, ids: Sequence[str], room: Room) -> list[Sight | None]:
        """Read some tasks, with the outcomes that have room; `room` stays as it is."""
        found: list[Sight | None] = []
        room = replace(room)
        for start in range(0, len(ids), READ_AT_ONCE):
            part = ids[start : start + READ_AT_ONCE]
            rows = await self._run("read", room.bytes, int(room.empty), *part)
            for task_id, row in zip(part, rows, strict=True):
                sight = row and _sight(task_id, row)
                if sight:
                    room.admit(sight.task)
                found.append(sight)
        return found

    async def _start(self, entries: list[str], consumer: str, max_attempts: int) -> list[Lease]:
        entries, word = self._unheard.pop(consumer, (entries, self._word()))
        if not entries:
            return []
        try:
            granted = await self._run("start", consumer, max_attempts, word, MAX_CLAIM_BYTES, *entries)
        except StoreUnavailableError:
            self._unheard[consumer] = (entries, word)
            raise
        return [
            Lease(task_id, token, int(attempt), qasm, options_of(*options), float(deadline) if deadline else None)
            for task_id, token, attempt, qasm, *options, deadline in granted
        ]

    def _word(self) -> str:
        """A word for one call, by which Redis knows it when it is sent once more because its answer was lost."""
        return uuid4().hex

    @asynccontextmanager
    async def _group(self) -> AsyncIterator[None]:
        """Make the consumer group when it is missing: at the first start, and after Redis was emptied.

        The call that found it missing fails as an outage does, and the caller's next one finds it.
        """
        try:
            yield
        except exceptions.ResponseError as error:
            if not any(word in str(error) for word in ("NOGROUP", "UNBLOCKED")):
                raise
            await self.prepare()
            raise StoreUnavailableError("the consumer group was missing and is made anew") from error

    async def prepare(self) -> None:
        """Make the consumer group if there is none. Workers call this at their start."""
        async with translated_errors():
            try:
                await self._redis.xgroup_create(self._keys.queue, GROUP, id="0", mkstream=True)
            except exceptions.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def _run(self, script: str, *args: str | float) -> Any:  # noqa: ANN401 - a script returns what it returns
        async with translated_errors():
            return await self._scripts[script](keys=[self._keys.queue], args=args)

    async def _run_each(self, script: str, calls: Sequence[Sequence[str | float]]) -> list[Any]:
        """The answers of a script to some calls, in one round trip; an error of Redis stands where its answer would."""
        if not calls:
            return []
        registered = self._scripts[script]
        async with translated_errors(), self._redis.pipeline(transaction=False) as sent:
            sent.script_load(registered.script)  # else all would have to be sent again where it is missing
            for args in calls:
                sent.evalsha(registered.sha, 1, self._keys.queue, *args)
            loaded, *answers = await sent.execute(raise_on_error=False)
            if isinstance(loaded, Exception) and any(
                isinstance(answer, exceptions.NoScriptError) for answer in answers
            ):
                raise loaded
        return answers


def _sight(task_id: str, row: Sequence[Any]) -> Sight:
    *values, before, left_out = row
    fields = {**dict(zip(RESULT_FIELDS, values, strict=True)), "before": before}
    return Sight(task_of(task_id, fields, left_out), before_of(task_id, fields))


def block_seconds(timeout_seconds: float) -> float:
    """How long a read may wait for events, where so much time is allowed for any answer."""
    return min(LONGEST_BLOCK_SECONDS, timeout_seconds / 2)


def connect(url: str, *, timeout_seconds: float, retries: int, max_connections: int) -> Redis:
    """A client as the store wants it, with bounded waits, retries and connections.

    Every call may be repeated: the scripts see to that. Retries back off exponentially up to 5 s each, with jitter.
    """
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            url,
            decode_responses=True,
            max_connections=max_connections,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(ExponentialWithJitterBackoff(cap=5, base=0.05), retries, _LOST),  # type: ignore[arg-type] # any will do
            # nothing on a connection but what was called for: a restricted user would be logged for the rest
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
    )


_LOST: tuple[type[Exception], ...] = (exceptions.ConnectionError, exceptions.TimeoutError, RuntimeError)
"""What a call ends with whose connection is lost. RuntimeError is uvloop's, for one that Redis has closed meanwhile."""


@asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Raise StoreUnavailableError for whatever means that Redis cannot serve this now."""
    try:
        yield
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
        raise StoreUnavailableError(f"Redis cannot be reached: {error}") from error
    except exceptions.InvalidResponse as error:
        # where a Pod of Redis was, another one may have its address by now
        raise StoreUnavailableError("Redis cannot be reached: somebody else answers where it was") from error
    except RuntimeError as error:
        if "handler is closed" not in str(error):
            raise
        raise StoreUnavailableError("Redis cannot be reached: it has closed the connection") from error
    except exceptions.RedisError as error:
        # redis-py takes the code of some answers out of their text
        answer = f"{error.status_code} {error}"
        if cannot_serve(answer):
            raise StoreUnavailableError(f"Redis cannot serve this now: {error}") from error
        raise


def _entries(answer: Any) -> list[tuple[str, dict[str, str]]]:  # noqa: ANN401 - the shape is RESP2's or RESP3's
    streams = answer.items() if isinstance(answer, dict) else answer or ()
    found = [entries for _, entries in streams]
    # RESP3 wraps the entries of a stream in one more list
    flat = [
        entry for entries in found for entry in (entries[0] if entries and isinstance(entries[0], list) else entries)
    ]
    return [(entry[0], entry[1] or {}) for entry in flat]
