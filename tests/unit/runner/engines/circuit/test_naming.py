"""Gates by their names, against the matrices that they are."""

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit
from qiskit.quantum_info import Operator
from quantum_qasm.check import check
from quantum_qasm.ir import Apply
from quantum_runner.engines.circuit.naming import steps_of
from quantum_runner.engines.unitaries import Effort, applied, unitaries_of

GATES = {
    1: ("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "rx(0.4)", "ry(-1.1)", "rz(2.1)", "p(0.3)", "phase(1)"),
    2: ("cx", "CX", "cy", "cz", "ch", "swap", "cp(0.3)", "crx(0.4)", "cry(0.2)", "crz(1.3)", "cphase(pi)", "both"),
    3: ("ccx", "cswap"),
}
MORE = ("u1(0.7)", "u2(0.1, 0.2)", "u3(0.1, 0.2, 0.3)", "U(0.1, 0.2, 0.3)", "U(pi, 0, pi)", "rx(pi)", "rz(pi / 2)")
MODIFIERS = (
    *("", "inv @ ", "pow(2) @ ", "pow(0.5) @ ", "pow(-3) @ ", "ctrl @ ", "negctrl @ ", "ctrl(2) @ ", "negctrl(3) @ "),
    *("ctrl @ inv @ ", "inv @ ctrl @ pow(1/3.0) @ ", "negctrl @ ctrl @ pow(2) @ "),
)
CONTROLS = {"ctrl(2)": 2, "negctrl(3)": 3, "negctrl @ ctrl": 2, "ctrl": 1}
QUBITS = 6
HEAD = 'include "stdgates.inc"; gate both a, b { h a; cx a, b; t b; }'
CASES = [(modifier, gate, width) for width, gates in GATES.items() for gate in gates for modifier in MODIFIERS]
CASES += [(modifier, gate, 1) for gate in MORE for modifier in MODIFIERS]
CASES += [(modifier, "cu(0.1, 0.2, 0.3, 0.4)", 2) for modifier in MODIFIERS]
CASES += [(modifier, "gphase(0.4)", 0) for modifier in MODIFIERS]


def _controls(modifier: str) -> int:
    return next((count for name, count in CONTROLS.items() if name in modifier), 0)


@pytest.mark.parametrize(("modifier", "gate", "width"), CASES)
def test_a_gate_is_what_its_matrices_are(modifier: str, gate: str, width: int) -> None:
    """Up to a phase of everything, and with the qubits in any order."""
    places = [4, 1, 5, 0, 3, 2][: width + _controls(modifier)]
    operands = ", ".join(f"q[{place}]" for place in places)
    program = check(f"{HEAD} qubit[{QUBITS}] q; {modifier}{gate} {operands};").program
    assert program
    [call] = [one for one in program.code.instructions if isinstance(one, Apply)]
    parameters = [parameter.evaluate([]) for parameter in call.parameters]
    circuit = QuantumCircuit(QUBITS)
    for step in steps_of(call.gate, call.modifiers, parameters, places, [], effort=Effort()):
        circuit.append(step.gate, step.qubits)
    whole: NDArray[np.complex128] = np.eye(2**QUBITS, dtype=complex).reshape((2,) * QUBITS + (-1,))
    for unitary in unitaries_of(call.gate, call.modifiers, parameters, places, [], effort=Effort()):
        # Qiskit's qubit 0 is the last axis
        whole = applied(unitary, whole, {place: QUBITS - 1 - place for place in range(QUBITS)})
    assert Operator(circuit).equiv(Operator(whole.reshape(2**QUBITS, -1)))
