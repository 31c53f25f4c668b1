"""What is wrong with a program: told with its place, all at once, and with what may be meant instead."""

import pytest
from quantum_qasm.check import Checked, check
from quantum_qasm.diagnostics import Diagnostic
from quantum_tasks.errors import Code
from support import corpora, features

INCLUDE = 'include "stdgates.inc";\n'

RUNS = [
    "adder",
    "alignment",
    "inverseqft1",
    "inverseqft2",
    "ipe",
    "qec",
    "qft",
    "qpt",
    "rb",
    "rus",
    "teleport",
    "varteleport",
]


def _told(checked: Checked) -> list[tuple[int, int, Code]]:
    return [(one.span.start_line, one.span.start_column + 1, one.code) for one in checked.errors]


@pytest.mark.parametrize("example", RUNS)
def test_official_examples_that_run_have_no_error(example: str) -> None:
    """Twelve of them, as they are."""
    assert check(corpora.examples()[example]).errors == ()


@pytest.mark.parametrize(
    ("example", "line", "column", "code"),
    [
        ("arrays", 76, 16, Code.SEMANTIC),
        ("cphase", 4, 3, Code.UNDEFINED),
        ("dd", 25, 3, Code.UNDEFINED),
        ("defcal", 1, 1, Code.PULSE),
        ("gateteleport", 12, 9, Code.EXTERN_UNBOUND),
        ("msd", 80, 3, Code.UNDEFINED),
        ("scqec", 86, 3, Code.EXTERN_UNBOUND),
        ("t1", 18, 1, Code.PULSE),
        ("vqe", 25, 47, Code.SEMANTIC),
    ],
)
def test_official_examples_that_do_not_run_say_why(example: str, line: int, column: int, code: Code) -> None:
    """Each at the line that nobody can run."""
    assert (line, column, code) in _told(check(corpora.examples()[example]))


@pytest.mark.parametrize("feature", features.EXACT)
def test_features_have_no_error(feature: str) -> None:
    """What is in the language is not refused."""
    assert check(INCLUDE + features.EXACT[feature][0]).errors == ()


@pytest.mark.parametrize("text", corpora.invalid())
def test_what_is_no_program_is_refused(text: str) -> None:
    """The grammar's invalid statements have an error, and none ends otherwise."""
    assert check(text).errors


@pytest.mark.parametrize("seed", range(0, 2000, 100))
def test_any_text_is_checked(seed: int) -> None:
    """Programs with tokens taken out, put in and exchanged end in a program or in errors that have a place."""
    texts = [*corpora.examples().values(), *(INCLUDE + body for body, _ in features.EXACT.values())]
    for one in range(seed, seed + 100):
        checked = check(corpora.mutant(texts, one))
        assert (checked.program is None) == bool(checked.errors)
        for found in (*checked.errors, *checked.warnings):
            assert found.message
            assert found.span.start_line >= 1


