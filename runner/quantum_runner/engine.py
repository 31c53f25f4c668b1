"""AerSimulator, kept from one task to the next and asked without `transpile`; its counts, keyed as Qiskit has it."""

import re
from collections.abc import Mapping
from functools import cache
from itertools import accumulate, groupby

from qiskit.circuit import QuantumCircuit
from qiskit.result import Result
from qiskit_aer import AerSimulator
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method

from quantum_runner import basis
from quantum_runner.circuits import has_control_flow
from quantum_runner.counts import bytes_of_counts, checked_size
from quantum_runner.text import shortened


def run(
    circuit: QuantumCircuit, method: Method, *, shots: int, seed: int, memory_bytes: int, threads: int
) -> dict[str, int]:
    """Counts of `shots` runs, keyed as Qiskit has it. Raises ProgramError with ENGINE_FAILED or RESULT_BYTES."""
    bytes_of_counts(circuit.num_clbits, shots, memory_bytes)
    result = (
        _simulator()
        .run(
            circuit,
            method=method.value,
            shots=shots,
            seed_simulator=seed,
            max_memory_mb=max(1, memory_bytes // 2**20),
            max_parallel_threads=threads,
            # dropping what comes after the last measurement, Aer drops the end of a `while`, too, and then fails
            enable_truncation=not has_control_flow(circuit),
        )
        .result()
    )
    if not result.success:
        raise ProgramError(Code.ENGINE_FAILED, f"The simulator could not run this program: {_reason(result)}")
    return checked_size(_keyed_by_bits(result.data().get("counts", {}), circuit))


def _reason(result: Result) -> str:
    """Aer's message without its own names for circuits."""
    why = re.sub(r"\[Experiment \d+\] *|Circuit circuit-\d+ *|ERROR:", "", result.status).strip()
    return shortened(why, most=200)


def _keyed_by_bits(counts: Mapping[str, int], circuit: QuantumCircuit) -> dict[str, int]:
    """From Aer's hexadecimal keys to bit strings: registers joined by spaces, the last declared first.

    Qiskit's own `get_counts` does the same, but loses bits that are in no register, and counts the bits of an alias
    twice. Bits in no register that were declared one after the other stand together, as if they were one.
    """
    sizes = _group_sizes(circuit)
    keyed = {}
    for key, count in counts.items():
        bits = f"{int(key, 16):0{circuit.num_clbits}b}"
        ends = [len(bits) - end for end in accumulate(sizes)]
        groups = [bits[end : end + size] for end, size in zip(ends, sizes, strict=True)]
        keyed[" ".join(reversed(groups))] = count
    return keyed


def _group_sizes(circuit: QuantumCircuit) -> list[int]:
    """How many bits each register has, first declared first; an alias comes after what it is an alias of."""
    first_registers = (next(iter(circuit.find_bit(bit).registers), (None, 0))[0] for bit in circuit.clbits)
    return [len(list(bits)) for _, bits in groupby(first_registers)]


def warm() -> None:
    """Make what is made once. Runs no simulation, so that no thread is started."""
    _simulator()
    basis.warm()


@cache
def _simulator() -> AerSimulator:
    return AerSimulator()
