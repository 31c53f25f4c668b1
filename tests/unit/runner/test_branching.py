"""Conditions, by running them: each form on every value of its bits, against the same form in Python."""

from collections.abc import Callable

import pytest
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Options

MACHINE = Machine(memory_bytes=2**30)

FORMS: dict[str, Callable[[int], object]] = {
    "c": lambda c: c,
    "!c": lambda c: not c,
    "c == 2": lambda c: c == 2,
    "2 == c": lambda c: c == 2,
    "c == 9": lambda c: c == 9,
    "c != 2": lambda c: c != 2,
    "c < 2": lambda c: c < 2,
    "c <= 2": lambda c: c <= 2,
    "c > 2": lambda c: c > 2,
    "c >= 2": lambda c: c >= 2,
    "1 < c": lambda c: c > 1,
    "c < 9": lambda c: c < 9,
    "c > 9": lambda c: c > 9,
    "c[0]": lambda c: c & 1,
    "!c[1]": lambda c: not c & 2,
    "~c[1]": lambda c: not c & 2,
    "c[1] == 1": lambda c: c & 2,
    "c[1] == 0": lambda c: not c & 2,
    "c[1] == true": lambda c: c & 2,
    "c[0] != false": lambda c: c & 1,
    "c[0] == c[1]": lambda c: c in (0, 3),
    "c[0] && c[1]": lambda c: c == 3,
    "c[0] || c[1]": lambda c: c > 0,
    "c[0] & c[1]": lambda c: c == 3,
    "c[0] | c[1]": lambda c: c > 0,
    "c[0] ^ c[1]": lambda c: c in (1, 2),
    "c[0] ^ c[1] ^ c[0]": lambda c: c & 2,
    "c[0] != c[1]": lambda c: c in (1, 2),
    "!(c[0] ^ c[1])": lambda c: c in (0, 3),
    "!(c[0] && !c[1])": lambda c: c != 1,
    "c == 1 || c == 2": lambda c: c in (1, 2),
    "c > 0 && c < 3": lambda c: c in (1, 2),
    "c & 2": lambda c: c & 2,
    "~c == 1": lambda c: c == 2,
    "(c ^ 3) == 1": lambda c: c == 2,
    "c[0:1] == 2": lambda c: c == 2,
    "int(c) == 2": lambda c: c == 2,
    "uint(c) > 1": lambda c: c > 1,
    "bool(c) == true": lambda c: c > 0,
    "true": lambda _: True,
    "false": lambda _: False,
    'c == "10"': lambda c: c == 2,
}


def _counts(form: str, value: int, statement: str) -> dict[str, int]:
    flips = "".join(f"x q[{place}]; " for place in range(2) if value >> place & 1)
    program = f"""
    include "stdgates.inc";
    qubit[3] q; bit[2] c; bit[1] r;
    {flips} c[0] = measure q[0]; c[1] = measure q[1];
    {statement.format(form)}
    r[0] = measure q[2];
    """
    return dict(simulate(program, Options(shots=2, seed=1), MACHINE).counts)


@pytest.mark.parametrize("value", range(4))
@pytest.mark.parametrize("form", FORMS)
def test_a_branch_is_taken_exactly_when_its_condition_holds(form: str, value: int) -> None:
    """The result of an `if` with an `else` is that of the same condition in Python."""
    taken = "1" if FORMS[form](value) else "0"
    counts = _counts(form, value, "if ({0}) {{ x q[2]; }} else {{ x q[2]; x q[2]; }}")
    assert counts == {f"{taken} {value:02b}": 2}


@pytest.mark.parametrize("form", ["c > 0", "c[0] || c[1]", "!(c == 0)", "c"])
def test_a_loop_ends_exactly_when_its_condition_fails(form: str) -> None:
    """A `while` that clears its register ends with the register clear, having run once."""
    body = "while ({0}) {{ x q[2]; reset q[0]; reset q[1]; c[0] = measure q[0]; c[1] = measure q[1]; }}"
    assert _counts(form, 3, body) == {"1 00": 2}


def test_an_endless_loop_can_be_left() -> None:
    """A `while (true)` ends at its `break`."""
    assert _counts("true", 3, "while ({0}) {{ x q[2]; break; }}") == {"1 11": 2}


@pytest.mark.parametrize(
    "body", ["break;", "if (c == 3) {{ break; }}", "if (c == 0) {{ x q[2]; }} else {{ break; }}", "{{ break; }}"]
)
def test_an_endless_loop_over_no_qubits_can_be_left(body: str) -> None:
    """A `while (true)` whose body acts on no qubit ends at its `break`, too."""
    assert _counts("true", 3, f"while ({{0}}) {{{{ {body} }}}}") == {"0 11": 2}


def test_conditions_nest() -> None:
    """A branch within a branch is taken when both conditions hold."""
    statement = "if (c != 0) {{ if (c[0] == 1 && c < 3) {{ x q[2]; }} }}"
    assert [next(iter(_counts("", value, statement)))[0] for value in range(4)] == ["0", "1", "0", "0"]


def test_a_wide_register_can_be_compared() -> None:
    """A comparison over a thousand bits does not overflow any stack."""
    program = (
        'include "stdgates.inc"; qubit[2] q; bit[1000] c; bit r; c[999] = measure q[0]; if (c < 1000) { x q[1]; } '
    )
    counts = simulate(program + "r = measure q[1];", Options(shots=1, seed=1), MACHINE).counts
    assert next(iter(counts)).startswith("1 ")


@pytest.mark.parametrize("operator", ["^", "==", "!=", "&&", "||", "== 1 ^"])
def test_a_long_condition_is_no_harder_than_its_length(operator: str) -> None:
    """A chain of sixty terms is read and run like a short one: nothing doubles from term to term."""
    form = f" {operator} ".join(["c[0]", "c[1]"] * 30)
    assert sum(_counts(form, 1, "if ({0}) {{ x q[2]; }}").values()) == 2


def test_what_cannot_be_written_over_bits_is_refused_with_its_place() -> None:
    """Arithmetic on bits is refused where it stands."""
    with pytest.raises(ProgramError) as refusal:
        simulate("qubit q; bit[2] c;\nif (c + 1 == 2) { c[0] = measure q; }", Options(), MACHINE)
    assert refusal.value.code in (Code.UNSUPPORTED, Code.SEMANTIC)
    assert (refusal.value.line, refusal.value.column) == (2, 5)
