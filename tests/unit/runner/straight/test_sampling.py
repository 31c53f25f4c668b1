"""Counts without the parser, and without Aer, are those that parser and Aer give."""

from random import Random
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from quantum_qasm.straight.bearing import MAX_QUBITS
from quantum_qasm.straight.reader import read
from quantum_runner.by_aer import run
from quantum_runner.machine import Machine
from quantum_runner.straight import plain, sampling
from quantum_runner.straight.sampling import counts
from quantum_tasks.task import MAX_SEED, Method, Options
from support.random_programs import how_many
from support.straight_programs import program

MACHINE = Machine(memory_bytes=2**30)
PROGRAMS, PARTS = how_many(500), 10
HEAD = 'include "stdgates.inc"; qubit[11] q; bit[11] c; '


def by_aer(text: str, shots: int, seed: int) -> dict[str, int]:
    """The counts of AerSimulator's state vectors."""
    return dict(run(text, Options(shots=shots, seed=seed, method=Method.STATEVECTOR), MACHINE, seed).counts)


def without_aer(text: str, shots: int = 10, seed: int = 1) -> dict[str, int] | None:
    """The counts of a plain program."""
    plain = read(text)
    assert plain is not None
    return counts(plain, shots, seed)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_seed_gives_what_it_gives_in_aer(part: int) -> None:
    """To the last shot, for 500 random programs: several registers, and qubits and bits that are left out."""
    compared = 0
    for number in range(part, PROGRAMS, PARTS):
        random = Random(number)  # noqa: S311 - no secret
        text, shots, seed = program(random), random.choice((1, 2, 100, 1024, 3000)), random.randint(0, MAX_SEED)
        mine = without_aer(text, shots, seed)
        if mine is not None:
            assert mine == by_aer(text, shots, seed), f"program {number}"
            compared += 1
    assert compared >= 0.4 * PROGRAMS / PARTS


def test_a_process_without_numpy_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but Python gives what NumPy gives, for programs of a few qubits."""
    texts = [program(Random(number)) for number in range(300)]  # noqa: S311 - no secret
    shots = [(1, 311, 312, 313, 1024)[number % 5] for number in range(300)]
    with_numpy = [without_aer(text, shots[number], number) for number, text in enumerate(texts)]
    plainly = Mock(wraps=plain.drawn)
    monkeypatch.setattr(plain, "drawn", plainly)
    monkeypatch.setattr(sampling, "sys", SimpleNamespace(modules={}))
    assert [without_aer(text, shots[number], number) for number, text in enumerate(texts)] == with_numpy
    assert 50 <= plainly.call_count < 300


@pytest.mark.parametrize("method", [Method.STATEVECTOR, Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE])
def test_a_seed_gives_what_it_gives_with_the_parser(method: Method) -> None:
    """Also where gates follow measurements: the circuit that Aer is given is the parser's."""
    for number in range(40):
        random = Random(number)  # noqa: S311 - no secret
        text, options = program(random, middle=0.3), Options(shots=50, seed=number, method=method)
        plain = read(text)
        assert plain is not None
        assert run(plain, options, MACHINE, number) == run(text, options, MACHINE, number), f"program {number}"


@pytest.mark.parametrize("part", range(4))
def test_many_gates_are_aers(part: int) -> None:
    """Rounding does not add up to anything that a shot would show."""
    random = Random(part)  # noqa: S311 - no secret
    gates = ""
    for _ in range(2000):
        first, second = random.sample(range(10), 2)
        gates += f"ry({random.uniform(-3, 3):.6f}) q[{first}]; cx q[{first}], q[{second}]; "
    text = f"{HEAD}{gates}{''.join(f'c[{bit}] = measure q[{bit}]; ' for bit in range(10))}"
    assert without_aer(text, 2000, part) == by_aer(text, 2000, part)


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_many_shots_are_aers(seed: int) -> None:
    """Up to the most that a task may have."""
    text = HEAD + "h q[0]; ry(1) q[1]; cx q[0], q[2]; c[0] = measure q[0]; c[4] = measure q[2]; c[1] = measure q[1];"
    assert without_aer(text, 100_000, seed) == by_aer(text, 100_000, seed)


@pytest.mark.parametrize(
    "steps",
    [
        "h q[0]; c[0] = measure q[0]; h q[0]; c[1] = measure q[0];",
        "h q; c = measure q;",
    ],
    ids=["a gate after a measurement", "many qubits"],
)
def test_what_aer_does_better_or_in_another_way_is_left_to_it(steps: str) -> None:
    """No counts are given then."""
    assert without_aer(HEAD + steps) is None


def test_only_qubits_that_bear_on_an_outcome_matter() -> None:
    """Idle ones, and gates after which nothing is measured, cost nothing."""
    text = HEAD + "h q; c[9] = measure q[10]; x q[3]; cx q[3], q[4];"
    assert MAX_QUBITS < 11
    assert without_aer(text, 500, 9) == by_aer(text, 500, 9)
