"""Gates as matrices: every gate, whatever is defined by others or modified, becomes a few small unitaries.

Sources: the specification's definition of `U`, and the definitions of `stdgates.inc`.
"""

import cmath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from quantum_qasm.ir import Frame, Gate, GateCall, Modifier
from quantum_qasm.values import NoSuchValueError
from quantum_tasks.errors import Code, ProgramError

Matrix = NDArray[np.complex128]

MAX_REPETITIONS = 64
"""Up to this a power is that many gates; above, and where it is no integer, it is one of a matrix."""

MOST_EXACT = 2**53
"""Integers from this on are not all floats, as exponents are."""

MAX_POWER_QUBITS = 6
"""Qubits of a gate whose matrix is made for a power: it has 4^n entries."""

MAX_STEPS = 100_000
"""Unitaries that one gate may be made of."""

MAX_EFFORT = 1_000_000
"""Steps of writing out one gate."""


@dataclass(frozen=True, slots=True)
class Unitary:
    """A matrix on some qubits, the first of which is the highest bit of its indices, where the controls hold.

    A global phase has a matrix of one entry and no qubit.
    """

    matrix: Matrix
    qubits: tuple[int, ...]
    controls: tuple[tuple[int, int], ...] = ()
    """Qubits, and the value that each must have."""


@dataclass(slots=True)
class Effort:
    """What it has taken to write gates out: calls within definitions, and unitaries that modifiers have changed."""

    steps: int = 0

    def spend(self, steps: int) -> None:
        """Raises ProgramError with OPERATIONS where it is too much: what takes long need not come to any unitary."""
        self.steps += steps
        if self.steps > MAX_EFFORT:
            raise ProgramError(Code.OPERATIONS, f"To write the gate out takes more than {MAX_EFFORT} steps.")


def unitaries_of(
    gate: Gate,
    modifiers: Sequence[Modifier],
    parameters: Sequence[float],
    qubits: Sequence[int],
    frame: Frame,
    *,
    effort: Effort,
) -> list[Unitary]:
    """What a gate does to some qubits, in the order of application; `frame` is what exponents are evaluated over.

    Raises ProgramError with OPERATIONS, NUMBER or GATE_WIDTH, and NoSuchValueError for a parameter that is not finite.
    """
    if not modifiers:
        return _plain(gate, parameters, qubits, effort)
    first, rest = modifiers[0], modifiers[1:]
    if first.name in ("ctrl", "negctrl"):
        controls = tuple((qubit, int(first.name == "ctrl")) for qubit in qubits[: first.count])
        inner = unitaries_of(gate, rest, parameters, qubits[first.count :], frame, effort=effort)
        effort.spend(len(inner))
        return [replace(one, controls=controls + one.controls) for one in inner]
    inner = unitaries_of(gate, rest, parameters, qubits, frame, effort=effort)
    effort.spend(len(inner))
    if first.name == "inv":
        return _inverse(inner)
    assert first.exponent is not None  # noqa: S101 - of a pow
    return _power(inner, float(first.exponent.evaluate(frame)))


def _plain(gate: Gate, parameters: Sequence[float], qubits: Sequence[int], effort: Effort) -> list[Unitary]:
    effort.spend(1)
    if gate.body is None:
        return _known(gate.name, parameters, qubits)
    frame: Frame = [*parameters]
    found: list[Unitary] = []
    for call in gate.body:
        found += _called(call, frame, qubits, effort)
        if len(found) > MAX_STEPS:
            raise ProgramError(Code.OPERATIONS, f"The gate '{gate.name}' is made of more than {MAX_STEPS} others.")
    return found


def _called(call: GateCall, frame: Frame, qubits: Sequence[int], effort: Effort) -> list[Unitary]:
    parameters = [parameter.evaluate(frame) for parameter in call.parameters]
    inner = [qubits[place] for place in call.qubits]
    return unitaries_of(call.gate, call.modifiers, parameters, inner, frame, effort=effort)


def _inverse(unitaries: Sequence[Unitary]) -> list[Unitary]:
    return [replace(one, matrix=one.matrix.conj().T) for one in reversed(unitaries)]


