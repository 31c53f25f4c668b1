"""What is known of the cluster: the latest of every task, Job and Pod that was heard of or listed.

A copy, and so at times behind. That is safe: what is done by it is refused by the API server where it is too old
(`resourceVersion`, names that are taken), and done again by a newer one.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from quantum_tasks.cluster import Kind, Object
from quantum_tasks.resource import GROUP, PLURAL, VERSION, QuantumTask, Status

from quantum_operator.reconcile import is_finished
from quantum_operator.views import TASK_LABEL, Job, Pod, job_of, pod_of

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
        self.pool: dict[str, Job] = {}

    def task(self, key: Key) -> QuantumTask | None:
        """A task, without its program and its counts."""
        return self._tasks.get(key)

    def tasks(self) -> Iterator[tuple[Key, QuantumTask]]:
        """Every task."""
        return iter(list(self._tasks.items()))

    def key_of(self, task_uid: str) -> Key | None:
        """The task with this uid."""
        return self._keys.get(task_uid)

    def job(self, task: QuantumTask) -> Job | None:
        """The Job of a task with its Pods, oldest first."""
        uid = task.metadata.uid
        jobs = list(self._jobs.get(uid, {}).values())
        if not jobs:
            return None
        pods = sorted(self._pods.get(uid, {}).values(), key=lambda pod: (pod.created, pod.name))
        return replace(jobs[-1], pods=tuple(pods))

    def put_task(self, body: Object) -> Key:
        """Take in a task; an older state than the one that is known changes nothing."""
        key = key_of(body)
        if self._is_news(body):
            task = QuantumTask.of(_slim(body))
            self._tasks[key] = task
            self._keys[task.metadata.uid] = key
        return key

    def drop_task(self, body: Object) -> Key:
        """Forget a task that is gone, unless another one has its name by now."""
        key, uid = key_of(body), body["metadata"]["uid"]
        known = self._tasks.get(key)
        if known is not None and known.metadata.uid == uid:
            del self._tasks[key]
        self._keys.pop(uid, None)
        self._versions.pop(uid, None)
        self._pods.pop(uid, None)
        return key

    def put_job(self, body: Object, *, gone: bool = False) -> str | None:
        """Take in a Job, of a task or of the pool. Returns the uid of its task."""
        meta = body["metadata"]
        owner = meta.get("labels", {}).get(TASK_LABEL)
        if gone:
            self._versions.pop(meta["uid"], None)
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
            self._versions.pop(meta["uid"], None)
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
            self._versions.pop(uid, None)
        for owner, uid in [(owner, uid) for owner, found in self._pods.items() for uid in found.keys() - uids]:
            _drop(self._pods, owner, uid)
            self._versions.pop(uid, None)
        for uid in self.pool.keys() - uids:
            self.pool.pop(uid)
            self._versions.pop(uid, None)
        return gone

    def _is_news(self, body: Object) -> bool:
        uid, version = body["metadata"]["uid"], int(body["metadata"]["resourceVersion"])
        if version < self._versions.get(uid, 0):
            return False
        self._versions[uid] = version
        return True


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
