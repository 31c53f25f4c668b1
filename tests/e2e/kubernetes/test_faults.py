"""What a cluster's tasks survive: a killed operator, a restarted API server, an emptied Redis."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.client import Client
from support.installation import Installation, processes_of
from support.processes import kill
from support.programs import BELL
from support.waiting import eventually

pytestmark = pytest.mark.cluster

TASKS = int(os.environ.get("QT_TEST_TASKS", "40"))
"""How many tasks go through the faults: `QT_TEST_TASKS=300` for the whole of it, which takes some minutes."""

KILLS = 5
SECONDS_PER_TASK = 10.0


def test_no_task_is_lost_or_run_twice_under_faults(installation: Installation, http: Client) -> None:
    """The operator is killed five times and the API server once while tasks come in: all succeed, with one Job each."""
    before = set(_names(installation, "quantumtasks"))
    ids: list[str] = []
    with ThreadPoolExecutor(1) as faults:
        harm = faults.submit(_do_harm, installation)
        while len(ids) < TASKS:
            answer = http.http.post("/tasks", json={"qc": BELL}, headers={"idempotency-key": f"t{len(ids)}"})
            if answer.status_code == 202:
                ids.append(answer.json()["task_id"])
            else:
                assert answer.status_code == 503, answer.text  # the API server is away: the client tries again
        harm.result(600)
    eventually(lambda: not _unfinished(installation, ids), TASKS * SECONDS_PER_TASK, "the end of every task")
    tasks = {task["metadata"]["name"]: task for task in installation.get("quantumtasks")["items"]}
    assert set(tasks) - before == set(ids)
    assert {tasks[task_id]["status"]["phase"] for task_id in ids} == {"Succeeded"}
    owners = [job["metadata"]["ownerReferences"][0]["name"] for job in _jobs(installation)]
    assert len(owners) == len(set(owners))
    assert set(owners) <= set(tasks)
    assert all(sum(http.counts(task_id).values()) == 1024 for task_id in ids)


def _do_harm(installation: Installation) -> None:
    for _ in range(KILLS - 1):
        installation.kill_operator()
    _restart_the_api_server(installation)
    installation.kill_operator()


def _restart_the_api_server(installation: Installation) -> None:
    pods = ("pods", "-n", "kube-system", "-l", "component=kube-apiserver")
    [pod] = installation.get(*pods)["items"]
    [pid] = processes_of(pod["metadata"]["annotations"]["kubernetes.io/config.hash"], "kube-apiserver")
    kill(pid)
    eventually(lambda: _answers(installation), 180, "the API server to be back")


def _answers(installation: Installation) -> bool:
    try:
        installation.kubectl("get", "--raw", "/readyz")
    except AssertionError:
        return False
    return True


def test_an_emptied_redis_costs_no_task(installation: Installation, http: Client) -> None:
    """Everything in Redis is lost while tasks run: all end, and what had ended before is still to be read over HTTP."""
    early = http.submit(BELL)
    counts = http.counts(early)
    installation.until(early, "the mirror", lambda status: status["phase"] == "Succeeded")
    ids = [http.submit(BELL) for _ in range(5)]
    installation.redis("FLUSHALL")
    for task_id in ids:
        assert installation.finished(task_id)["phase"] == "Succeeded"
        assert sum(http.counts(task_id).values()) == 1024
    assert http.counts(early) == counts


def _names(installation: Installation, kind: str) -> list[str]:
    return [item["metadata"]["name"] for item in installation.get(kind)["items"]]


def _unfinished(installation: Installation, ids: list[str]) -> list[str]:
    ended = ("Succeeded", "Failed", "Cancelled")
    tasks = installation.get("quantumtasks")["items"]
    phases = {task["metadata"]["name"]: task.get("status", {}).get("phase") for task in tasks}
    return [task_id for task_id in ids if phases.get(task_id) not in ended]


def _jobs(installation: Installation) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = installation.get("jobs", "-l", "app.kubernetes.io/component=runner")["items"]
    return jobs
