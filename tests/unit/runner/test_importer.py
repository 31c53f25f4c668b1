"""The importer, against unitaries made by hand: gates, modifiers, definitions, loops and switches."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from qiskit.circuit import QuantumCircuit
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator
from quantum_runner.basis import in_basis
from quantum_runner.frontend import load
from quantum_tasks.task import Method

Matrix = npt.NDArray[np.complex128]

INCLUDE = 'include "stdgates.inc"; '
PLAIN = ["x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "swap", "cx", "cy", "cz", "ch", "ccx", "cswap", "id"]
GATES = {name: name for name in PLAIN} | {
    "CX": "cx",
    "p(0.3)": "p",
    "phase(0.3)": "p",
    "rx(0.3)": "rx",
    "ry(0.3)": "ry",
    "rz(0.3)": "rz",
    "cp(0.3)": "cp",
    "cphase(0.3)": "cp",
    "crx(0.3)": "crx",
    "cry(0.3)": "cry",
    "crz(0.3)": "crz",
    "u1(0.3)": "u1",
    "u2(0.3, 0.4)": "u2",
    "u3(0.3, 0.4, 0.5)": "u3",
    "U(0.3, 0.4, 0.5)": "u",
    "cu(0.3, 0.4, 0.5, 0.6)": "cu",
}
"""Calls, with the name of the gate in Qiskit."""
ANGLES = [0.3, 0.4, 0.5, 0.6]


PHASES = {"u": 0.3 / 2, "u2": -(0.3 + 0.4) / 2, "u3": -(0.4 + 0.5) / 2}
"""By what phase the specification's gates differ from Qiskit's."""


def _gate(name: str) -> Matrix:
    gate = get_standard_gate_name_mapping()[name]
    matrix = np.asarray(Operator(gate.base_class(*ANGLES[: len(gate.params)])).data)
    return np.asarray(matrix * np.exp(1j * PHASES.get(name, 0)))


def _is(matrix: Matrix, expected: npt.NDArray[Any]) -> bool:
    """Whether two are the same up to a global phase, which nobody sees."""
    overlap = np.vdot(matrix, expected)
    return np.allclose(matrix * overlap / abs(overlap), expected)


def _controlled(matrix: Matrix, controls: int, state: int) -> Matrix:
    """The matrix over the controls, which come first, and the gate's own qubits."""
    full = np.eye(len(matrix) << controls, dtype=complex)
    places = [(target << controls) | state for target in range(len(matrix))]
    full[np.ix_(places, places)] = matrix
    return full


def _power(matrix: Matrix, exponent: int) -> Matrix:
    return np.asarray(np.linalg.matrix_power(matrix, exponent))


def _width(matrix: Matrix) -> int:
    return len(matrix).bit_length() - 1


def _unitary(circuit: QuantumCircuit) -> Matrix:
    return np.asarray(Operator(circuit).data)


MODIFIERS: dict[str, Callable[[Matrix], Matrix]] = {
    "": lambda m: m,
    "inv @": lambda m: m.conj().T,
    "ctrl @": lambda m: _controlled(m, 1, 1),
    "negctrl @": lambda m: _controlled(m, 1, 0),
    "ctrl(2) @": lambda m: _controlled(m, 2, 3),
    "negctrl(2) @": lambda m: _controlled(m, 2, 0),
    "ctrl @ negctrl @": lambda m: _controlled(_controlled(m, 1, 0), 1, 1),
    "pow(0) @": lambda m: _power(m, 0),
    "pow(3) @": lambda m: _power(m, 3),
    "pow(-2) @": lambda m: _power(m, -2),
    "pow(65) @": lambda m: _power(m, 65),
    "pow(2.0) @": lambda m: _power(m, 2),
    "inv @ pow(2) @": lambda m: _power(m, -2),
    "ctrl @ inv @": lambda m: _controlled(m.conj().T, 1, 1),
    "inv @ ctrl @ pow(2) @": lambda m: _controlled(_power(m, -2), 1, 1),
    "pow(2) @ negctrl @": lambda m: _controlled(_power(m, 2), 1, 0),
}


