"""Bounds that are checked before anything is made, each with the place of what goes beyond it."""

import pytest
from quantum_runner import limits
from quantum_runner.limits import (
    MAX_BITS,
    MAX_CONTROLS,
    MAX_GATE_DEPTH,
    MAX_MODIFIERS,
    MAX_OPERATIONS,
    MAX_POWER_QUBITS,
    MAX_QUBITS,
)
from quantum_runner.syntax import parse
from quantum_tasks.errors import Code, ProgramError

HUGE = "*".join(["9" * 400] * 12)
TENFOLD = "gate g0(t) a { U(t, 0, 0) a; } " + " ".join(
    f"gate g{level}(t) a {{ {f'g{level - 1}(t) a; ' * 10} }}" for level in range(1, 6)
)
DEEP = "gate g0 a { } " + " ".join(f"gate g{level} a {{ g{level - 1} a; }}" for level in range(1, MAX_GATE_DEPTH))
WIDE = "qubit[8] q; gate wide a, b, c, d, e, f, g, h { } "
OPERANDS = ", ".join(f"q[{place}]" for place in range(8))

REFUSED: list[tuple[str, Code, int]] = [
    ("qubit[1000000000] q;", Code.QUBITS, 1),
    (f"qubit[{HUGE}] q;", Code.QUBITS, 1),
    (f"qubit[{MAX_QUBITS}] q; qubit r;", Code.QUBITS, 16),
    (f"qreg q[{MAX_QUBITS + 1}];", Code.QUBITS, 1),
    ("U(0, 0, 0) $1000;", Code.QUBITS, 12),
    ("bit[1000000000] c;", Code.BITS, 1),
    (f"bit[{HUGE}] c;", Code.BITS, 1),
    (f"bit[{MAX_BITS}] c; bit d;", Code.BITS, 15),
    ("qubit[1000] q; " + "let a = q; " * 101, Code.BITS, 16 + 11 * 100),
    ("qubit q; for int i in [1:1000000] { reset q; }", Code.OPERATIONS, 10),
    ("qubit q; for int i in [1:1000000000000000000000000] { }", Code.OPERATIONS, 10),
    ("qubit q; for int i in [1:1000] { for int j in [1:1000] { reset q; } }", Code.OPERATIONS, 10),
    ("qubit q; for int i in [1:2] { for int j in [1:i * 1000001] { } }", Code.OPERATIONS, 31),
    ("qubit q; bit c; for int i in [0:1000000] { if (c) { break; } }", Code.OPERATIONS, 17),
    ("qubit[1000] q; for int i in [1:1000] { U(0, 0, 0) q; }", Code.OPERATIONS, 16),
    (f"{TENFOLD} qubit[10] q; g5(1) q;", Code.OPERATIONS, len(TENFOLD) + 15),
    (f"{TENFOLD} gate big(t) a {{ {'g5(t) a; ' * 11} }}", Code.OPERATIONS, len(TENFOLD) + 2),
    (f"{TENFOLD} gate big(t) a, b {{ ctrl @ g5(t) a, b; }}", Code.OPERATIONS, len(TENFOLD) + 2),
    (f"{DEEP} gate last a {{ g{MAX_GATE_DEPTH - 1} a; }}", Code.NESTING, len(DEEP) + 2),
    (f"{DEEP} gate last a {{ inv @ g{MAX_GATE_DEPTH - 2} a; }}", Code.NESTING, len(DEEP) + 2),
    (f"qubit q; {'inv @ ' * (MAX_MODIFIERS + 1)} U(0, 0, 0) q;", Code.NESTING, 10),
    (f"qubit[2] q; ctrl({MAX_CONTROLS + 1}) @ U(0, 0, 0) q[0], q[1];", Code.GATE_WIDTH, 13),
    (f"qubit[2] q; ctrl({HUGE}) @ U(0, 0, 0) q[0], q[1];", Code.GATE_WIDTH, 13),
    ("qubit[2] q; for int i in [50:51] { ctrl(i) @ U(0, 0, 0) q[0], q[1]; }", Code.GATE_WIDTH, 36),
    ("qubit[2] q; ctrl(9) @ negctrl(9) @ U(0, 0, 0) q[0], q[1];", Code.GATE_WIDTH, 13),
    ("qubit[2] q; ctrl(3) @ U(0, 0, 0) q[0], q[1];", Code.SEMANTIC, 13),
    (f"{WIDE} pow(0.5) @ wide {OPERANDS};", Code.GATE_WIDTH, len(WIDE) + 2),
    (f"{WIDE} pow(1000000000) @ wide {OPERANDS};", Code.GATE_WIDTH, len(WIDE) + 2),
]


@pytest.mark.parametrize(("program", "code", "column"), REFUSED)
def test_what_would_be_too_large_is_refused_where_it_stands(program: str, code: Code, column: int) -> None:
    """Sizes are counted on the syntax tree, with loops unrolled and gates expanded, before anything is made."""
    with pytest.raises(ProgramError) as refusal:
        limits.check(parse(program))
    assert (refusal.value.code, refusal.value.line, refusal.value.column) == (code, 1, column)
    assert len(refusal.value.message) < 300


@pytest.mark.parametrize(
    "program",
    [
        f"qubit[{MAX_QUBITS}] q; bit[{MAX_BITS}] c; reset q;",
        f"qubit q; for int i in [1:{MAX_OPERATIONS // 2 - 10}] {{ reset q; }}",
        "qubit q; for int i in [1:1000] { for int j in [i:100:1000] { reset q; } }",
        f"{TENFOLD} qubit[9] q; g5(1) q;",
        f"{DEEP} qubit[2] q; inv @ pow(2) @ ctrl @ g{MAX_GATE_DEPTH - 1} q[0], q[1];",
        f"{WIDE} pow(-64) @ wide {OPERANDS};",
        f"qubit[{MAX_POWER_QUBITS}] q; pow(0.5) @ ctrl({MAX_POWER_QUBITS - 1}) @ U(1, 2, 3) "
        + ", ".join(f"q[{place}]" for place in range(MAX_POWER_QUBITS))
        + ";",
        f"qubit[{MAX_CONTROLS + 1}] q; ctrl({MAX_CONTROLS}) @ U(1, 2, 3) "
        + ", ".join(f"q[{place}]" for place in range(MAX_CONTROLS + 1))
        + ";",
        "qubit[1000] q; " + "let a = q[0:1]; " * 1000,
    ],
)
def test_what_is_within_the_bounds_passes(program: str) -> None:
    """Each bound may be reached."""
    limits.check(parse(program))


def test_a_figure_that_nobody_could_read_is_not_written() -> None:
    """Python itself refuses to write a number of thousands of digits, and so does the message."""
    with pytest.raises(ProgramError, match="very many qubits, more than 1000"):
        limits.check(parse(f"qubit[{HUGE}] q;"))
