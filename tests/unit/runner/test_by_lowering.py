"""Compiled programs on Aer, from the text to the outcome."""

import pytest
from quantum_runner import container
from quantum_runner.check import needs
from quantum_runner.machine import Machine
from quantum_runner.simulate import simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Engine, Method, Options, Output

MACHINE = Machine(memory_bytes=2**28)
LARGEST_BYTES = 2**33
INCLUDE = 'include "stdgates.inc";\n'
CHAIN = INCLUDE + (
    "def chain(qubit[{0}] all, int[32] step) {{ for int i in [0:step:{0} - 2] {{ cx all[i], all[i + 1]; }} }} "
    "qubit[{0}] q; {1} q[0]; chain(q, 2 * 3 - 5); bit[{0}] c = measure q;"
)
"""A subroutine is nothing that Qiskit can read."""

CLIFFORD = CHAIN.format(100, "h")
COMPUTES = INCLUDE + "qubit q; int[4] n; h q; bit b = measure q; if (b) n += 3; bit[4] c = bit[4](n); b = 0;"
TURNS = INCLUDE + "qubit q; int[8] n; bit b; while (!b) { h q; b = measure q; n += 1; }"

FEW_OF_MANY = (
    INCLUDE + "def f(qubit a) { ry(0.3) a; } qubit[40] q; f(q[3]); ccx q[0], q[1], q[2]; bit c = measure q[3];"
)
FACTORS = INCLUDE + (
    "def f(qubit a) { ry(0.3) a; } qubit[40] q; for int i in [0:39] { f(q[i]); } "
    "bit c = measure q[0]; if (c) { t q[1]; ccx q[0], q[1], q[2]; } bit d = measure q[2];"
)
"""No more than two of them are entangled, and what gate there is by what was measured is none for matrix products."""


def test_a_hundred_qubits_with_a_subroutine_run_as_stabilizers() -> None:
    """On `automatic`, since no vector could hold them."""
    found = simulate(CLIFFORD, Options(shots=500, seed=1), MACHINE)
    assert (found.method, found.engine, found.qubits) == (Method.STABILIZER, Engine.AER, 100)
    assert set(found.counts) == {"0" * 100, "1" * 100}
    assert sum(found.counts.values()) == 500
    assert found == simulate(CLIFFORD, Options(shots=500, seed=1), MACHINE)


@pytest.mark.parametrize(
    ("program", "asked", "method", "engine"),
    [
        (CLIFFORD, Method.AUTOMATIC, Method.STABILIZER, Engine.AER),
        (CHAIN.format(100, "ry(0.3)"), Method.AUTOMATIC, Method.MATRIX_PRODUCT_STATE, Engine.AER),
        (CHAIN.format(8, "h"), Method.AUTOMATIC, Method.STATEVECTOR, Engine.MACHINE),
        (CHAIN.format(8, "ry(0.3)"), Method.DENSITY_MATRIX, Method.DENSITY_MATRIX, Engine.AER),
        (CHAIN.format(8, "ry(0.3)"), Method.MATRIX_PRODUCT_STATE, Method.MATRIX_PRODUCT_STATE, Engine.AER),
        (COMPUTES, Method.STABILIZER, Method.STABILIZER, Engine.AER),
        (COMPUTES, Method.STATEVECTOR, Method.STATEVECTOR, Engine.MACHINE),
        (TURNS, Method.AUTOMATIC, Method.STATEVECTOR, Engine.MACHINE),
        (FEW_OF_MANY, Method.AUTOMATIC, Method.STATEVECTOR, Engine.AER),
        (FACTORS, Method.AUTOMATIC, Method.STATEVECTOR, Engine.MACHINE),
    ],
)
def test_a_check_and_the_run_choose_alike(program: str, asked: Method, method: Method, engine: Engine) -> None:
    """In a container of the size that the check has found."""
    options = Options(shots=20, seed=3, method=asked)
    found = needs(program, options, LARGEST_BYTES)
    there = container.memory_for_one_simulation(found["container_bytes"])
    outcome = simulate(program, options, Machine(memory_bytes=there))
    assert found["method"] == outcome.method == method
    assert outcome.engine is engine


def test_the_container_is_of_the_size_of_what_runs() -> None:
    """Stabilizers of a hundred qubits take little; a vector takes what it may where nobody knows how wide it gets."""
    small = needs(CLIFFORD, Options(), LARGEST_BYTES)["container_bytes"]
    turning = CLIFFORD + " int n; while (!c[0]) { h q[0]; c[0] = measure q[0]; n += 1; }"
    assert small == 2**28
    assert needs(turning, Options(), LARGEST_BYTES)["container_bytes"] > 2**31


@pytest.mark.parametrize(
    ("program", "method", "message"),
    [
        (TURNS, Method.STABILIZER, "compute with what they measure"),
        (CHAIN.format(8, "ry(0.3)"), Method.STABILIZER, "'ry' is none"),
    ],
)
def test_a_method_that_cannot_run_a_program_is_refused(program: str, method: Method, message: str) -> None:
    """By a check and by the run."""
    options = Options(method=method)
    for refuse in (lambda: simulate(program, options, MACHINE), lambda: needs(program, options, LARGEST_BYTES)):
        with pytest.raises(ProgramError, match=message) as refused:
            refuse()
        assert refused.value.code is Code.METHOD


def test_corrections_by_what_was_measured_are_stabilizers() -> None:
    """An entangled pair is swapped along forty qubits, in a loop of subroutine calls."""
    program = INCLUDE + (
        "def swapped(qubit a, qubit b, qubit far) { cx a, b; h a; bit one = measure a; bit other = measure b; "
        "if (other) { x far; } if (one) { z far; } } "
        "qubit[40] q; for int i in [0:19] { h q[2 * i]; cx q[2 * i], q[2 * i + 1]; } "
        "for int i in [0:18] { swapped(q[2 * i + 1], q[2 * i + 2], q[2 * i + 3]); } "
        "bit[2] c; c[0] = measure q[0]; c[1] = measure q[39];"
    )
    found = simulate(program, Options(shots=200, seed=5), MACHINE)
    assert (found.method, found.engine) == (Method.STABILIZER, Engine.AER)
    assert set(found.counts) == {"00", "11"}


def test_inputs_and_outputs_are_those_of_any_engine() -> None:
    """By a method that the machine has not."""
    program = INCLUDE + (
        "input int[8] n; output int[8] doubled; output bit b; qubit q; for int i in [1:n] { x q; } "
        "b = measure q; doubled = 2 * n + int[8](b);"
    )
    found = simulate(program, Options(shots=5, method=Method.STABILIZER, inputs={"n": "3"}), MACHINE)
    assert found.engine is Engine.AER
    assert found.outputs == (Output(5, {"doubled": 7, "b": 1}),)
    with pytest.raises(ProgramError) as refused:
        simulate(program, Options(shots=5, method=Method.STABILIZER), MACHINE)
    assert refused.value.code is Code.INPUT_MISSING


def test_a_program_without_a_measurement_has_its_classical_values() -> None:
    """By any method."""
    found = simulate("int n = 3; n *= 2; bit[4] c = bit[4](n);", Options(shots=5, method=Method.STABILIZER), MACHINE)
    assert found.counts == {"0110": 5}
