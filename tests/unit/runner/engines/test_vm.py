"""The machine that runs any program, against outcomes that were derived by hand and distributions worked out apart."""

from collections import Counter
from math import pi, sin
from random import Random

import pytest
from chaos.verdict.chi_squared import p_value
from quantum_qasm.check import check
from quantum_qasm.ir import Program
from quantum_runner.engines import vm
from quantum_tasks.errors import Code, ProgramError
from support import corpora, features
from support.distributions import distribution
from support.random_programs import how_many
from support.straight_programs import program

MOST_BYTES = 2**26
PROGRAMS, PARTS, SHOTS = how_many(500), 5, 500
FALSE_ALARM = 1e-7
INCLUDE = 'include "stdgates.inc";\n'

TELEPORTED = {f"{place:03b}": (0.0223318 if place > 3 else 0.9776682) / 4 for place in range(8)}
"""U(0.3, 0.2, 0.1) on 0 gives 1 with sin^2(0.15), wherever it is teleported; the bits on the way are even."""


def compiled(text: str) -> Program:
    """A program that is right."""
    checked = check(text)
    assert checked.errors == ()
    assert checked.program
    return checked.program


def counts(text: str, *, shots: int = 1000, seed: int = 7) -> Counter[str]:
    """The counts of a program that is right."""
    return vm.run(compiled(text), shots, seed, most_bytes=MOST_BYTES)


@pytest.mark.parametrize("feature", features.EXACT)
def test_each_feature_has_the_outcome_that_was_derived(feature: str) -> None:
    """One program for each, of which every shot gives the same."""
    body, expected = features.EXACT[feature]
    assert counts(INCLUDE + body, shots=features.SHOTS) == {expected: features.SHOTS}


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("adder", {"10000": 1.0}),  # 1 + 15
        ("gateteleport", {"0": 1.0}),  # both logical qubits are 0, and the phase is a global one
        ("inverseqft1", {"0000": 1.0}),
        ("inverseqft2", {"0000": 1.0}),
        ("qec", {"01 000": 1.0}),  # the error was found at qubit 0, and mended
        ("qft", {format(outcome, "04b"): 1 / 16 for outcome in range(16)}),
        ("qpt", {"0": 0.5, "1": 0.5}),
        ("rb", {"00": 1.0}),
        # by the specification 3 / 5 is 0, so the angle is arccos(0.6) - pi / 2 off: sin^2 of half of it is 0.1
        ("rus", {"0 00": 0.9, "1 00": 0.1}),
        ("teleport", TELEPORTED),
        # `io` of the loop's body hides the one outside, which was measured in the loop: h makes it even
        ("varteleport", {"0": 0.5, "1": 0.5}),
    ],
)
def test_official_examples_have_the_outcomes_of_theory(example: str, expected: dict[str, float]) -> None:
    """Those that run as they are, and have a register to be counted."""
    found = counts(corpora.examples()[example], shots=2000, seed=11)
    assert set(found) <= set(expected)
    if len(expected) > 1:
        assert p_value(dict(found), expected) > FALSE_ALARM


def test_delays_of_any_length_do_nothing_to_a_state() -> None:
    """The official `alignment`, which measures nothing, with a measurement: U turns the third qubit by pi / 4."""
    one = sin(pi / 8) ** 2
    found = counts(corpora.examples()["alignment"] + "\nbit[3] c = measure q;", shots=5000, seed=5)
    assert p_value(dict(found), {"000": 1 - one, "100": one}) > FALSE_ALARM


def test_iterative_phase_estimation_has_its_distribution() -> None:
    """The official `ipe`, which declares no register and no output: all of its variables are its results.

    The target is an eigenvector of phase 0 or of theta, each half of the time; then a round's outcome is 1 with
    sin^2((power theta - c) / 2), where c is the angle of the bits so far, shifted.
    """
    bits, theta = 10, 3 * pi / 8
    angles = {0: 0.5, 1: 0.5}  # by eigenvector: what is left of its probability
    expected: dict[str, float] = {}
    states = [(eigen, 0, chance) for eigen, chance in angles.items()]
    for turn in range(bits):
        power = (1 << turn) % (1 << bits)
        following = []
        for eigen, c, chance in states:
            one = sin((power * theta * eigen - 2 * pi * c / (1 << bits)) / 2) ** 2
            for bit, share in ((0, 1 - one), (1, one)):
                shifted = ((c & ~1 | bit) << 1) & ((1 << bits) - 1)
                if chance * share > 1e-12:
                    following.append((eigen, shifted, chance * share))
        states = following
    for _, c, chance in states:
        key = f"{0:010b} {c:010b}"
        expected[key] = expected.get(key, 0) + chance
    found = counts(corpora.examples()["ipe"], shots=5000, seed=3)
    assert p_value(dict(found), expected) > FALSE_ALARM
    assert sum(expected.values()) == pytest.approx(1)


