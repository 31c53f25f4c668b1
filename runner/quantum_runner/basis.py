"""Circuits in the gates of a method: a pass manager that is made once, and used only for circuits that need it.

`transpile` against a fresh backend costs some twenty times what a small circuit does.
"""

from collections.abc import Mapping
from functools import cache
from math import isfinite

from qiskit.circuit import (
    BreakLoopOp,
    ContinueLoopOp,
    ForLoopOp,
    Gate,
    IfElseOp,
    Measure,
    ParameterExpression,
    QuantumCircuit,
    Reset,
    SwitchCaseOp,
    WhileLoopOp,
)
from qiskit.circuit.library import MCPhaseGate, MCXGate, UnitaryGate, get_standard_gate_name_mapping
from qiskit.passmanager import BasePassManager
from qiskit.transpiler import Target, generate_preset_pass_manager
from qiskit_aer import AerSimulator
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method

from quantum_runner.circuits import has_control_flow, steps, without_idle_qubits
from quantum_runner.limits import MAX_QUBITS

_WIDE = frozenset({"ccx", "ccz", "cswap", "mcx", "mcphase"})
"""Gates on more than two qubits, which matrix product states are not given: bonds are bounded pair by pair."""

_CONTROL_FLOW = {
    "if_else": IfElseOp,
    "while_loop": WhileLoopOp,
    "for_loop": ForLoopOp,
    "switch_case": SwitchCaseOp,
    "break_loop": BreakLoopOp,
    "continue_loop": ContinueLoopOp,
}
_INSTRUCTIONS = {"measure": Measure(), "reset": Reset()}


def in_basis(circuit: QuantumCircuit, method: Method) -> QuantumCircuit:
    """The circuit in gates that Aer's method runs, and without qubits that Aer would keep for nothing.

    Raises ProgramError with SEMANTIC for an angle that is not a finite number.
    """
    basis = _basis(method)
    if not all(step.operation.name in basis for step in steps(circuit)):
        circuit = _pass_manager(method).run(circuit)
    _check_numbers(circuit)
    return without_idle_qubits(circuit) if has_control_flow(circuit) else circuit


def _check_numbers(circuit: QuantumCircuit) -> None:
    for step in steps(circuit):
        for value in step.operation.params:
            if not _is_finite(value):
                raise ProgramError(Code.SEMANTIC, f"An angle of '{step.operation.name}' is not a finite number.")


def _is_finite(value: object) -> bool:
    if isinstance(value, ParameterExpression):
        return bool(value.parameters) or isfinite(float(value))  # the variable of a loop that Aer unrolls is unknown
    return not isinstance(value, float) or isfinite(value)


def warm() -> None:
    """Make the pass managers."""
    for method in (Method.STATEVECTOR, Method.DENSITY_MATRIX, Method.MATRIX_PRODUCT_STATE):
        _pass_manager(method)


@cache
def _gates(method: Method) -> Mapping[str, Gate | type[Gate]]:
    """The gates that a method runs as they are, of those that have a definition in Qiskit."""
    supported = AerSimulator(method=method.value).configuration().basis_gates
    # some names stand for gates of any width, and have a class in place of a gate
    known = get_standard_gate_name_mapping() | {"mcx": MCXGate, "mcphase": MCPhaseGate, "unitary": UnitaryGate}
    refused = _WIDE if method is Method.MATRIX_PRODUCT_STATE else frozenset()
    return {name: known[name] for name in supported if name in known and name not in refused}


@cache
def _basis(method: Method) -> frozenset[str]:
    return frozenset({*_gates(method), *_INSTRUCTIONS, *_CONTROL_FLOW})


@cache
def _pass_manager(method: Method) -> BasePassManager:
    # the target is as wide as any circuit may be: one made from the simulator stops at thirty qubits
    target = Target(num_qubits=MAX_QUBITS)
    for name, operation in {**_gates(method), **_INSTRUCTIONS, **_CONTROL_FLOW}.items():
        target.add_instruction(operation, name=name)
    # gates are written out for any state of the other qubits, also within control flow
    return generate_preset_pass_manager(optimization_level=0, target=target, qubits_initially_zero=False)
