"""docs/operations.md is true of a cluster: its commands are run, in order, and print what it says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.chart import Release, released
from support.cluster import Cluster
from support.helm import Object, Rendered, chart_values, helm_program, load, render
from support.installation import ROOT
from support.pages import Shell, steps
from support.programs import BELL
from support.tools import require
from support.waiting import eventually

PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
RECIPES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def release(loaded: Cluster) -> Iterator[Release]:
    """A release with the chart's own values, whose namespace a page may take down."""
    with released(loaded) as release:
        yield release


@pytest.mark.cluster
def test_the_pages_commands_print_what_it_says(release: Release, tmp_path: Path) -> None:
    """Upgrade, rollback, backup, the loss of all, restore, new passwords and removal go as docs/operations.md says."""
    require("bash", "openssl")
    assert len(steps(PAGE)) > 50
    with Shell(release.cluster, release.namespace, tmp_path, helm_program()) as shell:
        shell.follow(PAGE)


@pytest.mark.cluster
def test_a_task_that_is_restored_without_its_status_runs_again(release: Release) -> None:
    """An ended task that is made again without its end is run again, and what Redis had of it gives way to that."""
    release.submit("twice", BELL, shots=100)
    release.finished("twice")
    before = release.get("quantumtask", "twice")
    release.kubectl("scale", "deployment", f"{release.fullname}-operator", "--replicas=0")
    release.kubectl("wait", "--for=delete", "pod", "-l", "app.kubernetes.io/component=operator", "--timeout=2m")
    release.kubectl("delete", "quantumtask", "twice")  # while nobody sees it: the record stays
    saved = {**before, "metadata": {"name": "twice"}}
    release.kubectl("create", "-f", "-", stdin=json.dumps(saved))
    release.kubectl("scale", "deployment", f"{release.fullname}-operator", "--replicas=1")
    release.finished("twice")
    after = release.get("quantumtask", "twice")
    assert after["status"]["jobName"] != before["status"]["jobName"]
    record = f"{{qt}}:task:{release.namespace}/twice"
    eventually(lambda: release.redis("HGET", record, "uid") == after["metadata"]["uid"], 30, "the record to be its own")


@pytest.mark.parametrize("values", RECIPES, ids=lambda values: values.split(":", maxsplit=1)[0])
def test_a_recipe_is_taken_by_the_chart(values: str) -> None:
    """The values of the page pass the chart's schema and its guards, and give something else than its own values."""
    assert _but_secrets(render(load(values))) != _but_secrets(render())


def _but_secrets(rendered: Rendered) -> list[Object]:
    return [each for each in rendered.objects if each["kind"] != "Secret"]  # passwords are new each time


def test_the_pages_figures_are_of_the_charts_values() -> None:
    """What the page calculates with are the chart's own values."""
    values = chart_values()
    assert f"`redis.maxMemory: {values['redis']['maxMemory']}`" in PAGE
    assert f"`operator.resources.limits.memory: {values['operator']['resources']['limits']['memory']}`" in PAGE
    assert f"`operator.resyncSeconds`, {values['operator']['resyncSeconds']}" in PAGE
    assert f"`operator.relistSeconds`, {values['operator']['relistSeconds']}" in PAGE
    assert f"`api.maxUnfinished` is {values['api']['maxUnfinished']:,}" in PAGE
