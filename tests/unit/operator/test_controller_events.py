"""What the controller writes: the changes of a status, the Events that tell of them, and nothing to what is gone."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from quantum_operator import controller
from quantum_operator.controller import (
    NEWS_SECONDS,
    PROGRESS_SECONDS,
    Bounded,
    Controller,
    _changes,
    event_of,
    is_same_progress,
)
from quantum_operator.metrics import Metrics
from quantum_operator.settings import OperatorSettings
from quantum_operator.world import World
from quantum_tasks.cluster import ClusterError
from quantum_tasks.errors import Code
from quantum_tasks.mirror import Report
from quantum_tasks.resource import Condition, Error, Metadata, QuantumTask, Spec, Status
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.store import Submitted
from quantum_tasks.task import Failure
from support.stores import run

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
TASK = QuantumTask(metadata=Metadata(name="bell", namespace="lab", uid="uid-1"), spec=Spec())
QUEUED = Status(phase=Phase.PENDING, reason="Queued")
RUNS = Condition(type="Running", status="True", reason="Started", last_transition_time=NOW)


# -- the changes of a status ---------------------------------------------------------------------------------------


def test_only_what_changed_is_written() -> None:
    """A merge patch has the new values in the resource's own names and forms, and nothing else."""
    new = QUEUED.model_copy(update={"phase": Phase.RUNNING, "reason": "Started", "start_time": NOW, "job_name": "j"})
    assert _changes(QUEUED, new) == {
        "phase": "Running",
        "reason": "Started",
        "startTime": "2026-01-02T03:04:05Z",
        "jobName": "j",
    }


def test_what_is_gone_is_written_as_null() -> None:
    """A merge patch removes what the new status does not have any more."""
    old = QUEUED.model_copy(update={"error": Error(code="x", message="y"), "message": "old"})
    assert _changes(old, QUEUED) == {"error": None, "message": None}


def test_conditions_are_written_whole() -> None:
    """A merge patch replaces lists, so the list has all conditions."""
    old = QUEUED.model_copy(update={"conditions": [RUNS]})
    finished = RUNS.model_copy(update={"type": "Finished", "reason": "Completed"})
    changes = _changes(old, old.model_copy(update={"conditions": [RUNS, finished]}))
    assert [one["type"] for one in changes["conditions"]] == ["Running", "Finished"]


def test_equal_statuses_have_no_changes() -> None:
    """Nothing is written where nothing changed."""
    assert _changes(QUEUED, QUEUED.model_copy()) == {}


@pytest.mark.parametrize(
    ("update", "same"),
    [
        ({"message": "A node prepares the Pod.", "job_name": "bell-1"}, True),
        ({"observed_generation": 1}, True),
        ({"phase": Phase.RUNNING, "reason": "Started"}, False),
        ({"reason": "Unschedulable"}, False),
        ({"attempts": 1}, False),
        ({"conditions": [RUNS.model_copy(update={"type": "Finished"})]}, False),
    ],
)
def test_progress_is_the_same_where_the_phase_is(update: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - a value
    """Other words for it may wait; what somebody may act on may not."""
    assert is_same_progress(QUEUED, QUEUED.model_copy(update=update)) is same


def test_a_spec_that_was_taken_in_is_told_at_once() -> None:
    """Whoever changed it waits for the status to say so."""
    old = QUEUED.model_copy(update={"observed_generation": 1})
    assert not is_same_progress(old, old.model_copy(update={"observed_generation": 2}))


# -- Events --------------------------------------------------------------------------------------------------------


def test_an_event_is_about_its_task() -> None:
    """`kubectl describe` finds the Event by the object that it refers to."""
    event = event_of(TASK, QUEUED.model_copy(update={"message": "Waiting."}), NOW)
    assert event["involvedObject"] == {
        "apiVersion": "quantumtask.dev/v1alpha1",
        "kind": "QuantumTask",
        "name": "bell",
        "namespace": "lab",
        "uid": "uid-1",
    }
    assert (event["reason"], event["message"], event["type"]) == ("Queued", "Waiting.", "Normal")
    assert event["metadata"]["namespace"] == "lab"
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("phase", "reason", "kind"),
    [
        (Phase.RUNNING, Reason.STARTED, "Normal"),
        (Phase.SUCCEEDED, Reason.COMPLETED, "Normal"),
        (Phase.CANCELLED, Reason.CANCELLED, "Normal"),
        (Phase.SUSPENDED, Reason.SUSPENDED, "Normal"),
        (Phase.FAILED, Reason.INVALID_PROGRAM, "Warning"),
        (Phase.FAILED, Reason.OOM_KILLED, "Warning"),
        (Phase.PENDING, Reason.UNSCHEDULABLE, "Warning"),
        (Phase.PENDING, Reason.IMAGE_PULL_BACK_OFF, "Warning"),
        (Phase.PENDING, Reason.CONTAINER_ERROR, "Warning"),
        (Phase.PENDING, Reason.JOB_REFUSED, "Warning"),
        (Phase.PENDING, Reason.RETRYING, "Warning"),
    ],
)
def test_what_needs_a_look_is_a_warning(phase: Phase, reason: Reason, kind: str) -> None:
    """Failures, and whatever keeps a task from running, are warnings; the rest is normal."""
    assert event_of(TASK, Status(phase=phase, reason=reason.value), NOW)["type"] == kind


