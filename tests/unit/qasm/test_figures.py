"""What programs amount to, by hand and as Qiskit counts."""

from random import Random

import pytest
from quantum_qasm.check import check
from quantum_qasm.figures import MAX_STEPS, Figures, figures_of
from quantum_runner.frontend import load
from support import straight_programs

INCLUDE = 'include "stdgates.inc"; '
GATES = ("x", "h", "sx", "rz", "cx", "cp", "swap", "ccx", "cu")
"""Some that Qiskit counts by the names that they have here."""


def _figures(body: str) -> Figures | None:
    program = check(INCLUDE + body).program
    assert program is not None
    return figures_of(program)


@pytest.mark.parametrize(
    ("body", "depth", "gates"),
    [
        ("qubit[2] q; h q[0]; cx q[0], q[1];", 2, {"h": 1, "cx": 1}),
        ("qubit[3] q; h q; barrier q; x q[0];", 2, {"h": 3, "x": 1}),
        ("qubit[3] q; h q[0]; h q[0]; barrier q[0:1]; x q[1]; x q[2];", 3, {"h": 2, "x": 2}),
        ("qubit[2] q; x q[0]; x q[0]; barrier; x q[1];", 3, {"x": 3}),
        ("qubit[3] q; qubit r; cx r, q;", 3, {"cx": 3}),
        ("qubit[3] q; qubit[3] r; cx r, q;", 1, {"cx": 3}),
        ("gphase(pi); qubit q; ctrl @ gphase(pi) q;", 1, {"gphase": 1, "ctrl @ gphase": 1}),
        (
            "qubit[4] q; ctrl(2) @ negctrl @ pow(0.5) @ x q[0], q[1], q[2], q[3];",
            1,
            {"ctrl(2) @ negctrl @ pow(0.5) @ x": 1},
        ),
        (
            "qubit q; for int i in [1:2] { pow(i) @ x q; inv @ s q; }",
            4,
            {"pow(1) @ x": 1, "pow(2) @ x": 1, "inv @ s": 2},
        ),
        ("gate g a, b { h a; cx a, b; } qubit[2] q; g q[0], q[1];", 1, {"g": 1}),
        ("qubit[4] q; for int i in [0:2] { cx q[i], q[i + 1]; }", 3, {"cx": 3}),
        ("qubit q; int n = 5; while (n > 0) { x q; n -= 2; if (n == 1) { h q; } }", 4, {"x": 3, "h": 1}),
        ("def f(qubit a, int n) { if (n > 0) { x a; f(a, n - 1); } } qubit q; f(q, 3);", 3, {"x": 3}),
        (
            "def f(mutable array[int, 2] a) { a[0] = 2; } array[int, 2] a; f(a); qubit q; for int i in [1:a[0]] x q;",
            2,
            {"x": 2},
        ),
        ("qubit[2] q; bit c; c = measure q[0]; c = measure q[1];", 2, {}),
        ("qubit[2] q; bit[2] c; c = measure q;", 1, {}),
        ("qubit[2] q; measure q; reset q[0]; reset q[0];", 3, {}),
        ("qubit[2] q; angle[1] a; h q[0]; a[0] = measure q[0]; angle[1] b = a; rz(b) q[1];", 3, {"h": 1, "rz": 1}),
        ("qubit[2] q; def f(qubit a) -> bit { return measure a; } bit c = f(q[0]); rz(float(c)) q[1];", 2, {"rz": 1}),
        ("qubit q; int n; bit c = measure q; n = int(c); pow(n) @ x q;", 2, {"pow @ x": 1}),
        ("qubit q; bit c = measure q; c = 0; if (c) { x q; }", 1, {}),
        ("input float angle_of_it; qubit q; rx(angle_of_it) q;", 1, {"rx": 1}),
        ("qubit q; x q; end; x q;", 1, {"x": 1}),
        ("int i = 3;", 0, {}),
    ],
)
def test_figures_by_hand(body: str, depth: int, gates: dict[str, int]) -> None:
    """Constant loops and calls are followed; what was measured may be a parameter, for which a gate waits."""
    found = _figures(body)
    assert found is not None
    assert (found.depth, found.gates) == (depth, gates)


@pytest.mark.parametrize(
    "body",
    [
        "qubit q; bit c = measure q; if (c) { x q; }",
        "qubit q; bit[2] c; c[0] = measure q; c[1] = 0; if (c == 1) { x q; }",
        "qubit[2] q; bit c = measure q[0]; int i = int(c); x q[i];",
        "qubit q; int n; array[int, 2] a; bit c = measure q; a[0] = int(c); if (a[1] == 0) { x q; }",
        "qubit q; def f(qubit a) -> bit { return measure a; } bit c = f(q); while (c) { c = 0; }",
        "qubit q; def f(int n, qubit a) { if (n == 0) { x a; } } bit c = measure q; f(int(c), q);",
        "input int n; qubit q; for int i in [0:n] { x q; }",
        "input uint[1] n; qubit[2] q; x q[n];",
        "qubit q; while (true) { x q; }",
        f"qubit q; for int i in [0:{MAX_STEPS}] {{ }}",
        "def f(int n) -> int { return f(n + 1); } int i = f(0);",
        "int i; int j = 1 / i;",
        "array[int, 3] a; int i = 3; a[i] = 1;",
    ],
)
def test_what_is_not_known_is_not_told(body: str) -> None:
    """What depends on measurements or inputs, does not end soon, or fails."""
    assert _figures(body) is None


def test_depth_and_counts_are_qiskits() -> None:
    """Of random programs, with measurements in the middle and bits that are written twice."""
    for seed in range(100):
        program = straight_programs.program(Random(seed), middle=0.3, gates=GATES)  # noqa: S311
        compiled = check(program).program
        assert compiled is not None
        found = figures_of(compiled)
        assert found is not None
        circuit = load(program)
        counted = {name: count for name, count in circuit.count_ops().items() if name != "measure"}
        assert (found.depth, found.gates) == (circuit.depth(), counted), program


@pytest.mark.parametrize(
    "loop",
    [
        "uint[4096] a = 3; uint[4096] b; b = ~b; while (true) { a = a ** b; }",
        "bit[5000] c; bit[4990] d; while (true) { c[0:4989] = d; }",
        "array[int, 10000] a; array[int, 9999] b; while (true) { b = a[0:9998]; }",
        f"bool b; while (true) {{ b = {' && '.join(['b'] * 300)}; }}",
        "qubit[1000] q; while (true) { barrier; }",
        "qubit q; int i; while (true) { i += 1; pow(i) @ x q; }",
    ],
)
def test_large_values_are_many_steps(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes a bounded time, so that a check does."""
    monkeypatch.setattr("quantum_qasm.figures.MAX_STEPS", 5000)
    assert _figures(loop) is None
