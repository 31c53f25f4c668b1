"""The functions that a program may declare as externs."""

import pytest
from quantum_qasm.check import check
from quantum_qasm.externs import EXTERNS, OfBits
from quantum_qasm.ir import Call


@pytest.mark.parametrize(
    ("name", "bits", "value"),
    [
        ("vote", "1", 1),
        ("vote", "0", 0),
        ("vote", "01", 0),  # as many of one as of the other
        ("vote", "101", 1),
        ("vote", "100", 0),
        ("vote", "1110000111", 1),
        ("parity", "0", 0),
        ("parity", "1", 1),
        ("parity", "101", 0),
        ("parity", "111", 1),
    ],
)
def test_each_is_the_function_that_it_is_said_to_be(name: str, bits: str, value: int) -> None:
    """Of registers of several widths."""
    function = EXTERNS[name]
    assert isinstance(function, OfBits)
    assert function.apply([int(bit) for bit in bits]) == value


@pytest.mark.parametrize("name", EXTERNS)
@pytest.mark.parametrize("more", ["", "int[8]", "float, readonly array[int, 3]"])
def test_each_can_be_declared_as_is_told(name: str, more: str) -> None:
    """For any width, and called with as many bits, and with anything after them."""
    given = {"": "", "int[8]": ", -1", "float, readonly array[int, 3]": ", 0.5, numbers"}[more]
    for width in (1, 3, 64, 100):
        first = f"bit[{width}]"
        types = f"{first}, {more}".removesuffix(", ")
        declaration = EXTERNS[name].declaration.replace("bit[n], ...", types).replace("...", types)
        call = f"{name}(c{given});"
        called = f"bit d = {call}" if "->" in declaration else call
        assert check(f"{declaration} {first} c; array[int, 3] numbers; {called}").errors == ()


@pytest.mark.parametrize(
    "declaration",
    ["(bit) -> bit", "(uint[3]) -> bit", "(bit[3])", "(bit[3]) -> int", "(int, bit[3]) -> bit", "() -> bit"],
)
def test_none_is_taken_for_another_one(declaration: str) -> None:
    """With other parameters, or another value, it is not the one that is bound."""
    arguments = ", ".join({"bit": '"1"[0]', "bit[3]": '"101"'}.get(one, "1") for one in _parameters(declaration))
    [error] = check(f"extern vote{declaration}; vote({arguments});").errors
    assert (error.code, error.hint) == ("extern.unbound", "declare it so: extern vote(bit[n], ...) -> bit;")


def test_one_that_is_bound_to_nothing_returns_nothing() -> None:
    """A value of it would be made up."""
    [error] = check("extern nothing(int) -> int; int i = nothing(1);").errors
    assert (error.code, error.hint) == ("extern.unbound", "declare it so: extern nothing(...);")


def test_a_binding_is_of_the_declaration_after_it() -> None:
    """The extern's own name makes no difference to that; whoever calls it, the binding is the same."""
    bound, declared = "pragma quantum-tasks bind vote parity\n", "extern vote(bit[2]) -> bit;\n"
    program = check(f'{bound}{declared} const bit c = vote("11"); bit[1 + int(c)] d;').program
    assert program
    assert program.bits == 1
    whole = 'def g(readonly array[int, #dim=1] k) -> bit { return vote("10"); } array[int, 2] k; bit c = g(k);'
    assert check(bound + declared + whole + "\npragma quantum-tasks bind vote vote").errors == ()


def test_a_binding_without_a_declaration_after_it_is_told() -> None:
    """It may be misspelt, or stand too late."""
    checked = check('extern f(bit[2]) -> bit;\npragma quantum-tasks bind f vote\nf("10");')
    assert [(one.code, one.span.start_line) for one in checked.errors] == [("extern.unbound", 3)]
    assert [(one.code, one.span.start_line) for one in checked.warnings] == [("sem.unused", 2)]


def test_arguments_that_make_no_difference_are_evaluated() -> None:
    """What they do is done, and what is wrong with them is told."""
    text = "extern nothing(int); def f(qubit q) -> int { x q; return 1; } qubit q; nothing(f(q)); bit c = measure q;"
    program = check('include "stdgates.inc";' + text).program
    assert program
    assert sum(isinstance(one, Call) for one in program.code.instructions) == 1
    [error] = check("extern nothing(int); nothing(i);").errors
    assert error.code == "sem.undefined"


def _parameters(declaration: str) -> list[str]:
    inner = declaration[1 : declaration.index(")")]
    return inner.split(", ") if inner else []
