"""Which method runs a circuit, and what is refused before its memory is asked for."""

import pytest
from quantum_qasm.plans import STABILIZER_FROM_QUBITS, VECTOR_BELOW_QUBITS
from quantum_runner.circuits import steps
from quantum_runner.frontend import load
from quantum_runner.methods import choose
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method

GIB = 2**30


def _program(width: int, body: str) -> str:
    return f'include "stdgates.inc"; qubit[{width}] q; bit[{width}] c; {body} c = measure q;'


def _chain(width: int) -> str:
    return "".join(f"cx q[{place}], q[{place + 1}];" for place in range(width - 1))


def _chosen(
    width: int, body: str, asked: Method = Method.AUTOMATIC, memory_bytes: int = GIB, shots: int = 1024
) -> Method:
    return choose(load(_program(width, body)), asked, memory_bytes, shots).method


@pytest.mark.parametrize(
    ("width", "body", "method"),
    [
        (2, "h q[0]; cx q[0], q[1];", Method.STATEVECTOR),
        (VECTOR_BELOW_QUBITS - 1, "h q;" * 100, Method.STATEVECTOR),
        (STABILIZER_FROM_QUBITS - 1, "t q;", Method.STATEVECTOR),
        (STABILIZER_FROM_QUBITS, "h q; id q; sx q; if (c[0]) { cz q[0], q[1]; }", Method.STABILIZER),
        (1000, "h q;" + _chain(1000), Method.STABILIZER),
        (STABILIZER_FROM_QUBITS, "t q;", Method.STATEVECTOR),
        (26, "t q;" + _chain(26) * 20, Method.STATEVECTOR),
        (27, "t q;" + _chain(27), Method.MATRIX_PRODUCT_STATE),
        (200, "t q;" + _chain(200), Method.MATRIX_PRODUCT_STATE),
        (40, "pow(2) @ s q;", Method.STABILIZER),
    ],
)
def test_automatic_takes_the_cheapest_exact_method(width: int, body: str, method: Method) -> None:
    """The state vector while it is small, stabilizers for wide Clifford circuits, product states for little rank."""
    assert _chosen(width, body) is method


@pytest.mark.parametrize(
    ("width", "shots", "method"),
    [
        (VECTOR_BELOW_QUBITS, 1_000, Method.STATEVECTOR),
        (14, 1_000, Method.STATEVECTOR),
        (14, 100, Method.STABILIZER),
        (20, 1_000, Method.STABILIZER),
        (20, 100_000, Method.STATEVECTOR),
        (STABILIZER_FROM_QUBITS, 1_000_000, Method.STABILIZER),
    ],
)
def test_shots_decide_between_stabilizers_and_a_vector(width: int, shots: int, method: Method) -> None:
    """A state vector costs by its gates, stabilizers by their shots."""
    assert _chosen(width, "h q[0];" + _chain(width), shots=shots) is method


@pytest.mark.parametrize(
    ("method", "most"),
    [(Method.STATEVECTOR, 26), (Method.DENSITY_MATRIX, 13)],
)
def test_a_method_takes_what_just_fits_and_no_more(method: Method, most: int) -> None:
    """A state vector has 16 bytes for each of 2^n amplitudes, a density matrix for each of 4^n entries."""
    assert _chosen(most, "t q;", method) is method
    with pytest.raises(ProgramError, match=r"needs 2 GiB|needs 4 GiB") as refusal:
        _chosen(most + 1, "t q;", method)
    assert refusal.value.code is Code.MEMORY


def test_the_refusal_gives_both_figures() -> None:
    """What would be needed and what there is are told in units and in bytes."""
    with pytest.raises(ProgramError) as refusal:
        _chosen(40, "t q;", Method.STATEVECTOR)
    assert refusal.value.message == (
        "The statevector method needs 16 TiB (17592186044416 bytes) for 40 qubits, "
        "and there are 1 GiB (1073741824 bytes)."
    )


def test_automatic_refuses_what_no_method_can_run() -> None:
    """Many qubits, a gate that is no Clifford gate, and too much entanglement together fit nowhere."""
    with pytest.raises(ProgramError) as refusal:
        _chosen(60, ("t q;" + _chain(60)) * 30)
    assert refusal.value.code is Code.MEMORY


@pytest.mark.parametrize(
    ("body", "gate"), [("t q[0];", "t"), ("h q; if (c[0]) { ccx q[0], q[1], q[2]; }", "ccx"), ("rx(1) q;", "rx")]
)
def test_stabilizers_refuse_the_gate_that_is_none_of_theirs(body: str, gate: str) -> None:
    """The first gate outside the Clifford group is named, also when it stands within a branch."""
    with pytest.raises(ProgramError, match=f"'{gate}'") as refusal:
        _chosen(3, body, Method.STABILIZER)
    assert refusal.value.code is Code.METHOD


@pytest.mark.parametrize("method", [method for method in Method if method is not Method.AUTOMATIC])
def test_the_method_asked_for_is_taken(method: Method) -> None:
    """What can run the circuit in the memory that there is, runs it."""
    assert _chosen(3, "h q; cx q[0], q[2];", method) is method


def test_idle_qubits_need_no_memory() -> None:
    """Only the qubits that something acts on are counted."""
    program = 'include "stdgates.inc"; qubit[900] q; bit c; barrier q; t q[7]; c = measure q[899];'
    assert choose(load(program), Method.STATEVECTOR, 2**20, 1).method is Method.STATEVECTOR


@pytest.mark.parametrize("method", [Method.STATEVECTOR, Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE])
def test_a_plan_has_gates_of_its_method_only(method: Method) -> None:
    """Gates that a method does not run are written out, also within control flow."""
    body = "if (c[0]) { ch q[0], q[1]; ctrl(2) @ rx(1) q[0], q[1], q[2]; } cu(1, 2, 3, 4) q[0], q[1];"
    names = {step.operation.name for step in steps(choose(load(_program(3, body)), method, GIB, 1).circuit)}
    assert "ch" not in names
    assert ("cu" in names) is (method is Method.STATEVECTOR)
