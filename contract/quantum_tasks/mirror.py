"""A cluster's tasks in Redis: what their runs need, what came of them, and a copy of their states for cheap polling.

The truth is the QuantumTask resource. A task's record here carries the uid of its resource, so that nothing said of one
object is taken for another that has its name.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quantum_tasks.errors import IdempotencyMismatchError
from quantum_tasks.records import (
    Summary,
    failure_fields,
    failure_of,
    options_of,
    outcome_fields,
    outcome_of,
    submission_of,
    summary_of,
    text,
    time_of,
)
from quantum_tasks.states import Reason, State
from quantum_tasks.store import Lease, Store, Submitted, translated_errors
from quantum_tasks.task import Failure, Options, Outcome

_SCAN = 1000
"""How many ids one look at the index reads."""


class Gone(StrEnum):
    """Why a Pod finds nothing to run."""

    ABSENT = "absent"
    """Redis does not know the task, or not yet: the operator puts it there."""
    ENDED = "ended"


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
        max_attempts: int | None = None,
        deadline_seconds: float | None = None,
    ) -> Submitted:
        """Have a record of a task; again is fine. `queued` puts it before the workers of the pool.

        Raises IdempotencyMismatchError when the same object is there with another program, which cannot be.
        """
        more = {"max_attempts": max_attempts, "deadline_seconds": deadline_seconds}
        pairs = [part for name, value in more.items() if value is not None for part in (name, value)]
        no_bound = 2**53
        answer = await self._run("submit", *submission_of(task_id, qasm, options), no_bound, int(queued), uid, *pairs)
        if answer == "mismatch":
            raise IdempotencyMismatchError(task_id)
        return Submitted(answer)

    async def begin(self, task_id: str, uid: str, token: str) -> Lease | Gone:
        """Begin an attempt in the Pod whose token this is; the same Pod may ask again."""
        answer = await self._run("begin", task_id, uid, token)
        if isinstance(answer, str):
            return Gone(answer)
        attempt, qasm, shots, seed, method = answer
        return Lease(task_id, token, int(attempt), qasm, options_of(shots, seed, method))

    async def report(self, task_id: str, uid: str, *, most_bytes: int) -> Report | None:
        """What Redis knows of a task; an outcome that is larger than `most_bytes` is left out."""
        [(known, *row)] = await self._run("reports", most_bytes, task_id)
        if known != uid or row[0] is None:
            return None
        state, reason, attempts, started_at, finished_at, failure, summary, size, outcome = row
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
        )

    async def settle(self, task_id: str, uid: str, report: Report) -> State | None:
        """Have the record end as the resource has. Returns its state, another one if it had ended before."""
        fields = failure_fields(report.failure) if report.failure else ()
        if report.outcome:
            fields = outcome_fields(report.outcome)
        answer = await self._run("settle", task_id, uid, report.state, report.reason, report.attempts, *fields)
        return State(answer) if answer else None

    async def note(self, task_id: str, uid: str, reason: Reason, message: str, state: State | None = None) -> None:
        """Say why a task that has not ended is where it is, and move it there."""
        await self._run("note", task_id, uid, state or "", reason, message)

    async def hold(self, task_id: str, uid: str, message: str) -> None:
        """Keep a task from the workers of the pool; a run of it is abandoned."""
        await self._run("hold", task_id, uid, message)

    async def resume(self, task_id: str, uid: str, *, queued: bool) -> None:
        """Let a task go on that was held."""
        await self._run("resume", task_id, uid, int(queued))

    async def forget(self, task_id: str, uid: str) -> None:
        """Remove the record of an object that is gone; an unknown one is fine."""
        await self._run("delete", task_id, uid)

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
