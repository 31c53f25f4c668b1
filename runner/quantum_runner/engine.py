"""AerSimulator, kept from one task to the next: it is made once, and asked without `transpile`.

`transpile` against a fresh backend costs some twenty times what a small circuit does; a pass manager that is made once
and used only for circuits that need it costs next to nothing.
"""

from collections.abc import Mapping
from functools import cache
from itertools import accumulate, groupby

from qiskit.circuit import (
    BreakLoopOp,
    ContinueLoopOp,
    Delay,
    ForLoopOp,
    IfElseOp,
    Measure,
    Parameter,
    QuantumCircuit,
    Reset,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library import UnitaryGate, get_standard_gate_name_mapping
from qiskit.passmanager import BasePassManager
from qiskit.transpiler import Target, generate_preset_pass_manager
from qiskit_aer import AerSimulator
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method

from quantum_runner.circuits import has_control_flow, steps, without_idle_qubits
from quantum_runner.limits import MAX_QUBITS

MAX_RESULT_BYTES = 64 * 2**20
"""The largest counts, as JSON: a million shots that all differ, on fifty bits."""

_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "while_loop": WhileLoopOp,
    "for_loop": ForLoopOp,
    "switch_case": SwitchCaseOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
}


def lower(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit in gates that Aer runs, and without qubits that Aer would keep for nothing."""
    basis = _basis()
    if not all(step.operation.name in basis for step in steps(circuit)):
        circuit = _pass_manager().run(circuit)
    return without_idle_qubits(circuit) if has_control_flow(circuit) else circuit


def run(
    circuit: QuantumCircuit, method: Method, *, shots: int, seed: int, memory_bytes: int, threads: int
) -> dict[str, int]:
    """Counts of `shots` runs, keyed as Qiskit has it. Raises ProgramError with ENGINE_FAILED or RESULT_BYTES."""
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
        why = result.status.removeprefix("ERROR:").strip()
        raise ProgramError(Code.ENGINE_FAILED, f"The simulator could not run this program: {why[:200]}")
    counts = _keyed_by_bits(result.data().get("counts", {}), circuit)
    size = sum(len(bits) + len(str(count)) + 4 for bits, count in counts.items())
    if size > MAX_RESULT_BYTES:
        message = f"The counts take {size} bytes, more than {MAX_RESULT_BYTES}: measure less, or with fewer shots."
        raise ProgramError(Code.RESULT_BYTES, message)
    return counts


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
    _basis()
    _pass_manager()


@cache
def _simulator() -> AerSimulator:
    return AerSimulator()


@cache
def _basis() -> frozenset[str]:
    """The names of what Aer runs as it is: gates with a definition in Qiskit, and the instructions around them."""
    supported = set(_simulator().configuration().basis_gates)
    gates = supported & set(get_standard_gate_name_mapping())
    return frozenset(gates | {"measure", "reset", "delay", "barrier", "unitary"} | set(_CONTROL_FLOW))


@cache
def _pass_manager() -> BasePassManager:
    # the target is as wide as any circuit may be: one made from the simulator stops at thirty qubits
    target = Target(num_qubits=MAX_QUBITS)
    for name, gate in get_standard_gate_name_mapping().items():
        if name in _basis() and name not in {"measure", "reset", "delay"}:
            target.add_instruction(gate, name=name)
    for name, operation in {"measure": Measure(), "reset": Reset(), "delay": Delay(Parameter("t"))}.items():
        target.add_instruction(operation, name=name)
    target.add_instruction(UnitaryGate, name="unitary")
    for name, kind in _CONTROL_FLOW.items():
        target.add_instruction(kind, name=name)
    return generate_preset_pass_manager(optimization_level=0, target=target)
