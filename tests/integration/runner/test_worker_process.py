"""The worker as a process of its own, without a container or a local stack around it."""

import os
import subprocess
import sys

from quantum_tasks.states import State
from quantum_tasks.task import Options
from support.processes import alive, descendants, kill
from support.programs import ENDLESS
from support.stores import open_store, run
from support.waiting import eventually


def test_a_killed_worker_leaves_no_process_at_work(redis_url: str) -> None:
    """The worker is killed while a program computes: every process below it ends."""
    env = {**os.environ, "QT_REDIS_URL": redis_url, "QT_CONCURRENCY": "1"}
    worker = subprocess.Popen([sys.executable, "-m", "quantum_runner", "worker"], env=env)
    below: list[int] = []
    try:
        run(_submit(redis_url))
        eventually(lambda: run(_state(redis_url)) is State.RUNNING, 60, "the program to run")
        below = [each.pid for each in descendants(worker.pid)]
        assert below
    finally:
        kill(worker.pid)
        worker.wait(10)
    try:
        eventually(lambda: not alive(below), 30, "the end of what the worker had started")
    finally:
        for pid in below:
            kill(pid)


async def _submit(url: str) -> None:
    async with open_store(url) as store:
        await store.submit("endless", ENDLESS, Options())


async def _state(url: str) -> State:
    async with open_store(url) as store:
        return (await store.get("endless")).state
