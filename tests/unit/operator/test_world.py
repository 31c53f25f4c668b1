"""The operator's copy of the cluster: what is news, what is forgotten, and what belongs together."""

from datetime import UTC, datetime
from typing import Any

import pytest
from quantum_operator.reconcile import Observed, is_finished, reconcile
from quantum_operator.world import World
from quantum_tasks.resource import QuantumTask
from quantum_tasks.states import Phase

KEY = ("lab", "bell")


def task(version: int = 1, *, uid: str = "uid-1", name: str = "bell", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A QuantumTask as the API server gives it."""
    return {
        "metadata": {"namespace": "lab", "name": name, "uid": uid, "resourceVersion": str(version)},
        "spec": {"qasm": "OPENQASM 3.0;", "shots": 10, **more.pop("spec", {})},
        "status": {"phase": "Pending", "reason": "Queued", **more.pop("status", {})},
    }


def job(version: int = 1, *, uid: str = "job-1", owner: str | None = "uid-1", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A Job of a task, or of the pool."""
    label = {"quantumtask.dev/task-uid": owner} if owner else {}
    owners = [{"kind": "QuantumTask", "name": "bell", "uid": owner, "controller": True}] if owner else []
    return {
        "metadata": {
            "namespace": more.pop("namespace", "lab"),
            "name": more.pop("name", "bell-1"),
            "uid": uid,
            "resourceVersion": str(version),
            "labels": {"app.kubernetes.io/managed-by": "quantum-tasks-operator", **label},
            "ownerReferences": owners,
        },
        "spec": {"suspend": more.pop("suspend", False)},
        "status": more,
    }


def pod(version: int = 1, *, uid: str = "pod-1", created: int = 5, owner: str = "uid-1", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A Pod of a task's Job."""
    return {
        "metadata": {
            "namespace": more.pop("namespace", "lab"),
            "name": uid,
            "uid": uid,
            "resourceVersion": str(version),
            "creationTimestamp": f"2026-01-02T03:04:{created:02}Z",
            "labels": {"quantumtask.dev/task-uid": owner},
            "ownerReferences": [
                {"kind": "Job", "name": "bell-1", "uid": more.pop("job_uid", "job-1"), "controller": True}
            ],
        },
        "spec": {},
        "status": {"phase": "Pending", **more},
    }


@pytest.fixture
def world() -> World:
    """A world with one task in it, seen at version 10."""
    found = World()
    found.put_task(task(10))
    return found


def known(world: World) -> QuantumTask:
    """The task that is known as `lab/bell`."""
    found = world.task(KEY)
    assert found is not None
    return found


# -- tasks ---------------------------------------------------------------------------------------------------------


def test_a_task_is_found_by_key_and_by_uid(world: World) -> None:
    """A task is known by its namespace and name, and by its uid."""
    assert known(world).metadata.uid == "uid-1"
    assert world.key_of("uid-1") == KEY
    assert [key for key, _ in world.tasks()] == [KEY]
    assert world.task(("lab", "other")) is None
    assert world.key_of("other") is None


def test_an_older_state_is_no_news(world: World) -> None:
    """A state that is older than the known one changes nothing; the same or a newer one is taken in."""
    world.put_task(task(9, spec={"shots": 9}))
    assert known(world).spec.shots == 10
    world.put_task(task(11, spec={"shots": 11}))
    assert known(world).spec.shots == 11


def test_versions_are_compared_as_numbers(world: World) -> None:
    """Version 100 is newer than version 10 and version 9."""
    world.put_task(task(100, spec={"shots": 100}))
    world.put_task(task(99, spec={"shots": 99}))
    assert known(world).spec.shots == 100


def test_the_program_is_not_kept(world: World) -> None:
    """The copy has no program, which may be half a MiB."""
    assert known(world).spec.qasm is None


def test_the_program_of_a_new_task_is_at_hand(world: World) -> None:
    """Until somebody has written to the task, its program need not be asked for; from then on it is not kept."""
    assert world.program(known(world)) == "OPENQASM 3.0;"
    world.put_task(task(11, status={"observedGeneration": 1}))
    assert world.program(known(world)) is None


def test_the_program_of_a_task_that_is_gone_is_not_kept(world: World) -> None:
    """A dropped task's program goes with it."""
    task_that_goes = known(world)
    world.drop_task(task(11))
    assert world.program(task_that_goes) is None


ENDED = {
    "observedGeneration": 0,
    "phase": "Succeeded",
    "reason": "Completed",
    "message": "The task has its counts.",
    "completionTime": "2026-01-02T03:04:09Z",
    "startTime": "2026-01-02T03:04:07Z",
    "attempts": 1,
    "counts": {"00": 5, "11": 5},
    "seed": 7,
    "qubits": 2,
    "method": "statevector",
    "conditions": [
        {"type": kind, "status": status, "reason": "Completed", "lastTransitionTime": "2026-01-02T03:04:09Z"}
        for kind, status in (("Scheduled", "True"), ("Running", "False"), ("Finished", "True"))
    ],
}


def test_of_an_ended_task_only_its_end_is_kept(world: World) -> None:
    """Counts and the story on the way are left out, and what is decided for the task is the same: nothing."""
    world.put_task(task(11, status=ENDED))
    status = known(world).status
    assert is_finished(status)
    assert (status.phase, status.counts, status.message) == (Phase.SUCCEEDED, None, None)
    assert [one.type for one in status.conditions] == ["Finished"]
    assert reconcile(Observed(known(world)), datetime(2026, 1, 2, tzinfo=UTC)).status is None


def test_on_the_way_everything_but_counts_is_kept(world: World) -> None:
    """The status of an unfinished task is compared with what should be there, so it is kept whole."""
    conditions = [
        {"type": "Running", "status": "True", "reason": "Started", "lastTransitionTime": "2026-01-02T03:04:09Z"}
    ]
    world.put_task(task(11, status={"phase": "Running", "message": "It runs.", "conditions": conditions}))
    status = known(world).status
    assert (status.message, [one.type for one in status.conditions]) == ("It runs.", ["Running"])


def test_a_dropped_task_is_gone(world: World) -> None:
    """A task that was deleted is neither found by key nor by uid."""
    assert world.drop_task(task(12)) == KEY
    assert world.task(KEY) is None
    assert world.key_of("uid-1") is None


def test_a_name_that_was_used_again_is_kept(world: World) -> None:
    """The late news of a deletion does not take away the object that has the name by now."""
    world.put_task(task(20, uid="uid-2"))
    world.drop_task(task(19))
    assert known(world).metadata.uid == "uid-2"
    assert world.key_of("uid-2") == KEY
    assert world.key_of("uid-1") is None


def test_a_late_state_of_an_earlier_object_changes_nothing(world: World) -> None:
    """An answer about an object that was deleted since does not displace the one that has its name by now."""
    world.drop_task(task(12))
    world.put_task(task(20, uid="uid-2"))
    world.put_task(task(11, uid="uid-1"))
    assert known(world).metadata.uid == "uid-2"


# -- Jobs and Pods -------------------------------------------------------------------------------------------------


def test_a_job_is_its_tasks_with_its_pods_oldest_first(world: World) -> None:
    """A task's Job comes with its Pods in the order of their creation, in whatever order they were heard of."""
    assert world.put_pod(pod(uid="late", created=9)) == "uid-1"
    assert world.put_job(job(active=1)) == "uid-1"
    assert world.put_pod(pod(uid="early", created=3)) == "uid-1"
    found = world.job(known(world))
    assert found is not None
    assert [one.name for one in found.pods] == ["early", "late"]
    assert found.active == 1


def test_pods_without_a_job_are_no_job(world: World) -> None:
    """Pods alone say nothing."""
    world.put_pod(pod())
    assert world.job(known(world)) is None


def test_a_job_may_be_heard_of_before_its_task() -> None:
    """The order in which kinds are listed does not matter."""
    world = World()
    world.put_job(job())
    world.put_task(task())
    assert world.job(known(world)) is not None


def test_older_states_of_jobs_and_pods_are_no_news(world: World) -> None:
    """What is newer stays."""
    world.put_job(job(20, failed=1))
    world.put_job(job(19, failed=0))
    world.put_pod(pod(20, phase="Running"))
    world.put_pod(pod(19, phase="Pending"))
    found = world.job(known(world))
    assert found is not None
    assert (found.failed, found.pods[0].phase) == (1, "Running")


def test_what_is_gone_is_gone(world: World) -> None:
    """A Pod and then a Job that were deleted are not there any more."""
    world.put_job(job())
    world.put_pod(pod())
    assert world.put_pod(pod(2), gone=True) == "uid-1"
    found = world.job(known(world))
    assert found is not None
    assert found.pods == ()
    assert world.put_job(job(2), gone=True) == "uid-1"
    assert world.job(known(world)) is None


def test_what_is_gone_does_not_come_back_with_a_late_answer(world: World) -> None:
    """A listing that began before a Job was deleted does not bring the Job back."""
    world.put_job(job(20))
    world.put_job(job(21), gone=True)
    world.put_job(job(20))
    assert world.job(known(world)) is None


def test_a_job_that_only_wears_the_label_is_nobodys(world: World) -> None:
    """A Job belongs to the task that controls it, not to one whose uid somebody wrote on it."""
    body = job()
    body["metadata"]["ownerReferences"] = []
    world.put_job(body)
    assert world.job(known(world)) is None


def test_a_job_of_another_namespace_is_nobodys(world: World) -> None:
    """Owners are of the same namespace: another tenant's Job says nothing of this task, whatever it refers to."""
    world.put_job(job(namespace="elsewhere"))
    assert world.job(known(world)) is None


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(pod(uid="stranger", namespace="elsewhere"), id="of-another-namespace"),
        pytest.param(pod(uid="stranger", job_uid="job-9"), id="of-another-job"),
    ],
)
def test_a_pod_that_only_wears_the_label_says_nothing(world: World, stranger: dict[str, Any]) -> None:
    """Only the Pods of the task's own Job are believed: their termination messages may end the task."""
    world.put_job(job())
    world.put_pod(stranger)
    world.put_pod(pod(uid="own"))
    found = world.job(known(world))
    assert found is not None
    assert [one.name for one in found.pods] == ["own"]


