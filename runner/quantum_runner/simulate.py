"""The heart of the runner: from a program and its options to counts, or to a refusal."""

import secrets
from dataclasses import dataclass

from qiskit.circuit import QuantumCircuit
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import MAX_SEED, Options, Outcome

from quantum_runner import engine, methods
from quantum_runner.circuits import steps
from quantum_runner.frontend import load


@dataclass(frozen=True, slots=True)
class Machine:
    """What one simulation may use: bytes for its state, and threads."""

    memory_bytes: int
    threads: int = 1


def simulate(program: str, options: Options, machine: Machine) -> Outcome:
    """Run an OpenQASM 3 program.

    A function of its arguments alone when `options.seed` is given; otherwise a seed is drawn, and the outcome names it.
    Raises ProgramError, and nothing else, for any program.
    """
    circuit = load(program)
    require_measurement(circuit)
    seed = secrets.randbelow(MAX_SEED + 1) if options.seed is None else options.seed
    try:
        plan = methods.choose(circuit, options.method, machine.memory_bytes)
        counts = engine.run(
            plan.circuit,
            plan.method,
            shots=options.shots,
            seed=seed,
            memory_bytes=machine.memory_bytes,
            threads=machine.threads,
        )
    except (ProgramError, KeyboardInterrupt, SystemExit):
        raise
    except MemoryError:
        raise ProgramError(Code.MEMORY, "The simulation ran out of memory.") from None
    except BaseException as error:
        raise ProgramError(Code.ENGINE_FAILED, "The simulator failed on this program.") from error
    return Outcome(counts=counts, shots=options.shots, seed=seed, qubits=circuit.num_qubits, method=plan.method)


def warm() -> None:
    """Load and make all that is made once, without running anything: the process may be forked afterwards."""
    engine.warm()


def require_measurement(circuit: QuantumCircuit) -> None:
    """Refuse a circuit that would have no counts. Raises ProgramError with NO_MEASUREMENT."""
    if not any(step.operation.name == "measure" for step in steps(circuit)):
        raise ProgramError(
            Code.NO_MEASUREMENT,
            "The program measures nothing, so it has no counts. Declare a register (`bit[2] c;`) and measure into it "
            "(`c = measure q;`).",
        )
