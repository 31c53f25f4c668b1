"""A quantum state in factors: qubits that never met are kept apart, and those whose value is known are no vector.

A state is never changed, so that paths can share it. Qubits begin as 0.
"""

from cmath import rect
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from math import sqrt

import numpy as np
from quantum_qasm.plans import BYTES_PER_AMPLITUDE
from quantum_tasks.errors import Code, ProgramError

from quantum_runner.engines.unitaries import Matrix, Unitary, applied

_COPIES = 4
"""Of a vector at a time, at the most: before it is joined with another, joined, with a gate applied, and parts of it.

Measured as the growth of the process, with 22 qubits: 3.1.
"""


def bytes_with(qubits: int) -> int:
    """What it takes to compute with so many entangled qubits."""
    return _COPIES * BYTES_PER_AMPLITUDE << qubits


_NOTHING = 1e-14
"""A probability that only rounding left."""

_ROUNDING = 1e-10
"""How far two vectors of length 1 may be from each other that are taken for one."""

_ALIKE = 0.5
"""A product of vectors that are worth a closer look."""

_WIDER = 2
"""How many qubits more there may be in a factor so that it can be compared."""

MARKS_DIFFER = 1e-6
"""How much, relative to them, the marks of equal states differ at the most."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """The amplitudes of some qubits; the axes of the vector are theirs, in order. None equals another one."""

    qubits: tuple[int, ...]
    vector: Matrix


@dataclass(frozen=True, slots=True)
class State:
    """Factors by qubit, and the values of qubits that are in none; those that are not named are 0."""

    factors: dict[int, Factor] = field(default_factory=dict)
    values: dict[int, int] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """What its vectors take."""
        return BYTES_PER_AMPLITUDE * self.amplitudes

    @property
    def amplitudes(self) -> int:
        """How many numbers its vectors are."""
        return sum([factor.vector.size for factor in self._distinct()])

    def amplitudes_of(self, qubit: int) -> int:
        """How many amplitudes a qubit is in."""
        factor = self.factors.get(qubit)
        return 1 if factor is None else factor.vector.size

    def is_alone(self, qubit: int) -> bool:
        """Whether a qubit is in a factor that has no other one."""
        factor = self.factors.get(qubit)
        return factor is not None and len(factor.qubits) == 1

    def amplitudes_after(self, unitary: Unitary) -> int:
        """How many amplitudes there will be at the most where a unitary was applied."""
        factors = [self.factors.get(qubit) for qubit in (*unitary.qubits, *(qubit for qubit, _ in unitary.controls))]
        known = {id(factor): len(factor.qubits) for factor in factors if factor is not None}
        return 1 << sum(known.values()) + factors[: len(unitary.qubits)].count(None)

    def after(self, unitary: Unitary, *, most_bytes: int) -> "State":
        """The state after a unitary, up to a global phase. Raises ProgramError with MEMORY for a vector too large."""
        controls = []
        for qubit, value in unitary.controls:
            if qubit in self.factors:
                controls.append((qubit, value))
            elif self.values.get(qubit, 0) != value:
                return self
        if not unitary.qubits:
            if not controls:
                return self  # a phase of the whole state
            unitary, controls = _phase_on_a_control(unitary, controls)
        left = Unitary(unitary.matrix, unitary.qubits, tuple(controls))
        if not controls and len(left.qubits) == 1 and left.qubits[0] not in self.factors:
            flipped = self._flipped(left)
            if flipped is not None:
                return flipped
        return self._multiplied(left, most_bytes)

    def _flipped(self, unitary: Unitary) -> "State | None":
        """The state after a qubit of known value went to one of known value, if it does."""
        [qubit] = unitary.qubits
        value = self.values.get(qubit, 0)
        column = np.abs(unitary.matrix[:, value]) > _NOTHING
        if column.all():
            return None
        return State(self.factors, {**self.values, qubit: int(column[1])})

    def _multiplied(self, unitary: Unitary, most_bytes: int) -> "State":
        factor, values = self._joined((*unitary.qubits, *(qubit for qubit, _ in unitary.controls)), most_bytes)
        places = {qubit: place for place, qubit in enumerate(factor.qubits)}
        found = Factor(factor.qubits, applied(unitary, factor.vector, places))
        return State({**self.factors, **dict.fromkeys(found.qubits, found)}, values)

    def _joined(self, qubits: tuple[int, ...], most_bytes: int) -> tuple[Factor, dict[int, int]]:
        """One factor that has these qubits, and the values of the qubits that are still in none."""
        parts: dict[int, Factor] = {}
        values = dict(self.values)
        for qubit in qubits:
            factor = self.factors.get(qubit)
            if factor is None:
                factor = _basis(qubit, values.pop(qubit, 0))
            parts[id(factor)] = factor
        factors = list(parts.values())
        width = sum(len(factor.qubits) for factor in factors)
        needed = bytes_with(width)
        if needed > most_bytes:
            message = f"{width} qubits are entangled, which takes {needed} bytes, and there are {most_bytes}."
            raise ProgramError(Code.MEMORY, message)
        joined = factors[0]
        for factor in factors[1:]:
            product = np.multiply.outer(joined.vector, factor.vector)
            joined = Factor(joined.qubits + factor.qubits, product)
        return joined, values

    def probability(self, qubit: int) -> float:
        """How probable it is that a qubit is measured as 1."""
        factor = self.factors.get(qubit)
        if factor is None:
            return float(self.values.get(qubit, 0))
        one = factor.vector[_picked(factor, qubit, 1)]
        whole = float(np.vdot(factor.vector, factor.vector).real)
        chance = float(np.vdot(one, one).real) / whole
        return 0.0 if chance < _NOTHING else 1.0 if chance > 1 - _NOTHING else chance

    def measured(self, qubit: int, value: int) -> "State":
        """The state after a qubit was measured, with an outcome that is possible."""
        factor = self.factors.get(qubit)
        if factor is None:
            return self
        rest = factor.vector[_picked(factor, qubit, value)]
        factors = {other: kept for other, kept in self.factors.items() if kept is not factor}
        left = tuple(other for other in factor.qubits if other != qubit)
        if left:
            norm = sqrt(float(np.vdot(rest, rest).real))
            found = Factor(left, rest / norm)
            factors.update(dict.fromkeys(left, found))
        return State(factors, {**self.values, qubit: value})

    def with_value(self, qubit: int, value: int) -> "State":
        """The state where a qubit that is in no factor has a value."""
        return State(self.factors, {**self.values, qubit: value})

    def mark(self) -> float:
        """A number that equal states have in common, and others hardly: how much they are like an arbitrary one."""
        product = 1 + 0j
        for qubit, value in self.values.items():
            if value:
                product *= _reference(qubit)
        for factor in self._distinct():
            rest: Matrix = factor.vector
            for qubit in factor.qubits:
                rest = rest[0] + _reference(qubit) * rest[1]
            product *= complex(rest)
        return abs(product)

    def equals(self, other: "State") -> bool:
        """Whether two states are one, up to a global phase and rounding. May be False where that would take much."""
        groups = _groups(self, other)
        if groups is None:
            return False
        for group in groups:
            one, two = (state._vector(group) for state in (self, other))  # noqa: SLF001 - of this class
            overlap = complex(np.vdot(one, two))
            if abs(overlap) < _ALIKE or np.linalg.norm(one * (overlap / abs(overlap)) - two) > _ROUNDING:
                return False
        alone = self.values.keys() | other.values.keys()
        for group in groups:
            alone -= set(group)
        return all(self.values.get(qubit, 0) == other.values.get(qubit, 0) for qubit in alone)

    def _distinct(self) -> Iterable[Factor]:
        return dict.fromkeys(self.factors.values())

    def _vector(self, qubits: tuple[int, ...]) -> Matrix:
        """The amplitudes of qubits that are together in factors, or alone; the axes are theirs, in order."""
        order: tuple[int, ...] = ()
        vector: Matrix = np.ones((), dtype=complex)
        for qubit in qubits:
            if qubit not in order:
                factor = self.factors.get(qubit) or _basis(qubit, self.values.get(qubit, 0))
                order += factor.qubits
                vector = np.multiply.outer(vector, factor.vector)
        return vector.transpose([order.index(qubit) for qubit in qubits])


def _picked(factor: Factor, qubit: int, value: int) -> tuple[slice | int, ...]:
    return tuple(value if other == qubit else slice(None) for other in factor.qubits)


def _basis(qubit: int, value: int) -> Factor:
    vector = np.zeros(2, dtype=complex)
    vector[value] = 1
    return Factor((qubit,), vector)


def _groups(one: State, other: State) -> list[tuple[int, ...]] | None:
    """The qubits that are in factors that differ, by what is together in one or the other state.

    None where some factors would have to become much larger to be compared.
    """
    groups: list[tuple[set[int], int]] = []
    for state, against in ((one, other), (other, one)):
        for factor in state._distinct():  # noqa: SLF001 - of this module
            if against.factors.get(factor.qubits[0]) is factor:
                continue
            together, widest = set(factor.qubits), len(factor.qubits)
            for group in [group for group in groups if group[0] & together]:
                groups.remove(group)
                together |= group[0]
                widest = max(widest, group[1])
            if len(together) > widest + _WIDER:
                return None
            groups.append((together, widest))
    return [tuple(sorted(together)) for together, _ in groups]


@cache
def _reference(qubit: int) -> complex:
    """Of a product state without any symmetry: how a qubit's 1 is there, where its 0 is 1."""
    return complex(rect(0.6 + (qubit * sqrt(2)) % 0.8, qubit * sqrt(3) + 0.5))


def _phase_on_a_control(unitary: Unitary, controls: list[tuple[int, int]]) -> tuple[Unitary, list[tuple[int, int]]]:
    """A phase with controls, as a matrix on the last of them."""
    qubit, value = controls[-1]
    phase = unitary.matrix[0, 0]
    matrix = np.diag([1, phase] if value else [phase, 1])
    return Unitary(matrix, (qubit,)), controls[:-1]
