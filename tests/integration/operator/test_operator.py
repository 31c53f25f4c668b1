"""The operator on a real API server with real controllers; a stand-in kubelet runs the runner's real processes."""

import signal

import pytest
from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.states import State
from quantum_tasks.store import Sight
from quantum_tasks.task import Options, Task
from support import kubelet, redis_users
from support.control_plane import ControlPlane
from support.kubectl_tasks import SOON
from support.namespace import Namespace, condition_of, installed
from support.programs import BELL, DENSE_40, ENDLESS, LONG, NOT_A_PROGRAM
from support.redis_server import RedisServer
from support.stores import flush, run
from support.waiting import eventually


def test_a_task_ends_with_its_counts(namespace: Namespace) -> None:
    """A Bell task gets one Job, and its counts are in the status and the same in Redis."""
    namespace.submit("bell", shots=500, seed=4)
    status = namespace.finished("bell")
    assert sum(status["counts"].values()) == 500
    assert set(status["counts"]) <= {"00", "11"}
    report = namespace.in_redis(lambda store: store.get(f"{namespace.name}/bell"))
    assert report.outcome.counts == status["counts"]
    assert (status["phase"], status["reason"], status["attempts"]) == ("Succeeded", "Completed", 1)
    assert (status["qubits"], status["method"], status["seed"]) == (2, "statevector", 4)
    assert status["duration"].endswith("s")
    assert condition_of(status, "Scheduled") == "True"
    assert condition_of(status, "Running") == "False"
    [job] = namespace.jobs()
    assert job["metadata"]["name"] == status["jobName"]


def test_the_story_of_a_task_is_in_its_events(namespace: Namespace) -> None:
    """`kubectl describe` shows the start and the end of a task."""
    namespace.submit("bell")
    namespace.finished("bell")

    def reasons() -> set[str]:
        return {
            event["reason"] for event in namespace.get("events", "--field-selector=involvedObject.name=bell")["items"]
        }

    eventually(lambda: {"Started", "Completed"} <= reasons(), SOON, "the events")


def test_a_broken_program_ends_without_a_pod(namespace: Namespace) -> None:
    """A program that does not parse fails with its place in the text, and no Job was made for it."""
    namespace.submit("broken", NOT_A_PROGRAM)
    status = namespace.finished("broken")
    assert (status["phase"], status["reason"]) == ("Failed", "InvalidProgram")
    assert (status["error"]["line"], status["error"]["code"]) == (3, "syntax.invalid")
    assert status["error"]["column"] >= 1
    assert namespace.jobs() == []


def test_a_program_that_cannot_fit_is_refused_before_any_pod(namespace: Namespace) -> None:
    """Forty dense qubits end with the memory that they would need, and no Job was made for them."""
    namespace.submit("dense", DENSE_40)
    status = namespace.finished("dense")
    assert (status["phase"], status["reason"]) == ("Failed", "TooLarge")
    assert "17592186044416 bytes" in status["message"]
    assert namespace.jobs() == []


@pytest.mark.parametrize(
    ("treatment", "reason", "condition"),
    [
        (kubelet.unschedulable, "Unschedulable", "Scheduled"),
        (kubelet.without_image, "ImagePullBackOff", "Running"),
    ],
)
def test_why_a_task_waits_is_in_its_conditions(
    namespace: Namespace, treatment: kubelet.Treatment, reason: str, condition: str
) -> None:
    """A Pod that cannot start says why in the task's conditions, in Redis too, and the task can be cancelled."""
    namespace.kubelet.treat(treatment)
    namespace.submit("waiting")
    status = namespace.until("waiting", reason, lambda status: status.get("reason") == reason)
    assert (status["phase"], condition_of(status, condition)) == ("Pending", "False")
    assert condition_of(status, condition, "reason") == reason
    assert status["message"]
    copy = eventually(lambda: _copy_with(namespace, "waiting", reason), SOON, "the copy in Redis to say the same")
    assert copy
    assert copy.message == status["message"]
    namespace.change("waiting", cancel=True)
    assert namespace.finished("waiting")["phase"] == "Cancelled"
    eventually(lambda: namespace.jobs() == [], SOON, "the Job to go")


def _copy_with(namespace: Namespace, name: str, reason: str) -> Task | None:
    task: Task = namespace.in_redis(lambda store: store.get(f"{namespace.name}/{name}"))
    return task if task.reason == reason else None