def _power(unitaries: list[Unitary], exponent: float) -> list[Unitary]:
    if len(unitaries) == 1:
        [one] = unitaries
        return [replace(one, matrix=_matrix_power(one.matrix, exponent))]
    if exponent == int(exponent) and abs(exponent) <= MAX_REPETITIONS:
        once = unitaries if exponent >= 0 else _inverse(unitaries)
        if len(once) * abs(exponent) > MAX_STEPS:
            raise ProgramError(Code.OPERATIONS, f"A power of a gate is made of more than {MAX_STEPS} others.")
        return once * abs(int(exponent))
    qubits = tuple(
        sorted({qubit for one in unitaries for qubit in (*one.qubits, *(place for place, _ in one.controls))})
    )
    if len(qubits) > MAX_POWER_QUBITS:
        message = f"Such a power is of gates on {MAX_POWER_QUBITS} qubits at most, and this one has {len(qubits)}."
        raise ProgramError(Code.GATE_WIDTH, message)
    whole = np.eye(2 ** len(qubits), dtype=complex).reshape((2,) * len(qubits) + (-1,))
    places = {qubit: place for place, qubit in enumerate(qubits)}
    for one in unitaries:
        whole = applied(one, whole, places)
    return [Unitary(_matrix_power(whole.reshape(2 ** len(qubits), -1), exponent), qubits)]


def _matrix_power(matrix: Matrix, exponent: float) -> Matrix:
    """The principal power of a unitary matrix, by its eigenvalues."""
    if exponent == int(exponent):
        with np.errstate(all="ignore"):
            whole = np.linalg.matrix_power(matrix, int(exponent))
            is_exact = abs(exponent) < MOST_EXACT and np.allclose(whole @ whole.conj().T, np.eye(len(whole)), atol=1e-6)
            if not is_exact:
                raise ProgramError(Code.NUMBER, f"The power {exponent:g} of a gate is lost in rounding.")
        return whole
    if np.allclose(matrix, np.diag(np.diagonal(matrix))):
        values, vectors = np.diagonal(matrix), np.eye(len(matrix), dtype=complex)
    else:
        from scipy.linalg import schur  # noqa: PLC0415 - few programs need it, and it takes long to load

        # of a unitary matrix it is diagonal, and its vectors are orthonormal also where eigenvalues are equal
        triangle, vectors = schur(matrix, output="complex")
        values = np.diagonal(triangle)
    phases = np.angle(values)
    phases = np.where(phases < -pi + 1e-12, pi, phases)  # -1 is e^(i pi), on whichever side of it rounding left it
    power: Matrix = vectors @ np.diag(np.exp(1j * phases * exponent)) @ vectors.conj().T
    return power


def applied(unitary: Unitary, vector: Matrix, places: dict[int, int]) -> Matrix:
    """A vector of shape (2, 2, ..., rest) after a unitary; `places` are the axes of its qubits."""
    picked: list[slice | int] = [slice(None)] * vector.ndim
    for qubit, value in unitary.controls:
        picked[places[qubit]] = value
    result = vector.copy()
    part = vector[tuple(picked)]
    if not unitary.qubits:
        result[tuple(picked)] = part * unitary.matrix[0, 0]
        return result
    if len(unitary.qubits) == 1:
        return _turned(unitary.matrix, vector, result, picked, places[unitary.qubits[0]])
    # the axes that the controls have fixed are gone from the part
    fixed = sorted(places[qubit] for qubit, _ in unitary.controls)
    axes = [places[qubit] - sum(axis < places[qubit] for axis in fixed) for qubit in unitary.qubits]
    count = len(axes)
    matrix = unitary.matrix.reshape((2,) * (2 * count))
    product = np.tensordot(matrix, part, axes=(range(count, 2 * count), axes))
    result[tuple(picked)] = np.moveaxis(product, range(count), axes)
    return result


def _turned(matrix: Matrix, vector: Matrix, result: Matrix, picked: list[slice | int], place: int) -> Matrix:
    """A vector after a matrix on one of its axes, where the others are as picked; put into a copy of it."""
    zero, one = list(picked), list(picked)
    zero[place], one[place] = 0, 1
    of_zero, of_one = tuple(zero), tuple(one)
    (keeps, falls), (rises, stays) = matrix.tolist()
    if falls == 0 == rises:
        result[of_zero] *= keeps
        result[of_one] *= stays
    else:
        result[of_zero] = keeps * vector[of_zero] + falls * vector[of_one]
        result[of_one] = rises * vector[of_zero] + stays * vector[of_one]
    return result


