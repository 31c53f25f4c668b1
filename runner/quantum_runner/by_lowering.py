"""Compiled programs on Aer, as one circuit: by methods that the machine has not, or where it has not the memory."""

from dataclasses import dataclass

from quantum_qasm.inputs import values_of
from quantum_qasm.ir import Program
from quantum_tasks.errors import ProgramError
from quantum_tasks.task import Engine, Method, Options, Outcome

from quantum_runner import engine, language, methods
from quantum_runner.circuits import has_control_flow
from quantum_runner.counts import bytes_of_counts
from quantum_runner.engines.circuit.lower import Lowered, lower
from quantum_runner.engines.circuit.symbolic import NotLowerableError
from quantum_runner.machine import Machine


@dataclass(frozen=True, slots=True)
class Chosen:
    """A program as a circuit, how to run it, and the bytes that its state or its counts take."""

    lowered: Lowered
    plan: methods.Plan
    memory_bytes: int


def choose(program: Program, options: Options, memory_bytes: int) -> Chosen | None:
    """How Aer runs a program; None where that is left to the machine.

    Raises ProgramError where the program, or the method that was asked for, cannot be run by either.
    """
    if options.method is Method.STATEVECTOR:
        return None
    is_asked = options.method is not Method.AUTOMATIC
    if not is_asked and language.fits(program, memory_bytes):
        return None
    try:
        lowered = lower(program, values_of(program.inputs, options.inputs))
    except NotLowerableError:
        return None
    try:
        return _planned(program, lowered, options, memory_bytes, is_asked=is_asked)
    except ProgramError:
        if is_asked:
            raise
        return None  # what the machine does not entangle, it may have the memory for


def _planned(
    program: Program, lowered: Lowered, options: Options, memory_bytes: int, *, is_asked: bool
) -> Chosen | None:
    plan = methods.choose(lowered.circuit, options.method, memory_bytes, options.shots)
    if not is_asked and plan.method is Method.STATEVECTOR and has_control_flow(plan.circuit):
        return None  # shot by shot such a vector takes very long
    bits = max(program.bits, lowered.circuit.num_clbits)
    counts = bytes_of_counts(bits, options.shots, memory_bytes)
    return Chosen(lowered, plan, max(plan.memory_bytes, counts))


def run(chosen: Chosen, program: Program, options: Options, machine: Machine, seed: int) -> Outcome:
    """Run a program as was chosen. Raises ProgramError."""
    records = {"": options.shots}
    if chosen.lowered.circuit.num_clbits:
        records = engine.run(
            chosen.plan.circuit,
            chosen.plan.method,
            shots=options.shots,
            seed=seed,
            memory_bytes=machine.memory_bytes,
            threads=machine.threads,
        )
    ends = chosen.lowered.ends(records)
    return language.outcome(program, ends, options, seed, method=chosen.plan.method, engine=Engine.AER)
