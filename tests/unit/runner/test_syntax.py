"""The parser's refusals: each with the words and the place that a person needs."""

import pytest
from openqasm3 import ast
from quantum_runner.limits import walk
from quantum_runner.syntax import parse
from quantum_tasks.errors import Code, ProgramError


@pytest.mark.parametrize(
    ("program", "line", "column", "words"),
    [
        ("qubit q\nh q;", 2, 1, "Unexpected 'h'; is there a ';' missing before it?"),
        ("qubit q;\nh q", 2, 4, "Unexpected end of the program; is there a ';' missing?"),
        ("qubit q;\n  h @ q;", 2, 5, "Unexpected '@'."),
        ("qubit q; if (true { }", 1, 19, "Unexpected '{'."),
        ("qubit q;\n\n #", 3, 2, "Unexpected '#'."),
        ("qubit €;", 1, 7, "Unexpected '€'."),
        ("qubit q; }", 1, 10, "Unexpected '}'."),
        ("gate g a { measure a; }", 1, 12, "Cannot have a non-unitary 'measure' instruction in a gate."),
        ("qubit q;\n  break;", 2, 3, "'break' statement outside loop."),
        ('qubit q; include "a', 1, 18, "Unexpected '\"a'."),
    ],
)
def test_what_does_not_parse_is_refused_where_it_goes_wrong(
    program: str, line: int, column: int, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first character that does not fit is named, counted from 1, and nothing is printed."""
    with pytest.raises(ProgramError) as refusal:
        parse(program)
    error = refusal.value
    assert (error.code, error.line, error.column, error.message) == (Code.SYNTAX, line, column, words)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("version", ["", "OPENQASM 3;", "OPENQASM 3.0;", "OPENQASM 3.1;", "// a\nOPENQASM 3;"])
def test_every_third_version_parses(version: str) -> None:
    """The version line may be any of version 3, or none."""
    assert len(parse(f"{version}\nqubit q;").statements) == 1


@pytest.mark.parametrize("body", ["qreg q[2];", "opaque g a;", "if(c==1) x q[0];"])
def test_version_2_is_refused_with_what_to_do(body: str) -> None:
    """A program in OpenQASM 2 is told so at its version line, whether or not it parses as version 3."""
    with pytest.raises(ProgramError, match=r"^1:10: This is OpenQASM 2\.0, .*qasm3\.dumps") as refusal:
        parse(f'OPENQASM 2.0;\ninclude "qelib1.inc";\n{body}')
    assert refusal.value.code is Code.VERSION


def test_identifiers_know_their_columns() -> None:
    """The columns of names are those within their lines, also where the official parser counts from the start."""
    tree = parse("qubit alpha;\nqubit[2] beta;\n  U(0, 0, 0) beta[1];")
    spans = {
        (node.name, node.span.start_line, node.span.start_column)
        for node in walk(tree)
        if isinstance(node, ast.Identifier)
    }
    assert spans == {("alpha", 1, 6), ("beta", 2, 9), ("U", 3, 2), ("beta", 3, 13)}


def test_a_chain_that_is_too_long_is_refused() -> None:
    """However long it is, what reads it is stopped before Python would have to."""
    with pytest.raises(ProgramError, match="nested more than 150 deep") as refused:
        parse(f"qubit q; U({'-' * 5000}1, 0, 0) q;")
    assert refused.value.code is Code.NESTING
