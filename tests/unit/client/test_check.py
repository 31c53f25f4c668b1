"""`quantum-tasks check`: what is told of a program, and the exit code."""

from pathlib import Path

import pytest
from quantum_client.cli import app
from typer.testing import CliRunner

BELL = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A file for a program."""
    return tmp_path / "program.qasm"


def test_a_program_that_is_right_has_no_error(program: Path) -> None:
    """It says so, and ends with 0."""
    program.write_text(BELL)
    ended = CliRunner().invoke(app, ["check", str(program)])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, f"{program}: no error, 2 qubits\n", "")


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
