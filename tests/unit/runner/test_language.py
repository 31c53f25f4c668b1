"""Programs that Qiskit cannot read, from the text to the counts."""

import json
import resource

import pytest
from quantum_qasm.check import check
from quantum_qasm.registers import by_register
from quantum_runner import by_aer, language
from quantum_runner.check import needs
from quantum_runner.machine import Machine
from quantum_runner.simulate import simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Engine, Frontend, Method, Options, Output
from support import corpora, features
from support.programs import BELL

MACHINE = Machine(memory_bytes=2**28)
INCLUDE = 'include "stdgates.inc";\n'
COMPUTES = INCLUDE + "qubit q; int[4] n; h q; bit b = measure q; if (b) n += 3; bit[4] c = bit[4](n); b = 0;"
"""What it does with a measurement, Qiskit cannot read."""

TURNS = INCLUDE + "qubit q; int[8] n; bit b; while (!b) { h q; b = measure q; n += 1; }"
"""No circuit has a loop that turns as often as a measurement says."""


OTHERWISE = {
    "an empty loop": "the importer reads it, and a program that it reads is to measure something",
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


@pytest.mark.parametrize("example", ["adder", "gateteleport", "ipe", "qec", "rus", "teleport", "varteleport"])
def test_official_examples_run(example: str) -> None:
    """Some of which no other open system runs."""
    outcome = simulate(corpora.examples()[example], Options(shots=100, seed=1), MACHINE)
    assert sum(outcome.counts.values()) == 100


@pytest.mark.parametrize("frontend", list(Frontend))
def test_what_a_pragma_of_ours_asks_for_is_not_for_qiskits_importer(frontend: Frontend) -> None:
    """Neither does it pass it over, where Qiskit's reading is asked for."""
    program = INCLUDE + "pragma quantum-tasks ignore calibrations\ndefcal h $0 { } bit[2] c; x $1; c[1] = measure $1;"
    options = Options(shots=5, frontend=frontend)
    if frontend is Frontend.AUTOMATIC:
        assert simulate(program, options, MACHINE).counts == {"10": 5}
        assert needs(program, options, 2**33)["qubits"] == 1
        return
    for refuse in (lambda: simulate(program, options, MACHINE), lambda: needs(program, options, 2**33)):
        with pytest.raises(ProgramError) as refused:
            refuse()
        assert (refused.value.code, refused.value.line, refused.value.column) == (Code.UNSUPPORTED, 2, 1)


def test_an_official_example_runs_on_request() -> None:
    """As a task, which has nothing but its text to ask by."""
    text = corpora.ON_REQUEST["t1"] + corpora.examples()["t1"]
    assert simulate(text, Options(shots=3, seed=1), MACHINE).counts == {"11": 3}


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


ROTATED = INCLUDE + "input float theta; qubit q; bit c; ry(theta) q; c = measure q;"


@pytest.mark.parametrize("method", [Method.AUTOMATIC, Method.STATEVECTOR, Method.DENSITY_MATRIX])
@pytest.mark.parametrize("frontend", list(Frontend))
@pytest.mark.parametrize(("theta", "key"), [("pi", "1"), ("2 * pi", "0"), ("-pi", "1")])
def test_an_input_is_what_came_with_the_task(method: Method, frontend: Frontend, theta: str, key: str) -> None:
    """Whoever reads the program, and whatever runs it."""
    options = Options(shots=20, method=method, frontend=frontend, inputs={"theta": theta})
    assert simulate(ROTATED, options, MACHINE).counts == {key: 20}
    assert needs(ROTATED, options, 2**33)["qubits"] == 1


@pytest.mark.parametrize("frontend", list(Frontend))
@pytest.mark.parametrize(
    ("program", "inputs", "code"),
    [
        (ROTATED, {}, Code.INPUT_MISSING),
        (ROTATED, {"theta": "pi", "phi": "0"}, Code.INPUT_UNKNOWN),
        (ROTATED, {"theta": "qubit"}, Code.INPUT_INVALID),
        (ROTATED, {"theta": "1e999"}, Code.INPUT_INVALID),
        (INCLUDE + "qubit q; bit c; h q; c = measure q;", {"theta": "0"}, Code.INPUT_UNKNOWN),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    frontend: Frontend, program: str, inputs: dict[str, str], code: Code
) -> None:
    """By the check and by the run, also where the program is one that needs no front end of its own."""
    options = Options(inputs=inputs, frontend=frontend)
    for refuse in (lambda: simulate(program, options, MACHINE), lambda: needs(program, options, 2**33)):
        with pytest.raises(ProgramError) as refused:
            refuse()
        assert refused.value.code is code


@pytest.mark.parametrize(
    ("declared", "given", "key"),
    [
        ("input int[8] n;", {"n": "2"}, "0011"),
        ("input uint n;", {"n": "3"}, "0111"),
        ("input bit[4] n;", {"n": "0100"}, "1111"),
        ("input array[int[8], 2] m; int n = m[1];", {"m": "{7, 1}"}, "0001"),
        ("input bool b; int n = 1; if (b) { n = 4; }", {"b": "true"}, "1111"),
    ],
)
def test_an_input_may_be_of_any_type(declared: str, given: dict[str, str], key: str) -> None:
    """Also of those that Qiskit's importer does not have."""
    body = "qubit[4] q; bit[4] c; int k = int(n); for int i in [1:k] { x q[i - 1]; } c = measure q;"
    outcome = simulate(INCLUDE + declared + body, Options(shots=5, inputs=given), MACHINE)
    assert outcome.counts == {key: 5}
    assert outcome.engine is Engine.MACHINE


def test_outputs_are_given_in_their_types() -> None:
    """With how often which came together; the counts are of those that have bits, in two's complement."""
    program = INCLUDE + (
        "output int[4] n; output float mean; output bit[2] r; qubit q; bit seen; h q; seen = measure q;"
        'n = -1; r = "01"; mean = 0.5; if (seen) { n = 2; mean = 1 / 4.0; r[1] = 1; }'
    )
    outcome = simulate(program, Options(shots=1000, seed=7), MACHINE)
    found = {json.dumps(output.values): output.count for output in outcome.outputs}
    ones, zeros = '{"n": 2, "mean": 0.25, "r": "11"}', '{"n": -1, "mean": 0.5, "r": "01"}'
    assert found.keys() == {ones, zeros}
    assert outcome.counts == {"11 0010": found[ones], "01 1111": found[zeros]}
    assert outcome.outputs[0].count >= outcome.outputs[1].count


def test_a_program_may_have_outputs_without_bits() -> None:
    """Its shots are counted all the same."""
    outcome = simulate(INCLUDE + "output float mean; qubit q; mean = 1.5; reset q;", Options(shots=9), MACHINE)
    assert (outcome.counts, outcome.outputs) == ({"": 9}, (Output(9, {"mean": 1.5}),))


def test_qiskits_reading_is_qiskits_alone() -> None:
    """What its importer lacks is refused, also where the same program runs without that wish."""
    options = Options(shots=10, frontend=Frontend.QISKIT)
    assert simulate(BELL, options, MACHINE).counts.keys() <= {"00", "11"}
    for refuse in (lambda: simulate(COMPUTES, options, MACHINE), lambda: needs(COMPUTES, options, 2**33)):
        with pytest.raises(ProgramError) as refused:
            refuse()
        assert refused.value.code is Code.UNSUPPORTED


@pytest.mark.parametrize(
    ("program", "method", "engine"),
    [
        (BELL, Method.AUTOMATIC, Engine.DIRECT),
        (BELL, Method.STABILIZER, Engine.AER),
        (COMPUTES, Method.AUTOMATIC, Engine.MACHINE),
    ],
)
def test_a_result_says_what_ran(program: str, method: Method, engine: Engine) -> None:
    """Three engines, chosen by the program and the method."""
    assert simulate(program, Options(shots=10, method=method), MACHINE).engine is engine


def test_what_it_needs_is_known_before() -> None:
    """Qubits, method, and memory for its vectors, which are bounded however many qubits there are."""
    found = needs(TURNS, Options(), 2**33)
    assert (found["qubits"], found["method"]) == (1, "statevector")
    many = needs(TURNS.replace("qubit q;", "qubit q; qubit[900] r;"), Options(), 2**33)
    assert many["qubits"] == 901
    assert found["container_bytes"] < many["container_bytes"] < 2**32


@pytest.mark.parametrize(
    ("program", "options", "code"),
    [
        (TURNS, Options(method=Method.STABILIZER), Code.METHOD),
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


@pytest.mark.parametrize(
    ("more", "method"),
    [("", Method.AUTOMATIC), ("", Method.DENSITY_MATRIX), ("int n = 1; n += 1;", Method.AUTOMATIC)],
    ids=["direct", "aer", "machine"],
)
def test_whatever_ran_counts_are_told_apart_by_register(more: str, method: Method) -> None:
    """Registers of several bits, single bits between them, one that is never measured, and an alias."""
    program = INCLUDE + (
        "qubit[3] q; bit[2] first; bit lone; bit other; creg old[3]; bit[2] never; bit last; let a = old[0:1];"
        f"{more} x q[0]; first[0] = measure q[0]; other = measure q[0]; old[2] = measure q[0]; last = measure q[1];"
    )
    found = by_register(simulate(program, Options(shots=7, method=method), MACHINE).counts, check(program).program)
    assert {one.name: dict(one.counts) for one in found} == {
        "first": {"01": 7},
        "lone": {"0": 7},
        "other": {"1": 7},
        "old": {"100": 7},
        "never": {"00": 7},
        "last": {"0": 7},
    }
