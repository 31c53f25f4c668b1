"""Compiled programs as one circuit of Aer's, against the machine that interprets them.

`RANDOM_PROGRAMS=1000 pytest tests/unit/runner/engines/test_lower.py` goes through more of them than is usual.
"""

from collections import Counter
from random import Random

import pytest
from chaos.verdict.chi_squared import p_value
from quantum_qasm.check import check
from quantum_qasm.ir import Program
from quantum_runner import engine, methods
from quantum_runner.circuits import steps
from quantum_runner.engines import vm
from quantum_runner.engines.circuit.lower import lower
from quantum_runner.engines.circuit.symbolic import NotLowerableError
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method
from support import corpora, features
from support.distributions import agreement, distribution
from support.dynamic_programs import computing_program
from support.random_programs import how_many
from support.straight_programs import program

INCLUDE = 'include "stdgates.inc";\n'
MEMORY_BYTES = 2**28
PROGRAMS, PARTS, SHOTS = how_many(300), 10, 600
FALSE_ALARM = 1e-7
"""How often a right test of one program would fail with other seeds: for all 600, once in some 15,000 times."""

METHODS = (Method.STATEVECTOR, Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE)
DOUBLED = "gate g0 q { } " + " ".join(f"gate g{one} q {{ g{one - 1} q; g{one - 1} q; }}" for one in range(1, 16))
"""What takes long to write out, and comes to nothing."""

LEFT_TO_THE_MACHINE = {"repeat until success"}
"""What turns a loop as often as a measurement says."""


def compiled(text: str) -> Program:
    """A program that is right."""
    checked = check(text)
    assert checked.errors == ()
    assert checked.program
    return checked.program


def counts(program: Program, *, shots: int, seed: int = 7, method: Method = Method.AUTOMATIC) -> Counter[str]:
    """The counts of a program, by Aer."""
    lowered = lower(program)
    if not lowered.circuit.num_clbits:
        return lowered.ends({"": shots}).counts
    plan = methods.choose(lowered.circuit, method, MEMORY_BYTES, shots)
    records = engine.run(plan.circuit, plan.method, shots=shots, seed=seed, memory_bytes=MEMORY_BYTES, threads=1)
    return lowered.ends(records).counts


@pytest.mark.parametrize("feature", sorted(features.EXACT.keys() - LEFT_TO_THE_MACHINE))
def test_each_feature_has_the_outcome_that_was_derived(feature: str) -> None:
    """One program for each, of which every shot gives the same."""
    body, expected = features.EXACT[feature]
    assert counts(compiled(INCLUDE + body), shots=features.SHOTS) == {expected: features.SHOTS}


