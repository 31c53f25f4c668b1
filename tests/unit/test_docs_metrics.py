"""docs/kubernetes.md and the code agree on metrics, which are named as Prometheus would have them."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from quantum_api.metrics import Metrics as ApiMetrics
from quantum_operator.metrics import Metrics as OperatorMetrics
from quantum_operator.world import World

PAGE = (Path(__file__).parents[2] / "docs" / "kubernetes.md").read_text("utf-8")
OURS = "quantum_tasks_"
OF_A_SAMPLE = {"le"}
"""Labels that a histogram has for itself."""


def _of_the_api() -> CollectorRegistry:
    metrics = ApiMetrics()
    metrics.requests.labels("/tasks", "POST", 202)
    for duration in (metrics.duration, metrics.wait_duration):
        duration.labels("/tasks", "POST")
    return metrics.registry


def _of_the_operator() -> CollectorRegistry:
    metrics = OperatorMetrics(World())
    metrics.note_request("GET", 200)
    return metrics.registry


REGISTRIES = {"API": _of_the_api, "operator": _of_the_operator}


def _families(part: str) -> list[Metric]:
    """What a scrape gives, read back by Prometheus' own parser."""
    return list(text_string_to_metric_families(generate_latest(REGISTRIES[part]()).decode()))


def _name(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def _labels(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - OF_A_SAMPLE


def _told(part: str) -> set[tuple[str, str, str]]:
    """Name, type and labels of every row of the page's table that is about a part."""
    rows = re.findall(rf"^\| `({OURS}\w+)` \| (\w+) \| (\w+) \| (.*?) ?\|", PAGE, re.MULTILINE)
    return {(name, kind, labels) for name, of, kind, labels in rows if of in (part, "both")}


@pytest.mark.parametrize("part", REGISTRIES)
def test_the_page_has_every_metric(part: str) -> None:
    """The table of metrics has those of each part and no others, with their types and labels."""
    told = {(name, kind, frozenset(re.findall(r"\w+", labels))) for name, kind, labels in _told(part)}
    own = [family for family in _families(part) if family.name.startswith(OURS)]
    assert told == {(_name(family), family.type, frozenset(_labels(family))) for family in own}


@pytest.mark.parametrize("part", REGISTRIES)
def test_metrics_are_named_as_prometheus_would_have_them(part: str) -> None:
    """Each has a help text, counters end in `_total` and nothing else does, and times are in seconds."""
    for family in _families(part):
        name = _name(family)
        assert re.fullmatch(r"(quantum_tasks|process|python)(_[a-z]+)+", name)
        assert family.documentation
        assert (family.type == "counter") == name.endswith("_total")
        assert not re.search(r"_(count|sum|bucket|created|ms|millis\w*|minutes|kb|mb|mib)(_|$)", name)
        if family.type == "histogram":
            assert name.endswith("_seconds")
        assert all(re.fullmatch(r"[a-z_]+", label) for label in _labels(family))


@pytest.mark.parametrize("part", REGISTRIES)
def test_each_metric_is_given_once(part: str) -> None:
    """No scrape has two families of one name, nor two samples that are told apart by nothing."""
    families = _families(part)
    samples = [(sample.name, frozenset(sample.labels.items())) for family in families for sample in family.samples]
    assert len({family.name for family in families}) == len(families)
    assert len(set(samples)) == len(samples)


@pytest.mark.parametrize("part", REGISTRIES)
def test_the_build_and_the_process_are_told(part: str) -> None:
    """A scrape says which part it is of and how much memory that takes."""
    samples = {sample.name: sample for family in _families(part) for sample in family.samples}
    assert samples["quantum_tasks_build_info"].labels["part"] == part.lower()
    assert samples["process_resident_memory_bytes"].value > 0