@pytest.mark.parametrize(("treatment", "reason"), [(kubelet.out_of_memory, "OOMKilled")])
def test_a_container_that_ran_out_of_memory_is_named(
    namespace: Namespace, treatment: kubelet.Treatment, reason: str
) -> None:
    """A task whose every attempt is killed for memory fails with that reason."""
    namespace.kubelet.treat(treatment)
    namespace.submit("large", backoffLimit=0)
    status = namespace.finished("large")
    assert (status["phase"], status["reason"], status["attempts"]) == ("Failed", reason, 1)
    assert "memory" in status["message"]


def test_an_evicted_pod_is_no_attempt_of_the_task(namespace: Namespace) -> None:
    """A disruption does not count: another Pod runs the task although no attempt may be lost."""
    namespace.kubelet.treat(kubelet.evicted)
    namespace.submit("bell", backoffLimit=0)
    eventually(lambda: namespace.get("pods")["items"], SOON, "a first Pod")
    namespace.kubelet.run_again()
    assert namespace.finished("bell")["phase"] == "Succeeded"


def test_a_deleted_pod_is_replaced(namespace: Namespace) -> None:
    """A task whose Pod is deleted while it runs starts anew, and knows that it did."""
    namespace.submit("endless", ENDLESS, backoffLimit=1)
    namespace.until("endless", "the first attempt", lambda status: status.get("phase") == "Running")
    [pod] = namespace.get("pods")["items"]
    eventually(lambda: _attempts(namespace, "endless") == 1, SOON, "the runner to begin")
    namespace.kubectl("delete", "pod", pod["metadata"]["name"], "--wait=false")
    status = namespace.until("endless", "the second attempt", lambda status: status.get("attempts") == 2)
    assert condition_of(status, "Finished") is None
    assert len(namespace.jobs()) == 1


def _attempts(namespace: Namespace, name: str) -> int:
    return int(namespace.in_redis(lambda store: store.get(f"{namespace.name}/{name}")).attempts)


def test_a_deadline_ends_a_task(namespace: Namespace) -> None:
    """A task that takes longer than its deadline fails with DeadlineExceeded."""
    namespace.submit("endless", ENDLESS, activeDeadlineSeconds=2)
    status = namespace.finished("endless")
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert "2 s" in status["message"]


def test_a_running_task_can_be_cancelled(namespace: Namespace) -> None:
    """A cancelled task ends at once, its Job goes, and its state never changes again."""
    namespace.submit("endless", ENDLESS)
    namespace.until("endless", "the run", lambda status: status.get("phase") == "Running")
    namespace.change("endless", cancel=True)
    status = namespace.finished("endless")
    assert (status["phase"], status["reason"]) == ("Cancelled", "Cancelled")
    eventually(lambda: namespace.jobs() == [], SOON, "the Job to go")
    assert namespace.status("endless") == status


def test_a_finished_task_ignores_its_cancellation(namespace: Namespace) -> None:
    """Cancelling a task that has succeeded changes nothing of its end."""
    namespace.submit("bell")
    before = namespace.finished("bell")
    namespace.change("bell", cancel=True)
    after = namespace.until("bell", "the change to be seen", lambda status: status["observedGeneration"] == 2)
    assert {**after, "observedGeneration": 1} == before


def test_a_task_can_be_held_back_and_let_go(namespace: Namespace) -> None:
    """A suspended task makes no Job, a running one is stopped, and both run once they are resumed."""
    namespace.submit("held", suspend=True)
    namespace.until("held", "suspension", lambda status: status.get("phase") == "Suspended")
    assert namespace.jobs() == []
    namespace.change("held", suspend=False)
    assert namespace.finished("held")["phase"] == "Succeeded"

    namespace.submit("endless", ENDLESS)
    namespace.until("endless", "the run", lambda status: status.get("phase") == "Running")
    namespace.change("endless", suspend=True)
    namespace.until("endless", "suspension", lambda status: status.get("phase") == "Suspended")
    eventually(lambda: not _living_pods(namespace, "endless"), SOON, "its Pod to go")
    namespace.change("endless", suspend=False)
    namespace.until("endless", "the second run", lambda status: status.get("phase") == "Running")


def _living_pods(namespace: Namespace, name: str) -> list[str]:
    selector = f"batch.kubernetes.io/job-name={namespace.status(name)['jobName']}"
    pods = namespace.get("pods", "-l", selector)["items"]
    return [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] in ("Pending", "Running")]


