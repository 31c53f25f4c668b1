"""The kept simulator: its counts' keys, what bounds them, and what it says when it fails."""

import pytest
from qiskit.circuit import ClassicalRegister, Clbit, QuantumCircuit, QuantumRegister
from qiskit_aer import AerSimulator
from quantum_runner import counts, engine
from quantum_runner.frontend import load
from quantum_runner.methods import choose
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method


def _counts(circuit: QuantumCircuit, *, shots: int = 10, memory_bytes: int = 2**28) -> dict[str, int]:
    return engine.run(circuit, Method.STATEVECTOR, shots=shots, seed=1, memory_bytes=memory_bytes, threads=1)


def test_keys_are_those_of_qiskit() -> None:
    """Registers are joined by spaces, the last declared first, and bit 0 is rightmost in each."""
    circuit = QuantumCircuit(QuantumRegister(4, "q"), ClassicalRegister(3, "a"), ClassicalRegister(2, "b"))
    circuit.x([0, 3])
    circuit.measure([0, 1, 3], [0, 2, 4])
    qiskits = AerSimulator().run(circuit, shots=10, seed_simulator=1).result().get_counts()
    assert _counts(circuit) == dict(qiskits) == {"10 001": 10}


def test_bits_in_no_register_have_their_place() -> None:
    """Loose bits next to each other stand together, where they were declared."""
    bits = [Clbit(), Clbit()]
    circuit = QuantumCircuit(QuantumRegister(1, "q"))
    circuit.add_bits(bits)
    circuit.add_register(ClassicalRegister(2, "a"))
    circuit.x(0)
    circuit.measure(0, bits[0])
    assert _counts(circuit) == {"00 01": 10}


def test_an_alias_of_bits_is_not_counted_twice() -> None:
    """A register that names bits of another one adds nothing to the keys."""
    circuit = load("qubit[2] q; bit[2] c; let d = c; U(pi, 0, pi) q[0]; d = measure q;")
    assert _counts(circuit) == {"01": 10}


def test_a_result_that_would_be_too_large_is_refused_before_the_run() -> None:
    """Many shots on many bits may all differ, and are not tried."""
    circuit = load("qubit[2] q; bit[10000] c; c[0] = measure q[0];")
    with pytest.raises(ProgramError, match="measure less, or with fewer shots") as refusal:
        _counts(circuit, shots=1_000_000)
    assert refusal.value.code is Code.RESULT_BYTES


def test_a_result_that_is_too_large_is_refused_after_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts that came are measured as the JSON that they will be."""
    monkeypatch.setattr(counts, "MAX_RESULT_BYTES", 10)
    circuit = load("qubit[2] q; bit[2] c; U(pi / 2, 0, pi) q; c = measure q;")
    with pytest.raises(ProgramError, match="more than 10") as refusal:
        _counts(circuit, shots=100)
    assert refusal.value.code is Code.RESULT_BYTES


def test_a_run_that_the_simulator_refuses_is_an_error_in_plain_words() -> None:
    """Aer's refusal becomes an error, without Aer's name for the circuit."""
    circuit = QuantumCircuit(2, 1)
    circuit.t(0)
    circuit.measure(0, 0)
    with pytest.raises(ProgramError, match="could not run") as refusal:
        engine.run(circuit, Method.STABILIZER, shots=1, seed=1, memory_bytes=2**28, threads=1)
    assert refusal.value.code is Code.ENGINE_FAILED
    assert "circuit-" not in refusal.value.message
    assert "Experiment" not in refusal.value.message


def test_more_memory_than_the_budget_is_not_taken() -> None:
    """The budget is the simulator's bound as well, whatever the host has."""
    circuit = load("qubit[20] q; bit[20] c; U(1, 2, 3) q; c = measure q;")
    with pytest.raises(ProgramError) as refusal:
        _counts(circuit, memory_bytes=2**20)
    assert refusal.value.code is Code.ENGINE_FAILED


def test_one_simulator_is_kept() -> None:
    """Runs share a simulator, and each has the method that it asks for."""
    engine.warm()
    circuit = load('include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;')
    for method in (Method.DENSITY_MATRIX, Method.STABILIZER, Method.MATRIX_PRODUCT_STATE, Method.STATEVECTOR):
        plan = choose(circuit, method, 2**28, 100)
        counts = engine.run(plan.circuit, method, shots=100, seed=7, memory_bytes=2**28, threads=1)
        assert set(counts) == {"00", "11"}