# -- the gates that are known by name ----------------------------------------------------------------------------------


def _matrix(*rows: Sequence[complex], factor: complex = 1) -> Matrix:
    return factor * np.array(rows, dtype=np.complex128)


def _diagonal(*entries: complex) -> Matrix:
    return np.diag(np.array(entries, dtype=np.complex128))


def _u(theta: float, phi: float, lam: float, *, factor: complex = 1) -> Matrix:
    turn = cmath.exp(1j * theta)
    return _matrix(
        [1 + turn, -1j * cmath.exp(1j * lam) * (1 - turn)],
        [1j * cmath.exp(1j * phi) * (1 - turn), cmath.exp(1j * (phi + lam)) * (1 + turn)],
        factor=factor / 2,
    )


def _phase(angle: float) -> Matrix:
    return _diagonal(1, cmath.exp(1j * angle))


def _rx(theta: float) -> Matrix:
    return _u(theta, -pi / 2, pi / 2, factor=cmath.exp(-0.5j * theta))


def _ry(theta: float) -> Matrix:
    return _u(theta, 0, 0, factor=cmath.exp(-0.5j * theta))


def _rz(angle: float) -> Matrix:
    return _diagonal(cmath.exp(-0.5j * angle), cmath.exp(0.5j * angle))


def _u2(phi: float, lam: float) -> Matrix:
    return _u(pi / 2, phi, lam, factor=cmath.exp(-0.5j * (phi + lam + pi / 2)))


def _u3(theta: float, phi: float, lam: float) -> Matrix:
    return _u(theta, phi, lam, factor=cmath.exp(-0.5j * (theta + phi + lam)))


_FIXED: dict[str, Matrix] = {
    "id": _diagonal(1, 1),
    "x": _matrix([0, 1], [1, 0]),
    "y": _matrix([0, -1j], [1j, 0]),
    "z": _diagonal(1, -1),
    "h": _matrix([1, 1], [1, -1], factor=1 / sqrt(2)),
    "s": _diagonal(1, 1j),
    "sdg": _diagonal(1, -1j),
    "t": _phase(pi / 4),
    "tdg": _phase(-pi / 4),
    "sx": _matrix([1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j], factor=0.5),
    "swap": _matrix([1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]),
}
_WITH_ANGLES: dict[str, Callable[..., Matrix]] = {
    "U": _u,
    "gphase": lambda angle: _matrix([cmath.exp(1j * angle)]),
    **dict.fromkeys(("p", "phase", "u1"), _phase),
    "rx": _rx,
    "ry": _ry,
    "rz": _rz,
    "u2": _u2,
    "u3": _u3,
}

_CONTROLLED = {
    **dict.fromkeys(("cx", "CX"), (1, "x")),
    "cy": (1, "y"),
    "cz": (1, "z"),
    "ch": (1, "h"),
    **dict.fromkeys(("cp", "cphase"), (1, "p")),
    "crx": (1, "rx"),
    "cry": (1, "ry"),
    "crz": (1, "rz"),
    "ccx": (2, "x"),
    "cswap": (1, "swap"),
}
"""Gates that are others with controls."""


def _known(name: str, parameters: Sequence[float], qubits: Sequence[int]) -> list[Unitary]:
    if not all(map(isfinite, parameters)):
        raise NoSuchValueError(f"'{name}' takes finite angles")
    if name == "cu":
        theta, phi, lam, gamma = parameters
        control, target = qubits
        turned = Unitary(_u(theta, phi, lam), (target,), ((control, 1),))
        return [Unitary(_phase(gamma - theta / 2), (control,)), turned]
    controls, base = _CONTROLLED.get(name, (0, name))
    matrix = _WITH_ANGLES[base](*parameters) if parameters else _FIXED[base]
    return [Unitary(matrix, tuple(qubits[controls:]), tuple((qubit, 1) for qubit in qubits[:controls]))]
