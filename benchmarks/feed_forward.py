"""`python -m benchmarks.feed_forward`: 16 entangled qubits with feed-forward by `simulate` and by Aer, in turns.

Aer gets the circuit as Qiskit's importer has read it, which costs it nothing here; `simulate` reads the text each time.
"""

import time
from collections.abc import Callable, Mapping
from statistics import median

from qiskit import qasm3
from qiskit_aer import AerSimulator
from quantum_runner.simulate import simulate
from quantum_tasks.task import Options

from benchmarks.in_process import MACHINE
from benchmarks.programs import SHOTS, entangled_feed_forward
from benchmarks.turns import in_turn

QUBITS = 16
ROUNDS = 3
OURS = "ours"

Run = Callable[[], Mapping[str, int]]


def ways(program: str) -> dict[str, Run]:
    """What is measured, by its name: ours, Aer with its defaults, and Aer with what it has for such programs."""
    circuit = qasm3.loads(program)

    def aer(**options: bool) -> Run:
        simulator = AerSimulator(**options)
        return lambda: simulator.run(circuit, shots=SHOTS).result().get_counts()

    return {
        OURS: lambda: simulate(program, Options(shots=SHOTS), MACHINE).counts,
        "Aer": aer(),
        "Aer, shot branching": aer(shot_branching_enable=True, shot_branching_sampling_enable=True),
    }


def seconds(run: Run) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu, wall = time.process_time(), time.perf_counter()
    counts = run()
    taken = time.process_time() - cpu, time.perf_counter() - wall
    if sum(counts.values()) != SHOTS:
        raise RuntimeError(f"the counts of {SHOTS} shots add up to {sum(counts.values())}")
    return taken


def main() -> None:
    """Print the table."""
    measured = ways(entangled_feed_forward(QUBITS))
    seconds(measured[OURS])  # warm
    rounds = [{name: seconds(measured[name]) for name in in_turn(measured, number)} for number in range(ROUNDS)]
    print(f"| {QUBITS} qubits, {SHOTS:,} shots | CPU, s | wall, s | CPU / ours | wall / ours |")
    print("|---|---|---|---|---|")
    for name in measured:
        cpu, wall = (median(one[name][kind] for one in rounds) for kind in (0, 1))
        more = [median(one[name][kind] / one[OURS][kind] for one in rounds) for kind in (0, 1)]
        print(f"| {name} | {cpu:.2f} | {wall:.2f} | {more[0]:.1f} | {more[1]:.1f} |")


if __name__ == "__main__":
    main()
