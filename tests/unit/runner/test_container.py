"""What a container allows, read from files as the kernel writes them."""

from pathlib import Path

import pytest
from quantum_runner import container


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cgroup file system."""
    monkeypatch.setattr(container, "_CGROUP", tmp_path)
    (tmp_path / "memory").mkdir()
    (tmp_path / "cpu").mkdir()
    return tmp_path


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_containers_memory_limit_counts(cgroup: Path, file: str) -> None:
    """A limit in either version of cgroups is the memory there is."""
    (cgroup / file).write_text("268435456\n")
    assert container.memory_bytes() == 2**28


@pytest.mark.parametrize("limit", ["max", str(2**63 - 4096)])
def test_without_a_limit_the_machines_memory_counts(cgroup: Path, limit: str) -> None:
    """No limit, or one beyond any machine, leaves the machine's memory."""
    (cgroup / "memory.max").write_text(limit)
    meminfo = Path("/proc/meminfo").read_text().split()[1]
    assert container.memory_bytes() == int(meminfo) * 1024


@pytest.mark.parametrize(("quota", "processors"), [("100000 100000", 1), ("50000 100000", 1)])
def test_the_containers_processor_quota_counts(cgroup: Path, quota: str, processors: int) -> None:
    """A quota of one processor or of less leaves one."""
    (cgroup / "cpu.max").write_text(quota)
    assert container.processors() == processors


def test_an_older_kernels_quota_counts_too(cgroup: Path) -> None:
    """A quota in version 1 of cgroups is read from its two files."""
    (cgroup / "cpu/cpu.cfs_quota_us").write_text("100000")
    (cgroup / "cpu/cpu.cfs_period_us").write_text("100000")
    assert container.processors() == 1


@pytest.mark.parametrize("text", ["max 100000", ""])
def test_without_a_quota_the_machines_processors_count(cgroup: Path, text: str) -> None:
    """No quota leaves as many processors as this process may run on."""
    (cgroup / "cpu.max").write_text(text)
    assert container.processors() >= 1


def test_the_kernels_kills_are_counted(cgroup: Path) -> None:
    """The number of processes that were killed for memory is read from the cgroup's events."""
    (cgroup / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n")
    assert container.oom_kills() == 2


def test_no_kills_are_known_where_nothing_counts_them(cgroup: Path) -> None:
    """Without an events file no kill is known."""
    assert list(cgroup.iterdir())
    assert container.oom_kills() == 0
