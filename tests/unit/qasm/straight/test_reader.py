"""Which programs are read without a parser, and as what."""

import subprocess
import sys
from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st
from quantum_qasm.straight.program import Call, Measurement, StraightLine
from quantum_qasm.straight.reader import read
from quantum_runner.frontend import load

HEAD = 'include "stdgates.inc"; qubit[3] q; qubit r; bit[3] c; bit d; '
END = " d = measure r;"
READ = Measurement(3, 3)

STEPS: dict[str, list[Call | Measurement]] = {
    "h q[1];": [Call("h", (), (1,))],
    "h r;": [Call("h", (), (3,))],
    "h q;": [Call("h", (), (0,)), Call("h", (), (1,)), Call("h", (), (2,))],
    "cx q[0],q[2];": [Call("cx", (), (0, 2))],
    "cx\tq [ 0 ] ,\n r ;": [Call("cx", (), (0, 3))],
    "cx r, q;": [Call("cx", (), (3, 0)), Call("cx", (), (3, 1)), Call("cx", (), (3, 2))],
    "rx(pi) r;": [Call("rx", (pi,), (3,))],
    "rx ( - 3 * pi / 4 ) r;": [Call("rx", (-3 * pi / 4,), (3,))],
    "cu(1, 2.5, 1e-3, -pi*2) q[0], q[1];": [Call("cu", (1.0, 2.5, 1e-3, -pi * 2), (0, 1))],
    "barrier q, r; h r;": [Call("h", (), (3,))],
    "c = measure q;": [Measurement(0, 0), Measurement(1, 1), Measurement(2, 2)],
    "measure q[1] -> c[0];": [Measurement(1, 0)],
    "bit[3] e = measure q;": [Measurement(0, 4), Measurement(1, 5), Measurement(2, 6)],
    "// h q;\n /* x q; */ z r; // end\n": [Call("z", (), (3,))],
}


@pytest.mark.parametrize("text", STEPS)
def test_a_plain_statement_is_read(text: str) -> None:
    """As the gates and measurements that it stands for, in their order."""
    program = read(HEAD + text + END)
    assert program is not None
    assert program.steps == [*STEPS[text], READ]


@pytest.mark.parametrize("version", ["OPENQASM 3;", "OPENQASM 3.0;", "OPENQASM 3.1;", ""])
def test_registers_are_what_counts_are_keyed_by(version: str) -> None:
    """Single bits that are declared one after the other stand together, as they do in the parser's circuits."""
    program = read(f"{version} qubit q; bit a; bit b; bit[2] c; bit[1] d; bit e; creg f[2]; c[0] = measure q;")
    assert program == StraightLine(1, (2, 2, 1, 1, 2), [Measurement(0, 2)])


OTHERS = (
    "",
    "h q[0]; x",
    "qubit q; bit c; h q; c = measure q;",
    HEAD + "h r;",
    HEAD + "U(0, 0, 0) r;" + END,
    HEAD + "ctrl @ x q[0], r;" + END,
    HEAD + "if (d) x r;" + END,
    HEAD + "reset r;" + END,
    HEAD + "h t;" + END,
    HEAD + "h q[3];" + END,
    HEAD + "h r[0];" + END,
    HEAD + "h c[0];" + END,
    HEAD + "cx q[0], q[0];" + END,
    HEAD + "cx q, q;" + END,
    HEAD + "cx q[0];" + END,
    HEAD + "rx r;" + END,
    HEAD + "rx(1/2) r;" + END,
    HEAD + "rx(pi/0) r;" + END,
    HEAD + "rx(1e999) r;" + END,
    HEAD + "rx(d) r;" + END,
    HEAD + "measure r;" + END,
    HEAD + "c = measure r;" + END,
    HEAD + "d = measure q;" + END,
    HEAD + "qubit q;" + END,
    HEAD + "qubit h;" + END,
    HEAD + "qubit pi;" + END,
    HEAD + "qubit[0] e;" + END,
    HEAD + "qubit[1001] e;" + END,
    HEAD + "bit[10001] e;" + END,
    HEAD + "OPENQASM 3.0;" + END,
    HEAD + 'include "stdgates.inc";' + END,
    HEAD + "/* h r;" + END,
    HEAD + "rx(π) r;" + END,
    'qubit h; include "stdgates.inc"; bit c; c = measure h;',
    "OPENQASM 2.0; " + HEAD + END,
    HEAD + END + " h r",
)


@pytest.mark.parametrize("text", OTHERS)
def test_all_else_is_left_to_the_parser(text: str) -> None:
    """What is not plain, and what is wrong: the parser says where."""
    assert read(text) is None


HOSTILE = {
    "spaces before what is wrong": "'h' + ' ' * 10**6 + '!'",
    "a long name": "'h' * 10**6 + '!'",
    "comments that do not end": "'/*' * 10**6",
    "assignments": "'c = measure ' * 10**5",
    "arrows": "'measure -> ' * 10**5",
    "operands": "'cx ' + 'q[0], ' * 10**5",
    "angles": "'rx(' + '-pi*2, ' * 10**5 + ') q[0]'",
    "brackets": "'bit' + '[' * 10**6",
    "semicolons": "';' * 10**6",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    """A megabyte that is made to be hard is given up at once: tried in every way, it would take days."""
    script = f"from quantum_qasm.straight.reader import read; print(read({HEAD!r} + {text} + ';{END}'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "None\n"


PIECES = (
    *('include "stdgates.inc"', "qubit[2] q", "qubit r", "bit[2] c", "bit d", "qreg o[2]", "creg e[2]", "OPENQASM 3.0"),
    *("h q", "h r", "cx q[0], q[1]", "cx q, r", "cx r, q", "cx q, o", "ccx q[0], q[1], r", "swap o[0], r", "h q[2]"),
    *("rx(pi/2) r", "rx(pi / 3 * 2) r", "rx(2 pi) r", "rx(.5) r", "rx(5.) r", "rx(1e3) r", "rx() r", "u3(1,2,3) r"),
    *("c = measure q", "d = measure r", "d = measure q[1]", "measure o -> e", "c[1] = measure r", "bit f = measure r"),
    *("barrier q", "barrier", "barrier q, r", "h(  ) r", "x  r", "x\nr", "measure r", "d = measure d", "qubit d", ""),
    *("h q /* ; */", "cx q[ 0 ], r", "id q", "qubit measured", "h measured", "CX q[0], r", "p(-0.0) r", "rx(--1) r"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_what_is_read_is_right(pieces: list[str]) -> None:
    """The parser accepts it, too, and finds as many qubits and bits."""
    text = ";".join([*PIECES[:5], *pieces, "d = measure r", ""])
    program = read(text)
    if program is not None:
        circuit = load(text)
        assert (circuit.num_qubits, circuit.num_clbits) == (program.qubits, sum(program.registers))