def test_a_long_message_is_cut_and_no_message_is_none() -> None:
    """An Event is short, whatever the status says."""
    assert len(event_of(TASK, QUEUED.model_copy(update={"message": "x" * 5000}), NOW)["message"]) == 1024
    assert event_of(TASK, QUEUED, NOW)["message"] == ""


def test_an_event_has_a_name_of_its_own() -> None:
    """The same news twice in a second is one Event; other news, and the same later, are others."""
    names = [
        event_of(TASK, status, time)["metadata"]["name"]
        for status, time in (
            (QUEUED, NOW),
            (QUEUED, NOW + timedelta(milliseconds=1)),
            (Status(phase=Phase.RUNNING, reason="Started"), NOW),
            (QUEUED, NOW + timedelta(seconds=9)),
        )
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert all(name.startswith("bell.") for name in names)


# -- what is kept in mind ------------------------------------------------------------------------------------------


def test_what_is_kept_in_mind_is_bounded() -> None:
    """The oldest entries are forgotten first, so that 10,000 tasks later the memory is as it was."""
    kept: Bounded[int] = Bounded()
    for number in range(10_001):
        kept.put(str(number), number)
    assert (len(kept), "0" in kept, "1" in kept, kept["10000"]) == (10_000, False, True, 10_000)


# -- what is gone --------------------------------------------------------------------------------------------------


class EmptyCluster:
    """An API server that has none of the objects any more, and counts who asks for them."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def delete(self, *_: object, **__: object) -> None:
        """Say that there is nothing to delete."""
        self._refuse("delete")

    async def patch(self, *_: object, **__: object) -> None:
        """Say that there is nothing to change."""
        self._refuse("patch")

    def _refuse(self, what: str) -> None:
        self.asked.append(what)
        raise ClusterError(404, "NotFound", "gone")


class EmptyRedis:
    """A Redis that knows nothing."""

    async def report(self, *_: object, **__: object) -> None:
        """Say that nothing is known."""


def controller_of(world: World, cluster: object, redis: object) -> Controller:
    """A controller that has these parts, and no checker."""
    server, store, nothing = cast("Any", cluster), cast("Any", redis), cast("Any", None)
    return Controller(server, store, nothing, world, settings=OperatorSettings(), metrics=Metrics(world))


def looking(world: World) -> tuple[Controller, EmptyCluster]:
    """A controller that has news of things that are gone by now."""
    cluster = EmptyCluster()
    return controller_of(world, cluster, EmptyRedis()), cluster


def body(status: dict[str, Any], **spec: object) -> dict[str, Any]:
    """A task as the API server gave it."""
    meta = {"name": "bell", "namespace": "lab", "uid": "uid-1", "resourceVersion": "5"}
    return {"metadata": meta, "spec": spec, "status": status}


def test_a_task_that_is_gone_is_deleted_once() -> None:
    """A task whose time is over, and which is not there any more, is not asked for again until there is news of it."""
    end = {"type": "Finished", "status": "True", "reason": "Completed", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    status = {"phase": "Succeeded", "completionTime": "2026-01-02T03:04:05Z", "conditions": [end]}

    async def scenario() -> None:
        world = World()
        key = world.put_task(body(status, ttlSecondsAfterFinished=0))
        controller, cluster = looking(world)
        for _ in range(3):
            await controller.look(key)
        assert cluster.asked == ["delete"]

    run(scenario())


def test_a_job_that_is_gone_is_suspended_once() -> None:
    """A Job that is to be suspended, and is not there any more, is not asked for again until there is news of it."""
    message = "The task is held back until spec.suspend is false."
    held = {
        "type": "Running",
        "status": "False",
        "reason": "Suspended",
        "message": message,
        "lastTransitionTime": "2026-01-02T03:04:05Z",
    }
    status = {"phase": "Suspended", "reason": "Suspended", "message": message, "conditions": [held]}

    async def scenario() -> None:
        world = World()
        key = world.put_task(body({**status, "observedGeneration": 0}, suspend=True))
        meta = {"name": "bell-1", "namespace": "lab", "uid": "job-1", "resourceVersion": "6"}
        owners = [{"uid": "uid-1", "controller": True}]
        labels = {"quantumtask.dev/task-uid": "uid-1"}
        world.put_job({"metadata": {**meta, "labels": labels, "ownerReferences": owners}, "spec": {}})
        controller, cluster = looking(world)
        for _ in range(3):
            await controller.look(key)
        assert cluster.asked == ["patch"]

    run(scenario())


def test_a_task_that_is_gone_is_written_to_once() -> None:
    """A status that cannot be written, its task being gone, is not written again until there is news of it."""

    async def scenario() -> None:
        world = World()
        key = world.put_task(body({"phase": "Pending", "reason": "Queued"}, cancel=True))
        controller, cluster = looking(world)
        for _ in range(3):
            await controller.look(key)
        assert cluster.asked == ["patch"]

    run(scenario())


# -- the pool ------------------------------------------------------------------------------------------------------


class PoolCluster:
    """An API server that has a task for the pool, and counts who asks for what."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.asked: list[str] = []

    async def get(self, *_: object) -> dict[str, Any]:
        """Give the task."""
        self.asked.append("get")
        return self.task

    async def patch(self, *arguments: Any, **_: object) -> dict[str, Any]:  # noqa: ANN401 - the cluster's own
        """Take a change of the status."""
        self.asked.append("patch")
        version = str(int(self.task["metadata"]["resourceVersion"]) + 1)
        meta = {**self.task["metadata"], "resourceVersion": version}
        self.task = {**self.task, "metadata": meta, "status": {**self.task["status"], **arguments[-1]["status"]}}
        return self.task

    async def create(self, _kind: object, _namespace: str, event: dict[str, Any]) -> None:
        """Take an Event."""
        self.asked.append(event["type"])


class PoolRedis:
    """A Redis whose worker ends a task as the test says, and which counts how often it is asked."""

    def __init__(self, *, shows: bool = True) -> None:
        self.known: Report | None = None
        self.programs: list[str] = []
        self.asked = 0
        self._shows = shows

    async def report(self, *_: object, **__: object) -> Report | None:
        """Say how it goes."""
        self.asked += 1
        return self.known

    async def provide(self, _id: str, _uid: str, qasm: str, *_: object, **__: object) -> SimpleNamespace:
        """Take the program, unless the task is known."""
        self.programs.append(qasm)
        known, self.known = self.known, self.known or Report(State.QUEUED, Reason.QUEUED)
        return SimpleNamespace(submitted=Submitted.REPLAYED if known else Submitted.ACCEPTED)

    async def show(self, *_: object, **__: object) -> bool:
        """Show the end, if it has the same."""
        return self._shows


@pytest.mark.parametrize("shows", [True, False])
def test_redis_is_not_asked_what_is_known(shows: bool) -> None:  # noqa: FBT001 - a value
    """It knows nothing of a task that was made just now, and no more of an end than that it shows it."""

    async def scenario() -> None:
        world = World()
        given = body({"phase": "Pending", "reason": "Queued"}, executionMode="Pool", qasm="OPENQASM 3;")
        key = world.put_task(given)
        redis = PoolRedis(shows=shows)
        operator = controller_of(world, PoolCluster(given), redis)
        operator.welcome("uid-1")
        asked = []
        for report in (None, Report(State.RUNNING, Reason.STARTED), Report(State.SUCCEEDED, Reason.COMPLETED)):
            redis.known = report
            await operator.look(key)
            asked.append(redis.asked)
        redis.known = Report(State.SUCCEEDED, Reason.COMPLETED)
        for _ in range(2):
            await operator.look(key)
            asked.append(redis.asked)
        assert (redis.programs, asked) == (["OPENQASM 3;"], [0, 1, 2, 2, 3] if shows else [0, 1, 2, 3, 4])

    run(scenario())


def test_a_task_that_has_ended_before_the_first_look_is_looked_at_again_at_once() -> None:
    """The API had it queued, and a worker was quick."""

    async def scenario() -> None:
        world = World()
        given = body({"phase": "Pending", "reason": "Queued"}, executionMode="Pool", qasm="OPENQASM 3;")
        key = world.put_task(given)
        cluster, redis = PoolCluster(given), PoolRedis()
        redis.known = Report(State.SUCCEEDED, Reason.COMPLETED)
        operator = controller_of(world, cluster, redis)
        operator.welcome("uid-1")
        assert await operator.look(key) == 0
        assert await operator.look(key) == NEWS_SECONDS
        assert cluster.asked == ["patch"]

    run(scenario())


def test_redis_is_asked_again_once_it_was_away() -> None:
    """It may have lost what it was the last to say."""

    async def scenario() -> None:
        world = World()
        given = body({"phase": "Pending", "reason": "Queued"}, executionMode="Pool", qasm="OPENQASM 3;")
        key = world.put_task(given)
        redis = PoolRedis()
        operator = controller_of(world, PoolCluster(given), redis)
        operator.welcome("uid-1")
        operator.doubt()
        await operator.look(key)
        assert redis.asked == 1

    run(scenario())


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        ({"phase": "Pending", "reason": "Queued"}, {"cancel": True}),
        ({"phase": "Pending", "reason": "Queued"}, {"suspend": True}),
        ({"phase": "Pending", "reason": "Queued", "observedGeneration": 1}, {}),
    ],
)
def test_redis_is_asked_of_a_new_task_that_somebody_has_changed(status: dict[str, Any], spec: dict[str, Any]) -> None:
    """What is to be done depends on how far it has come."""

    async def scenario() -> None:
        world = World()
        given = body(status, executionMode="Pool", qasm="OPENQASM 3;", **spec)
        key = world.put_task(given)
        redis = PoolRedis()
        redis.known = Report(State.SUCCEEDED, Reason.COMPLETED)
        operator = controller_of(world, PoolCluster(given), redis)
        operator.welcome("uid-1")
        await operator.look(key)
        assert redis.asked == 1

    run(scenario())


