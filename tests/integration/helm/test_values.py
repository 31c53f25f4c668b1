"""Each value of the chart does what its comment says, and nothing else: cases.yaml has the changes that it makes."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from support.helm import (
    FULLNAME,
    WORKLOADS,
    Object,
    Rendered,
    chart_values,
    everything,
    load,
    load_all,
    overlaid,
    render,
)

CASES = load((Path(__file__).parent / "cases.yaml").read_text("utf-8"))
ELSEWHERE = {"nameOverride", "fullnameOverride", "commonLabels", "commonAnnotations"}
"""Values that change every object: test_names.py and test_labels.py."""

NAMED = ("containers", "initContainers", "volumes", "volumeMounts")
PASSWORD = re.compile(r"[A-Za-z0-9]{32}")
OF_ALL = re.compile(r"app\.kubernetes\.io/|helm\.sh/")
CHECKSUM = re.compile(r"checksum/")


def _leaves(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Values by their paths; resources are one value, whatever they name."""
    for name, value in values.items():
        if isinstance(value, dict) and value and name != "resources":
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _title(case: Object) -> str:
    return " ".join(path for path, _ in _leaves(case["values"]))


@pytest.mark.parametrize("case", CASES, ids=_title)
def test_a_value_changes_what_it_is_for(case: Object) -> None:
    """Beside the chart's own values, these change what the case says, and nothing else."""
    assert _changes(_tree(render()), _tree(render(case["values"]))) == case["changes"]


def test_every_value_has_a_case() -> None:
    """There is no value of which no case says what it does."""
    of_the_chart = dict(_leaves(chart_values())).keys() - ELSEWHERE
    used = {path for case in CASES for path, _ in _leaves(case["values"])}
    assert {path for path in of_the_chart if not any(_within(each, path) for each in used)} == set()


def test_everything_is_used_by_the_values_that_say_so() -> None:
    """everything.yaml gives every value another than the chart's, unless it is a switch that is on anyway."""
    given = overlaid(chart_values(), everything())
    unchanged = {path for path, value in _leaves(chart_values()) if value is not True and _at(given, path) == value}
    assert unchanged == {"redis.external.enabled", "redis.external.url"}


def _at(values: Any, path: str) -> Any:  # noqa: ANN401 - whatever is given
    return reduce(lambda found, name: found[name], path.split("."), values)


def _within(path: str, leaf: str) -> bool:
    return path == leaf or path.startswith(f"{leaf}.")


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Object:
    """What of one tree is other in the other: what is there anew, whole; None for what is gone."""
    found: Object = {}
    for name in [*before, *(each for each in after if each not in before)]:
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            if changes := _changes(old, new):
                found[name] = changes
        elif old != new:
            found[name] = new
    return found


def _tree(rendered: Rendered) -> Object:
    """All objects as one tree, short to read: no passwords, no labels that all have, Pods beside their workloads."""
    tree: Object = {}
    for each in rendered.objects:
        kind, metadata = each["kind"], each["metadata"]
        name = re.sub(rf"^(lab[:.])?{FULLNAME}-?", "", metadata["name"])
        body = {key: value for key, value in each.items() if key not in ("apiVersion", "kind")}
        if kind in WORKLOADS:
            spec = dict(body["spec"])
            tree[f"Pod/{name}"] = _short(spec.pop("template"))
            body["spec"] = spec
        elif kind == "ConfigMap" and name == "pods":
            body["data"] = {file: load_all(text) for file, text in body["data"].items()}
        elif kind == "Secret":
            body["stringData"] = {key: PASSWORD.sub("PASSWORD", text) for key, text in body["stringData"].items()}
        tree[f"{kind}/{name}"] = _short(body)
    return tree


def _short(body: Object) -> Object:
    """An object without what all have, its lists by the names or the places of what is in them."""
    found = {name: _shortened(name, value) for name, value in body.items()}
    return {name: value for name, value in found.items() if name != "metadata" or value}


def _shortened(name: str | int, value: Any) -> Any:  # noqa: ANN401 - whatever is in a manifest
    if name == "metadata":
        labels = {key: text for key, text in value.get("labels", {}).items() if not OF_ALL.match(key)}
        notes = {key: text for key, text in value.get("annotations", {}).items() if not CHECKSUM.match(key)}
        return {key: part for key, part in (("labels", labels), ("annotations", notes)) if part}
    if name == "env":
        return {each["name"]: each.get("value", each.get("valueFrom")) for each in value}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        named = name in NAMED
        return {each["name"] if named else place: _short(_unnamed(each, named)) for place, each in enumerate(value)}
    if isinstance(value, list):
        return {place: _words(each) for place, each in enumerate(value)} if name == "args" else value
    return _short(value) if isinstance(value, dict) else _words(value)


def _words(value: Any) -> Any:  # noqa: ANN401 - whatever is in a manifest
    """A text of several lines as its words, and how often each is there."""
    return dict(Counter(value.split())) if isinstance(value, str) and "\n" in value else value


def _unnamed(body: Object, named: bool) -> Object:  # noqa: FBT001 - of a table's rows
    return {key: value for key, value in body.items() if not (named and key == "name")}
