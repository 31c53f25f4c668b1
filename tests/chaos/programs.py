"""What the clients of a run submit, what must come of it, and a direct simulation to compare with."""

from collections.abc import Iterable, Iterator
from random import Random

import qiskit_qasm3_import
from chaos.history import Spec
from chaos.verdict.checker import UNDER_FAULTS, Program
from qiskit import transpile
from qiskit_aer import AerSimulator
from quantum_tasks.states import Reason
from support.programs import BELL, DENSE_40, ENDLESS, NOT_A_PROGRAM

SEEDS = range(1, 7)
SHOTS = (1, 100, 1000)

_GHZ = """OPENQASM 3.0;
include "stdgates.inc";
qubit[5] q;
bit[5] c;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
cx q[3], q[4];
c = measure q;
"""

_BIASED = """OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q;
bit[1] c;
ry(2 * pi / 3) q[0];
c = measure q;
"""
"""Measures 1 with probability sin(pi/3)^2 = 3/4."""

_FEED_FORWARD = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
c[0] = measure q[0];
if (c[0] == 1) { x q[1]; }
c[1] = measure q[1];
"""


def _long(qubits: int = 18, layers: int = 18) -> str:
    """Layers of gates, and then their inverses in reverse: it takes about a second, and all that is measured is 0.

    Faults that meet idle workers show nothing, so these keep them at work.
    """
    layer = [f"h q[{i}]; t q[{i}];" for i in range(qubits)] + [f"cx q[{i}], q[{i + 1}];" for i in range(qubits - 1)]
    back = [f"cx q[{i}], q[{i + 1}];" for i in reversed(range(qubits - 1))]
    back += [f"tdg q[{i}]; h q[{i}];" for i in range(qubits)]
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{qubits}] q;", "bit[2] c;"]
    lines += [*layer * layers, *back * layers, "c[0] = measure q[0];", "c[1] = measure q[1];"]
    return "\n".join(lines) + "\n"


PROGRAMS = {
    "bell": Program(BELL, {"00": 0.5, "11": 0.5}),
    "ghz": Program(_GHZ, {"00000": 0.5, "11111": 0.5}),
    "biased": Program(_BIASED, {"0": 0.25, "1": 0.75}),
    "feed forward": Program(_FEED_FORWARD, {"00": 0.5, "11": 0.5}),
    "long": Program(_long(), {"00": 1.0}),
    "not a program": Program(NOT_A_PROGRAM, failures=UNDER_FAULTS | {Reason.INVALID_PROGRAM}),
    "too large": Program(DENSE_40, failures=UNDER_FAULTS | {Reason.TOO_LARGE}),
    "endless": Program(ENDLESS),
}

_WEIGHTS = {
    "bell": 40,
    "ghz": 20,
    "biased": 15,
    "feed forward": 10,
    "long": 10,
    "not a program": 5,
    "too large": 1,
    "endless": 1,
}

_SEEDED = ("bell", "ghz", "biased")
"""Those that give the same for one seed in every simulation: all is measured at the end, and by chance."""


def specs() -> Iterator[Spec]:
    """Every seeded spec that may be drawn."""
    for program in _SEEDED:
        for shots in SHOTS:
            yield from (Spec(program, shots, seed) for seed in SEEDS)


def draw(random: Random) -> Spec:
    """What to submit."""
    [program] = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
    seed = random.choice(SEEDS) if program in _SEEDED and random.random() < 0.5 else None
    return Spec(program, random.choice(SHOTS), seed)


def direct_counts(seeded: Iterable[Spec]) -> dict[Spec, dict[str, int]]:
    """The counts that AerSimulator gives for each spec by itself: no service, and no code of ours, in between."""
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    circuits = {
        name: transpile(qiskit_qasm3_import.parse(PROGRAMS[name].qasm), simulator, optimization_level=0)
        for name in _SEEDED
    }
    return {
        spec: dict(
            simulator.run(circuits[spec.program], shots=spec.shots, seed_simulator=spec.seed).result().get_counts()
        )
        for spec in seeded
    }
