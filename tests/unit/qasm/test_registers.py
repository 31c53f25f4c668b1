"""Counts of registers by themselves."""

from quantum_qasm.check import check
from quantum_qasm.registers import RegisterCounts, by_register

DECLARED = check("bit[2] a; bit x; bit y; bit[3] b; a[0] = 1;").program
COUNTS = {"101 01 10": 3, "101 11 10": 4, "000 01 00": 5}
"""Register b, then y and x, then a."""


def test_each_register_has_its_counts() -> None:
    """In the order of their declaration; single bits, which stand together in a key, have one each."""
    assert by_register(COUNTS, DECLARED) == [
        RegisterCounts("a", 2, {"10": 7, "00": 5}),
        RegisterCounts("x", 1, {"1": 12}),
        RegisterCounts("y", 1, {"0": 8, "1": 4}),
        RegisterCounts("b", 3, {"101": 7, "000": 5}),
    ]


def test_outputs_are_the_registers_where_there_are_any() -> None:
    """An integer's value is its bits."""
    program = check("output int[4] n; output float f; output bool found; bit[9] unseen; n = 1;").program
    assert by_register({"1 1110": 2, "0 1110": 1}, program) == [
        RegisterCounts("n", 4, {"1110": 3}),
        RegisterCounts("found", 1, {"1": 2, "0": 1}),
    ]


def test_without_a_program_that_fits_spaces_divide_the_registers() -> None:
    """They have no names then."""
    for program in (None, check("bit[2] a; a[0] = 1;").program):
        assert by_register({"10 1": 2, "11 1": 1}, program) == [
            RegisterCounts(None, 1, {"1": 3}),
            RegisterCounts(None, 2, {"10": 2, "11": 1}),
        ]


def test_there_may_be_nothing_to_tell() -> None:
    """No counts, or counts without any bit."""
    assert by_register({}, DECLARED) == []
    assert by_register({"": 9}, None) == []