def test_a_task_goes_when_its_time_is_over(namespace: Namespace) -> None:
    """After its TTL a task is deleted, its Job with it, and Redis forgets it."""
    namespace.submit("brief", ttlSecondsAfterFinished=0)
    eventually(lambda: namespace.get("quantumtasks")["items"] == [], SOON, "the task to go")
    eventually(lambda: namespace.jobs() == [], SOON, "its Job to go")
    eventually(lambda: _known(namespace) == [], SOON, "Redis to forget it")


def _known(namespace: Namespace) -> list[str]:
    async def ids(store: Mirror) -> list[str]:
        return [task_id async for part in store.known() for task_id in part]

    found: list[str] = namespace.in_redis(ids)
    return found


def test_a_deleted_task_takes_its_job_along(namespace: Namespace) -> None:
    """Deleting a running task ends its Pod and leaves nothing, in the cluster or in Redis."""
    namespace.submit("endless", ENDLESS)
    namespace.until("endless", "the run", lambda status: status.get("phase") == "Running")
    namespace.kubectl("delete", "quantumtask", "endless")
    eventually(lambda: namespace.jobs() == [], SOON, "its Job to go")
    eventually(lambda: namespace.get("pods")["items"] == [], SOON, "its Pod to go")
    eventually(lambda: _known(namespace) == [], SOON, "Redis to forget it")


def test_tasks_survive_the_loss_of_everything_in_redis(namespace: Namespace) -> None:
    """Redis is emptied while tasks wait and run: all end, and those that had ended keep their counts."""
    namespace.submit("before")
    counts = namespace.finished("before")["counts"]
    for number in range(6):
        namespace.submit(f"t{number}")
    run(flush(namespace.redis.url))
    for number in range(6):
        assert namespace.finished(f"t{number}")["phase"] == "Succeeded"
    assert namespace.status("before")["counts"] == counts


def test_a_killed_operator_loses_nothing_and_does_nothing_twice(namespace: Namespace) -> None:
    """The operator is killed again and again while tasks come in: each ends, with one Job."""
    for kill in range(3):
        for number in range(4):
            namespace.submit(f"t{kill}-{number}")
        namespace.operator.stop(signal.SIGKILL)
        namespace.operator.start()
    names = [f"t{kill}-{number}" for kill in range(3) for number in range(4)]
    assert {namespace.finished(name)["phase"] for name in names} == {"Succeeded"}
    owners = [job["metadata"]["ownerReferences"][0]["name"] for job in namespace.jobs()]
    assert sorted(owners) == sorted(names)


def test_what_was_deleted_while_nobody_looked_is_forgotten(namespace: Namespace) -> None:
    """A task that is deleted while the operator is away leaves no record in Redis once it is back."""
    namespace.submit("bell")
    namespace.finished("bell")
    namespace.operator.stop()
    namespace.kubectl("delete", "quantumtask", "bell")
    assert _known(namespace) == [f"{namespace.name}/bell"]
    namespace.operator.start()
    eventually(lambda: _known(namespace) == [], SOON, "Redis to forget it")


def test_the_pool_runs_many_tasks_in_few_jobs(namespace: Namespace) -> None:
    """Tasks for the pool are run by Jobs that they share, which end when there is nothing left to do."""
    namespace.operator.restart(QT_POOL_IDLE_SECONDS="3", QT_POOL_MAX_JOBS="1")
    for number in range(20):
        namespace.submit(f"t{number}", executionMode="Pool", seed=number)
    statuses = [namespace.finished(f"t{number}") for number in range(20)]
    assert {status["phase"] for status in statuses} == {"Succeeded"}
    assert all(sum(status["counts"].values()) == 1024 for status in statuses)
    [job] = namespace.jobs()
    assert "ownerReferences" not in job["metadata"]
    eventually(lambda: namespace.jobs()[0]["status"].get("succeeded") == 1, SOON, "the pool to shrink to nothing")


def test_a_pool_task_can_be_held_back_and_cancelled(namespace: Namespace) -> None:
    """A task of the pool that runs is stopped by suspension, and a cancelled one by its cancellation."""
    for name in ("held", "cancelled"):
        namespace.submit(name, ENDLESS, executionMode="Pool")
        namespace.until(name, "the run", lambda status: status.get("phase") == "Running")
    namespace.change("held", suspend=True)
    namespace.change("cancelled", cancel=True)
    namespace.until("held", "suspension", lambda status: status.get("phase") == "Suspended")
    assert namespace.finished("cancelled")["phase"] == "Cancelled"
    namespace.submit("bell", BELL, executionMode="Pool")
    assert namespace.finished("bell")["phase"] == "Succeeded"
    namespace.change("held", suspend=False)
    namespace.until("held", "the second run", lambda status: status.get("phase") == "Running")


