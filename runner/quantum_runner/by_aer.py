"""Programs of any kind on AerSimulator. Loading this loads Qiskit, which takes a third of a second."""

from qiskit.circuit import QuantumCircuit
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Options, Outcome

from quantum_runner import engine, methods
from quantum_runner.circuits import circuit_of, steps
from quantum_runner.frontend import load
from quantum_runner.machine import Machine
from quantum_runner.straight.program import StraightLine


def run(program: str | StraightLine, options: Options, machine: Machine, seed: int) -> Outcome:
    """Run a program with this seed. Raises ProgramError, and nothing else, for any program."""
    circuit = load(program) if isinstance(program, str) else circuit_of(program)
    require_measurement(circuit)
    try:
        plan = methods.choose(circuit, options.method, machine.memory_bytes, options.shots)
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


def require_measurement(circuit: QuantumCircuit) -> None:
    """Refuse a circuit that would have no counts. Raises ProgramError with NO_MEASUREMENT."""
    if not any(step.operation.name == "measure" for step in steps(circuit)):
        raise ProgramError(
            Code.NO_MEASUREMENT,
            "The program measures nothing, so it has no counts. Declare a register (`bit[2] c;`) and measure into it "
            "(`c = measure q;`).",
        )
