"""The floor: what AerSimulator itself takes for a program, with nothing around it.

Qiskit's native importer, a kept simulator, one thread, no transpilation, in a bare loop. A program that the native
importer does not take is read beforehand, which costs the floor nothing at all.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from qiskit import qasm3
from qiskit.circuit import QuantumCircuit
from qiskit_aer import AerSimulator

from benchmarks.programs import Case

Counts = Mapping[str, int]

warnings.filterwarnings("ignore", category=qasm3.ExperimentalWarning)


@dataclass(frozen=True, slots=True)
class Floor:
    """One task on the floor. `native` tells whether reading the program is part of it."""

    run: Callable[[], Counts]
    native: bool


def floor(case: Case) -> Floor:
    """The floor of a program."""
    if _is_native(case.program):
        return Floor(lambda: _counts(qasm3.loads_experimental(case.program), case.shots), native=True)
    circuit = qasm3.loads(case.program)
    return Floor(lambda: _counts(circuit, case.shots), native=False)


def _is_native(program: str) -> bool:
    try:
        qasm3.loads_experimental(program)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - a panic of Qiskit's Rust code is no Exception
        return False
    return True


def _counts(circuit: QuantumCircuit, shots: int) -> Counts:
    found: Counts = _simulator().run(circuit, shots=shots).result().get_counts()
    return found


@cache
def _simulator() -> AerSimulator:
    return AerSimulator(max_parallel_threads=1)
