"""What is refused after parsing: each with its code, its place, and words for a person."""

import pytest
from quantum_runner.frontend import load
from quantum_tasks.errors import Code, ProgramError

HEAD = 'include "stdgates.inc"; qubit[3] q; bit[2] c;\n'
"""The first line of each program, so that places are on the second."""

REFUSED: list[tuple[str, Code, int, str]] = [
    ("hadamart q[0];", Code.UNDEFINED, 1, "Gate 'hadamart' is not defined."),
    ("crxx(1) q[0], q[1];", Code.UNDEFINED, 1, "Gate 'crxx' is not defined. Did you mean 'crx'?"),
    ("  x qq[0];", Code.UNDEFINED, 5, "Undefined symbol 'qq'. Did you mean 'q'?"),
    ("x q[3];", Code.SEMANTIC, 3, "An index is out of range."),
    ("c = measure q;", Code.SEMANTIC, 1, "The two registers differ in size."),
    ("measure q;", Code.SEMANTIC, 1, "Measurements must save their result in Qiskit."),
    ("qubit q;", Code.SEMANTIC, 1, "'q' is already defined."),
    ("cx q[0], q[0];", Code.SEMANTIC, 1, "Duplicate bit arguments."),
    ("rx q[0];", Code.SEMANTIC, 1, "'rx' takes 1 parameters, and 0 are given."),
    ("U(1) q[0];", Code.SEMANTIC, 1, "'U' takes 3 parameters, and 1 are given."),
    ("cx q[0];", Code.SEMANTIC, 1, "arguments does not match the gate expectation (2)."),
    ("rx(1 / 0) q[0];", Code.SEMANTIC, 4, "A division by zero."),
    ("rx(1e308 * 10) q[0];", Code.SEMANTIC, 4, "An angle must be a finite number."),
    (f"rx({'9' * 399}) q[0];", Code.SEMANTIC, 1, "A number is too large."),
    ("pow(1e308 * 10) @ x q[0];", Code.SEMANTIC, 1, "An exponent must be a finite number."),
    ("ctrl(0) @ x q[0];", Code.SEMANTIC, 1, "A gate needs one control or more."),
    ("gate g(t) a { rx(t) a; } g q[0];", Code.SEMANTIC, 26, "'g' takes 1 parameters, and 0 are given."),
    ("gate g a { g a; }", Code.UNDEFINED, 12, "Gate 'g' is not defined."),
    ("input float t; x q[0];", Code.SEMANTIC, 1, "'t' is already defined."),
    ("input float theta; rx(theta) q[0];", Code.INPUT_MISSING, 1, "input that was not given: theta."),
    ("output bit d;", Code.UNSUPPORTED, 1, "The 'output' keyword is not supported."),
    ("int n = 1;", Code.UNSUPPORTED, 1, "Declarations of type 'int' are not supported."),
    ("const int n = 1;", Code.UNSUPPORTED, 1, "Constant declaration is not supported."),
    ("bit d = 1;", Code.UNSUPPORTED, 9, "Initialisation of classical bits is not supported."),
    ("def f(int n) { }", Code.UNSUPPORTED, 1, "Subroutine definition is not supported."),
    ("extern f() -> int;", Code.UNSUPPORTED, 1, "Extern declaration is not supported."),
    ("c[0] = 1;", Code.UNSUPPORTED, 1, "Classical assignment is not supported."),
    ("end;", Code.UNSUPPORTED, 1, "End statement is not supported."),
    ("pragma a b", Code.UNSUPPORTED, 1, "Pragma is not supported."),
    ("rx(sin(1)) q[0];", Code.UNSUPPORTED, 4, "Function call is not supported here."),
    ("for float i in {1, 2} { x q[0]; }", Code.UNSUPPORTED, 1, "Only integer loop variables are supported."),
    ("for int i in {1, 1} { if (c[0]) { break; } }", Code.UNSUPPORTED, 14, "repeats a value"),
    ("for int i in [0:1] { x q[i]; if (c[0]) { break; } }", Code.UNSUPPORTED, 24, "must be a constant"),
    ("switch (1) { case 1 { } }", Code.UNSUPPORTED, 9, "Only a bit or a bit register"),
    ("switch (int[2](c)) { case 1 { } }", Code.UNSUPPORTED, 9, "makes a sign of a bit"),
    ("switch (uint[1](c)) { case 1 { } }", Code.UNSUPPORTED, 9, "A cast to fewer bits"),
    ("switch (c) { case 1 { } case 1 { } }", Code.SEMANTIC, 1, "Duplicate case label: '1'."),
    ("if (c + 1 == 2) { x q[0]; }", Code.SEMANTIC, 5, "Type error."),
    ("x $0;", Code.UNSUPPORTED, 3, "Physical qubit referenced in virtual addressing mode."),
]


@pytest.mark.parametrize(("statement", "code", "column", "words"), REFUSED)
def test_a_statement_that_cannot_run_is_refused_where_it_stands(
    statement: str, code: Code, column: int, words: str
) -> None:
    """The message says what is wrong in the language's words, and the place is the narrowest that is known."""
    with pytest.raises(ProgramError) as refusal:
        load(HEAD + statement)
    error = refusal.value
    assert words in error.message
    assert (error.code, error.line, error.column) == (code, 2, column)


@pytest.mark.parametrize("statement", [refused[0] for refused in REFUSED])
def test_no_message_shows_what_is_inside(statement: str) -> None:
    """Messages have no names of Python's classes, no addresses and no paths."""
    with pytest.raises(ProgramError) as refusal:
        load(HEAD + statement)
    message = refusal.value.message
    assert not any(inside in message for inside in ("Register(", "object at", "Error", "site-packages", "\n", "<"))
    assert message[0].isupper() or message[0] == "'"
    assert message.endswith((".", "?", ";"))


@pytest.mark.parametrize("name", ["qelib1.inc", "/etc/passwd", "../stdgates.inc", "stdgates.inc "])
def test_nothing_is_included_from_anywhere(name: str) -> None:
    """Any file but stdgates.inc is refused by name, and none is looked for."""
    with pytest.raises(ProgramError) as refusal:
        load(f'qubit q;\n  include "{name}";')
    assert (refusal.value.code, refusal.value.line, refusal.value.column) == (Code.INCLUDE_UNKNOWN, 2, 3)


def test_a_gate_of_the_library_is_pointed_to_its_include() -> None:
    """A program that forgot to include the standard gates is told so."""
    with pytest.raises(ProgramError, match=r"^1:10: Gate 'h' is not defined\. It is in stdgates\.inc: include"):
        load("qubit q; h q;")


@pytest.mark.parametrize(
    "program",
    [
        f"qubit q; U({'-' * 3000}1, 0, 0) q;",
        f"qubit q; U({'1+' * 3000}1, 0, 0) q;",
        "qubit q; bit c; if (c) { } " + "else if (c) { } " * 1000,
        "qubit q; bit c; " + "if (c) " * 1000 + "reset q;",
        "qubit[3] q; let a = q[0]" + " ++ q[0]" * 2000 + ";",
    ],
)
def test_a_chain_that_is_too_long_is_refused(program: str) -> None:
    """What recurses without any brackets ends in a refusal as well."""
    with pytest.raises(ProgramError) as refusal:
        load(program)
    assert refusal.value.code is Code.NESTING


@pytest.mark.parametrize("program", ["", "// nothing", "OPENQASM 3.0;", "qubit[0] q;", "bit[0] c;"])
def test_a_program_without_anything_to_do_loads(program: str) -> None:
    """An empty program is a circuit without operations."""
    assert len(load(program).data) == 0
