"""From a syntax tree to Qiskit's circuit, with Qiskit's own importer.

What is added to the importer: every form of condition, `switch`, loop variables as indices, powers, gates whose names
are the program's own, and a place for every error.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from typing import Any

from openqasm3 import ast
from qiskit.circuit import ClassicalRegister, Clbit, Gate, ParameterExpression, QuantumCircuit
from qiskit.circuit.library import IGate, U2Gate, U3Gate, UGate
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import import types
from qiskit_qasm3_import.converter import ConvertVisitor, State
from qiskit_qasm3_import.data import Scope, Symbol
from qiskit_qasm3_import.exceptions import ConversionError, raise_from_node
from qiskit_qasm3_import.expression import ValueResolver
from qiskit_qasm3_import.state import LocalScope
from quantum_tasks.errors import ProgramError

from quantum_runner.branching import Condition, UnsupportedConditionError, condition
from quantum_runner.gates import GateDefinition, repeated, written_out
from quantum_runner.limits import MAX_REPETITIONS, walk
from quantum_runner.ranges import leave_out_last_ends

__all__ = ["ConversionError", "convert"]

_FAILURE = "Qiskit's importer does not support this"
_FAILURES: dict[type[Exception], str] = {
    TypeError: f"{_FAILURE}: an index, for one, must be a constant",
    IndexError: "an index is out of range",
    ZeroDivisionError: "a division by zero",
    OverflowError: "a number is too large",
}
"""What is wrong with a program where the importer fails by accident."""


def convert(tree: ast.Program, *, as_it_is: bool = False) -> QuantumCircuit:
    """The circuit of a program that is within the limits; by the importer as it is, or with what is added here.

    Raises ConversionError, whose message leads with a line and a column, and what the limits could not foresee.
    """
    if not as_it_is:
        leave_out_last_ends(tree)
    importer = ConvertVisitor() if as_it_is else _Importer()
    circuit: QuantumCircuit = importer.convert(tree).circuit
    return circuit


class _Importer(ConvertVisitor):  # type: ignore[misc] # the importer has no types
    """Qiskit's importer. Its methods are named for the nodes that they visit."""

    _is_defining = False
    """Whether what is visited is a part of a gate's definition."""

    def visit(self, node: ast.QASMNode, context: State | None = None) -> Any:  # noqa: ANN401
        with _failures_at(node):
            return super().visit(node, context)

    def _resolve_generic(self, node: ast.Expression, context: State, strict: bool) -> Any:  # noqa: ANN401, FBT001
        with _failures_at(node):
            return super()._resolve_generic(node, context, strict)

    def visit_QuantumGate(self, node: ast.QuantumGate, context: State) -> State:  # noqa: N802
        symbol = context.symbol_table.get(node.name.name, node)
        if symbol is not None and isinstance(symbol.type, types.Gate):
            takes, given = _count(symbol.type.n_classical), len(node.arguments)
            if takes != given:
                raise_from_node(node, f"'{node.name.name}' takes {takes} parameters, and {given} are given")
        super().visit_QuantumGate(node, context)
        if self._is_defining:  # what is a global phase here is none where the gate is controlled
            context.circuit.global_phase += _phase(context.circuit.data[-1].operation)
        return context

    def visit_Include(self, node: ast.Include, context: State) -> State:  # noqa: N802
        super().visit_Include(node, context)
        context.symbol_table.get("id", node).data = IGate  # the importer's own is no Clifford gate by its name
        return context

    def visit_QuantumGateDefinition(self, node: ast.QuantumGateDefinition, context: State) -> State:  # noqa: N802
        self._is_defining = True
        super().visit_QuantumGateDefinition(node, context)
        self._is_defining = False
        symbol = context.symbol_table.get(node.name.name, node)
        symbol.data = GateDefinition(node.name.name, symbol.data._definition, symbol.data._order)  # noqa: SLF001
        return context

    def _apply_gate_modifier(self, modifier: ast.QuantumGateModifier, gate: Gate, context: State) -> Gate:
        match modifier.modifier:
            case ast.GateModifierName.inv:
                return gate.inverse()
        gate = _with_phase(gate)
        match modifier.modifier:
            case ast.GateModifierName.pow:
                exponent = self._resolve_constant_float(modifier.argument, context)
                if not isfinite(exponent):
                    raise_from_node(modifier, "an exponent must be a finite number")
                if exponent == int(exponent) and abs(exponent) <= MAX_REPETITIONS:
                    return repeated(gate, int(exponent))
                return gate.power(float(exponent))
        number = 1 if modifier.argument is None else self._resolve_constant_int(modifier.argument, context)
        if number < 1:
            raise_from_node(modifier, "a gate needs one control or more")
        state = 2**number - 1 if modifier.modifier is ast.GateModifierName.ctrl else 0
        # what Qiskit does by default is about to change; a plain gate is what Aer and the pass manager take
        return gate.control(number, ctrl_state=state, annotated=False)

    def _resolve_angle(self, node: ast.Expression, context: State) -> float | ParameterExpression:
        value: float | ParameterExpression = super()._resolve_angle(node, context)
        if isinstance(value, ParameterExpression):
            return value
        if not isfinite(value):  # an integer may be too large, too, and overflows here
            raise_from_node(node, "an angle must be a finite number")
        return float(value)

    def visit_ForInLoop(self, node: ast.ForInLoop, context: State) -> State:  # noqa: N802
        """Unroll the loop, as Aer would: a loop variable is a constant then, and may be an index."""
        if not isinstance(node.type, ast.IntType | ast.UintType):
            raise_from_node(node, "only integer loop variables are supported")
        values = _loop_values(node, context)
        if _has(node.block, ast.BreakStatement, ast.ContinueStatement):
            if len(set(values)) < len(values):
                message = "a set that repeats a value is not supported in a loop with `break` or `continue`"
                raise_from_node(node.set_declaration, message)
            return super().visit_ForInLoop(node, context)
        for value in values:
            with LocalScope(context) as inner:
                name = node.identifier.name
                inner.symbol_table.insert(Symbol(name, value, types.Int(const=True), Scope.LOCAL, node))
                for statement in node.block:
                    self.visit(statement, inner)
        return context

    def visit_WhileLoop(self, node: ast.WhileLoop, context: State) -> State:  # noqa: N802
        """Give a body without any qubit one to do nothing to: Aer never leaves a loop over no qubits."""
        condition = self._resolve_condition(node.while_condition, context)
        with context.circuit.while_loop(condition):
            if not _has(node.block, ast.QuantumGate, ast.QuantumMeasurement, ast.QuantumReset):
                context.circuit.id(context.circuit.qubits[:1])
            self._visit_statements(node.block, context)
        return context

    def _resolve_condition(self, node: ast.Expression, context: State) -> Condition:
        def value_of(operand: ast.Expression) -> Any:  # noqa: ANN401 - bits, or a constant
            return ValueResolver(context).resolve(operand)[0]

        bits = context.circuit.clbits
        try:
            return condition(node, value_of, bits[0] if bits else None)
        except UnsupportedConditionError as error:
            raise ConversionError(error.message, error.node) from None

    def visit_SwitchStatement(self, node: ast.SwitchStatement, context: State) -> State:  # noqa: N802
        target = self._switch_target(node.target, context)
        width = len(target) if isinstance(target, ClassicalRegister) else 1
        cases = [(self._labels(labels, width, context), body) for labels, body in node.cases]
        cases = [(labels, body) for labels, body in cases if labels]
        if not cases:
            if node.default is not None:
                self._visit_block(node.default, context)
            return context
        with context.circuit.switch(target) as case:
            for labels, body in cases:
                with case(*labels):
                    self._visit_block(body, context)
            if node.default is not None:
                with case(case.DEFAULT):
                    self._visit_block(node.default, context)
        return context

    def _labels(self, labels: Iterable[ast.Expression], width: int, context: State) -> list[int]:
        """The labels that a target of this width can equal: Qiskit refuses all others, and they choose nothing."""
        values = [self._resolve_constant_int(label, context) for label in labels]
        return [value for value in values if 0 <= value < 2**width]

    def _switch_target(self, node: ast.Expression, context: State) -> Clbit | ClassicalRegister:
        inner = node.argument if isinstance(node, ast.Cast) else node
        value, _ = ValueResolver(context).resolve(inner)
        if not isinstance(value, Clbit | ClassicalRegister):
            raise_from_node(node, "only a bit or a bit register can be switched on; this is not supported")
        if isinstance(node, ast.Cast):
            self._require_harmless(node, len(value) if isinstance(value, ClassicalRegister) else 1, context)
        return value

    def _require_harmless(self, cast: ast.Cast, width: int, context: State) -> None:
        """Refuse a cast that would change a number of this width: cut it off, or read its top bit as a sign."""
        signed = isinstance(cast.type, ast.IntType)
        if not signed and not isinstance(cast.type, ast.UintType):
            raise_from_node(cast, "only casts to int and uint are supported in a switch")
        if cast.type.size is not None and self._resolve_constant_int(cast.type.size, context) < width + signed:
            raise_from_node(cast, "a cast to fewer bits, or one that makes a sign of a bit, is not supported")

    def visit_Box(self, node: ast.Box, context: State) -> State:  # noqa: N802
        """Run what is in the box: a box is about timing, and there is none here."""
        if node.duration is not None:
            self._resolve_constant_duration(node.duration, context)
        self._visit_statements(node.body, context)
        return context

    def visit_QuantumBarrier(self, node: ast.QuantumBarrier, context: State) -> State:  # noqa: N802
        """Check the operands and leave it out: it changes no counts, and would keep idle qubits in memory."""
        for qubit in node.qubits:
            self._resolve_qarg(qubit, context)
        return context

    def visit_DelayInstruction(self, node: ast.DelayInstruction, context: State) -> State:  # noqa: N802
        """Check the operands and leave it out, as barriers are."""
        self._resolve_constant_duration(node.duration, context)
        for qubit in node.qubits:
            self._resolve_qarg(qubit, context)
        return context

    def visit_CompoundStatement(self, node: ast.CompoundStatement, context: State) -> State:  # noqa: N802
        self._visit_block(node, context)
        return context

    def _visit_block(self, node: ast.CompoundStatement, context: State) -> None:
        self._visit_statements(node.statements, context)

    def _visit_statements(self, statements: Iterable[ast.QASMNode], context: State) -> None:
        with LocalScope(context) as inner:
            for statement in statements:
                self.visit(statement, inner)