def test_the_probe_fails_while_the_resync_is_stuck(namespace: Namespace) -> None:
    """The liveness probe is about the resync loop: while that hangs it fails, and afterwards it is well again."""
    namespace.operator.restart(QT_RELIST_SECONDS="1", QT_RESYNC_SECONDS="1", QT_CLUSTER_TIMEOUT_SECONDS="120")
    assert namespace.operator.probe() == 200
    namespace.plane.signal_api_server(signal.SIGSTOP)
    try:
        eventually(lambda: namespace.operator.probe() == 500, SOON, "the probe to fail")
    finally:
        namespace.plane.signal_api_server(signal.SIGCONT)
    eventually(lambda: namespace.operator.probe() == 200, SOON, "the probe to be well again")


def test_the_operator_outlives_a_restart_of_the_api_server(namespace: Namespace) -> None:
    """The API server is killed and started again: tasks from before and after it end."""
    namespace.submit("before")
    namespace.plane.signal_api_server(signal.SIGKILL)
    namespace.plane.start_api_server()
    namespace.submit("after")
    assert {namespace.finished(name)["phase"] for name in ("before", "after")} == {"Succeeded"}


def test_the_operator_outlives_an_outage_of_redis(namespace: Namespace) -> None:
    """Redis is killed while a task runs, and started again: the task ends with its counts, and so do later ones."""
    namespace.submit("during", LONG)
    namespace.until("during", "the run", lambda status: status.get("phase") == "Running")
    namespace.redis.signal(signal.SIGKILL)
    namespace.submit("meanwhile")
    namespace.redis.start()
    for name in ("during", "meanwhile"):
        assert sum(namespace.finished(name)["counts"].values()) == 1024


def test_redis_follows_the_ends_that_it_missed(namespace: Namespace) -> None:
    """A Redis that comes back with an older state of a task that has ended without it is told of the end."""
    namespace.submit("bell")
    status = namespace.finished("bell")
    uid = namespace.get("quantumtask", "bell")["metadata"]["uid"]
    record = f"{namespace.name}/bell"
    eventually(lambda: namespace.jobs()[0]["status"].get("completionTime"), SOON, "the last news of its Job")
    # as after an outage in which the termination message ended the task
    run(flush(namespace.redis.url))
    namespace.in_redis(lambda store: store.provide(record, uid, BELL, Options(), queued=False))
    namespace.redis.signal(signal.SIGKILL)
    eventually(lambda: "quantum_tasks_redis_up 0.0" in namespace.operator.metrics(), SOON, "Redis to be missed")
    namespace.redis.start()

    def known() -> Task:
        found: Task = namespace.in_redis(lambda store: store.get(record))
        return found

    eventually(lambda: known().state is State.SUCCEEDED, SOON, "Redis to know the end")
    outcome = known().outcome
    assert outcome
    assert outcome.counts == status["counts"]


def test_redis_forgets_what_was_deleted_while_it_was_away(namespace: Namespace) -> None:
    """A task that is deleted with kubectl during an outage of Redis is forgotten as soon as that is back."""
    namespace.submit("bell")
    namespace.finished("bell")
    namespace.redis.signal(signal.SIGSTOP)
    namespace.kubectl("delete", "quantumtask", "bell")
    namespace.redis.signal(signal.SIGKILL)
    namespace.redis.start()
    eventually(lambda: _known(namespace) == [], SOON, "Redis to forget it")


# -- ends are shown --------------------------------------------------------------------------------------------------

NOT_SHOWN = '{"state":"running","reason":"Started"}'
"""As it stands in a record whose end the operator has written, and not marked as shown."""


def _is_shown(namespace: Namespace, name: str) -> bool:
    sight: Sight = namespace.in_redis(lambda store: store.sight(f"{namespace.name}/{name}"))
    return sight.task.state.terminal and sight.before is None


def _unmark(namespace: Namespace, name: str) -> None:
    namespace.redis.execute("HSET", Keys().task(f"{namespace.name}/{name}"), "before", NOT_SHOWN)


