"""A real out-of-memory kill of one process: a memory cgroup of its own with next to no memory (version 1 and 2)."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import uuid4

from support.waiting import eventually

_V1 = Path("/sys/fs/cgroup/memory")
_V2 = Path("/sys/fs/cgroup")
_LIMIT_BYTES = 64 * 1024
_EMPTY_SECONDS = 10.0


def missing() -> str | None:
    """What this machine would need, if it cannot be done here."""
    if _V1.is_dir() and os.access(_V1, os.W_OK):
        return None
    controllers = _V2 / "cgroup.subtree_control"
    if os.access(_V2, os.W_OK) and controllers.exists() and "memory" in controllers.read_text().split():
        return None
    return "root, and a memory controller of cgroups that may be written"


@contextmanager
def without_memory(pid: int) -> Iterator[Callable[[], int]]:
    """Let a process have no more memory: the kernel kills it as soon as it asks for a page.

    Gives what says how many the kernel has killed for it: 1, or 0 for a process that has not asked, which goes on as
    it was. Raises ProcessLookupError when there is no such process.
    """
    root, limit, events = (
        (_V1, "memory.limit_in_bytes", "memory.oom_control") if _V1.is_dir() else (_V2, "memory.max", "memory.events")
    )
    before = _group_of(pid, root)
    group = root / f"quantum-tasks-chaos-{uuid4().hex}"
    group.mkdir()
    try:
        (group / limit).write_text(str(_LIMIT_BYTES))
        (group / "cgroup.procs").write_text(str(pid))
        yield partial(_kills, group / events)
    finally:
        for one in (group / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError, OSError):
                (before / "cgroup.procs").write_text(one)
        eventually(lambda: _removed(group), _EMPTY_SECONDS, "the cgroup to be empty")


def _group_of(pid: int, root: Path) -> Path:
    """Where a process is; the root where that cannot be seen from here."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None
    groups = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    group = root / groups["memory" if root is _V1 else ""].lstrip("/")
    return group if group.is_dir() else root


def _kills(events: Path) -> int:
    return int(dict(line.split() for line in events.read_text().splitlines())["oom_kill"])


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True