def test_the_pools_jobs_are_kept_apart(world: World) -> None:
    """A Job without a task is the pool's."""
    assert world.put_job(job(uid="pool-1", owner=None)) is None
    assert list(world.pool) == ["pool-1"]
    assert world.put_job(job(2, uid="pool-1", owner=None), gone=True) is None
    assert list(world.pool) == []


def test_a_pod_of_the_pool_is_nobodys(world: World) -> None:
    """A Pod without a task wakes no task."""
    body = pod()
    body["metadata"]["labels"] = {}
    assert world.put_pod(body) is None


# -- after a listing of everything ---------------------------------------------------------------------------------


def test_what_a_listing_did_not_have_is_forgotten(world: World) -> None:
    """Tasks, Jobs, Pods and the pool's Jobs that are not listed go; the tasks that went are told."""
    world.put_job(job(11))
    world.put_pod(pod(12))
    world.put_job(job(13, uid="pool-1", owner=None))
    assert world.keep_only(set(), 100) == {KEY}
    assert world.task(KEY) is None
    assert list(world.pool) == []
    world.put_task(task(200))
    assert world.job(known(world)) is None


def test_what_a_listing_had_is_kept(world: World) -> None:
    """What is listed stays as it is."""
    world.put_job(job(11))
    world.put_pod(pod(12))
    assert world.keep_only({"uid-1", "job-1", "pod-1"}, 100) == set()
    found = world.job(known(world))
    assert found is not None
    assert len(found.pods) == 1


def test_what_came_after_a_listing_is_kept(world: World) -> None:
    """What was heard of later than the listing is no part of it and stays."""
    world.put_task(task(101, uid="uid-2", name="new"))
    world.put_job(job(102))
    assert world.keep_only({"uid-1"}, 100) == set()
    assert world.task(("lab", "new")) is not None
    assert world.job(known(world)) is not None


def test_only_the_job_that_is_gone_is_forgotten(world: World) -> None:
    """A Job that was deleted while nobody looked goes without its task."""
    world.put_job(job(11))
    assert world.keep_only({"uid-1"}, 100) == set()
    assert world.job(known(world)) is None
    assert world.task(KEY) is not None
