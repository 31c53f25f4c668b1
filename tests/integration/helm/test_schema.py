"""The chart's schema: it knows every value and no others, and helm says where a value is wrong."""

import json
import re
from collections.abc import Iterator
from functools import cache

import pytest
from support.helm import CHART, Object, Rendered, chart_values, refusal, render
from support.schemas import Leaf, Path, leaves, nested, of_another_type, places

SCHEMA: Object = json.loads((CHART / "values.schema.json").read_text("utf-8"))
PLACES = list(places(SCHEMA))

FREE = {
    *("global", "affinity", "podSecurityContext", "valueFrom", "podSelector", "namespaceSelector"),
    "spec",  # of a Pod template
    *("tolerations", "topologySpreadConstraints", "parentRefs"),
}
"""Objects of Kubernetes' own of which the chart need not know what is in them."""

NO_VALUES = {"global"}
"""Helm's own."""

MAY_BE_NULL: set[Path] = {
    *(("tasks", "ttlSecondsAfterFinished"), ("networkPolicy", "dnsTo")),
    *((part, "resources", side) for part in ("api", "operator", "redis") for side in ("requests", "limits")),
}
"""Values that can be taken away by null, beside those that are empty anyway."""


def _values(values: Object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """The chart's own values, by the places of the schema that they are of."""
    for name, value in values.items():
        here = (*path, name)
        if (
            isinstance(value, dict)
            and value
            and any(each.path == here and "properties" in each.schema for each in PLACES)
        ):
            yield from _values(value, here)
        else:
            yield here, value


VALUES = dict(_values(chart_values()))
EMPTY = [path for path, value in VALUES.items() if value in ("", None, [], {}) and path not in MAY_BE_NULL]
NEEDED = [path for path in VALUES if path not in EMPTY and path not in MAY_BE_NULL]


def _wrong() -> dict[str, list[tuple[Path, object]]]:
    """Wrong values by what is wrong with them, each with its place. One call of helm is enough for each sort."""
    scalars = [each for each in PLACES if not each.schema.keys() & {"properties", "items", "additionalProperties"}]
    ours = [each for each in scalars if each.path[-1] not in FREE and each.schema != {"type": "object"}]
    lists = [each for each in PLACES if "items" in each.schema]
    maps = [each for each in PLACES if isinstance(each.schema.get("additionalProperties"), dict)]
    objects = [each for each in PLACES if "properties" in each.schema]
    return {
        "another type": [(each.path, of_another_type(each.schema)) for each in ours],
        "no list": [(each.path, "~") for each in lists if 0 not in each.path],
        "no map": [(each.path, "~") for each in maps],
        "no object": [(each.path, "~") for each in scalars if each.path[-1] in FREE],
        "too small": [(each.path, each.schema["minimum"] - 1) for each in ours if "minimum" in each.schema],
        "too large": [(each.path, each.schema["maximum"] + 1) for each in ours if "maximum" in each.schema],
        "a fraction": [(each.path, 3.5) for each in ours if each.schema.get("type") == "integer"],
        "another word": [(each.path, "Other") for each in ours if "enum" in each.schema],
        "another form": [(each.path, "~ ~") for each in ours if "pattern" in each.schema],
        "too long": [(each.path, "~" * (each.schema["maxLength"] + 1)) for each in ours if "maxLength" in each.schema],
        "too few": [(each.path, []) for each in lists if each.schema.get("minItems")],
        "too many": [(each.path, _many(each)) for each in lists if "maxItems" in each.schema],
        "an unknown key": [((*each.path, "unknown"), 1) for each in [Leaf((), SCHEMA), *objects]],
    }


def _many(leaf: Leaf) -> list[object]:
    return [f"item {number}" for number in range(leaf.schema["maxItems"] + 1)]


WRONG = _wrong()


@cache
def _complaints(sort: str) -> set[str]:
    """The places that helm complains of when everything is wrong in this way."""
    values: Object = {}
    for path, value in WRONG[sort]:
        values = nested(values, path, value)
    told = refusal(values)
    unknown = re.findall(r"at '([^']*)': additional properties ((?:'[^']*'(?:, )?)+) not allowed", told)
    return {
        *re.findall(r"at '([^']*)'", told),
        *(f"{place}/{name}" for place, names in unknown for name in re.findall(r"'([^']*)'", names)),
    }


@pytest.mark.parametrize(
    ("sort", "place"), [(sort, Leaf(path, {}).pointer) for sort, wrong in WRONG.items() for path, _ in wrong]
)
def test_a_wrong_value_is_refused_where_it_stands(sort: str, place: str) -> None:
    """Helm refuses a wrong value of every place of the schema, and names the place."""
    assert place in _complaints(sort)


def test_the_schema_takes_the_charts_values() -> None:
    """The chart's own values are what its schema takes, even when they are given."""
    assert _same(render(chart_values()), render())


def test_the_schema_and_the_values_name_the_same() -> None:
    """Every value of the chart is in the schema, and whatever is in the schema is a value of the chart."""
    assert VALUES.keys() - {leaf.path for leaf in PLACES} == set()
    named = {leaf.path for leaf in leaves(SCHEMA) if not any(leaf.path[:end] in VALUES for end in range(1, 9))}
    assert named == {(name,) for name in NO_VALUES}


@pytest.mark.parametrize("place", PLACES, ids=lambda leaf: leaf.pointer)
def test_objects_take_no_other_keys(place: Leaf) -> None:
    """An object of the schema takes what it names and nothing else, unless it is Kubernetes' own."""
    schema = place.schema
    if schema.get("type") == "object":
        if "properties" in schema:
            assert schema["additionalProperties"] is False
        else:
            free = place.path[-1] in FREE or (place.path[-1] == 0 and place.path[-2] in FREE)
            assert isinstance(schema.get("additionalProperties"), dict) or free


@pytest.mark.parametrize(
    "values",
    [
        {"commonLabels": {"app.kubernetes.io/name": "other"}},
        {"api": {"podLabels": {"app.kubernetes.io/component": "other"}}},
        {"runner": {"podLabels": {"quantumtask.dev/pool": "other"}}},
        {"runner": {"podTemplate": {"metadata": {"labels": {"quantumtask.dev/task-uid": "other"}}}}},
        {"metrics": {"serviceMonitor": {"labels": {"helm.sh/chart": "other"}}}},
    ],
    ids=str,
)
def test_labels_by_which_pods_are_found_are_the_charts(values: Object) -> None:
    """Nobody can take a label of the chart's or of the operator's for something else."""
    assert "invalid propertyName" in refusal(values)


def test_null_takes_away_what_may_be_missing() -> None:
    """Null for a value that is empty by itself changes nothing."""
    values: Object = {}
    for path in EMPTY:
        values = nested(values, path, None)
    assert _same(render(values), render())


@pytest.mark.parametrize("path", NEEDED, ids="/".join)
def test_null_is_refused_where_a_value_must_be(path: Path) -> None:
    """Null for a value without which a part would not work is refused, and the value is named."""
    assert path[-1] in _missing().get(Leaf(path[:-1], {}).pointer, set())


def test_no_section_can_be_taken_away() -> None:
    """Null for a section of the values is refused, and the section is named."""
    sections = {name for name, value in chart_values().items() if isinstance(value, dict) and value}
    found = re.findall(r"'(\w+)'", refusal(dict.fromkeys(sections)))
    assert sections <= set(found)


@cache
def _missing() -> dict[str, set[str]]:
    values: Object = {}
    for path in NEEDED:
        values = nested(values, path, None)
    told = re.findall(r"at '([^']*)': missing propert(?:y|ies) (.*)", refusal(values))
    return {place: set(re.findall(r"'([^']*)'", names)) for place, names in told}


def _same(one: Rendered, other: Rendered) -> bool:
    """Whether two renderings are the same, but for passwords."""
    return [each for each in one.objects if each["kind"] != "Secret"] == [
        each for each in other.objects if each["kind"] != "Secret"
    ]
