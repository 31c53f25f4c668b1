"""What the operator takes from kopf, and what it leaves."""

from types import SimpleNamespace
from typing import Any, cast

import kopf
import pytest
from quantum_operator.main import Operator, kopf_settings
from quantum_operator.world import World
from support.stores import run

BODY = {
    "metadata": {"name": "bell", "namespace": "lab", "uid": "uid-1", "resourceVersion": "5"},
    "spec": {"qasm": "OPENQASM 3;"},
    "status": {"phase": "Pending", "reason": "Queued"},
}


@pytest.mark.parametrize(
    ("types", "welcomed"),
    [
        (["ADDED"], ["uid-1"]),
        (["ADDED", "ADDED"], ["uid-1"]),
        ([None], []),  # of a listing: it may have been there for long
        ([None, "ADDED"], []),
        (["MODIFIED"], []),
    ],
)
def test_only_a_task_that_was_made_just_now_is_new(types: list[str | None], welcomed: list[str]) -> None:
    """Of others, an operator before this one may have had them run."""
    found: list[str] = []
    queued: list[object] = []
    nothing = cast("Any", None)
    operator = Operator(
        world=World(),
        controller=cast("Any", SimpleNamespace(welcome=found.append)),
        queue=cast("Any", SimpleNamespace(add=queued.append)),
        upkeep=nothing,
    )

    async def scenario() -> None:
        for kind in types:
            await operator.task_event({"type": kind, "object": BODY})

    run(scenario())
    assert (found, queued) == (welcomed, [("lab", "bell")] * len(types))


def test_kopf_keeps_nothing_in_objects() -> None:
    """Neither what they were, nor how far a handler has come."""
    kept, patch, body = kopf_settings().persistence, kopf.Patch(), kopf.Body(cast("Any", BODY))
    essence = kept.diffbase_storage.build(body=body)
    kept.diffbase_storage.store(body=body, patch=patch, essence=essence)
    key, record = cast("Any", "f"), cast("Any", {"started": "2026-01-02T03:04:05Z"})
    kept.progress_storage.store(key=key, record=record, body=body, patch=patch)
    kept.progress_storage.touch(body=body, patch=patch, value="x")
    kept.progress_storage.purge(key=key, body=body, patch=patch)
    assert not patch
    assert kept.diffbase_storage.fetch(body=body) is None
    assert kept.progress_storage.fetch(key=key, body=body) is None
    assert not kept.progress_storage.clear(essence=essence)
