"""The operator's edge: gathers what `reconcile` decides by, and carries out what it decides."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import structlog
from quantum_tasks.cluster import Cluster, ClusterError, ClusterUnavailableError, Object
from quantum_tasks.errors import Code, StoreUnavailableError, TaskFinishedError, TaskNotFoundError
from quantum_tasks.mirror import Mirror, Report
from quantum_tasks.resource import (
    API_VERSION,
    KIND,
    MAX_INLINE_COUNTS_BYTES,
    ExecutionMode,
    QuantumTask,
    Status,
    store_id,
)
from quantum_tasks.states import Phase, Reason
from quantum_tasks.store import Submitted
from quantum_tasks.task import Failure, Task

from quantum_operator import jobs
from quantum_operator.checker import Checker
from quantum_operator.metrics import Metrics
from quantum_operator.reconcile import (
    AWAY,
    Action,
    Away,
    Decision,
    Needs,
    Observed,
    Refusal,
    is_finished,
    reconcile,
    state_of,
    waits_for_pool,
)
from quantum_operator.settings import OperatorSettings
from quantum_operator.status import End
from quantum_operator.views import TASK_LABEL, Job
from quantum_operator.world import EVENTS, JOBS, TASKS, Key, World

log = structlog.get_logger(__name__)

V = TypeVar("V")

REFUSAL_SECONDS = 30.0
"""After how long a Job that was refused for a reason that may go away is tried again."""

PROGRESS_SECONDS = 1.0
"""How long a status stays as it is while its phase does: most Jobs have ended before there is more to tell."""

NEWS_SECONDS = 1.0
"""After how long to look again where news should have come before: of an end in the pool, or of what was written."""

_NORMAL = "Normal"

_REMEMBERED = 10_000
"""How many tasks' checks and refusals are kept in mind; others are made again."""


class Bounded(OrderedDict[str, V], Generic[V]):
    """A mapping that forgets its oldest entries."""

    def put(self, key: str, value: V) -> None:
        """Set an entry."""
        self[key] = value
        while len(self) > _REMEMBERED:
            self.popitem(last=False)


@dataclass(frozen=True, slots=True)
class _Refused:
    refusal: Refusal
    until: float