@pytest.mark.parametrize(
    ("end", "asked"),
    [
        (Report(State.SUCCEEDED, Reason.COMPLETED), ["patch"]),
        (Report(State.FAILED, Reason.INVALID_PROGRAM, failure=Failure(Code.SYNTAX, "no")), ["patch", "Warning"]),
    ],
)
def test_a_quick_task_of_the_pool_is_written_to_once(end: Report, asked: list[str]) -> None:
    """Of a new task its program is known; its end is one write, and only one that went wrong leaves an Event."""

    async def scenario() -> None:
        world = World()
        given = body({"phase": "Pending", "reason": "Queued"}, executionMode="Pool", qasm="OPENQASM 3;")
        key = world.put_task(given)
        cluster, redis = PoolCluster(given), PoolRedis()
        operator = controller_of(world, cluster, redis)
        assert await operator.look(key) == NEWS_SECONDS
        assert (redis.programs, cluster.asked) == (["OPENQASM 3;"], [])
        assert operator.pool_wanted.is_set()
        redis.known = end
        assert await operator.look(key) == NEWS_SECONDS
        assert await operator.look(key) is None
        assert cluster.asked == asked

    run(scenario())


def test_a_task_of_the_pool_that_was_written_to_is_read_again() -> None:
    """Redis was emptied in mid-run: the program comes from the API server."""

    async def scenario() -> None:
        given = body({"phase": "Running", "reason": "Started", "observedGeneration": 1}, executionMode="Pool", qasm="Q")
        world = World()
        key = world.put_task(given)
        cluster, redis = PoolCluster(given), PoolRedis()
        operator = controller_of(world, cluster, redis)
        await operator.look(key)
        assert (redis.programs, cluster.asked) == (["Q"], ["get"])

    run(scenario())


