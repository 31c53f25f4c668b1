"""The gates of stdgates.inc as matrices, as Qiskit has them: a global phase is not kept, a relative one is."""

from cmath import exp
from collections.abc import Callable, Mapping, Sequence
from math import cos, pi, sin, sqrt
from types import MappingProxyType

from quantum_qasm.straight.program import Call

Matrix = tuple[complex, complex, complex, complex]
"""A gate on the target, where every control is 1: row by row."""

_I = 1j
_R = 1 / sqrt(2)

_X: Matrix = (0, 1, 1, 0)
_Y: Matrix = (0, -_I, _I, 0)
_Z: Matrix = (1, 0, 0, -1)
_H: Matrix = (_R, _R, _R, -_R)


def _phase(angle: float) -> Matrix:
    return (1, 0, 0, exp(_I * angle))


def _rx(angle: float) -> Matrix:
    return (cos(angle / 2), -_I * sin(angle / 2), -_I * sin(angle / 2), cos(angle / 2))


def _ry(angle: float) -> Matrix:
    return (cos(angle / 2), -sin(angle / 2), sin(angle / 2), cos(angle / 2))


def _rz(angle: float) -> Matrix:
    return (exp(-_I * angle / 2), 0, 0, exp(_I * angle / 2))


def _u(theta: float, phi: float, lam: float, gamma: float = 0.0) -> Matrix:
    """The specification's U(theta, phi, lambda), times exp(i gamma)."""
    c, s = cos(theta / 2), sin(theta / 2)
    whole = exp(_I * gamma)
    return (whole * c, -whole * exp(_I * lam) * s, whole * exp(_I * phi) * s, whole * exp(_I * (phi + lam)) * c)


def _fixed(matrix: Matrix) -> Callable[[], Matrix]:
    return lambda: matrix


_ON_TARGET: Mapping[str, tuple[int, int, Callable[..., Matrix]]] = {
    # name: angles, controls, matrix
    "id": (0, 0, _fixed((1, 0, 0, 1))),
    "x": (0, 0, _fixed(_X)),
    "y": (0, 0, _fixed(_Y)),
    "z": (0, 0, _fixed(_Z)),
    "h": (0, 0, _fixed(_H)),
    "s": (0, 0, _fixed((1, 0, 0, _I))),
    "sdg": (0, 0, _fixed((1, 0, 0, -_I))),
    "t": (0, 0, _fixed(_phase(pi / 4))),
    "tdg": (0, 0, _fixed(_phase(-pi / 4))),
    "sx": (0, 0, _fixed(((1 + _I) / 2, (1 - _I) / 2, (1 - _I) / 2, (1 + _I) / 2))),
    "p": (1, 0, _phase),
    "phase": (1, 0, _phase),
    "u1": (1, 0, _phase),
    "rx": (1, 0, _rx),
    "ry": (1, 0, _ry),
    "rz": (1, 0, _rz),
    "u2": (2, 0, lambda phi, lam: _u(pi / 2, phi, lam)),
    "u3": (3, 0, _u),
    "cx": (0, 1, _fixed(_X)),
    "CX": (0, 1, _fixed(_X)),
    "cy": (0, 1, _fixed(_Y)),
    "cz": (0, 1, _fixed(_Z)),
    "ch": (0, 1, _fixed(_H)),
    "cp": (1, 1, _phase),
    "cphase": (1, 1, _phase),
    "crx": (1, 1, _rx),
    "cry": (1, 1, _ry),
    "crz": (1, 1, _rz),
    "cu": (4, 1, _u),
    "ccx": (0, 2, _fixed(_X)),
}

SWAPS: Mapping[str, int] = MappingProxyType({"swap": 0, "cswap": 1})
"""Gates that exchange their last two qubits, with how many controls they have."""

GATES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {name: (angles, controls + 1) for name, (angles, controls, _) in _ON_TARGET.items()}
    | {name: (0, controls + 2) for name, controls in SWAPS.items()}
)
"""Every gate: how many angles and how many qubits it takes."""


_CH = (("s", 1), ("h", 1), ("t", 1), ("cx", 2), ("tdg", 1), ("h", 1), ("sdg", 1))
"""Qiskit's definition of ch: each gate on the last so many qubits."""


def written_out(call: Call) -> Sequence[Call]:
    """A call in the gates that Aer has: it would leave out those of them that bear on no measurement, one by one."""
    return [Call(gate, (), call.qubits[-width:]) for gate, width in _CH] if call.gate == "ch" else (call,)


def matrix(gate: str, angles: tuple[float, ...]) -> Matrix:
    """What a gate of GATES that is none of SWAPS does to its last qubit."""
    return _ON_TARGET[gate][2](*angles)
