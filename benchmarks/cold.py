"""Part `cold`: CPU time of a fresh process that runs one Bell circuit, beside one of the usual design, in turns.

Ours does what a Pod in Job mode does for its simulation (`quantum_runner.job`), without what that spends on Redis and
logs: no garbage collection while loading, one thread for each library, and an end that takes nothing apart. `-P` is how
every part is started.
"""

import os
import subprocess
import sys
import time

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

BARE = "import sys; print(sys.argv[2])"
"""What any process in Python takes."""

_SCRIPTS = {"ours": OURS, "usual": USUAL, "bare Python": BARE}


def measure(rounds: int) -> Cold:
    """Run each way so often, and once before to have the files in memory."""
    cpu: dict[str, list[float]] = {name: [] for name in _SCRIPTS}
    wall: dict[str, list[float]] = {name: [] for name in _SCRIPTS}
    for number in range(-1, rounds):
        for name in in_turn(_SCRIPTS, number):
            used, took = _run(_SCRIPTS[name])
            if number >= 0:
                cpu[name].append(used)
                wall[name].append(took)
    return Cold(cpu, wall)


def _run(script: str) -> tuple[float, float]:
    """CPU and wall seconds of one process, from its start to its end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "COVERAGE_"))}
    command = [sys.executable, "-P", "-c", script, BELL.program, str(BELL.shots)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None  # noqa: S101 - asked for above
    with process.stdout as output:
        said = output.read()
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or int(said) != BELL.shots:
        raise RuntimeError(f"a cold process ended with {process.returncode} and said {said!r}")
    return usage.ru_utime + usage.ru_stime, took