def _phase(gate: Gate) -> float | ParameterExpression:
    """By what global phase a gate of the specification differs from the one that Qiskit has for it.

    `U` has a period of 2 pi in each angle there, and the determinant of `u2` and of `u3` is 1.
    """
    match gate:
        case UGate(params=[theta, _, _]):
            return theta / 2
        case U2Gate(params=[phi, lam]) | U3Gate(params=[_, phi, lam]):
            return -(phi + lam) / 2
    return 0


def _with_phase(gate: Gate) -> Gate:
    """A gate as the specification has it."""
    if not isinstance(gate, UGate | U2Gate | U3Gate):
        return gate
    circuit = QuantumCircuit(1, global_phase=_phase(gate))
    circuit.append(gate, [0])
    return written_out(f"whole {gate.name}", circuit)  # under its own name it would be taken for Qiskit's


@contextmanager
def _failures_at(node: ast.QASMNode) -> Iterator[None]:
    """Give what the importer fails at a place, unless it has a narrower one."""
    try:
        yield
    except (ProgramError, RecursionError, MemoryError):
        raise
    except ConversionError as error:
        raise (error if _has_place(error) else ConversionError(error.message, node)) from None
    except QiskitError as error:
        raise ConversionError(_without_objects(error.message), node) from error
    except Exception as error:
        raise ConversionError(_FAILURES.get(type(error), _FAILURE), node) from error