def _on_request(example: str) -> str:
    return corpora.ON_REQUEST[example] + corpora.examples()[example]


def test_qubits_without_decay_are_found_excited_after_any_delay() -> None:
    """The official `t1`, with its calibration and its log left out, and its counters as outputs.

    50 delays, a thousand shots for each: 50,000 times, one is added to each counter, which as an int[1] is -1.
    """
    outputs = "\noutput int[32] first; output int[32] second; first = counts0; second = counts1;"
    ends = vm.run_with_outputs(compiled(_on_request("t1") + outputs), 1, 1, most_bytes=MOST_BYTES)
    assert ends.outputs == {(-50_000, -50_000): 1}
    assert counts(_on_request("t1"), shots=1) == {"11": 1}


def test_a_surface_code_of_one_round_repeats_what_it_measures() -> None:
    """The official `scqec`, one memory at a time; its parity of all data qubits stands for the author's decoder.

    As far as it is written, three ancillas measure X of data qubits 1, 3 and 5, evenly at first and the same in all
    cycles after, and others measure Z of qubits that stay 0. So at the end Z of 1, 3 and 5 are even, too.
    """
    text = _on_request("scqec")
    assert text.count("shots = 1000;") == 1
    found = counts(text.replace("shots = 1000;", "shots = 1;"), shots=3000, seed=3)
    expected = {}
    for place in range(64):
        layer, data = [0] * 8, [0] * 9
        layer[1], layer[2], layer[7], data[1], data[3], data[5] = (place >> bit & 1 for bit in range(6))
        written = ("".join(map(str, reversed(bits))) for bits in (data, layer))
        expected[" ".join([str(sum(data) % 2), *written])] = 1 / 64
    assert p_value(dict(found), expected) > FALSE_ALARM


def test_a_surface_code_counts_its_failures() -> None:
    """The official `scqec`, all thousand memories; half of them fail by its parity, and each adds 1, which is -1."""
    text = _on_request("scqec") + "\noutput uint[32] counted; counted = failures;"
    [(failures,)] = vm.run_with_outputs(compiled(text), 1, 5, most_bytes=MOST_BYTES).outputs
    failed = 2**32 - failures
    assert p_value({"0": 1000 - failed, "1": failed}, {"0": 0.5, "1": 0.5}) > FALSE_ALARM


@pytest.mark.parametrize("part", range(PARTS))
def test_straight_programs_have_the_distribution(part: int) -> None:
    """Of 500 random ones, with measurements in the middle."""
    for number in range(part, PROGRAMS, PARTS):
        random = Random(f"vm {number}")  # noqa: S311 - to be the same at each run
        text = program(random, middle=random.choice((0.0, 0.1, 0.3)), most=5)
        found = counts(text, shots=SHOTS, seed=number)
        joined = {key.replace(" ", ""): shots for key, shots in found.items()}
        assert p_value(joined, distribution(text)) > FALSE_ALARM, text


def test_a_vote_mends_what_one_of_three_has_wrong() -> None:
    """Each bit is 1 with sin^2(0.4) = p; most of three are with 3 p^2 - 2 p^3."""
    body = "extern vote(bit[3]) -> bit; qubit[3] q; ry(0.8) q; bit v; { bit[3] e = measure q; v = vote(e); }"
    once = sin(0.4) ** 2
    wrong = 3 * once**2 - 2 * once**3
    assert p_value(dict(counts(INCLUDE + body, shots=5000)), {"0": 1 - wrong, "1": wrong}) > FALSE_ALARM


def test_equal_seeds_give_equal_counts() -> None:
    """Another seed gives others."""
    text = INCLUDE + "qubit[4] q; h q; bit[4] c = measure q; if (c[0]) h q[1]; c[1] = measure q[1];"
    assert counts(text, seed=1) == counts(text, seed=1)
    assert counts(text, seed=1) != counts(text, seed=2)


