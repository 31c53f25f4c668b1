"""Programs of any kind: on AerSimulator, or by the machine where Qiskit cannot read them.

Loading this loads Qiskit, which takes a third of a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from qiskit.circuit import QuantumCircuit
from quantum_qasm.ir import Program
from quantum_qasm.straight.program import StraightLine
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Engine, Frontend, Options, Outcome

from quantum_runner import engine, language, methods
from quantum_runner.circuits import circuit_of, steps
from quantum_runner.frontend import load
from quantum_runner.machine import Machine


def run(program: str | StraightLine, options: Options, machine: Machine, seed: int) -> Outcome:
    """Run a program with this seed. Raises ProgramError, and nothing else, for any program."""
    try:
        circuit = load(program, options) if isinstance(program, str) else circuit_of(program)
    except ProgramError as refusal:
        assert isinstance(program, str)  # noqa: S101 - nothing else is read
        if options.frontend is Frontend.QISKIT:
            raise
        return _compiled(language.compiled(program, refusal), options, machine, seed)
    require_measurement(circuit)
    with _failures_of_aer():
        plan = methods.choose(circuit, options.method, machine.memory_bytes, options.shots)
        counts = engine.run(
            plan.circuit,
            plan.method,
            shots=options.shots,
            seed=seed,
            memory_bytes=machine.memory_bytes,
            threads=machine.threads,
        )
    return Outcome(
        counts=counts,
        shots=options.shots,
        seed=seed,
        qubits=circuit.num_qubits,
        method=plan.method,
        engine=Engine.AER,
    )


@contextmanager
def _failures_of_aer() -> Iterator[None]:
    try:
        yield
    except (ProgramError, KeyboardInterrupt, SystemExit):
        raise
    except MemoryError:
        raise ProgramError(Code.MEMORY, "The simulation ran out of memory.") from None
    except BaseException as error:
        raise ProgramError(Code.ENGINE_FAILED, "The simulator failed on this program.") from error


def _compiled(program: Program, options: Options, machine: Machine, seed: int) -> Outcome:
    from quantum_runner import by_lowering  # noqa: PLC0415 - loaded for those programs only that need it

    with _failures_of_aer():
        chosen = by_lowering.choose(program, options, machine.memory_bytes)
        if chosen is not None:
            return by_lowering.run(chosen, program, options, machine, seed)
    return _by_the_machine(program, options, machine, seed)


def _by_the_machine(program: Program, options: Options, machine: Machine, seed: int) -> Outcome:
    try:
        return language.run(program, options, machine, seed)
    except MemoryError:
        raise ProgramError(Code.MEMORY, "The simulation ran out of memory.") from None
    except (ArithmeticError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise ProgramError(Code.ENGINE_FAILED, "The simulator failed on this program.") from error


def require_measurement(circuit: QuantumCircuit) -> None:
    """Refuse a circuit that would have no counts. Raises ProgramError with NO_MEASUREMENT."""
    if not any(step.operation.name == "measure" for step in steps(circuit)):
        raise ProgramError(
            Code.NO_MEASUREMENT,
            "The program measures nothing, so it has no counts. Declare a register (`bit[2] c;`) and measure into it "
            "(`c = measure q;`).",
        )
