"""What this process may use: the container's limits where there are some, else the machine's."""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")

JOB_BYTES = 192 * 2**20
"""What a process with Qiskit and Aer in it takes before it simulates anything, with room for the program's circuit."""

_SHARE = 0.9
"""How much of the rest a simulation may use."""


def one_thread_per_library() -> None:
    """Keep the libraries' thread pools small, unless told otherwise. Must come before they are loaded.

    Aer is given its threads by name; OpenMP's waiting threads would otherwise spin on the processors of others.
    """
    for name, value in {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}.items():
        os.environ.setdefault(name, value)


def processors() -> int:
    """How many processors this process may use: affinity and the cgroup's quota, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return allowed if quota is None else max(1, min(allowed, quota))


def memory_bytes() -> int:
    """How much memory this container (or machine) has in all."""
    limits = [_number(_CGROUP / "memory.max"), _number(_CGROUP / "memory/memory.limit_in_bytes")]
    return min(
        os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        *(limit for limit in limits if limit is not None),
        2**63,
    )


def memory_for_one_simulation(total_bytes: int) -> int:
    """Bytes that a container of this size has for the state of its one simulation, never less than 16 MiB."""
    return max(16 * 2**20, int((total_bytes - JOB_BYTES) * _SHARE))


def memory_around_a_simulation(state_bytes: int) -> int:
    """The size of the container that has so many bytes for the state of its one simulation, in whole MiB."""
    mebibytes = -(-(JOB_BYTES + math.ceil(state_bytes / _SHARE)) // 2**20)
    return max(256, mebibytes) * 2**20


def oom_kills() -> int:
    """How many processes of this container the kernel has killed for memory so far."""
    for path in (_CGROUP / "memory.events", _CGROUP / "memory/memory.oom_control"):
        for line in _lines(path):
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return 0


def _quota() -> int | None:
    version_2 = " ".join(_lines(_CGROUP / "cpu.max")).split()
    if version_2:
        quota, period = version_2
        return None if quota == "max" else int(quota) // int(period)
    quota_v1 = _number(_CGROUP / "cpu/cpu.cfs_quota_us")
    period_v1 = _number(_CGROUP / "cpu/cpu.cfs_period_us")
    return quota_v1 // period_v1 if quota_v1 and period_v1 and quota_v1 > 0 else None


def _number(path: Path) -> int | None:
    text = "".join(_lines(path)).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