@pytest.mark.parametrize(
    ("body", "line", "column", "message", "hint"),
    [
        ("hadamart q;", 1, 1, "Gate 'hadamart' is not defined.", ""),
        ("qubit reg; x ref;", 1, 14, "'ref' is not defined.", "did you mean 'reg'?"),
        ("int i = 1; int i = 2;", 1, 16, "'i' is already defined at line 2.", ""),
        ("int x = 1;", 1, 5, "'x' is already defined at line 1.", ""),
        ("qubit[2] q; h q[2];", 1, 17, "Index 2 is out of range: there are 2 elements.", ""),
        (
            "qubit[2] q; qubit[3] r; cx q, r;",
            1,
            25,
            "A gate is applied to registers of one length, not of 2 and 3.",
            "",
        ),
        ("qubit q; cx q, q;", 1, 10, "'cx' is applied to a qubit twice.", ""),
        ("qubit q; cx q;", 1, 10, "'cx' is applied to 2 qubits here, not 1.", ""),
        ("qubit q; rx q;", 1, 10, "'rx' takes 1 parameter, not 0.", ""),
        (
            "qubit q; u(1, 2, 3) q;",
            1,
            10,
            "Gate 'u' is not defined.",
            "it is a gate of qelib1.inc and of Qiskit, but not of stdgates.inc",
        ),
        ("int n = 3; bit[n] c;", 1, 16, "The width of a register must be a constant.", ""),
        ("qubit[2000] q;", 1, 7, "The size of a register is 2000, and may be 1000 at most.", ""),
        ("float f = 1.5; int i = f;", 1, 24, "float is not int.", "write int(...)"),
        ("bit[2] c; int i = c;", 1, 19, "bit[2] is not int.", "write int(...)"),
        ('bit[2] c = "01"; c = c + 1;', 1, 22, "'+' is not defined between bit[2] and int.", "write uint[2](...)"),
        ("const int i = 1 / 0;", 1, 15, "A division by zero.", ""),
        ("const int i = 1; i = 2;", 1, 18, "A constant cannot be assigned to.", ""),
        ("qubit q; int i = q;", 1, 18, "A qubit has no value.", ""),
        ("qubit[2] q; bit c = measure q;", 1, 29, "The outcome of 2 qubits does not fit into bit.", ""),
        ("def f(int i) -> int { return i; } f(1, 2);", 1, 35, "'f' takes 1 arguments, not 2.", ""),
        ("def f() { return 1; }", 1, 11, "This subroutine returns nothing.", ""),
        ("def f() { } int i = f();", 1, 21, "This returns no value.", ""),
        (
            "int i; def f() { i = 1; }",
            *(1, 18, "'i' is not defined."),
            "variables outside of a definition are not seen in it; pass it as an argument",
        ),
        ("extern f(int) -> int; int i = f(1);", 1, 31, "The extern 'f' is not bound to anything here.", ""),
        ("switch (1.5) { case 1 { } }", 1, 9, "float is no integer.", ""),
        ("int i; switch (i) { case 1 { } case 1 { } }", 1, 37, "There is a case of 1 already.", ""),
        ("for int i in [0:0:3] { }", 1, 17, "A range with a step of 0.", ""),
        ("gate g q { h q; measure q; }", 1, 17, "Cannot have a non-unitary 'measure' instruction in a gate.", ""),
        (
            "gate g q { x q[0]; } ",
            1,
            14,
            "A gate's definition uses the qubits that it names, and without an index.",
            "",
        ),
        ("let a = 3;", 1, 9, "This is no qubit.", ""),
        ("defcal x $0 { }", 1, 1, "Calibrations of pulses cannot be run on a simulator.", ""),
        ("complex w; if (w) { }", 1, 16, "complex is no condition.", ""),
        ("qubit q; ctrl(17) @ x q;", 1, 15, "The number of controls is 17, and may be 16 at most.", ""),
        ("qubit[2] q; let a = q ++ q[0];", 1, 26, "A qubit stands here twice.", ""),
    ],
)
def test_a_mistake_is_told_with_its_place(body: str, line: int, column: int, message: str, hint: str) -> None:
    """After the line that includes the gates; lines and columns from 1."""
    checked = check(INCLUDE + body)
    [found] = checked.errors
    place = found.span.start_line - 1, found.span.start_column + 1
    assert (*place, found.message, found.hint) == (line, column, message, hint)


def test_gates_that_are_not_included_are_pointed_to() -> None:
    """A program that forgot the include is told so."""
    [found] = check("qubit q; h q;").errors
    assert (found.message, found.hint) == ("Gate 'h' is not defined.", 'it is in stdgates.inc: include "stdgates.inc";')


def test_one_mistake_hides_no_other_and_makes_none() -> None:
    """Of five statements three are wrong; what rests on a wrong declaration is not told as well."""
    checked = check(INCLUDE + "int[0.5] i;\ni = 3;\nqubit q;\nhh q;\nbit c = measure r;\nc = 1;")
    assert _told(checked) == [(2, 5, Code.SEMANTIC), (5, 1, Code.UNDEFINED), (6, 17, Code.UNDEFINED)]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("int i = 1; { int i = 2; }", Code.SHADOWED, "'i' hides the one of line 2 until this scope ends."),
        ("float f = 3 / 5;", Code.INTEGER_DIVISION, "The quotient of two integers is an integer"),
        ("def f(qubit a) { } qubit q; f q;", Code.LEGACY, "A subroutine is called as a gate; write f(...)."),
        ("int i; i == 2;", Code.UNUSED, "This has no effect."),
    ],
)
def test_what_may_not_be_meant_is_a_warning(body: str, code: Code, message: str) -> None:
    """The program runs all the same."""
    checked = check(INCLUDE + body)
    assert checked.program
    [found] = checked.warnings
    assert found.code is code
    assert found.message.startswith(message)


def test_what_cannot_be_read_is_told_first() -> None:
    """Where the text itself is wrong, what follows from it is not told."""
    checked = check(INCLUDE + "qubit[2 q;\nh q;")
    assert _told(checked) == [(2, 9, Code.SYNTAX)]


def test_a_subroutine_of_arrays_of_any_length_is_compiled_for_each() -> None:
    """It knows the lengths, and what is wrong with it is told once."""
    body = "def f(mutable array[int[8], #dim=2] a) { a[sizeof(a) - 1, sizeof(a, 1)] = 1; }\n"
    calls = "array[int[8], 2, 3] b; array[int[8], 4, 5] d; f(b); f(d); f(b);"
    assert [(line, message.message) for line, message in _messages(body + calls)] == [
        (1, "Index 3 is out of range: there are 3 elements."),
        (1, "Index 5 is out of range: there are 5 elements."),
    ]
    assert check((body + calls).replace("sizeof(a, 1)", "0")).errors == ()
    [(_, found)] = _messages(body + "array[int[8], 2] b; f(b);")
    assert found.message == "array[int[8], 2] is no array of 2 dimensions."


def _messages(text: str) -> list[tuple[int, Diagnostic]]:
    return [(found.span.start_line, found) for found in check(text).errors]
