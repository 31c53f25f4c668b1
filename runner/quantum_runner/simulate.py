"""The heart of the runner: from a program and its options to counts, or to a refusal."""

import secrets
from dataclasses import dataclass

from quantum_qasm.straight import reader
from quantum_qasm.straight.program import StraightLine
from quantum_tasks.task import MAX_SEED, Engine, Method, Options, Outcome

from quantum_runner.machine import Machine
from quantum_runner.straight import sampling

__all__ = ["Machine", "Run", "quickly", "run", "simulate"]

MAX_QUICK_CHARACTERS = 16 * 1024
MAX_QUICK_STEPS = 256
MAX_QUICK_SHOTS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """What a simulation gave, and whether it was one of those that take but some milliseconds."""

    outcome: Outcome
    quick: bool


def simulate(program: str, options: Options, machine: Machine) -> Outcome:
    """Run an OpenQASM 3 program.

    A function of its arguments alone when `options.seed` is given; otherwise a seed is drawn, and the outcome names it.
    Raises ProgramError, and nothing else, for any program.
    """
    return run(program, options, machine).outcome


def run(program: str, options: Options, machine: Machine) -> Run:
    """Do what `simulate` does, and say how."""
    straight, seed = _straight(program, options), _seed(options)
    outcome = _without_aer(straight, options, seed)
    if outcome is None and straight is None:
        outcome = _by_the_machine(program, options, machine, seed)
    if outcome is None:
        return Run(_by_aer(straight or program, options, machine, seed), quick=False)
    return Run(outcome, quick=_is_short(program, straight, options))


def quickly(program: str, options: Options) -> Outcome | None:
    """What `simulate` gives, if that is one of those; None otherwise, which takes no longer."""
    straight = _straight(program, options) if len(program) <= MAX_QUICK_CHARACTERS else None
    if not _is_short(program, straight, options):
        return None
    return _without_aer(straight, options, _seed(options))


def _straight(program: str, options: Options) -> StraightLine | None:
    return None if options.inputs else reader.read(program)  # there are none in such a program: it is to be refused


def _is_short(program: str, straight: StraightLine | None, options: Options) -> bool:
    if straight is None or len(straight.steps) > MAX_QUICK_STEPS:
        return False
    return len(program) <= MAX_QUICK_CHARACTERS and options.shots <= MAX_QUICK_SHOTS


def _without_aer(program: StraightLine | None, options: Options, seed: int) -> Outcome | None:
    """The outcome of a small program, which is what Aer's state vectors give for the seed."""
    if program is None or options.method not in (Method.AUTOMATIC, Method.STATEVECTOR):
        return None
    counts = sampling.counts(program, options.shots, seed)
    if counts is None:
        return None
    return Outcome(
        counts=counts,
        shots=options.shots,
        seed=seed,
        qubits=program.qubits,
        method=Method.STATEVECTOR,
        engine=Engine.DIRECT,
    )


def _by_the_machine(program: str, options: Options, machine: Machine, seed: int) -> Outcome | None:
    from quantum_runner import language  # noqa: PLC0415 - the front end is loaded for those programs only that need it

    return language.quickly(program, options, machine, seed)


def _by_aer(program: str | StraightLine, options: Options, machine: Machine, seed: int) -> Outcome:
    from quantum_runner import by_aer  # noqa: PLC0415 - Qiskit is loaded for those programs only that need it

    return by_aer.run(program, options, machine, seed)


def _seed(options: Options) -> int:
    return secrets.randbelow(MAX_SEED + 1) if options.seed is None else options.seed
