"""Programs from text to counts, against outcomes derived by hand."""

import json
import math
import subprocess
import sys
from collections.abc import Mapping

import pytest
from quantum_runner import engine
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import MAX_SEED, Method, Options, Outcome
from support.programs import BELL

MACHINE = Machine(memory_bytes=2**30)
INCLUDE = 'OPENQASM 3.0; include "stdgates.inc";'


def _run(program: str, *, shots: int = 2000, method: Method = Method.AUTOMATIC) -> Outcome:
    return simulate(f"{INCLUDE} {program}", Options(shots=shots, seed=11, method=method), MACHINE)


def _assert_close(counts: Mapping[str, int], expected: Mapping[str, float]) -> None:
    """Nothing but the expected outcomes, each within five standard deviations of its share."""
    shots = sum(counts.values())
    assert set(counts) <= set(expected)
    for key, share in expected.items():
        assert abs(counts.get(key, 0) - shots * share) <= 5 * math.sqrt(shots * share * (1 - share)) + 1e-9, key


CERTAIN: dict[str, tuple[str, str]] = {
    "several registers, the last declared first": (
        "qubit[3] q; bit[2] a; bit b; bit[3] c; x q[0]; a = measure q[0:1]; b = measure q[0]; x q[2]; c = measure q;",
        "101 1 01",
    ),
    "a declaration that measures": ("qubit[2] q; x q[1]; bit[2] c = measure q;", "10"),
    "the arrow": ("qreg q[2]; creg c[2]; x q[0]; measure q -> c;", "01"),
    "a measurement in the middle": ("qubit q; bit[2] c; x q; c[0] = measure q; x q; c[1] = measure q;", "01"),
    "a reset": ("qubit q; bit c; h q; reset q; c = measure q;", "0"),
    "a register that is reset": ("qubit[2] q; bit[2] c; x q; reset q; c = measure q;", "00"),
    "bits never written": ("qubit q; bit[3] c; x q; c[1] = measure q;", "010"),
    "else": ("qubit q; bit c; bit[1] d; c = measure q; if (c) { } else { x q; } d = measure q;", "1 0"),
    "else if": (
        (
            "qubit[2] q; bit[2] c; bit d; x q[1]; c = measure q; "
            "if (c == 1) { } else if (c == 2) { x q[0]; } else { } d = measure q[0];"
        ),
        "1 10",
    ),
    "an if without braces": ("qubit q; bit c; if (!c) x q; c = measure q;", "1"),
    "while, with a body that writes": (
        (
            "qubit[2] q; bit[1] c; bit d; x q[0]; c = measure q[0]; "
            "while (c) { x q[0]; x q[1]; c = measure q[0]; } d = measure q[1];"
        ),
        "1 0",
    ),
    "break out of for": (
        (
            "qubit[2] q; bit[2] c; for int i in [0:9] { x q[0]; c[0] = measure q[0]; if (c[0]) { break; } x q[1]; } "
            "c = measure q;"
        ),
        "01",
    ),
    "a loop variable as an angle, next to a jump": (
        "qubit q; bit[2] c; for int i in {1, 2, 3, 5} { if (c[1]) { continue; } rx(pi * i) q; } c[0] = measure q;",
        "01",
    ),
    "continue in for": (
        (
            "qubit[2] q; bit[2] c; for int i in [0:2] { x q[0]; c[0] = measure q[0]; if (c[0]) { continue; } x q[1]; } "
            "c = measure q;"
        ),
        "11",
    ),
    "continue in while": (
        (
            "qubit[3] q; bit[3] c; x q[0]; c[0] = measure q[0]; "
            "while (c[0]) { x q[0]; c[0] = measure q[0]; if (!c[1]) { continue; } x q[2]; } c = measure q;"
        ),
        "000",
    ),
    "break out of the inner loop only": (
        "qubit[2] q; bit[2] c; for int i in [0:2] { for int j in [0:5] { x q[0]; break; } x q[1]; } c = measure q;",
        "11",
    ),
    "break within a switch leaves the loop": (
        (
            "qubit[2] q; bit[2] c; for int i in [0:3] { switch (c) { case 0 { x q[0]; break; } default { } } x q[1]; } "
            "c = measure q;"
        ),
        "01",
    ),
    "a step of minus two": ("qubit q; bit c; for int i in [5:-2:0] { x q; } c = measure q;", "1"),
    "an inclusive range": ("qubit q; bit c; for int i in [0:3] { x q; } c = measure q;", "0"),
    "gates within loops by index": (
        "qubit[5] q; bit[5] c; x q[0]; for int i in [0:3] { cx q[i], q[i + 1]; } c = measure q;",
        "11111",
    ),
    "physical qubits": ("bit[2] c; x $1; c[0] = measure $0; c[1] = measure $1;", "10"),
    "gphase, barrier, delay and box": (
        "qubit[2] q; bit[2] c; gphase(pi); barrier q; box { x q[0]; delay[10ns] q[0]; } delay[1us]; c = measure q;",
        "01",
    ),
    "a gate of the program's own, named as a standard one elsewhere": (
        "gate iswap a, b { x a; } qubit[2] q; bit[2] c; iswap q[0], q[1]; c = measure q;",
        "01",
    ),
    "an alias of bits": ("qubit[2] q; bit[2] c; let d = c[{1, 0}]; x q[0]; d = measure q;", "10"),
    "loose bits next to each other": ("qubit q; bit a; bit b; x q; b = measure q;", "10"),
    "forty qubits": (
        "qubit[40] q; bit[40] c; x q[0]; for int i in [0:37] { cx q[i], q[i + 1]; } c = measure q;",
        "0" + "1" * 39,
    ),
}