@functools.cache
def _call(modifiers: str, gate: str, width: int) -> QuantumCircuit:
    operands = ", ".join(f"q[{place}]" for place in range(width))
    return load(f"{INCLUDE} qubit[{width}] q; bit c; {modifiers} {gate} {operands};")


@pytest.mark.parametrize("modifiers", MODIFIERS)
@pytest.mark.parametrize("gate", GATES)
def test_a_standard_gate_with_modifiers_is_its_matrix(gate: str, modifiers: str) -> None:
    """Every gate of stdgates.inc, under every modifier, has the unitary that the specification gives it."""
    expected = MODIFIERS[modifiers](_gate(GATES[gate]))
    circuit = _call(modifiers, gate, _width(expected))
    assert _is(_unitary(circuit), expected)
    assert _is(_unitary(in_basis(circuit, Method.STATEVECTOR)), expected)


@pytest.mark.parametrize("gate", GATES)
def test_the_square_root_of_a_gate_squares_to_it(gate: str) -> None:
    """A power of a half, taken twice, is the gate."""
    expected = _gate(GATES[gate])
    half = _unitary(_call("pow(0.5) @", gate, _width(expected)))
    assert _is(half @ half, expected)


def test_the_square_root_of_a_gate_is_the_principal_one() -> None:
    """By the specification U(pi, 0, pi) has the eigenvalues i and -i, where Qiskit's has 1 and -1."""
    expected = np.array([[1, 1j], [1j, 1]]) / np.sqrt(2)
    assert _is(_unitary(_call("pow(0.5) @", "U(pi, 0, pi)", 1)), expected)


@pytest.mark.parametrize("method", [Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE])
@pytest.mark.parametrize("modifiers", ["", "ctrl(2) @", "pow(0.5) @"])
@pytest.mark.parametrize("gate", ["x", "h", "ch", "crz(0.3)", "cswap", "cu(0.3, 0.4, 0.5, 0.6)"])
def test_a_gate_keeps_its_matrix_in_the_gates_of_a_method(gate: str, modifiers: str, method: Method) -> None:
    """Methods run fewer gates than the state vector does; what a gate is written out as there is the same gate."""
    width = _width(_gate(GATES[gate])) + (2 if "ctrl" in modifiers else 0)
    circuit = _call(modifiers, gate, width)
    assert np.allclose(_unitary(in_basis(circuit, method)), _unitary(circuit))


def test_gphase_is_a_phase_and_under_a_control_a_gate() -> None:
    """`gphase` shifts the global phase; with a control it is the phase gate on that control."""
    phase = np.exp(0.3j) * np.eye(2)
    assert np.allclose(_unitary(load("qubit q; gphase(0.3);")), phase)
    assert np.allclose(_unitary(load("qubit q; ctrl @ gphase(0.3) q;")), np.diag([1, np.exp(0.3j)]))
    assert np.allclose(_unitary(load("qubit q; negctrl @ gphase(0.3) q;")), np.diag([np.exp(0.3j), 1]))
    assert np.allclose(
        _unitary(load("qubit[2] q; ctrl(2) @ inv @ gphase(0.3) q[0], q[1];")), np.diag([1, 1, 1, np.exp(-0.3j)])
    )


DEFINITIONS = f"""{INCLUDE}
gate wave(a, b) x, y {{ rx(a) x; ctrl @ p(b / 2) x, y; gphase(a); }}
gate twice(a) x, y {{ wave(a, a) x, y; inv @ wave(2 * a, 1) y, x; pow(2) @ wave(a, 0.1) x, y; }}
gate none(a) x {{ }}
gate whole(a, b) x {{
  for int i in [0:0] {{ U(a, b, 0.3) x; }}
  inv @ u3(0.4, b, a) x; pow(2) @ U(a, b, a) x; u2(b, 0.1) x;
}}
gate both(a) x, y {{ inv @ whole(a, 0.2) y; ctrl @ whole(2 * a, a) x, y; }}
"""