def test_a_million_shots_cost_what_their_histories_cost() -> None:
    """A fork for each outcome, and none for each shot."""
    found = counts(INCLUDE + "qubit q; h q; bit c = measure q; if (c) x q;", shots=1_000_000)
    assert found.total() == 1_000_000
    assert p_value(dict(found), {"0": 0.5, "1": 0.5}) > FALSE_ALARM


def test_qubits_that_never_meet_are_no_vector_together() -> None:
    """A hundred of them fit where twenty-five together would not."""
    found = counts(INCLUDE + "qubit[100] q; h q; bit c = measure q[99]; reset q;", shots=10)
    assert found.total() == 10


@pytest.mark.parametrize(
    ("body", "line", "column", "code", "message"),
    [
        ("int i = 3;\nbit[2] c;\nc[i] = 1;", 4, 1, Code.SEMANTIC, "Index 3 is out of range"),
        ('int i = 3;\nbit[4] c;\nc[i:i + 1] = "11";', 4, 1, Code.SEMANTIC, "Index 4 is out of range"),
        ("int i = -1;\nqubit[4] q;\nx q[i:i + 1];", 4, 1, Code.SEMANTIC, "0 qubits where there were to be 2"),
        ("int i = 0;\nbit c = 1 / i == 1;", 3, 1, Code.SEMANTIC, "A division by zero"),
        ("float f = 1e400;\nf = f % 2.0;", 3, 1, Code.SEMANTIC, "A value is too large, or is no number"),
        ("float f;\nuint[2000] u = 1;\nu <<= 1500;\nf = f + u;", 5, 1, Code.SEMANTIC, "A value is too large"),
        ("int i = 1;\nqubit[2] q;\ncx q[i], q[1];", 4, 1, Code.SEMANTIC, "'cx' is applied to a qubit twice"),
        ("def f(int i) { f(i); }\nf(1);", 2, 16, Code.NESTING, "call each other more than 200 deep"),
        (
            "qubit[30] q;\nh q;\nfor int i in [0:28] cx q[i], q[i + 1];\nbit c = measure q[0];",
            4,
            21,
            Code.MEMORY,
            "entangled",
        ),
        ("int n = 0;\nfor int i in [0:n:3] { }", 3, 1, Code.SEMANTIC, "a step of 0"),
        ("qubit q;\npow(1e15) @ h q;", 3, 1, Code.NUMBER, "lost in rounding"),
        ("qubit q;\npow(2 ** 53 + 1) @ x q;", 3, 1, Code.NUMBER, "lost in rounding"),
        ("int n = 5000;\nuint[300] i = 3;\ni = i ** n;", 4, 1, Code.NUMBER, "may be 4096 at most"),
    ],
)
def test_what_goes_wrong_on_the_way_has_its_place(body: str, line: int, column: int, code: Code, message: str) -> None:
    """The instruction that could not be done, after the line that includes the gates."""
    with pytest.raises(ProgramError, match="(?i)" + message) as refused:
        counts(INCLUDE + body)
    assert (refused.value.line, refused.value.column, refused.value.code) == (line, column, code)


def test_the_states_of_all_histories_are_bounded_together() -> None:
    """Each measurement leaves one behind, and each of these has entangled qubits anew."""
    entangled = "h q; for int i in [0:8] cx q[i], q[i + 1];"
    body = f"qubit[10] q; {entangled} for int i in [0:99] {{ bit b = measure q[0]; {entangled} }}"
    with pytest.raises(ProgramError, match=r"histories take more than|and there are") as refused:
        vm.run(compiled(INCLUDE + body), 1_000_000, 1, most_bytes=2**17)
    assert refused.value.code is Code.MEMORY


def test_the_variables_of_all_histories_are_bounded_together() -> None:
    """Each measurement leaves one behind, and each of these has an array of its own."""
    body = "array[int, 9000] a; qubit q; for int i in [0:99] { ry(3) q; bit b = measure q; reset q; a[i] = 1; }"
    with pytest.raises(ProgramError, match="histories take more than") as refused:
        vm.run(compiled(INCLUDE + body), 1_000_000, 1, most_bytes=2**20)
    assert refused.value.code is Code.MEMORY


def test_an_endless_program_ends_in_a_limit() -> None:
    """Also where nothing else would end it."""
    with pytest.raises(ProgramError, match="more than 1000 steps") as refused:
        vm.run(compiled("bit c; while (true) { c = 1; }"), 10, 1, most_bytes=MOST_BYTES, most_steps=1000)
    assert refused.value.code is Code.OPERATIONS
