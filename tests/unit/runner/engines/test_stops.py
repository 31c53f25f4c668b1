"""What is known of a program before it runs: where histories stop, what still matters there, what lasts."""

import pytest
from quantum_qasm.check import check
from quantum_qasm.ir import Code, Instruction, Measure, Program
from quantum_runner.engines.stops import Stops, next_round

INCLUDE = 'include "stdgates.inc";\n'


def compiled(body: str) -> Program:
    """A program that is right."""
    checked = check(INCLUDE + body)
    assert checked.program, checked.errors
    return checked.program


def measurements(code: Code) -> list[tuple[int, Instruction]]:
    """The measurements, and where they are."""
    return [(at, one) for at, one in enumerate(code.instructions) if isinstance(one, Measure)]


@pytest.mark.parametrize(
    ("body", "live"),
    [
        ("bit c; qubit q; c = measure q;", [()]),  # the measurement writes it
        ("bit c; qubit q; { bit b = measure q; c = b; } measure q;", [(), (0,)]),
        ("bit[2] c; qubit q; c[0] = measure q;", [(0,)]),  # the other bit is kept
        ("int n = 3; bit c; qubit q; c = measure q; if (n == 3) x q;", [(0,)]),
        ("int n = 3; bit c; qubit q; measure q; n = 2; c = n == 2;", [()]),
        ("bit c; bit d; qubit q; d = measure q; while (d) { c = measure q; d = c; }", [(0,), ()]),
        ("bit[2] c; int n; qubit q; c[n] = measure q;", [(0, 1)]),
        ("int n = 1; bit c; qubit[3] q; c = measure q[n];", [(0,)]),
        ("bit c; def f(qubit a) { measure a; } qubit q; measure q; f(q); c = 1;", [()]),
        ("bit c; def f(qubit a) { measure a; end; } qubit q; measure q; f(q); c = 1;", [(0,)]),
    ],
)
def test_what_is_read_before_it_is_written_again_is_live(body: str, live: list[tuple[int, ...]]) -> None:
    """At each measurement of the program; slots are in the order of declaration."""
    program = compiled(body)
    stops = Stops(program)
    assert [stops.live(program.code, at) for at, _ in measurements(program.code)] == live


@pytest.mark.parametrize(
    ("body", "lasting"),
    [
        ("bit c; qubit q; c = measure q;", [True]),
        ("bit[2] c; qubit q; c[0] = measure q; c[1] = measure q;", [True, True]),
        ("bit[2] c; qubit q; c[0] = measure q; c[0] = measure q;", [False, True]),
        ("bit c; qubit q; c = measure q; if (c) c = 0;", [False]),
        ("bit c; qubit q; for int i in [0:3] { c = measure q; }", [False]),
        ("bit[4] c; qubit q; for int i in [0:3] { c[i] = measure q; } c[0] = measure q;", [False, True]),
        ("bit[4] c; int i; qubit q; c[0] = measure q; c[i] = 1;", [False]),
        ("bit c; qubit q; { bit b = measure q; c = b; }", [False]),
        ("bit[2] c; qubit[2] q; let a = c[1:1]; c[0] = measure q[0]; a[0] = measure q[1];", [True, True]),
        ("bit c; def f() -> bit { return 1; } qubit q; c = measure q; c = f();", [False]),
        ("bit c; qubit q; measure q; reset q;", [False]),
    ],
)
def test_an_outcome_lasts_where_nothing_that_follows_overwrites_it(body: str, lasting: list[bool]) -> None:
    """In the bits that are counted, outside of any loop."""
    program = compiled(body)
    stops = Stops(program)
    assert [id(one) in stops.lasting for _, one in measurements(program.code)] == lasting


def test_positions_are_ordered_by_how_far_the_program_has_come() -> None:
    """Rounds of a loop come one after the other, what follows the loop after all of them; inner rounds begin anew."""
    program = compiled("qubit q; for int i in [0:9] { while (i < 3) { measure q; } measure q; } measure q;")
    stops = Stops(program)
    [inner, outer, after] = [at for at, _ in measurements(program.code)]
    [outer_head, inner_head] = stops.position(program.code, inner, {})[:3:2]
    rounds: list[dict[int, int]] = [{}]
    for head in (inner_head, inner_head, outer_head, inner_head):
        rounds.append(dict(next_round(rounds[-1], head)))
    assert rounds[-1] == {outer_head: 1, inner_head: 1}
    places = [(inner, rounds[0]), (inner, rounds[2]), (outer, rounds[2]), (inner, rounds[3]), (inner, rounds[4])]
    found = [stops.position(program.code, at, turns) for at, turns in [*places, (outer, rounds[4]), (after, rounds[0])]]
    assert found == sorted(found)
    assert len(set(found)) == len(found)
