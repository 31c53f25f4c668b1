"""A cluster's tasks in Redis: what their runs need, what came of them, and a copy of their states for cheap polling.

The truth is the QuantumTask resource. A task's record here carries the uid of its resource, so that nothing said of one
object is taken for another that has its name.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from quantum_tasks.errors import TaskNotFoundError
from quantum_tasks.leases import Gone, Lease, begun
from quantum_tasks.records import (
    Summary,
    before_of,
    failure_fields,
    failure_of,
    milliseconds_of,
    more_of,
    outcome_fields,
    outcome_of,
    submission_of,
    summary_of,
    task_of,
    text,
    time_of,
)
from quantum_tasks.room import Room
from quantum_tasks.states import Reason, State
from quantum_tasks.store import NO_BOUND, Receipt, Sight, Store, translated_errors
from quantum_tasks.task import Failure, Options, Outcome

_SCAN = 1000
"""How many ids one look at the index reads."""


@dataclass(frozen=True, slots=True)
class Report:
    """What Redis says of a task. `outcome` is None while there is none, and when it is large."""

    state: State
    reason: Reason
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: Failure | None = None
    summary: Summary | None = None
    outcome: Outcome | None = None
    size_bytes: int = 0
    lease: str = ""
    """The token of the last attempt that was begun: a Pod's uid, in Job mode."""
    shown: bool = True
    """Whether an end is shown over HTTP, as it is once the resource has it."""


