"""What is wrong with a program: told with its place, all at once, and with what may be meant instead."""

import pytest
from quantum_qasm.check import Checked, check
from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.ir import Assign, JoinedBits
from quantum_tasks.errors import Code
from support import corpora, features, refusals

INCLUDE = 'include "stdgates.inc";\n'

RUNS = [
    "adder",
    "alignment",
    "gateteleport",
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
    """Thirteen of them, as they are."""
    assert check(corpora.examples()[example]).errors == ()


@pytest.mark.parametrize(
    ("example", "line", "column", "code"),
    [
        ("arrays", 76, 16, Code.SEMANTIC),
        ("cphase", 4, 3, Code.UNDEFINED),
        ("dd", 25, 3, Code.UNDEFINED),
        ("defcal", 1, 1, Code.PULSE),
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


@pytest.mark.parametrize(("body", "line", "column", "message", "hint"), refusals.REFUSED)
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


@pytest.mark.parametrize(
    "body", ["float f = " + "9" * 400 + ";", "float f = 1e400 % 2;", "const float f = mod(1e400, 2.0);"]
)
def test_what_python_cannot_compute_is_refused(body: str) -> None:
    """With a place and a code, as every mistake."""
    [found] = check(body).errors
    assert (found.code, found.message) == (Code.SEMANTIC, "A constant here is too large, or is no number.")
    assert found.span.start_line == 1


def test_no_more_is_told_than_a_person_reads() -> None:
    """Twenty mistakes, and a hundred warnings, where there are thousands."""
    assert len(check("int i;" + "i = j;" * 5000).errors) == 20
    assert len(check("int i;" + "{ int i; }" * 5000).warnings) == 100


def test_long_names_have_no_hint() -> None:
    """To compare them takes long."""
    name = "name" * 10
    [found] = check(f"int {name}a; {name}b = 1;").errors
    assert (found.code, found.hint) == (Code.UNDEFINED, "")


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


IGNORED = "pragma quantum-tasks ignore calibrations\n"

CALIBRATED = """\
defcalgrammar "openpulse";
include "stdgates.inc";
cal { extern drag(complex, duration) -> waveform; }
defcal x $0 { play(drive($0), drag(0.2, 100dt)); }
defcal measure $0 -> bit { return capture(acquire($0)); }
bit c;
x $0;
c = measure $0;
"""


def test_calibrations_are_left_out_where_that_is_asked_for() -> None:
    """Each with a warning; nothing else is changed by them, and without being asked they are mistakes."""
    checked = check(IGNORED + CALIBRATED)
    plain = check("\n".join(CALIBRATED.splitlines()[i] for i in (1, 5, 6, 7)))
    assert checked.errors == ()
    assert checked.program
    assert plain.program
    assert [type(one) for one in checked.program.code.instructions] == [
        type(one) for one in plain.program.code.instructions
    ]
    assert [(one.code, one.span.start_line) for one in checked.warnings] == [(Code.PULSE, at) for at in (2, 4, 5, 6)]
    assert {error.code for error in check(CALIBRATED).errors} == {Code.PULSE}


def test_a_gate_that_only_a_calibration_defines_is_undefined() -> None:
    """Nobody knows what it is."""
    [error] = check(IGNORED + "defcal rx90 $0 { }\nrx90 $0;").errors
    assert (error.code, error.span.start_line) == (Code.UNDEFINED, 3)


def test_calibrations_before_the_pragma_are_mistakes() -> None:
    """It is for what follows."""
    [error] = check("cal { }\n" + IGNORED + "cal { }").errors
    assert (error.code, error.span.start_line) == (Code.PULSE, 1)


def test_what_is_tolerated_is_not_where_a_pragma_of_ours_is() -> None:
    """Qiskit's importer would pass it over, so that its reading is no help, however far the pragma is."""
    tolerated = 'include "stdgates.inc"; qubit[4] q;' + " h q[3:4];" * 30
    assert check(tolerated).errors == ()
    assert check(tolerated + "\n" + IGNORED).errors


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "bit[5000] c; bit d; bit[2] r; let a = c ++ d; let b = a[0:2:1990]; let e = b ++ d;"
            + "r[0] = e[1];" * 3000,
            Code.OPERATIONS,
        ),
        (
            "bit[9998] c; bit d; let a = c ++ d;" + "".join(f"let b{place} = a[0:9990];" for place in range(5000)),
            Code.OPERATIONS,
        ),
        (
            "bit[4990] c; bit[5000] d; let e = c ++ d; let a = "
            + " ++ ".join(f"e[{10 * place}:{10 * place + 9}]" for place in range(300))
            + ";",
            Code.OPERATIONS,
        ),
        (
            "bit[5000] c; let b0 = c[0:4998];"
            + "".join(f"let b{place + 1} = b{place}[0:{4997 - place}];" for place in range(2000)),
            Code.OPERATIONS,
        ),
        ("bit[5000] c; let a = " + " ++ ".join(f"c[{place}]" for place in range(5000)) + ";", Code.BITS),
        ("bit[5000] c; bit d; let a = c ++ d; let b = a[0:2:4998];", Code.BITS),
    ],
    ids=["reads", "picks", "a chain of picks", "aliases of aliases", "many parts", "many picked parts"],
)
def test_aliases_of_many_bits_are_bounded(text: str, code: Code) -> None:
    """By the work of compiling, of which bits are a part, and by the parts of one alias."""
    assert [found.code for found in check(text).errors] == [code]


