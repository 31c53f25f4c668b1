"""What the processes of a server use: CPU time and memory, by part."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psutil

MEGABYTE = 1e6

Cpu = Mapping[str, float]
"""CPU seconds, user and system, by part."""

_PARTS = (
    ("redis-server", "Redis"),
    ("valkey-server", "Redis"),
    ("quantum_api", "API"),
    ("benchmarks.baseline.api", "API"),
    ("benchmarks.baseline.worker", "workers"),
    ("multiprocessing", "simulations"),
    ("quantum_runner", "worker supervisors"),
    ("quantum-tasks", "stack supervisor"),
)
"""What stands in a command line, and the part that it belongs to; the first that fits."""

OTHER = "other"


@dataclass(frozen=True, slots=True)
class PartMemory:
    """Resident memory, and the proportional share of what is shared with others, in megabytes."""

    rss_mb: float
    pss_mb: float


def part_of(command: Sequence[str]) -> str:
    """The part that a process belongs to, by its command line."""
    line = " ".join(command)
    return next((part for word, part in _PARTS if word in line), OTHER)


def cpu(roots: Iterable[int]) -> Cpu:
    """CPU seconds so far of these processes and all below them, those included that have ended and were waited for."""
    used: dict[str, float] = defaultdict(float)
    for process in _family(roots):
        try:
            times = process.cpu_times()
            part = part_of(process.cmdline())
        except psutil.Error:  # it has just ended: its parent has its time now, or will
            continue
        used[part] += times.user + times.system + times.children_user + times.children_system
    return dict(used)


def cpu_between(before: Cpu, after: Cpu) -> Cpu:
    """CPU seconds of each part from one look to another."""
    return {part: after[part] - before.get(part, 0.0) for part in after}


def memory(roots: Iterable[int]) -> Mapping[str, PartMemory]:
    """Memory now, by part."""
    rss: dict[str, float] = defaultdict(float)
    pss: dict[str, float] = defaultdict(float)
    for process in _family(roots):
        try:
            part, taken = part_of(process.cmdline()), process.memory_full_info()
        except psutil.Error:
            continue
        rss[part] += taken.rss / MEGABYTE
        pss[part] += taken.pss / MEGABYTE
    return {part: PartMemory(rss[part], pss[part]) for part in rss}


def _family(roots: Iterable[int]) -> list[psutil.Process]:
    found = {}
    for root in roots:
        top = psutil.Process(root)
        for process in (top, *top.children(recursive=True)):
            found[process.pid] = process
    return list(found.values())
