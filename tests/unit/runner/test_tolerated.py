"""Whatever Qiskit's importer runs, the check lets pass: with a warning where the specification is against it."""

import random

import pytest
from quantum_qasm.check import check
from quantum_qasm.parsing.lexer import tokens_of
from quantum_runner.by_aer import require_measurement
from quantum_runner.frontend import load
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Options
from support import dynamic_programs, features, straight_programs

INCLUDE = 'include "stdgates.inc";\n'
DECLARED = INCLUDE + "qubit[3] q; qubit[2] r; bit[3] c; bit[2] d; bit e; c = measure q; "

CONDITIONS = [
    *("c == d", "c != d", "c < d", "c & 1", "c & d", "(c & 5) == 4", "c | d", "c ^ d", "(c < d) < 1", "c & ~d"),
    *('c == "01"', "c == ~d"),
]
TOLERATED = [
    *(f"if ({condition}) {{ x q[0]; }}" for condition in CONDITIONS),
    *(f"while ({condition}) {{ c = measure q; }}" for condition in CONDITIONS),
    "switch (c) { case 0 { x q; } default { y q; } }",
    "switch (c[0]) { case 0, 1 { x q; } }",
    "switch (e) { case 1 { x q; } }",
    "switch (uint(c)) { default { x q; } }",
    'switch (uint(c)) { case "01" { x q; } }',
    "for int i in [0:1] { switch (c) { case i { x q; } } }",
    'rx("01") q;',
    'pow("01") @ x q;',
    'gate g(t) k { rx("01" * t) k; } g(1) q;',
    "for int i in [0:1] { h q[0:i]; }",
    "for int i in [0:1] { let a = q[0:i]; h a; }",
    'for int i in {"1"} { h q[i]; }',
    "d = measure q[0];",
    "e = measure q[{0}];",
    "h q[3:4];",
    "h q[2:1];",
    "let a = q[0:5]; h a;",
    "if (c[0:5] == 1) { x q[0]; }",
    'h q["1"];',
    "let a = c ++ d; for int i in [0:2] { let b = a[i:i + 1]; b = measure q[i:i + 1]; }",
    "for int i in [0:0] { let b = c[{i}] ++ c[{1}]; b[0] = measure q[1]; }",
]
"""Bodies that the importer reads, and that are wrong by the specification."""


@pytest.mark.parametrize("body", TOLERATED)
def test_what_the_importer_runs_is_no_error(body: str) -> None:
    """It is a warning, with a code of its own."""
    require_measurement(load(DECLARED + body))
    found = check(DECLARED + body)
    assert found.errors == ()
    assert Code.TOLERATED in {warning.code for warning in found.warnings}


@pytest.mark.parametrize("body", ["bit[3] k; k = c; if (c == d) { }", "int i; h q[2:1];", "h q[3:4]; hh q;"])
def test_what_the_importer_does_not_run_is_an_error(body: str) -> None:
    """Where something else is beside it that the importer cannot read, nobody runs it."""
    with pytest.raises(ProgramError):
        load(DECLARED + body)
    assert check(DECLARED + body).errors


def test_no_program_that_the_importer_runs_is_refused_by_the_check() -> None:
    """Random programs, and those of the features, with some of their words taken out, put in and exchanged."""
    chance = random.Random(11)  # noqa: S311 - to be the same at each run
    programs = [INCLUDE + body for body, _ in features.EXACT.values()]
    programs += [straight_programs.program(chance) for _ in range(40)]
    programs += [dynamic_programs.program(chance) for _ in range(40)]
    read = 0
    for program in [*programs, *(_mutant(programs, chance) for _ in range(600))]:
        if check(program).errors:
            with pytest.raises(ProgramError):
                require_measurement(load(program))
        else:
            read += 1
    assert read > len(programs)


def test_a_switch_over_bits_is_one_over_their_number() -> None:
    """Also where it is ours to run."""
    program = INCLUDE + 'bit[2] c = "10"; uint[3] i; switch (c) { case 2 { i = 5; } } bit[3] k = bit[3](i);'
    assert simulate(program, Options(shots=10), Machine(2**26)).counts == {"101 10": 10}


def _mutant(programs: list[str], chance: random.Random) -> str:
    words = list(tokens_of(chance.choice(programs)).texts[:-1])
    others = list(tokens_of(chance.choice(programs)).texts[:-1])
    at = chance.randrange(len(words))
    words[at : at + chance.choice([0, 1, 1])] = chance.choice([[], [chance.choice(words)], [chance.choice(others)]])
    return "".join(word + ("\n" if word.startswith(("#pragma", "@")) else " ") for word in words)
