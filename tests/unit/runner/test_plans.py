"""What a check says of how a program will be run is how the runner runs it."""

from random import Random

import pytest
from quantum_qasm import plans
from quantum_qasm.check import check
from quantum_qasm.figures import figures_of
from quantum_qasm.plans import Plan, plan_of
from quantum_qasm.straight import reader
from quantum_qasm.straight.bearing import bearing_of
from quantum_runner import language, methods
from quantum_runner.circuits import circuit_of
from quantum_runner.frontend import load
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.errors import ProgramError
from quantum_tasks.task import Engine, Method, Options
from support import circuit_programs, corpora, dynamic_programs, features, straight_programs

INCLUDE = 'include "stdgates.inc";\n'
MACHINE = Machine(2**30)
PROGRAMS = corpora.examples() | corpora.mqt_bench()


def _told(program: str, shots: int = 1024) -> Plan:
    checked = check(program)
    figures = None if checked.program is None else figures_of(checked.program)
    return plan_of(program, checked, figures, shots)


def _ran(program: str) -> tuple[Engine | None, Method] | None:
    try:
        outcome = simulate(program, Options(seed=1), MACHINE)
    except ProgramError:
        return None
    return outcome.engine, outcome.method


def _agrees(program: str) -> Plan:
    """What is told of a program; whatever is told of one that runs is so."""
    told, ran = _told(program), _ran(program)
    if ran is not None:
        engine, method = ran
        assert told.engine in (None, engine), program
        assert told.method in (None, method), program
    return told


@pytest.mark.parametrize("feature", sorted(features.EXACT))
def test_features_run_as_it_was_told(feature: str) -> None:
    """By the engine and the method that were named, if any were."""
    _agrees(INCLUDE + features.EXACT[feature][0])


def test_most_features_have_an_engine_before_they_run() -> None:
    """It is not known of few."""
    told = [_told(INCLUDE + body).engine for body, _ in features.EXACT.values()]
    assert told.count(None) < len(told) // 5
    assert set(told) >= set(Engine)


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_programs_of_others_run_as_it_was_told(name: str) -> None:
    """Those of the official examples and of MQT Bench that run."""
    _agrees(PROGRAMS[name])


def test_random_programs_run_as_it_was_told() -> None:
    """Straight ones all have an engine; of those that branch it is known of some."""
    straight = [straight_programs.program(Random(seed), middle=0.1, most=14) for seed in range(60)]  # noqa: S311
    assert all(_agrees(program).engine for program in straight)
    branching = [_agrees(dynamic_programs.program(Random(seed))).engine for seed in range(40)]  # noqa: S311
    assert Engine.MACHINE in branching


@pytest.mark.parametrize("most", [8, 20, 50])
def test_wide_circuits_are_planned_as_the_runner_plans_them(most: int) -> None:
    """Engine, method and bytes, of programs that need not be run for that."""
    told_of_aer = 0
    for seed in range(150):
        program = circuit_programs.program(Random(seed), most)  # noqa: S311
        told = _told(program)
        straight = reader.read(program)
        if straight is not None and bearing_of(straight) is not None:
            assert told.engine is Engine.DIRECT
            continue
        assert language.quickly(program, Options(), MACHINE, 1) is None
        plan = methods.choose(circuit_of(straight) if straight else load(program), Method.AUTOMATIC, 2**60, 1024)
        assert told.engine in (None, Engine.AER), program
        told_of_aer += told.engine is Engine.AER
        if told.method is not None:
            assert (told.method, told.memory_bytes) == (plan.method, plan.memory_bytes), program
    assert told_of_aer > 50


@pytest.mark.parametrize(
    ("body", "shots", "plan"),
    [
        ("qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;", 1024, (Engine.DIRECT, "statevector", 64)),
        ("qubit[900] q; bit c; h q[7]; c = measure q[7];", 1024, (Engine.DIRECT, "statevector", 32)),
        ("qubit[11] q; bit[11] c; h q; c = measure q;", 1024, (Engine.AER, "statevector", 16 << 11)),
        ("qubit[14] q; bit[14] c; h q; c = measure q;", 1000, (Engine.AER, "statevector", 16 << 14)),
        ("qubit[14] q; bit[14] c; h q; c = measure q;", 100, (Engine.AER, "stabilizer", 98)),
        ("qubit[100] q; bit[100] c; h q; c = measure q;", 1024, (Engine.AER, "stabilizer", 5000)),
        ("qubit[26] q; bit[26] c; t q; c = measure q;", 1024, (Engine.AER, "statevector", 2**30)),
        ("qubit[50] q; bit[50] c; t q; c = measure q;", 1024, (Engine.AER, None, 2**54)),
        ("qubit[99] q; bit[99] c; t q; c = measure q;", 1024, (Engine.AER, None, None)),
        ("qubit q; bit c; h q; c = measure q; if (c) { x q; }", 1024, (Engine.MACHINE, "statevector", 32)),
        ("int[4] i = 3; bit[4] c = bit[4](i);", 1024, (Engine.MACHINE, "statevector", 16)),
        (
            "qubit q; int i; bit c; while (!c) { h q; c = measure q; i += 1; }",
            1024,
            (Engine.MACHINE, "statevector", 32),
        ),
        ("qubit q; bit c; while (!c) { h q; c = measure q; }", 1024, (None, "statevector", 32)),
        ("qubit[30] q; bit c; while (!c) { h q; c = measure q[0]; }", 1024, (None, None, None)),
        ("qubit q; hh q;", 1024, (None, None, None)),
    ],
)
def test_plans(body: str, shots: int, plan: tuple[Engine | None, str | None, int | None]) -> None:
    """Who, how, and how much, where that can be told."""
    told = _told(INCLUDE + body, shots)
    assert (told.engine, told.method, told.memory_bytes) == plan


def test_the_machine_does_what_is_said_to_be_quick() -> None:
    """Its bound is the runner's own, and not below what is said of it."""
    assert plans.QUICK_STEPS <= language.LEAST_STEPS
