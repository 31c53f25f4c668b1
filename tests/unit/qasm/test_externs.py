"""The functions that a program may declare as externs."""

import pytest
from quantum_qasm.check import check
from quantum_qasm.externs import EXTERNS


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
    assert EXTERNS[name].apply([int(bit) for bit in bits]) == value


@pytest.mark.parametrize("name", EXTERNS)
def test_each_can_be_declared_as_is_told(name: str) -> None:
    """For any width, and called with as many bits."""
    for width in (1, 3, 64, 100):
        declaration = EXTERNS[name].declaration.replace("n]", f"{width}]")
        assert check(f"{declaration} bit[{width}] c; bit d = {name}(c);").errors == ()


@pytest.mark.parametrize(
    "declaration",
    ["(bit) -> bit", "(uint[3]) -> bit", "(bit[3])", "(bit[3]) -> int", "(bit[3], bit[3]) -> bit", "() -> bit"],
)
def test_none_is_taken_for_another_one(declaration: str) -> None:
    """With other parameters, or another value, it is not the one that is bound."""
    arguments = ", ".join({"bit": '"1"[0]', "uint[3]": "1", "bit[3]": '"101"'}[one] for one in _parameters(declaration))
    [error] = check(f"extern vote{declaration}; vote({arguments});").errors
    assert (error.code, error.hint) == ("extern.unbound", "declare it so: extern vote(bit[n]) -> bit;")


def _parameters(declaration: str) -> list[str]:
    inner = declaration[1 : declaration.index(")")]
    return inner.split(", ") if inner else []
