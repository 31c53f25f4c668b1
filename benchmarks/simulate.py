"""CPU time of one warm task: this project's `simulate` beside the usual design, in one process, in turns.

The usual design reads the program with `qiskit.qasm3.loads`, transpiles it for a fresh AerSimulator and runs that. Both
are asked for the same shots of the same programs. Prints a Markdown table of medians and of ratios, pair by pair.
"""

import statistics
import time
from collections.abc import Callable

from qiskit import qasm3, transpile
from qiskit_aer import AerSimulator
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.task import Options

ROUNDS = 15
SHOTS = 1024
MACHINE = Machine(memory_bytes=2**30)


def bell() -> str:
    """Two qubits."""
    return ghz(2)


def ghz(qubits: int) -> str:
    """All qubits 0 or all 1."""
    chain = "".join(f"cx q[{place}], q[{place + 1}]; " for place in range(qubits - 1))
    registers = f"qubit[{qubits}] q; bit[{qubits}] c;"
    return f'OPENQASM 3.0; include "stdgates.inc"; {registers} h q[0]; {chain} c = measure q;'


def usual(program: str) -> None:
    """What most runners do for each task."""
    simulator = AerSimulator()
    circuit = transpile(qasm3.loads(program), simulator)
    simulator.run(circuit, shots=SHOTS).result().get_counts()


def ours(program: str) -> None:
    """What the worker's child does for each task."""
    simulate(program, Options(shots=SHOTS), MACHINE)


def milliseconds(run: Callable[[str], None], program: str) -> float:
    """CPU time of one call, user and system, all threads."""
    began = time.process_time()
    run(program)
    return (time.process_time() - began) * 1000


def main() -> None:
    """Measure and print."""
    print(f"| program | usual, ms | ours, ms | usual / ours, median of {ROUNDS} pairs |\n|---|---|---|---|")
    for name, program in {"Bell": bell(), "GHZ-8": ghz(8), "GHZ-16": ghz(16)}.items():
        usual(program), ours(program)  # warm
        pairs = [(milliseconds(usual, program), milliseconds(ours, program)) for _ in range(ROUNDS)]
        theirs, mine = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in pairs)
        print(f"| {name} | {theirs:.2f} | {mine:.2f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
