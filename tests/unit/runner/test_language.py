"""Programs that Qiskit cannot read, from the text to the counts."""

import resource

import pytest
from quantum_runner import by_aer, language
from quantum_runner.check import needs
from quantum_runner.machine import Machine
from quantum_runner.simulate import simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method, Options
from support import corpora, features

MACHINE = Machine(memory_bytes=2**28)
INCLUDE = 'include "stdgates.inc";\n'
COMPUTES = INCLUDE + "qubit q; int[4] n; h q; bit b = measure q; if (b) n += 3; bit[4] c = bit[4](n); b = 0;"
"""What it does with a measurement, Qiskit cannot read."""


OTHERWISE = {
    "an empty loop": "the importer reads it, and a program that it reads is to measure something",
    "U is as the specification has it": "Qiskit's U has another phase, which controls make visible",
}
"""Features that the importer reads, and how what it makes of them differs."""


@pytest.mark.parametrize("feature", sorted(features.EXACT.keys() - OTHERWISE.keys()))
def test_features_run_whoever_reads_them(feature: str) -> None:
    """Through the door that every task takes: what the importer reads, and what it does not."""
    body, expected = features.EXACT[feature]
    outcome = simulate(INCLUDE + body, Options(shots=features.SHOTS, seed=3), MACHINE)
    assert outcome.counts == {expected: features.SHOTS}
    assert (outcome.shots, outcome.seed) == (features.SHOTS, 3)


def test_what_is_measured_can_be_computed_with() -> None:
    """Both ways that a measurement may go are there, and equal seeds give equal counts."""
    first, again = (simulate(COMPUTES, Options(shots=1000, seed=5), MACHINE) for _ in range(2))
    assert first == again
    assert set(first.counts) == {"0000 0", "0011 0"}
    assert (first.method, first.qubits) == (Method.STATEVECTOR, 1)


@pytest.mark.parametrize("example", ["adder", "qec", "rus", "teleport", "varteleport"])
def test_official_examples_run(example: str) -> None:
    """Some of which no other open system runs."""
    outcome = simulate(corpora.examples()[example], Options(shots=100, seed=1), MACHINE)
    assert sum(outcome.counts.values()) == 100


def test_feed_forward_is_not_left_to_aer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen qubits, turned and entangled, and gates by what was measured: Aer would run 1,024 shots one by one."""
    monkeypatch.setattr(by_aer, "run", None)
    turned = " ".join(f"ry({place / 10 + 0.3}) q[{place}];" for place in range(16))
    entangled = " ".join(f"cx q[{place}], q[{place + 1}];" for place in range(15))
    measured = " ".join(
        f"c[{place}] = measure q[{place}]; if (c[{place}]) {{ rz(0.3) q[{place + 1}]; ry(0.2) q[{place + 1}]; }}"
        for place in range(15)
    )
    program = INCLUDE + f"qubit[16] q; bit[16] c; {turned} {entangled} {measured} c[15] = measure q[15];"
    assert sum(simulate(program, Options(seed=1), MACHINE).counts.values()) == 1024


@pytest.mark.parametrize("qubits", [30, 100])
def test_a_wide_stabilizer_circuit_in_a_loop_is_left_to_the_stabilizers(qubits: int) -> None:
    """Its vector would grow beyond any memory before the machine has found out."""
    loop = f"for int i in [0:{qubits - 2}] {{ cx q[i], q[i + 1]; }}"
    program = INCLUDE + f"qubit[{qubits}] q; bit[{qubits}] c; h q[0]; {loop} c = measure q;"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert language.quickly(program, Options(shots=100), Machine(memory_bytes=2**33), 1) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < language.QUICK_BYTES // 1024
    assert simulate(program, Options(shots=100), MACHINE).method is Method.STABILIZER


@pytest.mark.parametrize(
    "program",
    [
        INCLUDE + "qubit q; bit c; h q; c = measure q;",
        INCLUDE + "qubit q; bit c; for uint i in [0:2] { h q; } c = measure q[2];",
        INCLUDE + "qubit q; bit c; while (!c) { c = 0; }",
        INCLUDE + "input angle a; qubit q; bit c; ry(a) q; c = measure q; if (c) { x q; }",
        INCLUDE + "qubit[9] q; bit[9] c; for uint i in [0:999] { if (c == 3) { x q; } h q; c = measure q; }",
    ],
)
def test_what_is_not_sooner_is_left_to_the_others(program: str) -> None:
    """No control flow, a mistake, no end, an input, or as many histories as shots."""
    assert language.quickly(program, Options(shots=2000), MACHINE, 1) is None


def test_what_it_needs_is_known_before() -> None:
    """Qubits, method, and memory for its vectors, which are bounded however many qubits there are."""
    found = needs(COMPUTES, Options(), 2**33)
    assert (found["qubits"], found["method"]) == (1, "statevector")
    many = needs(COMPUTES.replace("qubit q;", "qubit q; qubit[900] r;"), Options(), 2**33)
    assert many["qubits"] == 901
    assert found["container_bytes"] < many["container_bytes"] < 2**32


@pytest.mark.parametrize(
    ("program", "options", "code"),
    [
        (COMPUTES, Options(method=Method.STABILIZER), Code.METHOD),
        (INCLUDE + "input int[4] n; bit[4] c; n == 1; c = bit[4](n);", Options(), Code.INPUT_MISSING),
        (INCLUDE + "qubit q; int n; n = n * 2; h q;", Options(), Code.UNSUPPORTED),
        (INCLUDE + "bit[10000] c; int n = 1; n += 1;", Options(shots=1_000_000), Code.RESULT_BYTES),
        (INCLUDE + "int n = 0; bit c; n = 1; c = 1 / (n - 1) == 1;", Options(), Code.SEMANTIC),
    ],
)
def test_what_cannot_be_run_is_refused(program: str, options: Options, code: Code) -> None:
    """By a check and by the run, or by the run alone where only that can know."""
    with pytest.raises(ProgramError) as refused:
        simulate(program, options, MACHINE)
    assert refused.value.code is code
    if code is not Code.SEMANTIC:
        with pytest.raises(ProgramError) as refused:
            needs(program, options, 2**28)
        assert refused.value.code is code


def test_what_neither_can_read_is_refused_in_the_importers_words() -> None:
    """One refusal, with its place."""
    with pytest.raises(ProgramError) as refused:
        simulate(INCLUDE + "qubit q;\nhadamart q;", Options(), MACHINE)
    assert (refused.value.code, refused.value.line, refused.value.column) == (Code.UNDEFINED, 3, 1)