def _count(parts: int | Sequence[object]) -> int:
    """How many there are: the importer lists them for its one built-in gate, and counts them for all others."""
    return parts if isinstance(parts, int) else len(parts)


def _loop_values(node: ast.ForInLoop, context: State) -> Sequence[int]:
    domain = node.set_declaration
    value, kind = ValueResolver(context).resolve(domain)
    if isinstance(kind, types.Sequence):
        return tuple(value)
    if not isinstance(kind, types.Range) or value.start is None or value.stop is None:
        raise_from_node(domain, "only sets of integers and ranges with a start and an end are supported in a loop")
    return range(value.start, value.stop, 1 if value.step is None else value.step)


def _has(block: Iterable[ast.QASMNode], *kinds: type[ast.QASMNode]) -> bool:
    """Whether there is a node of one of the kinds in a block, at any depth."""
    return any(isinstance(node, kinds) for statement in block for node in walk(statement))


def _has_place(error: ConversionError) -> bool:
    return re.match(r"\d+,\d+: ", error.message) is not None


def _without_objects(message: str) -> str:
    """Qiskit's message with an object's own name in place of how Python shows the object."""
    if message == "register size error":
        return "the two registers differ in size"
    message = re.sub(r"'?(?:Quantum|Classical)Register\(\d+, '([^']*)'\)'?", r"'\1'", message)
    return re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>|<(?:Qu|Cl)bit [^>]*>", "a bit", message)
