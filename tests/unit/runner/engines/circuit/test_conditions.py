"""Formulas over single bits, against the tables that they are made of."""

from itertools import product
from random import Random

import pytest
from qiskit.circuit import Clbit
from quantum_runner.branching import Both, Differ, Formula, Not
from quantum_runner.engines.circuit.conditions import formula
from quantum_runner.engines.circuit.symbolic import NotLowerableError, Table

BITS = [Clbit() for _ in range(12)]


def holds(of: Formula, known: dict[Clbit, bool]) -> bool:
    """Whether a formula does, for known bits."""
    match of:
        case Not(of=inner):
            return not holds(inner, known)
        case Both(left=left, right=right):
            return holds(left, known) and holds(right, known)
        case Differ(left=left, right=right):
            return holds(left, known) is not holds(right, known)
        case bool():
            return of
    return known[of]


@pytest.mark.parametrize("width", range(1, 6))
def test_a_formula_holds_where_the_table_says(width: int) -> None:
    """Of every table of two bits or less, and of some wider ones."""
    random = Random(width)  # noqa: S311 - to be the same at each run
    places = sorted(random.sample(range(len(BITS)), width))
    tables = (
        product((0, 1), repeat=1 << width)
        if width <= 2
        else ([int(random.random() < random.choice((0.1, 0.5))) for _ in range(1 << width)] for _ in range(200))
    )
    for values in tables:
        found = formula(Table(tuple(places), list(values)), BITS)
        for number, value in enumerate(values):
            known = {BITS[place]: bool(number >> at & 1) for at, place in enumerate(places)}
            assert holds(found, known) is bool(value)


@pytest.mark.parametrize("choose", [lambda count: count % 2, lambda count: count == 0, lambda count: count == 10])
def test_what_all_bits_decide_alike_is_short(choose: object) -> None:
    """A parity, none and all of ten bits."""
    assert callable(choose)
    table = Table(tuple(range(10)), [int(choose(number.bit_count())) for number in range(1 << 10)])
    assert isinstance(formula(table, BITS), Not | Both | Differ)


def test_a_formula_that_is_too_long_is_not_made() -> None:
    """One of ten bits without any pattern."""
    random = Random(1)  # noqa: S311 - to be the same at each run
    with pytest.raises(NotLowerableError):
        formula(Table(tuple(range(10)), [random.randrange(2) for _ in range(1 << 10)]), BITS)