def _spec_u(theta: float, phi: float, lam: float) -> Matrix:
    """As the specification defines it."""
    turn = np.exp(1j * theta)
    first = [1 + turn, -1j * np.exp(1j * lam) * (1 - turn)]
    second = [1j * np.exp(1j * phi) * (1 - turn), np.exp(1j * (phi + lam)) * (1 + turn)]
    return np.array([first, second], dtype=np.complex128) / 2


def _whole(a: float, b: float) -> Matrix:
    """Source: the definitions of `u2` and `u3` in the specification's standard library."""
    u3 = np.exp(-0.5j * (0.4 + b + a)) * _spec_u(0.4, b, a)
    u2 = np.exp(-0.5j * (b + 0.1 + np.pi / 2)) * _spec_u(np.pi / 2, b, 0.1)
    return np.asarray(u2 @ _power(_spec_u(a, b, a), 2) @ u3.conj().T @ _spec_u(a, b, 0.3))


@pytest.mark.parametrize("modifiers", MODIFIERS)
def test_a_gate_defined_by_u_has_its_phase_under_controls(modifiers: str) -> None:
    """What is a global phase of a gate is none of the gate with a control, whoever puts the control."""
    inner = np.kron(_whole(0.7, 0.2).conj().T, np.eye(2))
    expected = MODIFIERS[modifiers](np.asarray(_controlled(_whole(1.4, 0.7), 1, 1) @ inner))
    width = _width(expected)
    operands = ", ".join(f"q[{place}]" for place in range(width))
    circuit = load(f"{DEFINITIONS} qubit[{width}] q; {modifiers} both(0.7) {operands};")
    assert _is(_unitary(circuit), expected)
    assert _is(_unitary(in_basis(circuit, Method.STATEVECTOR)), expected)


def _wave(a: float, b: float) -> Matrix:
    circuit = QuantumCircuit(2, global_phase=a)
    circuit.rx(a, 0)
    circuit.cp(b / 2, 0, 1)
    return _unitary(circuit)


def _on_swapped(matrix: Matrix) -> Matrix:
    swap = _gate("swap")
    return np.asarray(swap @ matrix @ swap)


def _twice(a: float) -> Matrix:
    return np.asarray(
        _power(_wave(a, 0.1), 2) @ _on_swapped(_wave(2 * a, 1).conj().T) @ _wave(a, a),
    )


@pytest.mark.parametrize("modifiers", MODIFIERS)
def test_a_defined_gate_with_modifiers_is_its_matrix(modifiers: str) -> None:
    """Parameters reach gates within gates, under modifiers outside and inside, and with the global phase."""
    expected = MODIFIERS[modifiers](_twice(0.7))
    width = _width(expected)
    operands = ", ".join(f"q[{place}]" for place in range(width))
    circuit = load(f"{DEFINITIONS} qubit[{width}] q; {modifiers} twice(0.7) {operands};")
    assert np.allclose(_unitary(circuit), expected)
    assert np.allclose(_unitary(in_basis(circuit, Method.STATEVECTOR)), expected)


@pytest.mark.parametrize("name", ["x", "h", "u", "r", "ch", "ecr", "rxx", "unitary", "mcx", "store", "x_o0", "if_else"])
def test_a_defined_gate_is_never_taken_for_another_of_its_name(name: str) -> None:
    """A program that defines a gate gets its own, also where Qiskit or Aer know one of that name."""
    definition = f"gate {name} a, b {{ U(0.3, 0.4, 0.5) b; ctrl @ U(0.1, 0.2, 0.3) b, a; }}"
    expected = QuantumCircuit(2, global_phase=0.3 / 2)
    expected.u(0.3, 0.4, 0.5, 1)
    expected.cu(0.1, 0.2, 0.3, 0.1 / 2, 1, 0)
    for modifiers, controls in (("", 0), ("ctrl @", 1)):
        operands = ", ".join(f"q[{place}]" for place in range(2 + controls))
        circuit = load(f"{definition} qubit[3] q; {modifiers} {name} {operands};")
        matrix = _controlled(_unitary(expected), 1, 1) if controls else np.kron(np.eye(2), _unitary(expected))
        assert _is(_unitary(in_basis(circuit, Method.STATEVECTOR)), matrix)