@pytest.mark.parametrize("part", range(PARTS))
def test_the_machine_draws_from_the_same_distribution(part: int) -> None:
    """Of 300 programs that Qiskit cannot read, by three methods: all but one in thirty can be lowered."""
    left = 0
    numbers = range(part, PROGRAMS, PARTS)
    for number in numbers:
        text = computing_program(Random(f"computing {number}"))  # noqa: S311 - to be the same at each run
        found = compiled(text)
        try:
            ours = counts(found, shots=SHOTS, seed=number, method=METHODS[number % len(METHODS)])
        except NotLowerableError:
            left += 1
            continue
        theirs = vm.run(found, SHOTS, number, most_bytes=2**24)
        assert agreement(ours, theirs) > FALSE_ALARM, text
    assert left <= max(1, len(numbers) // 30)


@pytest.mark.parametrize("part", range(PARTS))
def test_straight_programs_have_the_distribution(part: int) -> None:
    """Of 300 random ones, with measurements in the middle."""
    for number in range(part, PROGRAMS, PARTS):
        random = Random(f"lower {number}")  # noqa: S311 - to be the same at each run
        text = program(random, middle=random.choice((0.0, 0.1, 0.3)), most=5)
        found = counts(compiled(text), shots=SHOTS, seed=number)
        joined = {key.replace(" ", ""): shots for key, shots in found.items()}
        assert p_value(joined, distribution(text)) > FALSE_ALARM, text


@pytest.mark.parametrize("example", ["adder", "inverseqft1", "inverseqft2", "qec", "qft", "qpt", "rb", "teleport"])
def test_official_examples_are_drawn_from_what_the_machine_draws(example: str) -> None:
    """Those that turn no loop by what is measured."""
    found = compiled(corpora.examples()[example])
    ours, theirs = counts(found, shots=2000), vm.run(found, 2000, 11, most_bytes=2**24)
    assert agreement(ours, theirs) > FALSE_ALARM


def test_another_distribution_is_seen() -> None:
    """A program that is turned a little differently is told from the one that is not."""
    text = INCLUDE + "qubit q; bit a; bit b; int n = 1; n *= 2; h q; a = measure q; if (a) ry({}) q; b = measure q;"
    ours = counts(compiled(text.format(1.0)), shots=SHOTS)
    for angle, agrees in ((1.0, True), (1.9, False)):
        theirs = vm.run(compiled(text.format(angle)), SHOTS, 3, most_bytes=2**20)
        assert (agreement(ours, theirs) > FALSE_ALARM) is agrees


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # 20 measured bits are too many for a table, and not for what is said in the end
        ("qubit[20] q; x q[3]; bit[20] m = measure q; uint[20] n = uint[20](m); n += 1; bit[20] c = bit[20](n);", 9),
        ("qubit[20] q; x q; bit[20] m = measure q; int[8] n; for bit b in m { n += b; } bit[20] c = bit[20](n);", 20),
        ("qubit[20] q; x q[19]; bit[20] m = measure q; if (m[19]) { x q[0]; } bit[20] c = measure q;", 2**19 + 1),
        ("qubit q; x q; bit b = measure q; int n; if (b) { n = 8 / int(b); } bit[20] c = bit[20](n);", 8),
        ("qubit q; bit b = measure q; int n; if (b) { n = 8 / int(b); } bit[20] c = bit[20](n);", 0),
        ("qubit q; bit b = measure q; int n; if (b) { n = 3; } else { n = 5; } bit[20] c = bit[20](n);", 5),
        ("qubit q; x q; bit b = measure q; bit[20] c; for int i in [0:9] { if (i == 4 && b) break; c[i] = 1; }", 15),
        ("qubit q; x q; bit b = measure q; if (b) { end; } bit[20] c; c[0] = 1;", 0),
        ("qubit q; x q; bit b = measure q; array[int, 2] a; a[0] = b; a[1] = a[0] + 1; bit[9] c = bit[9](a[1]);", 2),
    ],
)
def test_variables_follow_from_what_was_measured(body: str, expected: int) -> None:
    """Whether they are tabulated or computed afterwards."""
    found = counts(compiled(INCLUDE + body), shots=10)
    assert {int(key.split()[0], 2) for key in found} == {expected}
    assert found == vm.run(compiled(INCLUDE + body), 10, 1, most_bytes=2**20)


def test_a_gate_turns_by_what_was_measured() -> None:
    """Each angle is a case."""
    body = "qubit[3] q; x q[0]; bit[2] m = measure q[0:1]; ry(pi * uint[2](m)) q[2]; bit c = measure q[2];"
    assert counts(compiled(INCLUDE + body), shots=10) == {"1 01": 10}


