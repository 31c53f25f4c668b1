"""What the operator tells Prometheus, on a real API server and a real Redis."""

import signal
import time

from support import kubelet
from support.kubectl_tasks import SOON
from support.namespace import Namespace
from support.programs import NOT_A_PROGRAM
from support.scrapes import Scrape
from support.waiting import eventually


def _scrape(namespace: Namespace) -> Scrape:
    return Scrape(namespace.operator.metrics())


def test_ends_are_counted_by_reason(namespace: Namespace) -> None:
    """Tasks are counted by their phases and, once each, by how they ended, with the work that it took."""
    namespace.submit("bell")
    namespace.submit("broken", NOT_A_PROGRAM)
    namespace.finished("bell")
    namespace.finished("broken")
    scrape = _scrape(namespace)
    assert {phase: scrape.value("tasks", phase=phase) for phase in ("Succeeded", "Failed", "Pending")} == {
        "Succeeded": 1,
        "Failed": 1,
        "Pending": 0,
    }
    assert scrape.value("tasks_finished_total", reason="Completed") == 1
    assert scrape.value("tasks_finished_total", reason="InvalidProgram") == 1
    assert scrape.total("tasks_finished_total") == 2
    looks = scrape.value("reconciles_total", outcome="success")
    assert looks >= 4
    assert scrape.value("reconcile_duration_seconds_count") >= looks
    assert scrape.value("apiserver_requests_total", method="POST", code="201") >= 1


def test_a_resync_is_told_and_its_failure_too(namespace: Namespace) -> None:
    """The time of the last resync goes on while all is well, and stands while Redis is away; a scrape is answered."""
    first = eventually(lambda: _scrape(namespace).value("last_resync_timestamp_seconds"), SOON, "a resync")
    assert abs(time.time() - first) < SOON
    eventually(lambda: _scrape(namespace).value("last_resync_timestamp_seconds") > first, SOON, "the next one")
    eventually(lambda: _scrape(namespace).value("redis_up") == 1, SOON, "Redis to be seen")
    namespace.redis.signal(signal.SIGKILL)
    eventually(lambda: _scrape(namespace).value("redis_up") == 0, SOON, "Redis to be missed")
    namespace.redis.start()
    eventually(lambda: _scrape(namespace).value("redis_up") == 1, SOON, "Redis to be back")


def test_the_pool_is_told(namespace: Namespace) -> None:
    """A task that waits for the pool and the Job that is started for it are counted."""
    namespace.kubelet.treat(kubelet.unschedulable)
    namespace.submit("pooled", executionMode="Pool")
    eventually(lambda: _scrape(namespace).value("pool_depth") == 1, SOON, "the task to be counted")
    eventually(lambda: _scrape(namespace).value("pool_jobs") == 1, SOON, "the Job to be counted")
