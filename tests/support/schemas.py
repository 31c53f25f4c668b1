"""JSON schemas: the places of one, values that it refuses, and those that an API server's OpenAPI gives."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Object = dict[str, Any]
Path = tuple[str | int, ...]
KINDS: dict[str, Any] = {"string": "~", "boolean": True, "number": 1.5, "array": ["~"], "object": {"~": "~"}}
"""A value of each type; none that a pattern of a name, a quantity or an address takes."""


class Leaf(NamedTuple):
    """A place of a schema that has no properties of its own, and what the schema says of it."""

    path: Path
    schema: Object

    @property
    def pointer(self) -> str:
        """The place as an error names it."""
        return "".join(f"/{step}" for step in self.path)


def resolved(schema: Object, root: Object) -> Object:
    """A schema with what it refers to in its place."""
    if "$ref" in schema:
        found: Object = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found[step]
        schema = {**{key: value for key, value in schema.items() if key != "$ref"}, **resolved(found, root)}
    for part in schema.get("allOf", []):
        schema = {**resolved(part, root), **schema}
    if "anyOf" in schema:
        schema = {**schema, "anyOf": [resolved(part, root) for part in schema["anyOf"]]}
    return schema


def leaves(root: Object) -> Iterator[Leaf]:
    """The leaves of an object's schema; a list and a free map are one leaf each."""
    yield from (leaf for leaf in places(root) if "properties" not in leaf.schema and not _within(leaf.path))


def places(root: Object) -> Iterator[Leaf]:
    """Every place of a schema: properties, items of lists (the first one's), values of maps (under one key)."""
    yield from _places(root, root, ())


def nested(values: Mapping[str, Any], path: Path, value: object) -> Object:
    """These values, with another one at a path; a list has one item."""
    changed: Any = _set(values, path, value)
    assert isinstance(changed, dict)
    return changed


def of_another_type(schema: Object) -> object:
    """A value of a type that the schema refuses."""
    return next(value for kind, value in KINDS.items() if not _takes_type(schema, kind))


def of_openapi(document: Mapping[str, Any]) -> Iterator[tuple[str, Object]]:
    """The schemas of an API group's kinds, each with a file's name: `GROUP/KIND-VERSION.json`, as kubeconform has them.

    They are strict: an object takes no other fields than those that it has, as with `kubectl --validate=strict`.
    """
    components = {name: _strict(part) for name, part in document["components"]["schemas"].items()}
    for name, part in components.items():
        for kind in part.get("x-kubernetes-group-version-kind", []):
            file = f"{kind['group'] or kind['version']}/{kind['kind'].lower()}-{kind['version']}.json"
            yield file, {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components}}


def _strict(schema: Any) -> Any:  # noqa: ANN401 - whatever is in a schema
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _strict(part) for name, part in schema.items()}
    if isinstance(found.get("properties"), dict) and not found.get("x-kubernetes-preserve-unknown-fields"):
        found.setdefault("additionalProperties", False)
    return found


MAP_KEY = "key"


def _within(path: Path) -> bool:
    return any(step in (0, MAP_KEY) for step in path)


def _places(schema: Object, root: Object, path: Path) -> Iterator[Leaf]:
    schema = resolved(schema, root)
    if path:
        yield Leaf(path, schema)
    for name, part in schema.get("properties", {}).items():
        yield from _places(part, root, (*path, name))
    if "items" in schema:
        yield from _places(schema["items"], root, (*path, 0))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _places(schema["additionalProperties"], root, (*path, MAP_KEY))


def _set(there: Any, path: Path, value: object) -> Any:  # noqa: ANN401 - lists in objects in lists
    if not path:
        return value
    step, *rest = path
    if step == 0:
        items = there if isinstance(there, list) and there else [None]
        return [_set(items[0], tuple(rest), value)]
    inside = there if isinstance(there, Mapping) else {}
    return {**inside, step: _set(inside.get(step), tuple(rest), value)}


def _takes_type(schema: Object, kind: str) -> bool:
    """Whether a schema could take the value of this type in KINDS."""
    if "anyOf" in schema:
        return any(_takes_type(part, kind) for part in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return False
    if "type" not in schema:
        return True
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return kind in types and not (kind == "string" and not re.search(schema.get("pattern", ""), KINDS[kind]))