def test_clifford_gates_keep_their_names() -> None:
    """Whoever has defined, called or modified them, so that stabilizers run what stabilizers can."""
    body = """
    gate bell one, other { h one; ctrl @ x one, other; }
    def chain(qubit[100] all, int[32] step) { for int i in [0:step:98] { bell all[i], all[i + 1]; } }
    qubit[100] q;
    chain(q, 2 * 3 - 5);
    negctrl @ y q[0], q[1]; pow(2) @ s q[2]; inv @ sx q[3]; pow(0.5) @ x q[4]; inv @ bell q[5], q[6];
    ctrl @ gphase(pi) q[7]; ctrl @ rx(pi) q[8], q[9];
    bit[100] c = measure q;
    """
    lowered = lower(compiled(INCLUDE + body))
    assert {step.operation.name for step in steps(lowered.circuit)} <= methods._CLIFFORD  # noqa: SLF001 - its names
    assert methods.choose(lowered.circuit, Method.AUTOMATIC, MEMORY_BYTES, 100).method is Method.STABILIZER
    assert counts(compiled(INCLUDE + body), shots=100).total() == 100


@pytest.mark.parametrize(
    "body",
    [
        "qubit q; bit b; while (!b) { h q; b = measure q; }",
        "qubit[2] q; h q; bit b = measure q[0]; x q[int(b)];",
        "qubit[2] q; bit b = measure q[0]; bit[2] c; c[int(b)] = 1;",
        "qubit q; bit b = measure q; pow(int(b)) @ x q;",
        "qubit[12] q; h q; bit[12] c = measure q; if (c == 7) { x q; }",
        "qubit[5] q; h q; bit[5] c = measure q; rx(uint[5](c) * 0.1) q[0];",
        "bit c; while (true) { c = 1; }",
        "qubit q; bit c; for int i in [0:200000] { x q; }",
        DOUBLED + "qubit q; bit c; for int i in [0:9] { g15 q; }",
        "qubit q; bit c; for int i in [0:20000] { c = measure q; }",
        "def f() { end; } qubit q; bit b = measure q; if (b) { f(); }",
        "qubit q; bit b = measure q; int n; if (b) { n = 1 / (n * 0); }",
        "qubit[9] q; bit c; ctrl(7) @ pow(0.3) @ swap q[0], q[1], q[2], q[3], q[4], q[5], q[6], q[7], q[8];",
    ],
)
def test_what_cannot_be_lowered_is_left_to_the_machine(body: str) -> None:
    """Turns, indices and exponents by what is measured, too many bits in one condition, and what is too large."""
    with pytest.raises(NotLowerableError):
        lower(compiled(INCLUDE + body))


def test_what_fails_whatever_is_measured_has_its_place() -> None:
    """Without a run."""
    with pytest.raises(ProgramError, match="division by zero") as refused:
        lower(compiled("int i = 0;\nbit c = 1 / i == 1;"))
    assert (refused.value.line, refused.value.column, refused.value.code) == (2, 1, Code.SEMANTIC)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("qubit q; float f = 1e400; rx(f) q;", Code.SEMANTIC),
        ("def f(int i) { f(i); } f(1);", Code.NESTING),
    ],
)
def test_what_the_machine_refuses_is_refused(body: str, code: Code) -> None:
    """In the same words."""
    told = []
    for refuse in (lower, lambda program: vm.run(program, 1, 1, most_bytes=2**20)):
        with pytest.raises(ProgramError) as refused:
            refuse(compiled(INCLUDE + body))
        told.append((refused.value.code, refused.value.message, refused.value.line, refused.value.column))
    assert told[0] == told[1]
    assert told[0][0] is code


def test_what_fails_by_what_was_measured_has_its_place() -> None:
    """For the record that it fails with."""
    lowered = lower(compiled(INCLUDE + "qubit q; bit c = measure q;\nint i = 1 / int(c);"))
    assert lowered.ends({"1": 3}).counts == {"1": 3}
    with pytest.raises(ProgramError, match="division by zero") as refused:
        lowered.ends({"1": 3, "0": 1})
    assert (refused.value.line, refused.value.column, refused.value.code) == (3, 1, Code.SEMANTIC)


def test_inputs_are_values() -> None:
    """A loop turns as often as one says."""
    found = compiled(INCLUDE + "input int[8] n; qubit q; for int i in [1:n] { x q; } bit c = measure q;")
    assert lower(found, {"n": 3}).circuit.count_ops() == {"x": 3, "measure": 1}
