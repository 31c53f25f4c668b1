"""Gates by the names that Aer knows wherever they have one, so that each method finds what it can run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isclose, isfinite

import numpy as np
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit.library import (
    CCXGate,
    CPhaseGate,
    CUGate,
    MCPhaseGate,
    MCXGate,
    PhaseGate,
    RYGate,
    RZGate,
    UnitaryGate,
)
from qiskit.synthesis import OneQubitEulerDecomposer
from quantum_qasm.ir import Frame, Gate, Modifier
from quantum_qasm.values import NoSuchValueError

from quantum_runner.circuits import gate_named
from quantum_runner.engines.circuit.symbolic import NotLowerableError
from quantum_runner.engines.unitaries import Effort, Matrix, Unitary, unitaries_of

MAX_MATRIX_QUBITS = 7
"""Qubits of a gate that is given to Aer as a matrix, which has 4^n entries."""

_PRECISION = 1e-10

_NAMES = ("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg")
_CONTROLLED = {"x": "cx", "y": "cy", "z": "cz", "h": "ch"}


@dataclass(frozen=True, slots=True)
class Step:
    """A gate on some qubits."""

    gate: QiskitGate
    qubits: tuple[int, ...]


def steps_of(
    gate: Gate,
    modifiers: Sequence[Modifier],
    parameters: Sequence[float],
    qubits: Sequence[int],
    frame: Frame,
    *,
    effort: Effort,
) -> Iterator[Step]:
    """What a gate does to some qubits, up to a global phase; `frame` is what exponents are evaluated over.

    Raises NotLowerableError, and what `unitaries_of` raises.
    """
    effort.spend(1)
    if modifiers:
        for unitary in unitaries_of(gate, modifiers, parameters, qubits, frame, effort=effort):
            yield from _named(unitary)
    elif gate.body is None:
        if not all(map(isfinite, parameters)):
            raise NoSuchValueError(f"'{gate.name}' takes finite angles")
        if qubits:
            yield Step(gate_named(gate.name, parameters), tuple(qubits))
    else:
        inner: Frame = [*parameters]
        for call in gate.body:
            values = [parameter.evaluate(inner) for parameter in call.parameters]
            on = [qubits[place] for place in call.qubits]
            yield from steps_of(call.gate, call.modifiers, values, on, inner, effort=effort)


def _named(unitary: Unitary) -> Iterator[Step]:
    flipped = [qubit for qubit, value in unitary.controls if not value]
    controls = [qubit for qubit, _ in unitary.controls]
    yield from (Step(gate_named("x"), (qubit,)) for qubit in flipped)
    yield from _controlled(unitary.matrix, unitary.qubits, controls)
    yield from (Step(gate_named("x"), (qubit,)) for qubit in flipped)


def _controlled(matrix: Matrix, qubits: tuple[int, ...], controls: Sequence[int]) -> Iterator[Step]:
    match len(qubits):
        case 0:
            yield from _phase(float(np.angle(matrix[0, 0])), controls)
        case 1 if controls:
            yield from _turned(matrix, qubits[0], controls)
        case 1:
            found = _find(_NAMES, matrix)
            yield Step(gate_named(found[0]) if found else UnitaryGate(matrix), qubits)
        case _:
            yield from _wide(matrix, qubits, controls)


def _phase(angle: float, controls: Sequence[int]) -> Iterator[Step]:
    """A phase where all controls are 1."""
    if not controls or isclose(angle, 0, abs_tol=_PRECISION):
        return
    *others, last = controls
    if not others:
        found = _find(_NAMES, np.diag([1, np.exp(1j * angle)]))
        yield Step(gate_named(found[0]) if found else PhaseGate(angle), (last,))
    elif len(others) == 1:
        is_minus = isclose(abs(angle), np.pi, abs_tol=_PRECISION)
        yield Step(gate_named("cz") if is_minus else CPhaseGate(angle), (*others, last))
    else:
        yield Step(MCPhaseGate(angle, len(others)), (*others, last))


def _turned(matrix: Matrix, target: int, controls: Sequence[int]) -> Iterator[Step]:
    """A matrix on one qubit where all controls are 1."""
    found = _find(("id", "x", "y", "z", "h"), matrix)
    if found is not None and (found[0] in ("id", "x", "z") or len(controls) == 1):
        name, angle = found
        yield from _by_name(name, target, controls)
        yield from _phase(angle, controls)
    elif abs(matrix[0, 1]) < _PRECISION:
        first, second = np.angle(np.diagonal(matrix))
        yield from _phase(float(first), controls)
        yield from _phase(float(second - first), [*controls, target])
    else:
        yield from _decomposed(matrix, target, controls)


def _by_name(name: str, target: int, controls: Sequence[int]) -> Iterator[Step]:
    if name == "id":
        return
    if len(controls) == 1:
        yield Step(gate_named(_CONTROLLED[name]), (*controls, target))
    elif name == "z":
        yield from _phase(np.pi, [*controls, target])
    else:
        yield _flip(controls, target)


def _flip(controls: Sequence[int], target: int) -> Step:
    match len(controls):
        case 1:
            gate = gate_named("cx")
        case 2:
            gate = CCXGate()
        case count:
            gate = MCXGate(count)
    return Step(gate, (*controls, target))


def _decomposed(matrix: Matrix, target: int, controls: Sequence[int]) -> Iterator[Step]:
    """By A X B X C, where A B C is 1.

    Source: Barenco et al. (1995), "Elementary gates for quantum computation", lemmas 4.3 and 5.1.
    """
    theta, phi, lam, phase = OneQubitEulerDecomposer("U").angles_and_phase(matrix)
    if len(controls) == 1:
        yield Step(CUGate(theta, phi, lam, phase), (*controls, target))
        return
    yield Step(RZGate((lam - phi) / 2), (target,))
    yield _flip(controls, target)
    yield Step(RZGate(-(phi + lam) / 2), (target,))
    yield Step(RYGate(-theta / 2), (target,))
    yield _flip(controls, target)
    yield Step(RYGate(theta / 2), (target,))
    yield Step(RZGate(phi), (target,))
    yield from _phase(phase + (phi + lam) / 2, controls)


def _wide(matrix: Matrix, qubits: tuple[int, ...], controls: Sequence[int]) -> Iterator[Step]:
    found = _find(("swap",), matrix) if len(qubits) == 2 else None  # noqa: PLR2004 - what a swap swaps
    if found is not None and not controls:
        yield Step(gate_named("swap"), qubits)
    elif found is not None:
        one, other = qubits
        yield Step(gate_named("cx"), (other, one))
        yield _flip([*controls, one], other)
        yield Step(gate_named("cx"), (other, one))
        yield from _phase(found[1], controls)
    elif len(qubits) + len(controls) > MAX_MATRIX_QUBITS:
        raise NotLowerableError
    else:
        # Qiskit's first qubit is the lowest bit of a matrix's indices
        whole = np.eye(len(matrix) << len(controls), dtype=complex)
        whole[-len(matrix) :, -len(matrix) :] = matrix
        yield Step(UnitaryGate(whole), (*reversed(qubits), *reversed(controls)))


def _find(names: Iterable[str], matrix: Matrix) -> tuple[str, float] | None:
    """Which gate a matrix is up to a phase, and the phase, which is 0 for a gate itself."""
    for name in names:
        known = _MATRICES[name]
        if known.shape == matrix.shape:
            angle = float(np.angle(np.vdot(known, matrix)))
            if np.allclose(matrix, np.exp(1j * angle) * known, rtol=0, atol=_PRECISION):
                return name, angle
    return None


_MATRICES: dict[str, Matrix] = {name: gate_named(name).to_matrix() for name in (*_NAMES, "swap")}
"""Of these gates the matrix is symmetric in the order of its qubits."""
