"""What the operator counts and times, and what it tells of the world."""

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from quantum_operator.metrics import ENDS, Metrics
from quantum_operator.world import Key, World
from quantum_tasks.states import Phase
from support.scrapes import Scrape
from support.stores import run

PAGE = Path(__file__).parents[3] / "docs" / "kubernetes.md"
KEY = ("lab", "bell")


def _scrape(metrics: Metrics) -> Scrape:
    return Scrape(generate_latest(metrics.registry).decode())


def _task(name: str, version: int, phase: str | None) -> dict[str, Any]:
    meta = {"name": name, "namespace": "lab", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {}, "status": {"phase": phase} if phase else {}}


def _pool_job(number: int) -> dict[str, Any]:
    meta = {"name": f"pool-{number}", "namespace": "lab", "uid": f"job-{number}", "resourceVersion": str(number)}
    return {"metadata": meta, "spec": {}}


def test_every_way_to_end_is_told_from_the_start() -> None:
    """Each reason of an end that the page has is there with 0, so that the first one is seen as a rise."""
    ends = ("Succeeded", "Failed", "Cancelled")
    told = re.findall(rf"^\| `(\w+)` \| (?:{'|'.join(ends)}) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert set(told) == set(ENDS)
    samples = _scrape(Metrics(World())).samples
    assert {
        dict(labels)["reason"]: value for (name, labels), value in samples.items() if "_tasks_finished_" in name
    } == dict.fromkeys(told, 0.0)


@pytest.mark.parametrize(("fails", "outcome"), [(False, "success"), (True, "error")])
def test_a_look_is_counted_by_its_outcome_and_timed(fails: bool, outcome: str) -> None:  # noqa: FBT001 - a parameter of the table
    """The work gives and raises what it did before."""
    metrics = Metrics(World())

    async def look(key: Key) -> float:
        assert key == KEY
        if fails:
            raise RuntimeError
        return 2.5

    async def scenario() -> None:
        if fails:
            with pytest.raises(RuntimeError):
                await metrics.timed(look)(KEY)
        else:
            assert await metrics.timed(look)(KEY) == 2.5

    run(scenario())
    scrape = _scrape(metrics)
    assert scrape.value("reconciles_total", outcome=outcome) == scrape.total("reconciles_total") == 1
    assert scrape.value("reconcile_duration_seconds_count") == 1


def test_tasks_are_counted_by_phase_as_they_are_now() -> None:
    """A task moves from phase to phase, one without any is pending, and one that is gone counts no more."""
    world = World()
    metrics = Metrics(world)

    def counts() -> dict[str, float]:
        scrape = _scrape(metrics)
        return {phase: scrape.value("tasks", phase=phase) for phase in Phase if scrape.value("tasks", phase=phase)}

    assert counts() == {}
    for version, (name, phase) in enumerate([("a", None), ("b", "Pending"), ("c", "Running")], start=1):
        world.put_task(_task(name, version, phase))
    assert counts() == {"Pending": 2, "Running": 1}
    world.put_task(_task("b", 5, "Running"))
    world.drop_task(_task("c", 6, "Running"))
    assert counts() == {"Pending": 1, "Running": 1}


def test_jobs_of_the_pool_are_counted_until_they_end() -> None:
    """One that has ended, and is kept for its logs, is not among them."""
    world = World()
    metrics = Metrics(world)
    for number in (1, 2):
        world.put_job(_pool_job(number))
    assert _scrape(metrics).value("pool_jobs") == 2
    ended = {"metadata": {**_pool_job(1)["metadata"], "resourceVersion": "9"}, "spec": {}}
    world.put_job({**ended, "status": {"conditions": [{"type": "Complete", "status": "True"}]}})
    assert _scrape(metrics).value("pool_jobs") == 1


def test_a_request_without_an_answer_has_no_code() -> None:
    """Requests to the API server are told apart by their codes, and those without one are `unreachable`."""
    metrics = Metrics(World())
    metrics.note_request("GET", 200)
    metrics.note_request("PATCH", None)
    scrape = _scrape(metrics)
    assert scrape.value("apiserver_requests_total", method="GET", code="200") == 1
    assert scrape.value("apiserver_requests_total", method="PATCH", code="unreachable") == 1
