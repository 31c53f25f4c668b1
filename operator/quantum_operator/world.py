"""What is known of the cluster: the latest of every task, Job and Pod that was heard of or listed.

A copy, and so at times behind. That is safe: what is done by it is refused by the API server where it is too old
(`resourceVersion`, names that are taken), and done again by a newer one.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError
from quantum_tasks.cluster import Kind, Object
from quantum_tasks.resource import GROUP, PLURAL, VERSION, QuantumTask, Status
from quantum_tasks.states import Phase

from quantum_operator.programs import Programs
from quantum_operator.reconcile import is_finished
from quantum_operator.views import TASK_LABEL, Job, Pod, job_of, pod_of

log = structlog.get_logger(__name__)

TASKS = Kind(GROUP, VERSION, PLURAL)
JOBS = Kind("batch", "v1", "jobs")
PODS = Kind("", "v1", "pods")
EVENTS = Kind("", "v1", "events")

V = TypeVar("V")

Key = tuple[str, str]
"""A task's namespace and name."""


class World:
    """The copy. Nothing here waits."""

    def __init__(self) -> None:
        self._tasks: dict[Key, QuantumTask] = {}
        self._keys: dict[str, Key] = {}
        self._jobs: dict[str, dict[str, Job]] = {}
        self._pods: dict[str, dict[str, Pod]] = {}
        self._versions: dict[str, int] = {}
        self._programs = Programs()
        self.pool: dict[str, Job] = {}

    def task(self, key: Key) -> QuantumTask | None:
        """A task, without its program and its counts."""
        return self._tasks.get(key)

    def program(self, task: QuantumTask) -> str | None:
        """The program of a task that nobody has written to yet; None for others, and where there was no room."""
        return self._programs.get(task.metadata.uid)

    def tasks(self) -> Iterator[tuple[Key, QuantumTask]]:
        """Every task."""
        return iter(list(self._tasks.items()))

    def phases(self) -> Counter[Phase]:
        """How many tasks are in each phase."""
        # a copy without the keys is made in one step, and can be counted in another thread
        return Counter(task.status.phase or Phase.PENDING for task in list(self._tasks.values()))

    def key_of(self, task_uid: str) -> Key | None:
        """The task with this uid."""
        return self._keys.get(task_uid)

    def job(self, task: QuantumTask) -> Job | None:
        """The Job that a task owns, with the Pods that this Job owns, oldest first; a label alone says nothing."""
        uid, namespace = task.metadata.uid, task.metadata.namespace
        owned = [job for job in self._jobs.get(uid, {}).values() if (job.owner_uid, job.namespace) == (uid, namespace)]
        if not owned:
            return None
        job = owned[-1]
        found = self._pods.get(uid, {}).values()
        pods = [pod for pod in found if (pod.owner_uid, pod.namespace) == (job.uid, namespace)]
        return replace(job, pods=tuple(sorted(pods, key=lambda pod: (pod.created, pod.name))))

    def put_task(self, body: Object) -> Key:
        """Take in a task; an older state than the one that is known, or an older object, changes nothing."""
        key = key_of(body)
        holder = self._tasks.get(key)
        late = (
            holder is not None
            and holder.metadata.uid != body["metadata"]["uid"]
            and _version(body) < int(holder.metadata.resource_version)
        )
        if not late and self._is_news(body):
            try:
                task = QuantumTask.of(_slim(body))
            except ValidationError as error:
                # kept from before a stricter schema, or made by a newer version: not to stand in the others' way
                log.warning("a task cannot be read", task=key, because=str(error)[:500])
                return key
            self._tasks[key] = task
            self._keys[task.metadata.uid] = key
            self._put_program(task, body["spec"].get("qasm"))
        return key

    def drop_task(self, body: Object) -> Key:
        """Forget a task that is gone, unless another one has its name by now."""
        key, uid = key_of(body), body["metadata"]["uid"]
        known = self._tasks.get(key)
        if known is not None and known.metadata.uid == uid:
            del self._tasks[key]
        self._keys.pop(uid, None)
        self._pods.pop(uid, None)
        self._programs.drop(uid)
        self._bury(body)
        return key

    def put_job(self, body: Object, *, gone: bool = False) -> str | None:
        """Take in a Job, of a task or of the pool. Returns the uid of its task."""
        meta = body["metadata"]
        owner = meta.get("labels", {}).get(TASK_LABEL)
        if gone:
            self._bury(body)
            self.pool.pop(meta["uid"], None)
            _drop(self._jobs, owner, meta["uid"])
        elif self._is_news(body):
            job = job_of(body)
            if owner is None:
                self.pool[job.uid] = job
            elif job.owner_uid == owner:
                self._jobs.setdefault(owner, {})[job.uid] = job
        return str(owner) if owner is not None else None

    def put_pod(self, body: Object, *, gone: bool = False) -> str | None:
        """Take in a Pod. Returns the uid of its task."""
        meta = body["metadata"]
        owner = meta.get("labels", {}).get(TASK_LABEL)
        if owner is None:
            return None
        if gone:
            self._bury(body)
            _drop(self._pods, owner, meta["uid"])
        elif self._is_news(body):
            self._pods.setdefault(owner, {})[meta["uid"]] = pod_of(body)
        return str(owner)

    def keep_only(self, uids: set[str], version: int) -> set[Key]:
        """Forget what a listing of everything, as it was at a version, did not have. Returns the tasks that went."""
        gone = set()
        uids = uids | {uid for uid, known in self._versions.items() if known > version}
        for key, task in self.tasks():
            if task.metadata.uid not in uids:
                self.drop_task({"metadata": {"namespace": key[0], "name": key[1], "uid": task.metadata.uid}})
                gone.add(key)
        for owner, uid in [(owner, uid) for owner, found in self._jobs.items() for uid in found.keys() - uids]:
            _drop(self._jobs, owner, uid)
        for owner, uid in [(owner, uid) for owner, found in self._pods.items() for uid in found.keys() - uids]:
            _drop(self._pods, owner, uid)
        for uid in self.pool.keys() - uids:
            self.pool.pop(uid)
        self._versions = {uid: known for uid, known in self._versions.items() if uid in uids}
        return gone

    def _put_program(self, task: QuantumTask, qasm: str | None) -> None:
        if qasm is not None and task.status.observed_generation is None:
            self._programs.put(task.metadata.uid, qasm)
        else:
            self._programs.drop(task.metadata.uid)

    def _bury(self, body: Object) -> None:
        """Remember that an object is gone, until a listing is newer: a late answer is not to bring it back."""
        uid = body["metadata"]["uid"]
        self._versions[uid] = max(_version(body), self._versions.get(uid, 0)) + 1

    def _is_news(self, body: Object) -> bool:
        uid, version = body["metadata"]["uid"], _version(body)
        if version < self._versions.get(uid, 0):
            return False
        self._versions[uid] = version
        return True


def _version(body: Object) -> int:
    return int(body["metadata"].get("resourceVersion") or 0)


def key_of(body: Object) -> Key:
    """The key of a task."""
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _drop(kept: dict[str, dict[str, V]], owner: str | None, uid: str) -> None:
    objects = kept.get(owner or "", {})
    objects.pop(uid, None)
    if owner and not objects:
        kept.pop(owner, None)


def _slim(body: Object) -> dict[str, Any]:
    """A task without what may be large: its program, its counts, and what Kubernetes notes about its writers."""
    spec = {name: value for name, value in body["spec"].items() if name != "qasm"}
    status = {name: value for name, value in body.get("status", {}).items() if name != "counts"}
    task = {"metadata": body["metadata"], "spec": spec, "status": status}
    if not is_finished(Status.model_validate(status)):
        return task
    # of an ended one only its end is looked at any more
    needed = {
        name: status[name] for name in ("phase", "reason", "completionTime", "observedGeneration") if name in status
    }
    ends = [condition for condition in status["conditions"] if condition["type"] == "Finished"]
    return {**task, "status": {**needed, "conditions": ends}}