def test_an_end_is_shown_in_redis_once_it_is_in_the_status(namespace: Namespace) -> None:
    """While the operator is away a run may end, and nobody is shown its end; afterwards it is, with the same counts."""
    namespace.kubelet.hold()
    namespace.submit("bell")
    namespace.until("bell", "its Job", lambda status: bool(status.get("jobName")))
    namespace.operator.stop(signal.SIGKILL)
    namespace.kubelet.run_again()

    def known() -> Sight:
        found: Sight = namespace.in_redis(lambda store: store.sight(f"{namespace.name}/bell"))
        return found

    sight = eventually(lambda: (found := known()).task.state.terminal and found, SOON, "the run's end")
    assert sight
    assert sight.before
    assert (sight.before.state, sight.before.outcome) == (State.RUNNING, None)
    assert "counts" not in namespace.status("bell")
    namespace.operator.start()
    status = namespace.finished("bell")
    eventually(lambda: _is_shown(namespace, "bell"), SOON, "the end to be shown")
    outcome = known().task.outcome
    assert outcome
    assert outcome.counts == status["counts"]


@pytest.mark.parametrize("comes", ["the operator", "Redis"])
def test_an_end_that_was_not_marked_is_shown_when_one_comes_back(namespace: Namespace, comes: str) -> None:
    """An operator that died between the two, or lost Redis there, finds the task also where it has no TTL."""
    namespace.submit("bell")
    status = namespace.finished("bell")
    eventually(lambda: _is_shown(namespace, "bell"), SOON, "the end to be shown")
    if comes == "the operator":
        namespace.operator.stop(signal.SIGKILL)
        _unmark(namespace, "bell")
        namespace.operator.start()
    else:
        _unmark(namespace, "bell")
        namespace.redis.signal(signal.SIGKILL)
        eventually(lambda: "quantum_tasks_redis_up 0.0" in namespace.operator.metrics(), SOON, "Redis to be missed")
        namespace.redis.start()
    eventually(lambda: _is_shown(namespace, "bell"), SOON, "the end to be shown again")
    assert namespace.status("bell") == status


def test_an_end_that_cannot_be_marked_is_shown_later(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Redis refuses the mark alone, so that nothing looks like an outage, it is set at a later resync."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig))
    with RedisServer() as redis:
        rights = redis_users.documented()[redis_users.OPERATOR]
        redis_users.install(redis, quantum_tasks=[word for word in rights if word != "+hdel"])
        url = redis_users.url_of(redis, redis_users.OPERATOR)
        with installed(plane, redis, operators_redis=url, runners_redis=redis.url) as namespace:
            namespace.submit("bell")
            namespace.finished("bell")
            assert not _is_shown(namespace, "bell")
            redis.execute("ACL", "SETUSER", redis_users.OPERATOR, "+hdel")
            eventually(lambda: _is_shown(namespace, "bell"), SOON, "the end to be shown")


@pytest.mark.parametrize("mode", ["Job", "Pool"])
def test_attempts_are_counted_on_after_the_loss_of_everything(namespace: Namespace, mode: str) -> None:
    """What was lost in Redis is no fault of the task's; in the end both count the same, and no fewer than before."""
    namespace.submit("endless", ENDLESS, executionMode=mode, backoffLimit=0)
    namespace.until("endless", "the run", lambda status: status.get("attempts") == 1)
    run(flush(namespace.redis.url))

    def attempts() -> int:
        report = namespace.in_redis(lambda store: store.report(record, uid, most_bytes=0))
        return report.attempts if report else 0

    record = f"{namespace.name}/endless"
    uid = namespace.get("quantumtask", "endless")["metadata"]["uid"]
    eventually(lambda: attempts() >= 1, SOON, "the record to be put back")
    if mode == "Pool":
        namespace.until("endless", "the second run", lambda status: status.get("attempts") == 2)
    namespace.change("endless", cancel=True)
    status = namespace.finished("endless")
    assert status["phase"] == "Cancelled"
    eventually(lambda: _is_shown(namespace, "endless"), SOON, "the end to be shown")
    assert attempts() == status["attempts"] >= (2 if mode == "Pool" else 1)


def test_a_short_timeout_keeps_the_operator_from_nothing(namespace: Namespace) -> None:
    """The read that waits for ends is over before the client gives it up: it is never begun anew."""

    def calls(command: str) -> int:
        return int(namespace.redis.execute("INFO", "commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])

    namespace.redis.execute("CONFIG", "RESETSTAT")
    namespace.operator.restart(QT_REDIS_TIMEOUT_SECONDS="1")
    eventually(lambda: calls("xread") > 8, SOON, "some reads")
    # One read given up begins anew (a busy machine may have one); given up each time, there would be as many of these.
    assert calls("xrevrange") <= 3
