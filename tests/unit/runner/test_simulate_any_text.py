"""Whatever the text: an outcome, or a refusal with a code, and nothing else."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method, Options, Outcome

MACHINE = Machine(memory_bytes=2**24)

STATEMENTS = [
    "qubit[3] r;",
    "bit[2] d;",
    "bit e;",
    "h q;",
    "h q[0];",
    "x q[{0, 2}];",
    "rx(pi / 3) q[1];",
    "U(0.1, -1e-3, tau) q[2];",
    "cx q[0], q[1:2];",
    "ccx q[0], q[1], q[2];",
    "ctrl @ x q[0], q[1];",
    "negctrl(2) @ p(1) q[0], q[1], q[2];",
    "inv @ pow(3) @ t q[0];",
    "pow(0.5) @ cx q[1], q[2];",
    "gate g(a) x, y { rx(a) x; cx x, y; }",
    "g(0.5) q[0], q[1];",
    "ctrl @ g(1) q[2], q[0], q[1];",
    "gphase(1);",
    "reset q[1];",
    "barrier q;",
    "delay[5ns] q[0];",
    "box { x q[0]; }",
    "let a = q[0:1] ++ q[2];",
    "h a[0];",
    "c = measure q[0:1];",
    "c[1] = measure q[2];",
    "measure q[0] -> c[0];",
    "if (c == 1) { x q[0]; } else { y q[1]; }",
    "if (c[0] && !c[1] || c < 3) x q[2];",
    "for int i in [0:2] { x q[i]; }",
    "for uint i in {2, 0} { if (c[0]) { continue; } rz(i) q[0]; }",
    "while (c[0]) { reset q[0]; c[0] = measure q[0]; break; }",
    "switch (c) { case 0 { x q[0]; } case 1, 2 { } default { h q[0]; } }",
    "input float t; rx(t) q[0];",
    "/* nothing */",
]
SIGNS = ["[", "]", "{", "}", "(", ")", ";", ",", ":", "@", "->", "=", "==", '"', "//", "/*", "\0", "\ud800", "\n", "!"]
NUMBERS = ["0", "1", "9" * 30, "-1", "1e400", "1/0", "π"]
NAMES = ["q", "c", "ctrl", "pow", "if", "for", "gate", "measure", "x", "$1"]
WORDS = st.sampled_from([*SIGNS, *NUMBERS, *NAMES])
OPTIONS = st.builds(Options, shots=st.integers(1, 3), seed=st.integers(0, 9), method=st.sampled_from(list(Method)))


@st.composite
def _programs(draw: st.DrawFn) -> str:
    """A program of known statements in any order, with a few words put in, or parts taken out, anywhere."""
    body = draw(st.lists(st.sampled_from(STATEMENTS), max_size=8))
    text = " ".join(['include "stdgates.inc";', "qubit[3] q;", "bit[2] c;", *body, "c = measure q[0:1];"])
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 4)))
        text = text[:start] + draw(WORDS) + text[end:]
    return text


def _may_hang(text: str) -> bool:
    """A `while` that nothing ends runs until its deadline, which is not the business of this test."""
    return text.count("while") != text.count("while (c[0]) { reset q[0]; c[0] = measure q[0]; break; }")


def _run(text: str, options: Options) -> Outcome | ProgramError:
    try:
        return simulate(text, options, MACHINE)
    except ProgramError as refusal:
        return refusal


def _check(text: str, options: Options) -> None:
    ended = _run(text, options)
    if isinstance(ended, Outcome):
        assert sum(ended.counts.values()) == options.shots
        return
    assert ended.message
    assert ended.code is not Code.ENGINE_FAILED
    assert (ended.line is None) == (ended.column is None)
    assert ended.line is None or 1 <= ended.line <= text.count("\n") + 1
    assert ended.column is None or ended.column >= 1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_programs(), OPTIONS)
def test_a_program_with_mistakes_gives_an_outcome_or_a_refusal(text: str, options: Options) -> None:
    """Known statements, mixed and damaged, never raise anything but a refusal."""
    assume(not _may_hang(text))
    _check(text, options)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), OPTIONS)
def test_any_text_gives_an_outcome_or_a_refusal(text: str, options: Options) -> None:
    """Characters of any kind, in any order, never raise anything but a refusal."""
    _check(text, options)


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join), OPTIONS)
def test_any_words_give_an_outcome_or_a_refusal(text: str, options: Options) -> None:
    """The language's own words, in any order, never raise anything but a refusal."""
    _check(text, options)
