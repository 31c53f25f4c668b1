"""Ranges of bits and qubits by Qiskit's importer, as the specification has them."""

import pytest
from quantum_runner.frontend import load
from quantum_runner.simulate import Machine, simulate
from quantum_tasks.task import Options

DECLARED = 'include "stdgates.inc"; qubit[3] q; bit[3] c; '


@pytest.mark.parametrize(
    ("index", "qubits"),
    [
        ("0:-1", [0, 1, 2]),
        ("-2:-1", [1, 2]),
        (":-1", [0, 1, 2]),
        ("0:2:-1", [0, 2]),
        ("2:-1:0", [2, 1, 0]),
        ("-1:-2:0", [2, 0]),
        ("0:-2", [0, 1]),
        ("2:-1:1", [2, 1]),
        ("0:1", [0, 1]),
    ],
)
def test_a_range_has_both_of_its_ends(index: str, qubits: list[int]) -> None:
    """Also where the last one is named from the end, or the first one comes last."""
    circuit = load(f"{DECLARED} h q[{index}]; c = measure q;")
    found = [circuit.find_bit(step.qubits[0]).index for step in circuit.data if step.operation.name == "h"]
    assert found == qubits


def test_a_loop_down_from_0_to_below_has_no_steps() -> None:
    """The range of a loop counts, and no index is meant by it."""
    program = f"{DECLARED} x q[0:-1]; for int i in [0:-1] {{ x q; }} c[0:-1] = measure q[0:-1];"
    assert simulate(program, Options(shots=10), Machine(2**26)).counts == {"111": 10}