class Controller:
    """Brings tasks, one at a time each, to where they should be."""

    def __init__(
        self,
        cluster: Cluster,
        store: Mirror,
        checker: Checker,
        world: World,
        *,
        settings: OperatorSettings,
        metrics: Metrics,
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._checker = checker
        self._world = world
        self._settings = settings
        self._metrics = metrics
        self.pool_wanted = asyncio.Event()
        """Set when a task waits for the pool."""
        self._needs: Bounded[Needs | Refusal] = Bounded()
        self._refused: Bounded[_Refused] = Bounded()
        self._quiet_until: Bounded[float] = Bounded()
        self._new: Bounded[None] = Bounded()
        """Tasks that were made just now, and that no look was at: Redis knows at most that they wait."""
        self._provided: Bounded[None] = Bounded()
        """Those that it knew already when they were provided."""
        self._shown: Bounded[None] = Bounded()
        """Tasks of which Redis has just shown the end that they have."""
        self._gone: dict[Key, set[str]] = {}
        self._unshown: set[Key] = set()
        self._actions: dict[Action, Callable[[Observed, Decision], Awaitable[None]]] = {
            Action.PROVIDE: self._provide,
            Action.CHECK: self._check,
            Action.CREATE_JOB: self._create_job,
            Action.SUSPEND_JOB: lambda observed, _: self._suspend_job(observed, suspend=True),
            Action.RESUME_JOB: lambda observed, _: self._suspend_job(observed, suspend=False),
            Action.DELETE_JOB: self._delete_job,
            Action.HOLD: self._hold,
            Action.RELEASE: self._release,
            Action.NOTE: self._note,
            Action.CANCEL: self._cancel,
            Action.SETTLE: self._settle,
            Action.DELETE_TASK: self._delete_task,
        }

    async def look(self, key: Key) -> float | None:
        """Look at a task and do what is to be done. Returns after how many seconds to look again.

        Raises whatever keeps it from being done now.
        """
        await self._forget_the_gone(key)
        task = self._world.task(key)
        if task is None:
            self._unshown.discard(key)
            return None
        observed = await self._observe(key, task)
        if waits_for_pool(observed):
            self.pool_wanted.set()
        decision = reconcile(observed, datetime.now(UTC))
        for action in decision.actions:
            await self._actions[action](observed, decision)
        if is_finished(task.status) and observed.report is not AWAY:
            self._unshown.discard(key)  # whatever was to be said of the end in Redis is said
        quiet_seconds = self._quiet_until.get(task.metadata.uid, 0.0) - time.monotonic()
        if decision.status is not None and quiet_seconds > 0 and is_same_progress(task.status, decision.status):
            return 0.0 if decision.actions else quiet_seconds
        ends = False
        if decision.status is not None and await self._write_status(task, decision.status):
            ends = is_finished(decision.status)
            await self._spread(key, observed, decision)
        if ends or (decision.actions == (Action.PROVIDE,) and _is_of_the_pool(task)):
            return 0.0 if _taken(self._provided, task.metadata.uid) else NEWS_SECONDS
        if decision.actions or decision.status is not None:
            return 0.0
        return decision.again_seconds

    def welcome(self, uid: str) -> None:
        """Take a task for one that nobody has looked at before, since it was made just now."""
        self._new.put(uid, None)

    def doubt(self) -> None:
        """Ask Redis again of all that it was said to know: it was away."""
        self._new.clear()
        self._shown.clear()

    def bury(self, key: Key, uid: str) -> None:
        """Have Redis forget an object that is gone: at the next look at its name, and at each one until it is done."""
        self._gone.setdefault(key, set()).add(uid)

    @property
    def buried(self) -> list[Key]:
        """The names of objects that Redis has still to forget."""
        return list(self._gone)

    @property
    def unshown(self) -> set[Key]:
        """Finished tasks of whose end it is not sure that Redis shows it."""
        return set(self._unshown)

    async def forget(self, key: Key, uid: str) -> None:
        """Remove what Redis has of a task that is gone."""
        self._needs.pop(uid, None)
        self._refused.pop(uid, None)
        self._quiet_until.pop(uid, None)
        self._new.pop(uid, None)
        self._shown.pop(uid, None)
        self._provided.pop(uid, None)
        await self._store.forget(store_id(*key), uid)

    async def _forget_the_gone(self, key: Key) -> None:
        for uid in list(self._gone.get(key, ())):
            await self.forget(key, uid)
            self._gone[key].discard(uid)
        if not self._gone.get(key, True):
            del self._gone[key]

    # -- gather ------------------------------------------------------------------------------------------------------

    async def _observe(self, key: Key, task: QuantumTask) -> Observed:
        uid = task.metadata.uid
        job = self._world.job(task)  # before the report: what a Job's end says, Redis knows by then
        refused = self._refused.get(uid)
        if refused is not None and not refused.refusal.final and refused.until < time.monotonic():
            self._refused.pop(uid)
            refused = None
        return Observed(
            task=task,
            job=job,
            report=None if self._is_nothing_to_report(task) else await self._report(key, uid),
            needs=self._needs.get(uid),
            refused=refused.refusal if refused else None,
        )

    def _is_nothing_to_report(self, task: QuantumTask) -> bool:
        """Whether Redis has nothing to say of a task that this look would act on. It is asked at the next look."""
        uid = task.metadata.uid
        is_new, is_shown = _taken(self._new, uid), _taken(self._shown, uid)
        untouched = task.status.observed_generation is None and not (task.spec.cancel or task.spec.suspend)
        return (is_new and untouched) or (is_shown and is_finished(task.status))

    async def _report(self, key: Key, uid: str) -> Report | Away | None:
        try:
            return await self._store.report(store_id(*key), uid, most_bytes=2 * MAX_INLINE_COUNTS_BYTES)
        except StoreUnavailableError:
            return AWAY

    # -- do ----------------------------------------------------------------------------------------------------------

    async def _provide(self, observed: Observed, _: Decision) -> None:
        found = await self._with_program(observed.task)
        if found is None:
            return
        task, qasm = found
        spec, meta, begun = task.spec, task.metadata, task.status.attempts
        pool = _is_of_the_pool(task)
        limit = spec.backoff_limit
        if limit is None and begun:
            limit = self._settings.backoff_limit
        try:
            receipt = await self._store.provide(
                store_id(meta.namespace, meta.name),
                meta.uid,
                qasm,
                spec.options,
                queued=pool,
                attempts=begun,
                # what was lost with Redis is no fault of the task's
                max_attempts=None if limit is None else begun + limit + 1,
                deadline_seconds=spec.active_deadline_seconds if pool else None,
                most_bytes=0,
            )
        except TaskNotFoundError:
            await self._whole(task)  # it was deleted just now
        else:
            if receipt.submitted is Submitted.REPLAYED:
                self._provided.put(meta.uid, None)  # by the API, and it may have ended by now
            if pool:
                self.pool_wanted.set()

    async def _check(self, observed: Observed, _: Decision) -> None:
        found = await self._with_program(observed.task)
        if found is not None:
            task, qasm = found
            memory = jobs.largest_container(task, self._settings)
            self._needs.put(task.metadata.uid, await self._checker.check(qasm, task.spec.options, memory))

    async def _create_job(self, observed: Observed, _: Decision) -> None:
        task, needs = observed.task, observed.needs
        assert isinstance(needs, Needs)  # noqa: S101 - a refusal has ended the task
        body = jobs.job(task, needs, self._settings)
        try:
            made = await self._cluster.create(JOBS, task.metadata.namespace, body)
        except ClusterError as error:
            if not error.conflict:
                self._refuse(task, Reason.JOB_REFUSED, f"The Job was refused: {error}", final=error.invalid)
                return
            made = await self._cluster.get(JOBS, task.metadata.namespace, body["metadata"]["name"])
            if not _is_of(made, task):
                self._refuse(task, Reason.JOB_REFUSED, "A Job of somebody else has the name of this task's Job.")
                return
        else:
            log.info("Job created", task=task.metadata.name, job=body["metadata"]["name"])
            self._be_quiet(task)
        self._world.put_job(made)

    async def _suspend_job(self, observed: Observed, *, suspend: bool) -> None:
        job = _job(observed)
        try:
            changed = await self._cluster.patch(JOBS, job.namespace, job.name, {"spec": {"suspend": suspend}})
        except ClusterError as error:
            if not error.not_found:
                raise
            self._drop_job(observed)
        else:
            self._world.put_job(changed)

    async def _delete_job(self, observed: Observed, _: Decision) -> None:
        job = _job(observed)
        try:
            await self._cluster.delete(JOBS, job.namespace, job.name, uid=job.uid)
        except ClusterError as error:
            if not (error.not_found or error.conflict):
                raise
        self._drop_job(observed)

    async def _hold(self, observed: Observed, _: Decision) -> None:
        await self._store.hold(*_record(observed.task), "The task is held back.")

    async def _release(self, observed: Observed, _: Decision) -> None:
        await self._store.resume(*_record(observed.task), queued=_is_of_the_pool(observed.task))

    async def _note(self, observed: Observed, decision: Decision) -> None:
        seen = observed.report
        assert isinstance(seen, Report)  # noqa: S101 - the note is about it
        decided = decision.status or observed.task.status
        state = state_of(decided)
        reason = Reason(decided.reason or Reason.QUEUED)
        await self._store.note(*_record(observed.task), seen, reason, decided.message or "", state=state)

    async def _cancel(self, observed: Observed, _: Decision) -> None:
        try:
            await self._store.cancel(*_record(observed.task))
        except (TaskFinishedError, TaskNotFoundError):
            return  # the next look sees what it is instead

    async def _settle(self, observed: Observed, decision: Decision) -> None:
        end: End | Task | None = decision.end
        if end is None:
            whole = await self._whole(observed.task)
            end = whole.task() if whole else None
        if end is not None:
            report = Report(end.state, end.reason, end.attempts, failure=end.failure, outcome=end.outcome)
            await self._store.settle(*_record(observed.task), report, shown=decision.end is None)

    async def _show(self, observed: Observed, decision: Decision) -> None:
        """Have Redis show an end that the resource has by now. Where that fails, a later look settles it."""
        report, status = observed.report, decision.status
        assert status is not None  # noqa: S101 - it was written
        try:
            if isinstance(report, Report):
                if await self._store.show(*_record(observed.task), report, attempts=status.attempts):
                    self._shown.put(observed.task.metadata.uid, None)
            elif report is None:
                # Redis has no record that could end; whoever waits there is told all the same
                await self._settle(observed, decision)
        except StoreUnavailableError as error:
            log.warning("an end is shown later", task=observed.task.metadata.name, because=str(error))

    async def _delete_task(self, observed: Observed, _: Decision) -> None:
        meta = observed.task.metadata
        log.info("task deleted: its time is over", task=meta.name)
        try:
            await self._cluster.delete(TASKS, meta.namespace, meta.name, uid=meta.uid)
        except ClusterError as error:
            if not (error.not_found or error.conflict):
                raise
        self._drop(observed.task)

    # -- the status --------------------------------------------------------------------------------------------------

    async def _write_status(self, task: QuantumTask, status: Status) -> bool:
        """Write a status. Returns whether it was written, and not decided by what is past."""
        meta = task.metadata
        body = {
            "metadata": {"resourceVersion": meta.resource_version, "uid": meta.uid},
            "status": _changes(task.status, status),
        }
        try:
            written = await self._cluster.patch(TASKS, meta.namespace, meta.name, body, subresource="status")
        except ClusterError as error:
            if error.not_found:
                self._drop(task)
                return False
            if not error.conflict:
                raise
            await self._whole(task)  # decided by an old state: take in the new one, and look again
            return False
        self._world.put_task(written)
        self._be_quiet(task)
        return True

    async def _spread(self, key: Key, observed: Observed, decision: Decision) -> None:
        """Tell the others what was written: Redis, the metrics, and whoever reads Events."""
        old, new = observed.task.status, decision.status
        assert new is not None  # noqa: S101 - it was written
        if not is_finished(old) and is_finished(new):
            self._metrics.finished.labels(new.reason).inc()
            self._unshown.add(key)
            await self._show(observed, decision)
        if (new.phase, new.reason) != (old.phase, old.reason):
            await self._tell(observed.task, new)

    async def _tell(self, task: QuantumTask, status: Status) -> None:
        """Post an Event on the task; one that cannot be posted is not worth a second try.

        In the pool only what goes wrong is worth one: Events stay for an hour, and would be most of what etcd has.
        """
        meta = task.metadata
        event = event_of(task, status, datetime.now(UTC))
        if _is_of_the_pool(task) and event["type"] == _NORMAL:
            return
        try:
            await self._cluster.create(EVENTS, meta.namespace, event)
        except (ClusterError, ClusterUnavailableError) as error:
            log.debug("an event was not posted", task=meta.name, because=str(error))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _be_quiet(self, task: QuantumTask) -> None:
        self._quiet_until.put(task.metadata.uid, time.monotonic() + PROGRESS_SECONDS)

    async def _whole(self, task: QuantumTask) -> QuantumTask | None:
        """The task as it is now, with its program; None when it is gone."""
        meta = task.metadata
        try:
            body = await self._cluster.get(TASKS, meta.namespace, meta.name)
        except ClusterError as error:
            if not error.not_found:
                raise
            body = None
        if body is None or body["metadata"]["uid"] != meta.uid:
            self._drop(task)
            return None
        self._world.put_task(body)
        return QuantumTask.of(body)

    def _drop(self, task: QuantumTask) -> None:
        meta = task.metadata
        body = {"namespace": meta.namespace, "name": meta.name, "uid": meta.uid}
        self._world.drop_task({"metadata": {**body, "resourceVersion": meta.resource_version}})

    def _drop_job(self, observed: Observed) -> None:
        body = {"uid": _job(observed).uid, "labels": _task_label(observed.task)}
        self._world.put_job({"metadata": body}, gone=True)

    async def _with_program(self, task: QuantumTask) -> tuple[QuantumTask, str] | None:
        """A task and its program: of a new one as they were heard of, else as they are now. None: it is not to run."""
        qasm = self._world.program(task)
        if qasm is not None:
            return task, qasm
        whole = await self._whole(task)
        if whole is None or is_finished(whole.status):
            return None
        qasm = await self._program(whole)
        return None if qasm is None else (whole, qasm)

    async def _program(self, task: QuantumTask) -> str | None:
        reference = task.spec.circuit_ref
        if reference is None:
            return task.spec.qasm
        qasm = await self._store.circuit(reference.digest)
        if qasm is None:
            message = f"Redis has no circuit {reference.digest}."
            self._refuse(task, Reason.INVALID_PROGRAM, message, code=Code.CIRCUIT_UNKNOWN)
        return qasm

    def _refuse(
        self, task: QuantumTask, reason: Reason, message: str, *, final: bool = True, code: Code = Code.JOB_REFUSED
    ) -> None:
        log.warning("task cannot be run", task=task.metadata.name, because=message, final=final)
        refusal = Refusal(reason, Failure(code, message), final=final)
        self._refused.put(task.metadata.uid, _Refused(refusal, time.monotonic() + REFUSAL_SECONDS))


def is_same_progress(old: Status, new: Status) -> bool:
    """Whether two statuses differ in nothing that anybody is to act on: they tell of the same phase in other words."""
    if is_finished(new):
        return False
    same = (old.phase, old.reason, old.attempts) == (new.phase, new.reason, new.attempts)
    return same and old.observed_generation in (None, new.observed_generation)


def event_of(task: QuantumTask, status: Status, now: datetime) -> Object:
    """The Event that tells of a task's new phase or reason."""
    meta = task.metadata
    failed = status.phase is Phase.FAILED or status.reason in (
        *(Reason.UNSCHEDULABLE, Reason.IMAGE_PULL_BACK_OFF, Reason.CONTAINER_ERROR),
        *(Reason.JOB_REFUSED, Reason.RETRYING),
    )
    time_text = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    told = hashlib.sha256(f"{meta.uid}/{status.phase}/{status.reason}/{time_text}".encode()).hexdigest()[:16]
    return {
        "metadata": {"name": f"{meta.name}.{told}", "namespace": meta.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
        },
        "reason": status.reason,
        "message": (status.message or "")[:1024],
        "type": "Warning" if failed else _NORMAL,
        "source": {"component": "quantum-tasks-operator"},
        "reportingComponent": "quantum-tasks-operator",
        "firstTimestamp": time_text,
        "lastTimestamp": time_text,
        "count": 1,
    }


def _changes(old: Status, new: Status) -> dict[str, Any]:
    """The merge patch from one status to another: what is new, and null for what is not there any more."""
    before, after = (status.model_dump(mode="json", by_alias=True, exclude_none=True) for status in (old, new))
    changed = {name: value for name, value in after.items() if before.get(name) != value}
    return changed | dict.fromkeys(before.keys() - after.keys())


def _taken(kept: Bounded[None], uid: str) -> bool:
    """Whether something was in mind, which it is not any more."""
    was_there = uid in kept
    kept.pop(uid, None)
    return was_there


def _is_of_the_pool(task: QuantumTask) -> bool:
    return task.spec.execution_mode is ExecutionMode.POOL


def _record(task: QuantumTask) -> tuple[str, str]:
    return store_id(task.metadata.namespace, task.metadata.name), task.metadata.uid


def _job(observed: Observed) -> Job:
    assert observed.job is not None  # noqa: S101 - the decision was about it
    return observed.job


def _is_of(job: Object, task: QuantumTask) -> bool:
    return any(owner["uid"] == task.metadata.uid for owner in job["metadata"].get("ownerReferences", ()))


def _task_label(task: QuantumTask) -> dict[str, str]:
    return {TASK_LABEL: task.metadata.uid}
