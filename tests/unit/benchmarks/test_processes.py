"""Which part a process belongs to, and what it used meanwhile."""

import os

import pytest

from benchmarks.processes import cpu, cpu_between, memory, part_of


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["/usr/bin/redis-server unixsocket:/tmp/qt/redis.sock"], "Redis"),
        (["/venv/bin/python", "-P", "-m", "quantum_api"], "API"),
        (["/venv/bin/python", "-P", "-m", "uvicorn", "benchmarks.baseline.api:app"], "API"),
        (["/venv/bin/python", "-P", "-m", "benchmarks.baseline.worker"], "workers"),
        (["/venv/bin/python", "-P", "-m", "quantum_runner", "worker"], "worker supervisors"),
        (
            ["python", "-c", "from multiprocessing.forkserver import main; main(1, 2, ['quantum_runner.warm'])"],
            "simulations",
        ),
        (["/venv/bin/python", "/venv/bin/quantum-tasks", "up", "--port", "0"], "stack supervisor"),
        (["sleep", "1"], "other"),
    ],
)
def test_a_command_line_says_the_part(command: list[str], part: str) -> None:
    """Every process of both designs is told by its command line."""
    assert part_of(command) == part


def test_cpu_between_two_looks() -> None:
    """A part that was not there before has used all that it has."""
    assert cpu_between({"API": 1.0, "gone": 5.0}, {"API": 1.5, "Redis": 0.25}) == {"API": 0.5, "Redis": 0.25}


def test_a_process_uses_time_and_memory() -> None:
    """This process is found, with the time it took and the memory it has."""
    assert sum(cpu([os.getpid()]).values()) > 0
    assert all(taken.rss_mb >= taken.pss_mb > 1 for taken in memory([os.getpid()]).values())