@pytest.mark.parametrize("what", CERTAIN)
def test_a_certain_outcome_is_the_only_one(what: str) -> None:
    """Each feature, in a program whose outcome is one string."""
    program, expected = CERTAIN[what]
    assert dict(_run(program, shots=20).counts) == {expected: 20}


@pytest.mark.parametrize(
    ("value", "taken"),
    [(0, "none"), (1, "first"), (2, "second"), (3, "second"), (4, "none"), (5, "third"), (7, "none")],
)
@pytest.mark.parametrize("target", ["c", "int(c)", "uint(c)", "int[4](c)", "uint[3](c)"])
def test_a_switch_takes_the_case_that_matches_and_no_other(target: str, value: int, taken: str) -> None:
    """Cases do not fall through, a label beyond the register matches nothing, and a body may write the target."""
    flips = "".join(f"x q[{place}]; " for place in range(3) if value >> place & 1)
    program = f"""
    qubit[3] q; qubit[4] w; bit[3] c; bit[4] r; {flips} c = measure q;
    switch ({target}) {{
      case 1 {{ x w[0]; reset q; x q[1]; c = measure q; }}
      case 2, 3 {{ x w[1]; }}
      case -1, 9, 5 {{ x w[2]; }}
      case 15 {{ x w; }}
      default {{ x w[3]; }}
    }}
    r = measure w;
    """
    places = {"first": "0001", "second": "0010", "third": "0100", "none": "1000"}
    left = "010" if value == 1 else f"{value:03b}"
    assert dict(_run(program, shots=5).counts) == {f"{places[taken]} {left}": 5}


def test_a_switch_without_a_default_may_take_nothing() -> None:
    """A value without a case leaves everything as it is, on a single bit as well."""
    program = "qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; switch (c[0]) { case 0 { x q[1]; } } c = measure q;"
    assert dict(_run(program, shots=5).counts) == {"01": 5}


def test_a_ghz_state_has_two_outcomes() -> None:
    """All zeros and all ones, each half of the time."""
    program = "qubit[5] q; bit[5] c; h q[0]; for int i in [0:3] { cx q[i], q[i + 1]; } c = measure q;"
    _assert_close(_run(program).counts, {"00000": 0.5, "11111": 0.5})


def test_teleportation_moves_a_state() -> None:
    """The third qubit has the first one's state, whatever was measured on the way."""
    program = """
    qubit[3] q; bit[1] a; bit b; bit[1] out;
    ry(pi / 3) q[0]; h q[1]; cx q[1], q[2]; cx q[0], q[1]; h q[0];
    a = measure q[0]; b = measure q[1];
    if (b) { x q[2]; } if (a) { z q[2]; }
    out = measure q[2];
    """
    one = math.sin(math.pi / 6) ** 2
    expected = {f"{out} {b} {a}": (one if out else 1 - one) / 4 for out in (0, 1) for b in (0, 1) for a in (0, 1)}
    _assert_close(_run(program).counts, expected)


def test_grover_finds_the_marked_state() -> None:
    """Two rounds over three qubits find the marked state with a probability of 121/128."""
    program = """
    gate mark a, b, c { x b; ctrl(2) @ z a, b, c; x b; }
    gate spread a, b, c { h a; h b; h c; x a; x b; x c; ctrl @ ctrl @ z a, b, c; x a; x b; x c; h a; h b; h c; }
    gate round a, b, c { mark a, b, c; spread a, b, c; }
    qubit[3] q; bit[3] c; h q; pow(2) @ round q[0], q[1], q[2]; c = measure q;
    """
    expected = {f"{value:03b}": 121 / 128 if value == 0b101 else 1 / 128 for value in range(8)}
    _assert_close(_run(program).counts, expected)


def test_phase_estimation_reads_an_exact_phase() -> None:
    """A phase of 5/8 of a turn is found with certainty in three bits."""
    program = """
    qubit[3] q; qubit w; bit[3] c; x w; h q;
    cp(2 * pi * 5 / 8) q[0], w; pow(2) @ cp(2 * pi * 5 / 8) q[1], w; pow(4) @ cp(2 * pi * 5 / 8) q[2], w;
    h q[2]; cp(-pi / 2) q[1], q[2]; h q[1]; cp(-pi / 4) q[0], q[2]; cp(-pi / 2) q[0], q[1]; h q[0];
    c[2] = measure q[0]; c[1] = measure q[1]; c[0] = measure q[2];
    """
    assert dict(_run(program, shots=50).counts) == {"101": 50}


