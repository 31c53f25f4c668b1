"""Part `cold`: CPU time of a fresh process that runs one Bell circuit, beside one of the usual design, in turns.

Twice: the simulation alone, and a whole Job, which reads its task from Redis and puts its counts there. Ours is then
what a Pod in Job mode runs, `python -m quantum_runner job`; alone it does what that does for its simulation: no garbage
collection while loading, one thread for each library, and an end that takes nothing apart.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence

from quantum_tasks.keys import Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.states import State
from quantum_tasks.store import connect
from quantum_tasks.task import Options
from redis import Redis

from benchmarks import stacks
from benchmarks.programs import BELL
from benchmarks.results import Cold
from benchmarks.turns import in_turn

OURS = """
import gc, os, sys
gc.disable()
from quantum_runner import container
container.one_thread_per_library()
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.task import Options
machine = Machine(memory_bytes=container.memory_for_one_simulation(container.memory_bytes()))
print(sum(simulate(sys.argv[1], Options(shots=int(sys.argv[2])), machine).counts.values()), flush=True)
os._exit(0)
"""

USUAL = """
import sys
from qiskit import qasm3, transpile
from qiskit_aer import AerSimulator
simulator = AerSimulator()
circuit = transpile(qasm3.loads(sys.argv[1]), simulator)
print(sum(simulator.run(circuit, shots=int(sys.argv[2])).result().get_counts().values()))
"""

USUAL_JOB = """
import json, os, sys
from qiskit import qasm3, transpile
from qiskit_aer import AerSimulator
from redis import Redis
redis = Redis.from_url(os.environ["USUAL_REDIS_URL"], decode_responses=True)
task = json.loads(redis.get(sys.argv[1]))
simulator = AerSimulator()
circuit = transpile(qasm3.loads(task["qc"]), simulator)
counts = simulator.run(circuit, shots=task["shots"]).result().get_counts()
redis.set(sys.argv[1], json.dumps({"status": "completed", "result": counts}))
"""

BARE = "import sys; print(sys.argv[2])"
"""What any process in Python takes."""

Run = Callable[[], tuple[float, float]]
"""Runs one process, from its start to its end: CPU and wall seconds."""


def measure(rounds: int) -> Cold:
    """Run each way so often, and once before to have the files in memory."""
    with stacks.redis() as (url, _):
        ways: Mapping[str, Run] = {
            "ours": lambda: _alone(OURS),
            "usual": lambda: _alone(USUAL),
            "ours, a whole Job": lambda: _job(url),
            "usual, a whole Job": lambda: _usual_job(url),
            "bare Python": lambda: _alone(BARE),
        }
        cpu: dict[str, list[float]] = {name: [] for name in ways}
        wall: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(-1, rounds):
            for name in in_turn(ways, number):
                used, took = ways[name]()
                if number >= 0:
                    cpu[name].append(used)
                    wall[name].append(took)
    return Cold(cpu, wall)


def _alone(script: str) -> tuple[float, float]:
    used, took, said = _run(["-c", script, BELL.program, str(BELL.shots)], {})
    if int(said) != BELL.shots:
        raise RuntimeError(f"a cold process said {said!r}")
    return used, took


def _job(url: str) -> tuple[float, float]:
    task_id, uid = f"benchmark/{uuid.uuid4()}", str(uuid.uuid4())
    asyncio.run(_provide(url, task_id, uid))
    told = {"QT_REDIS_URL": url, "QT_TASK_ID": task_id, "QT_TASK_UID": uid, "QT_POD_UID": "pod"}
    used, took, _ = _run(["-m", "quantum_runner", "job"], {**told, "QT_LOG_FORMAT": "json"})
    if asyncio.run(_state(url, task_id, uid)) is not State.SUCCEEDED:
        raise RuntimeError("a cold Job has not succeeded")
    return used, took


def _usual_job(url: str) -> tuple[float, float]:
    with Redis.from_url(url, decode_responses=True) as redis:
        task_id = str(uuid.uuid4())
        redis.set(task_id, json.dumps({"qc": BELL.program, "shots": BELL.shots}))
        used, took, _ = _run(["-c", USUAL_JOB, task_id], {"USUAL_REDIS_URL": url})
        answer = json.loads(str(redis.get(task_id)))
    if sum(answer["result"].values()) != BELL.shots:
        raise RuntimeError(f"a cold Job of the usual design gave {answer!r}")
    return used, took


async def _provide(url: str, task_id: str, uid: str) -> None:
    """Have a record of the task, as the operator does."""
    redis = connect(url, timeout_seconds=10, retries=0, max_connections=1)
    try:
        await Mirror(redis, Keys()).provide(task_id, uid, BELL.program, Options(shots=BELL.shots), queued=False)
    finally:
        await redis.aclose()


async def _state(url: str, task_id: str, uid: str) -> State | None:
    redis = connect(url, timeout_seconds=10, retries=0, max_connections=1)
    try:
        report = await Mirror(redis, Keys()).report(task_id, uid, most_bytes=10**6)
    finally:
        await redis.aclose()
    return report.state if report else None


def _run(arguments: Sequence[str], told: Mapping[str, str]) -> tuple[float, float, bytes]:
    began = time.perf_counter()
    command = [sys.executable, "-P", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=stacks.environment_with(told)
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    with process.stdout as output:
        said = output.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a cold process ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, took, said