def test_bits_beside_each_other_are_one_part_of_an_alias() -> None:
    """However they were picked, so that to read one is no work for each of them."""
    checked = check("bit[900] c; bit[9] d; let a = c ++ d; let b = a[0:899]; let e = b ++ d; bit[909] r = e;")
    assert checked.program
    last = checked.program.code.instructions[-1]
    assert isinstance(last, Assign)
    assert isinstance(last.value, JoinedBits)
    assert len(last.value.parts) == 2


def test_an_alias_is_told_where_it_was_declared() -> None:
    """Also one of another alias, or of a bit of it."""
    text = "bit[2] c; bit d;\nlet a = c ++ d;\nlet b = a;\nlet e = a[2];\n{ bit b; bit e; }"
    assert [one.message for one in check(text).warnings] == [
        "'b' hides the one of line 3 until this scope ends.",
        "'e' hides the one of line 4 until this scope ends.",
    ]


def test_pragmas_of_others_have_no_effect() -> None:
    """Whatever they ask for."""
    for pragma in ("pragma ignore calibrations", "#pragma braket verbatim", "pragma quantum tasks ignore calibrations"):
        [error] = check(pragma + "\ncal { }").errors
        assert (error.code, error.span.start_line) == (Code.PULSE, 2)


def test_the_examples_with_calibrations_have_no_error_where_these_are_left_out() -> None:
    """But for an extern, which is a log of its author's."""
    checked = check(IGNORED + corpora.examples()["t1"])
    assert [(line, code) for line, _, code in _told(checked)] == [(at, Code.EXTERN_UNBOUND) for at in (46, 47)]
    for example in ("defcal", "t1"):
        assert (
            check(IGNORED + "pragma quantum-tasks bind tabulate nothing\n" + corpora.examples()[example]).errors == ()
        )


@pytest.mark.parametrize(
    ("body", "outputs", "registers"),
    [
        ("qubit q; int[4] n; { bit b = measure q; if (b) { n = 3; } } float f;", ["n", "f"], ["n"]),
        (
            "qubit q; int[4] n; def read(qubit r) -> bit { return measure r; } { bit b = read(q); if (b) { n = 3; } }",
            ["n"],
            ["n"],
        ),
        ("qubit q; int[4] n; bit c = measure q;", [], ["c"]),
        ("qubit q; int[4] n; output bit c; c = measure q;", ["c"], ["c"]),
        ("qubit q; int[4] n; n = 3;", [], []),
        ("qubit q; measure q;", [], []),
    ],
)
def test_without_registers_and_outputs_all_variables_are_the_results(
    body: str, outputs: list[str], registers: list[str]
) -> None:
    """If anything is measured, that is."""
    program = check(INCLUDE + body).program
    assert program is not None
    assert [one.name for one in program.outputs] == outputs
    assert [one.name for one in program.registers] == registers
