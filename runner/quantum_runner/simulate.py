"""The heart of the runner: from a program and its options to counts, or to a refusal."""

import secrets

from quantum_tasks.task import MAX_SEED, Method, Options, Outcome

from quantum_runner import text
from quantum_runner.machine import Machine
from quantum_runner.straight import reader, sampling
from quantum_runner.straight.program import StraightLine

__all__ = ["Machine", "simulate"]


def simulate(program: str, options: Options, machine: Machine) -> Outcome:
    """Run an OpenQASM 3 program.

    A function of its arguments alone when `options.seed` is given; otherwise a seed is drawn, and the outcome names it.
    Raises ProgramError, and nothing else, for any program.
    """
    text.check(program)
    seed = secrets.randbelow(MAX_SEED + 1) if options.seed is None else options.seed
    straight = reader.read(program)
    without_aer = _without_aer(straight, options, seed) if straight else None
    return without_aer or _by_aer(straight or program, options, machine, seed)


def _without_aer(program: StraightLine, options: Options, seed: int) -> Outcome | None:
    """The outcome of a small program, which is what Aer's state vectors give for the seed."""
    if options.method not in (Method.AUTOMATIC, Method.STATEVECTOR):
        return None
    counts = sampling.counts(program, options.shots, seed)
    if counts is None:
        return None
    return Outcome(counts=counts, shots=options.shots, seed=seed, qubits=program.qubits, method=Method.STATEVECTOR)


def _by_aer(program: str | StraightLine, options: Options, machine: Machine, seed: int) -> Outcome:
    from quantum_runner import by_aer  # noqa: PLC0415 - Qiskit is loaded for those programs only that need it

    return by_aer.run(program, options, machine, seed)
