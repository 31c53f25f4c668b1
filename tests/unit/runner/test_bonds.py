"""The bound of the bond dimensions, against what Aer itself logs."""

import random
import re

import pytest
from qiskit.circuit import QuantumCircuit
from qiskit_aer import AerSimulator
from quantum_runner.basis import in_basis
from quantum_runner.bonds import bonds_of
from quantum_runner.frontend import load
from quantum_tasks.task import Method

GATES = ["cx", "cz", "cp", "rxx", "swap", "ch", "ccx", "cswap"]


def _random_circuit(randomness: random.Random) -> QuantumCircuit:
    width = randomness.randint(3, 10)
    circuit = QuantumCircuit(width, width)
    for _ in range(randomness.randint(1, 10)):
        for qubit in range(width):
            circuit.ry(randomness.uniform(0, 3), qubit)
        name = randomness.choice(GATES)
        angles = [randomness.uniform(0, 3)] if name in {"cp", "rxx"} else []
        qubits = randomness.sample(range(width), 3 if name in {"ccx", "cswap"} else 2)
        getattr(circuit, name)(*angles, *qubits)
    circuit.measure(range(width), range(width))
    return circuit


def _log(simulator: AerSimulator, circuit: QuantumCircuit) -> str:
    result = simulator.run(circuit, shots=1, mps_log_data=True, max_parallel_threads=1).result()
    return str(result.results[0].metadata["MPS_log_data"])


def test_no_bond_of_aer_exceeds_the_bound() -> None:
    """For random circuits with gates between any qubits, the largest bond in Aer's log is within the bound."""
    randomness = random.Random(2024)  # noqa: S311 - tests are to repeat themselves
    simulator = AerSimulator(method=Method.MATRIX_PRODUCT_STATE.value)
    before = ""
    for _ in range(60):
        circuit = in_basis(_random_circuit(randomness), Method.MATRIX_PRODUCT_STATE)
        log = _log(simulator, circuit)
        own, before = log[max(0, len(before) - 1) :], log  # Aer appends to the log of earlier circuits
        reached = [int(bond) for bonds in re.findall(r"BD=\[([\d ]+)\]", own) for bond in bonds.split()]
        assert max(reached, default=1) <= max(bonds_of(circuit))


def _bonds(body: str, width: int) -> list[int]:
    circuit = load(f'include "stdgates.inc"; qubit[{width}] q; bit[{width}] c; {body} c = measure q;')
    return bonds_of(in_basis(circuit, Method.MATRIX_PRODUCT_STATE))


@pytest.mark.parametrize(
    ("body", "bonds"),
    [
        ("h q;", [1, 1, 1, 1, 1]),
        ("cx q[0], q[1]; cx q[1], q[2]; cx q[2], q[3];", [2, 2, 2, 1, 1]),
        ("cx q[2], q[3];" * 9, [1, 1, 2, 1, 1]),
        ("swap q[2], q[3];", [1, 1, 2, 1, 1]),
        ("cx q[1], q[2]; cx q[3], q[4]; cx q[2], q[3];", [1, 2, 2, 2, 1]),
        ("cx q[1], q[2]; cx q[3], q[4]; swap q[2], q[3];", [1, 2, 4, 2, 1]),
        ("if (c[0]) { cx q[0], q[1]; } else { cx q[1], q[2]; }", [2, 2, 1, 1, 1]),
        ("while (c[0]) { cx q[2], q[3]; c[0] = measure q[2]; }", [1, 1, 2, 1, 1]),
        ("if (c[0]) { cx q[0], q[2]; } x q;", [2, 4, 8, 4, 2]),
        ("cx q[0], q[2]; reset q[0]; cx q[0], q[1];", [2, 4, 8, 4, 2]),
        ("for int i in [0:1] { cx q[0], q[1]; if (c[0]) { break; } }", [2, 1, 1, 1, 1]),
    ],
)
def test_bonds_grow_where_gates_cross(body: str, bonds: list[int]) -> None:
    """Gates double or quadruple the bonds that they cross, up to twice what the bonds beside them are."""
    assert _bonds(body, 6) == bonds


def test_the_search_ends_beyond_the_most_that_is_wanted() -> None:
    """A bound that is too high already is not followed to the end."""
    body = "".join(f"cx q[{place}], q[{39 - place}];" for place in range(20)) * 3
    circuit = load(f'include "stdgates.inc"; qubit[40] q; bit[40] c; {body} c = measure q;')
    assert max(bonds_of(circuit, 8)) > 8


def test_one_qubit_has_no_bonds() -> None:
    """There is no cut through a single qubit."""
    assert _bonds("h q;", 1) == []
