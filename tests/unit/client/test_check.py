"""`quantum-tasks check`: what is told of a program, and the exit code."""

from pathlib import Path

import pytest
from quantum_client.cli import app
from typer.testing import CliRunner

BELL = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
FIGURES = "    2 bits, depth 3, 1 h, 1 cx\n    runs by: direct, statevector, 64 bytes\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A file for a program."""
    return tmp_path / "program.qasm"


def test_a_program_that_is_right_has_no_error(program: Path) -> None:
    """It says so, and ends with 0."""
    program.write_text(BELL)
    ended = CliRunner().invoke(app, ["check", str(program)])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, f"{program}: no error, 2 qubits\n{FIGURES}", "")


def test_every_error_has_a_caret_under_it(program: Path) -> None:
    """The place, the line, a mark as long as what is wrong, and a hint where there is one."""
    program.write_text(BELL.replace("\nh q", "\n\thh q").replace("c = measure q", "c = measure q[0:2]"))
    ended = CliRunner().invoke(app, ["check", str(program)])
    assert ended.exit_code == 1
    assert ended.stderr.splitlines() == [
        f"{program}:5:2: error: Gate 'hh' is not defined. [sem.undefined]",
        "        hh q[0];",
        "        ^~",
        "        did you mean 'h'?",
        f"{program}:7:15: error: Index 2 is out of range: there are 2 elements. [sem.invalid]",
        "    c = measure q[0:2];",
        "                  ^~~",
    ]


def test_warnings_are_told_of_what_runs() -> None:
    """What comes in is a program too, and a warning is no error."""
    ended = CliRunner().invoke(app, ["check", "-"], input="float f = 3 / 5;")
    assert ended.exit_code == 0
    assert ended.stdout.splitlines()[0].startswith("<stdin>:1:11: warning: The quotient of two integers")


def test_what_is_not_known_before_is_left_out() -> None:
    """Gates that depend on a measurement are not counted."""
    body = "qubit[30] q; bit c; while (!c) { h q; c = measure q[0]; }"
    ended = CliRunner().invoke(app, ["check", "-"], input='include "stdgates.inc"; ' + body)
    assert ended.stdout == "<stdin>: no error, 30 qubits\n    1 bits\n"


def test_the_most_frequent_gates_are_named() -> None:
    """Of the others it is told how many there are."""
    body = "".join(f"{gate} q; " * (10 - place) for place, gate in enumerate("x y z h s t id sx sdg tdg".split()))  # noqa: SIM905
    ended = CliRunner().invoke(app, ["check", "-"], input=f'include "stdgates.inc"; qubit q; {body}')
    assert ended.stdout.splitlines()[1] == "    0 bits, depth 55, 10 x, 9 y, 8 z, 7 h, 6 s, 5 t, 4 id, 3 sx, 3 others"


def test_what_only_qiskits_importer_reads_has_a_warning() -> None:
    """And no figures."""
    body = "qubit[2] q; bit[2] c; h q[1:0]; c = measure q;"
    ended = CliRunner().invoke(app, ["check", "-"], input=f'include "stdgates.inc"; {body}')
    assert (ended.exit_code, ended.stdout.splitlines()[-1]) == (0, "<stdin>: no error")
    assert "[sem.tolerated]" in ended.stdout


def test_several_programs_are_told_of(program: Path) -> None:
    """One that is wrong makes the whole wrong, and hides no other."""
    program.write_text(BELL)
    ended = CliRunner().invoke(app, ["check", "-", str(program)], input="x q;")
    assert ended.exit_code == 1
    assert "<stdin>:1:1: error" in ended.stderr
    assert "no error" in ended.stdout


def test_a_program_that_is_too_large_is_not_read(program: Path) -> None:
    """It is refused by its size."""
    program.write_text("x" * (512 * 1024 + 1))
    ended = CliRunner().invoke(app, ["check", str(program)])
    assert (ended.exit_code, ended.stderr) == (1, f"{program}: error: a program has 524288 bytes at most\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """As every command does."""
    ended = CliRunner().invoke(app, ["check", str(tmp_path / "nothing.qasm")], env={"COLUMNS": "400"})
    assert ended.exit_code == 2
    assert "nothing.qasm" in ended.stderr
