"""Processes as /proc shows them: who descends from whom, and what they use."""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc/PID/stat. CPU time is in clock ticks (100 a second on Linux)."""

    pid: int
    state: str
    parent: int
    session: int
    cpu_ticks: int
    rss_bytes: int


def process(pid: int) -> Process | None:
    """The process with this id, or None when there is none; a zombie counts as none."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name is in parentheses and may hold anything, so split after the last one.
    fields = stat.rpartition(")")[2].split()
    found = Process(
        pid=pid,
        state=fields[0],
        parent=int(fields[1]),
        session=int(fields[3]),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
    )
    return None if found.state in "ZX" else found


def processes() -> dict[int, Process]:
    """Every living process, by its id."""
    found = (process(int(entry.name)) for entry in _PROC.iterdir() if entry.name.isdigit())
    return {one.pid: one for one in found if one is not None}


def descendants(root: int) -> list[Process]:
    """The living processes below `root`, parents before their children."""
    everyone = processes()
    below: list[Process] = []
    parents = [root]
    while parents:
        parent = parents.pop()
        children = [one for one in everyone.values() if one.parent == parent]
        below += children
        parents += [child.pid for child in children]
    return below


def alive(pids: Iterable[int]) -> list[int]:
    """Those of `pids` that are still living processes."""
    return [pid for pid in pids if process(pid) is not None]


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send the signal to this one process, which may have ended already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