class Mirror(Store):
    """The store as a cluster's operator, its API and the Pods of its Jobs use it."""

    async def provide(
        self,
        task_id: str,
        uid: str,
        qasm: str,
        options: Options,
        *,
        queued: bool,
        attempts: int = 0,
        max_attempts: int | None = None,
        deadline_seconds: float | None = None,
        most_bytes: int = NO_BOUND,
    ) -> Receipt:
        """Have a record of a task; again is fine. `queued` puts it before the workers of the pool.

        Of one that has ended before, the outcome is left out where it is larger than `most_bytes`.

        `attempts` is how many were begun before, in a Redis that has lost them; `max_attempts` bounds all of them.

        Raises TaskNotFoundError when the object is known to be gone, and IdempotencyMismatchError when it is there with
        another program, which cannot be.
        """
        more = {"attempts": attempts or None, "max_attempts": max_attempts, "deadline_seconds": deadline_seconds}
        pairs = [part for name, value in more.items() if value is not None for part in (name, value)]
        rest = (NO_BOUND, int(queued), uid, most_bytes, *pairs, *more_of(options))
        answer = await self._run("submit", *submission_of(task_id, qasm, options), *rest)
        if answer == "gone":
            raise TaskNotFoundError(task_id)
        return self._receipt(task_id, answer)

    async def begin(self, task_id: str, uid: str, token: str) -> Lease | Gone:
        """Begin an attempt in the Pod whose token this is; the same Pod may ask again."""
        return begun(task_id, token, await self._run("begin", task_id, uid, token))

    async def report(self, task_id: str, uid: str, *, most_bytes: int) -> Report | None:
        """What Redis knows of a task; an outcome that is larger than `most_bytes` is left out."""
        [(known, *row)] = await self._run("reports", most_bytes, task_id)
        if known != uid or row[0] is None:
            return None
        state, reason, attempts, started_at, finished_at, failure, summary, lease, before, size, outcome = row
        return Report(
            state=State(state),
            reason=Reason(reason),
            attempts=int(attempts),
            started_at=time_of(started_at),
            finished_at=time_of(finished_at),
            failure=failure_of(failure),
            summary=summary_of(summary),
            outcome=outcome_of(outcome or None),
            size_bytes=int(size),
            lease=lease,
            shown=before is None,
        )

    async def sight(self, task_id: str, *, with_program: bool = False) -> Sight:
        """Read one task, and what of it may be shown. Raises TaskNotFoundError."""
        fields = await self._read(task_id, with_program=with_program, more=("before",))
        return Sight(task_of(task_id, fields), before_of(task_id, fields))

    async def sights(self, ids: Sequence[str], room: Room | None = None) -> list[Sight | None]:
        """Read some tasks, with the outcomes that have room, and what of them may be shown; None is not known."""
        return await self._read_some(ids, room or Room())

    async def settle(self, task_id: str, uid: str, report: Report, *, shown: bool) -> State | None:
        """Have the record end, as the resource has if the end is to be `shown`. Returns the state that it is in then.

        That is another one if it had ended before, unless nobody was shown that and the resource has this end.
        """
        fields = failure_fields(report.failure) if report.failure else ()
        if report.outcome:
            fields = outcome_fields(report.outcome)
        end = (report.state, report.reason, report.attempts, int(shown))
        answer = await self._run("settle", task_id, uid, *end, *fields)
        return State(answer) if answer else None

    async def show(self, task_id: str, uid: str, report: Report, *, attempts: int) -> bool:
        """Have an end shown that was taken over into the resource by this report, with the attempts that it counts.

        Returns whether it is shown now and was not before. If the record has another end by now, it stays as it is.
        """
        ended = "" if report.finished_at is None else milliseconds_of(report.finished_at)
        return bool(await self._run("show", task_id, uid, report.state, ended, attempts))

    async def note(
        self, task_id: str, uid: str, seen: Report, reason: Reason, message: str, *, state: State | None = None
    ) -> None:
        """Say why a task is where it is, and move it there; not if it is not as it was `seen` any more."""
        await self._run("note", task_id, uid, seen.state, seen.reason, seen.lease, state or "", reason, message)

    async def hold(self, task_id: str, uid: str, message: str) -> None:
        """Keep a task from the workers of the pool; a run of it is abandoned."""
        await self._run("hold", task_id, uid, message)

    async def resume(self, task_id: str, uid: str, *, queued: bool) -> None:
        """Let a task go on that was held."""
        await self._run("resume", task_id, uid, int(queued))

    async def forget(self, task_id: str, uid: str) -> None:
        """Remove the record of an object that is gone, and take no other one of it; an unknown one is fine."""
        await self._run("delete", task_id, uid)

    async def owner(self, task_id: str) -> str | None:
        """The uid of the object that a record is of; None where there is no record."""
        async with translated_errors():
            return text(await self._redis.hget(self._keys.task(task_id), "uid"))

    async def known(self) -> AsyncIterator[Sequence[str]]:
        """The ids of every task that there is a record of, some at a time."""
        start = 0
        while True:
            async with translated_errors():
                ids = await self._redis.zrange(self._keys.index(), start, start + _SCAN - 1)
            if ids:
                yield [str(task_id) for task_id in ids]
            if len(ids) < _SCAN:
                return
            start += _SCAN

    async def unfinished(self) -> int:
        """How many tasks are queued or running."""
        async with translated_errors():
            queued = await self._redis.zcard(self._keys.index(State.QUEUED))
            return int(queued + await self._redis.zcard(self._keys.index(State.RUNNING)))

    async def depth(self) -> int:
        """How many tasks wait for the pool's workers or are at them."""
        async with translated_errors():
            return int(await self._redis.xlen(self._keys.queue))

    async def put_circuit(self, qasm: str) -> str:
        """Keep a program for tasks that refer to it. Returns its digest."""
        digest = _digest(qasm)
        async with translated_errors():
            await self._redis.set(self._keys.circuit(digest), qasm)
        return digest

    async def circuit(self, digest: str) -> str | None:
        """A program that was put here, if it is still what it was."""
        async with translated_errors():
            qasm = text(await self._redis.get(self._keys.circuit(digest)))
        return qasm if qasm is not None and _digest(qasm) == digest else None


def _digest(qasm: str) -> str:
    return f"sha256:{hashlib.sha256(qasm.encode()).hexdigest()}"