def test_repeat_until_success_ends() -> None:
    """A `while` that waits for a coin leaves it at 0, after a geometric number of throws."""
    program = """
    qubit[2] q; bit c; bit[1] odd; h q[0]; c = measure q[0];
    while (c) { x q[1]; h q[0]; c = measure q[0]; }
    odd = measure q[1];
    """
    _assert_close(_run(program).counts, {"0 0": 2 / 3, "1 0": 1 / 3})


@pytest.mark.parametrize("method", [method for method in Method if method is not Method.STABILIZER])
def test_methods_agree(method: Method) -> None:
    """Every method gives the distribution of the same state, over gates that some of them must write out."""
    program = (
        "qubit[3] q; bit[3] c; ry(1) q; ctrl(2) @ ry(2) q[0], q[1], q[2]; cu(1, 2, 3, 4) q[2], q[0]; ch q[0], q[1];"
    )
    exact = _run(f"{program} c = measure q;", shots=200_000, method=Method.STATEVECTOR).counts
    counts = _run(f"{program} c = measure q;", method=method).counts
    _assert_close(counts, {f"{value:03b}": exact.get(f"{value:03b}", 0) / 200_000 for value in range(8)})


@pytest.mark.parametrize("method", list(Method))
def test_one_seed_gives_one_result(method: Method) -> None:
    """The same program with the same seed gives the same counts, and another seed others."""
    program = f"{INCLUDE} qubit[5] q; bit[5] c; h q; c = measure q;"
    first, again, other = (
        simulate(program, Options(shots=500, seed=seed, method=method), MACHINE) for seed in (5, 5, 6)
    )
    assert first == again
    assert first.counts != other.counts


def test_a_seed_is_drawn_and_named_when_none_is_given() -> None:
    """The outcome names the seed that was drawn, and with it repeats."""
    program = f"{INCLUDE} qubit[5] q; bit[5] c; h q; c = measure q;"
    drawn = simulate(program, Options(shots=500), MACHINE)
    assert 0 <= drawn.seed <= MAX_SEED
    assert simulate(program, Options(shots=500, seed=drawn.seed), MACHINE) == drawn


def test_an_outcome_names_what_ran() -> None:
    """Shots, seed, declared qubits and the method are part of the outcome, and counts add up to the shots."""
    outcome = _run("qubit[30] q; bit c; h q[0]; c = measure q[0];", shots=77)
    assert (outcome.shots, outcome.seed, outcome.qubits, outcome.method) == (77, 11, 30, Method.STATEVECTOR)
    assert sum(outcome.counts.values()) == 77


@pytest.mark.parametrize("body", ["", "qubit q;", "qubit q; bit c; h q; if (c) { x q; }"])
def test_a_program_without_measurement_is_told_what_to_add(body: str) -> None:
    """Nothing measured, nothing counted; the message shows how."""
    with pytest.raises(ProgramError, match=r"c = measure q;") as refusal:
        _run(body)
    assert refusal.value.code is Code.NO_MEASUREMENT


def test_a_measurement_within_a_branch_is_one() -> None:
    """It is enough that something may be measured."""
    counts = _run("qubit q; bit[2] c; x q; if (!c[0]) { c[1] = measure q; }", shots=5).counts
    assert dict(counts) == {"10": 5}


@pytest.mark.parametrize(
    "call",
    [
        "gate g(t) a { rx(t * 1e308 * 1e308) a; } qubit q; bit c; g(3) q; c = measure q;",
        "gate g(t) a { gphase(t * 1e308 * 1e308); } qubit q; bit c; g(3) q; c = measure q;",
    ],
)
def test_a_number_that_overflows_late_is_refused(call: str) -> None:
    """An angle that only becomes infinite when a gate is written out ends in a refusal without inner names."""
    with pytest.raises(ProgramError) as refusal:
        _run(call)
    assert refusal.value.code in (Code.SEMANTIC, Code.ENGINE_FAILED)
    assert "Error" not in refusal.value.message


def test_being_warm_changes_nothing() -> None:
    """Warming up again is harmless."""
    engine.warm()
    assert dict(_run("qubit q; bit c; x q; c = measure q;", shots=3).counts) == {"1": 3}


def test_a_small_program_loads_no_simulator() -> None:
    """A new process that runs a few gates imports no Qiskit, parser or NumPy: that takes most of a second."""
    script = (
        "import sys\n"
        "from quantum_runner.simulate import Machine, simulate\n"
        "from quantum_tasks.task import Options\n"
        f"print(simulate({BELL!r}, Options(shots=100, seed=1), Machine(2**30)).counts)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'qiskit', 'qiskit_aer', 'openqasm3', 'antlr4', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    counts, loaded = done.stdout.splitlines()
    assert set(json.loads(counts.replace("'", '"'))) == {"00", "11"}
    assert loaded == "[]"
