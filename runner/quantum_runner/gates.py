"""The gates that a program defines, and powers of gates: written out when that is asked for, and not before.

Qiskit's importer writes out every call at once, and the calls within it. For gates that are defined by others that is
slow, and where angles are passed down it takes time exponential in the depth. It also goes by a gate's name, so that a
program's own gate called `h` would be run as the standard one: the names given here are those of no standard gate.
"""

from collections.abc import Sequence

from qiskit.circuit import Gate, Parameter, ParameterExpression, QuantumCircuit


class DefinedGate(Gate):  # type: ignore[misc] # Qiskit has no types
    """A gate that stands for a circuit over as many qubits; `params` are the values of the circuit's `parameters`."""

    def __init__(
        self,
        name: str,
        circuit: QuantumCircuit,
        parameters: Sequence[Parameter],
        values: Sequence[ParameterExpression | float],
        *,
        inverted: bool = False,
    ) -> None:
        super().__init__(name, circuit.num_qubits, list(values))
        self._circuit = circuit
        self._parameters = tuple(parameters)
        self._inverted = inverted

    def _define(self) -> None:
        """Qiskit's hook: called for the definition when there is none."""
        circuit = self._circuit.assign_parameters(dict(zip(self._parameters, self.params, strict=True)))
        self._definition = circuit.inverse() if self._inverted else circuit

    def inverse(self, annotated: bool = False) -> "DefinedGate":  # noqa: ARG002, FBT001, FBT002 - as Qiskit has it
        """The inverse, not written out either."""
        return DefinedGate(self.name, self._circuit, self._parameters, self.params, inverted=not self._inverted)


class GateDefinition:
    """What the importer calls with values for the parameters to get a gate."""

    def __init__(self, name: str, circuit: QuantumCircuit, parameters: Sequence[Parameter]) -> None:
        self._name = f"gate {name}"
        self._circuit = circuit
        self._parameters = tuple(parameters)

    def __call__(self, *values: ParameterExpression | float) -> DefinedGate:
        """The gate with these parameters."""
        return DefinedGate(self._name, self._circuit, self._parameters, values)


def repeated(gate: Gate, times: int) -> Gate:
    """The gate as often as that, or its inverse when `times` is negative; the identity for 0."""
    circuit = QuantumCircuit(gate.num_qubits)
    factor = gate if times >= 0 else gate.inverse()
    for _ in range(abs(times)):
        circuit.append(factor, range(gate.num_qubits))
    return written_out("power", circuit)


def written_out(name: str, circuit: QuantumCircuit) -> Gate:
    """A gate that is a circuit."""
    parameters = tuple(circuit.parameters)  # of a gate that is being defined
    return DefinedGate(name, circuit, parameters, parameters)