# -- progress ------------------------------------------------------------------------------------------------------


class OneTask:
    """An API server that has the task, and keeps what is written to it."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.messages: list[str] = []

    async def patch(self, *arguments: Any, **_: object) -> dict[str, Any]:  # noqa: ANN401 - the cluster's own
        """Take a change of the status."""
        changes = arguments[-1]["status"]
        self.messages.append(changes["message"])
        version = str(int(self.task["metadata"]["resourceVersion"]) + 1)
        meta = {**self.task["metadata"], "resourceVersion": version}
        self.task = {**self.task, "metadata": meta, "status": {**self.task["status"], **changes}}
        return self.task

    async def create(self, *_: object) -> None:
        """Take an Event."""


class QueuedInRedis:
    """A Redis in which the task waits for its Pod."""

    async def report(self, *_: object, **__: object) -> Report:
        """Say so."""
        return Report(State.QUEUED, Reason.QUEUED)


def pod(version: int, **status: object) -> dict[str, Any]:
    """The task's Pod as the API server gave it."""
    meta = {"name": "bell-1-x", "namespace": "lab", "uid": "pod-1", "resourceVersion": str(version)}
    owners = [{"uid": "job-1", "controller": True}]
    labels = {"quantumtask.dev/task-uid": "uid-1"}
    return {
        "metadata": {**meta, "labels": labels, "ownerReferences": owners, "creationTimestamp": "2026-01-02T03:04:05Z"},
        "spec": {},
        "status": {"phase": "Pending", **status},
    }


