"""Conditions for Aer: from a table over measured bits to a formula of single ones."""

from collections.abc import Sequence

from qiskit.circuit import Clbit

from quantum_runner.branching import Both, Condition, Differ, Formula, Not, lifted
from quantum_runner.engines.circuit.symbolic import NotLowerableError, Table

MAX_FORMULA = 256
"""Operations of a condition."""


def condition(table: Table, bits: Sequence[Clbit]) -> Condition:
    """Where a table, which is not the same everywhere, has something other than 0; `bits` are those of the record.

    Raises NotLowerableError for a formula that is too long.
    """
    return lifted(formula(table, bits))


def formula(table: Table, bits: Sequence[Clbit]) -> Formula:
    """The same, as a formula."""
    truths = tuple(bool(value) for value in table.values)
    return _Formulas([bits[bit] for bit in table.by]).of(truths, len(table.by))


class _Formulas:
    """Shannon's expansion, by the highest bit first; what the halves have in common is written once."""

    def __init__(self, bits: Sequence[Clbit]) -> None:
        self._bits = bits
        self._operations = 0

    def of(self, truths: tuple[bool, ...], count: int) -> Formula:
        self._operations += 1
        if self._operations > MAX_FORMULA:
            raise NotLowerableError
        if all(truths) or not any(truths):
            return truths[0]
        half, bit = len(truths) // 2, self._bits[count - 1]
        if truths[:half] == truths[half:]:
            return self.of(truths[:half], count - 1)
        zero = self.of(truths[:half], count - 1)
        if all(left is not right for left, right in zip(truths[:half], truths[half:], strict=True)):
            return Differ(bit, zero) if not isinstance(zero, bool) else Not(bit) if zero else bit
        one = self.of(truths[half:], count - 1)
        if zero is True:
            return _either(Not(bit), one)
        if one is True:
            return _either(bit, zero)
        return _either(_both(Not(bit), zero), _both(bit, one))


def _both(left: Formula, right: Formula) -> Formula:
    if isinstance(right, bool):
        return left if right else False
    return Both(left, right)


def _either(left: Formula, right: Formula) -> Formula:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, bool):
            return True if one else other
    return Not(Both(_opposite(left), _opposite(right)))


def _opposite(of: Formula) -> Formula:
    return of.of if isinstance(of, Not) else Not(of)