def test_an_empty_gate_does_nothing() -> None:
    """A definition without a body is the identity, and its parameter may go unused."""
    assert np.allclose(_unitary(in_basis(load(f"{DEFINITIONS} qubit q; none(0.2) q;"), Method.STATEVECTOR)), np.eye(2))


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        ("[0:3]", [0, 1, 2, 3]),
        ("[0:2:5]", [0, 2, 4]),
        ("[4:-1:1]", [4, 3, 2, 1]),
        ("[5:-2:0]", [5, 3, 1]),
        ("[3:0]", []),
        ("[0:-1:3]", []),
        ("[2:2]", [2]),
        ("[-2:0]", [-2, -1, 0]),
        ("{3, 1, 3}", [3, 1, 3]),
        ("[1 + 1:2 * 2]", [2, 3, 4]),
    ],
)
def test_a_loop_runs_over_what_its_set_says(domain: str, values: list[int]) -> None:
    """Ranges include both ends, steps may be negative, and sets keep their order and their repetitions."""
    circuit = load(f"{INCLUDE} qubit q; for int i in {domain} {{ rx(i) q; }}")
    assert [step.operation.params[0] for step in circuit.data] == values


def test_a_loop_with_a_jump_runs_over_what_its_set_says() -> None:
    """A loop that Qiskit keeps has the same values as one that is unrolled."""
    circuit = load(f"{INCLUDE} qubit q; bit c; for int i in [5:-2:0] {{ rx(i) q; if (c) {{ break; }} }}")
    assert list(circuit.data[0].operation.params[0]) == [5, 3, 1]


def test_a_loop_variable_is_an_index_a_bound_and_an_angle() -> None:
    """An unrolled loop's variable is a constant within its body, and may be shadowed there."""
    circuit = load(
        f"{INCLUDE} qubit[4] q; for uint i in [0:2] {{ cx q[i], q[i + 1]; for int j in [0:i] {{ rx(i) q[j]; }} }}"
    )
    expected = QuantumCircuit(4)
    for i in range(3):
        expected.cx(i, i + 1)
        for j in range(i + 1):
            expected.rx(i, j)
    assert np.allclose(_unitary(circuit), _unitary(expected))


def test_operands_broadcast_and_aliases_pick_and_join() -> None:
    """A gate on registers acts pair by pair; slices, sets, negative indices and `++` name qubits."""
    circuit = load(
        f"""{INCLUDE} qubit[4] q; let odd = q[1:2:3]; let even = q[{{0, 2}}]; let all = even ++ odd;
        cx even, odd; h all[0:1]; x q[-1]; box {{ y odd; }} barrier q; delay[10ns] q[0]; {{ z q[0]; }}"""
    )
    expected = QuantumCircuit(4)
    expected.cx([0, 2], [1, 3])
    expected.h([0, 2])
    expected.x(3)
    expected.y([1, 3])
    expected.z(0)
    assert np.allclose(_unitary(circuit), _unitary(expected))


def test_barriers_delays_and_boxes_leave_nothing_behind() -> None:
    """What is about timing alone is checked and left out: it changes no counts."""
    circuit = load(f"{INCLUDE} qubit[2] q; barrier q; barrier; delay[1us] q; delay[1us]; box[5ns] {{ x q[1]; }}")
    assert [(step.operation.name, len(step.qubits)) for step in circuit.data] == [("x", 1)]