def test_other_words_for_the_same_phase_wait_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The phase is told at once, its details a second after the last write: a quick task is written to twice."""
    now = [100.0]
    monkeypatch.setattr(controller, "time", SimpleNamespace(monotonic=lambda: now[0]))
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    started = {"startedAt": "2026-01-02T03:04:06Z"}

    async def scenario() -> None:
        world = World()
        key = world.put_task(body({"phase": "Pending", "reason": "Queued"}))
        meta = {"name": "bell-1", "namespace": "lab", "uid": "job-1", "resourceVersion": "6"}
        owners = [{"uid": "uid-1", "controller": True}]
        labels = {"quantumtask.dev/task-uid": "uid-1"}
        world.put_job({"metadata": {**meta, "labels": labels, "ownerReferences": owners}, "spec": {}})
        cluster = OneTask(body({"phase": "Pending", "reason": "Queued"}))
        looking = controller_of(world, cluster, QueuedInRedis())
        await looking.look(key)
        assert cluster.messages == ["Waiting for a Pod."]
        world.put_pod(pod(7, conditions=[scheduled]))
        now[0] += PROGRESS_SECONDS / 4
        assert await looking.look(key) == PROGRESS_SECONDS * 3 / 4
        assert len(cluster.messages) == 1
        running = [{"name": "runner", "state": {"running": started}}]
        world.put_pod(pod(8, phase="Running", conditions=[scheduled], containerStatuses=running))
        await looking.look(key)
        assert cluster.messages[1:] == ["Pod bell-1-x runs the task."]
        now[0] += PROGRESS_SECONDS
        over = {"terminated": {**started, "exitCode": 0, "finishedAt": "2026-01-02T03:04:07Z"}}
        world.put_pod(pod(9, conditions=[scheduled], containerStatuses=[{"name": "runner", "state": over}]))
        await looking.look(key)
        assert cluster.messages[2:] == ["The Pod is about to end."]

    run(scenario())
