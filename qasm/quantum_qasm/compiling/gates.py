"""Gates: their calls, their definitions, and what modifies them."""

from collections.abc import Sequence

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm.compiling import typed
from quantum_qasm.compiling.expressions import Expressions
from quantum_qasm.compiling.library import BUILT_IN
from quantum_qasm.compiling.names import WORK_OF_A_STATEMENT
from quantum_qasm.compiling.scopes import ConstantSymbol, GateSymbol, QubitSymbol, SubroutineSymbol
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import SourceError
from quantum_qasm.ir import (
    Applied,
    Apply,
    Constant,
    Expression,
    Gate,
    GateCall,
    Modifier,
    Qubits,
    Subroutine,
    TheseQubits,
    inclusive,
)
from quantum_qasm.spans import Span
from quantum_qasm.types import FLOAT, Angle, Float
from quantum_qasm.values import NoSuchValueError, radians_of

MAX_MODIFIERS = 32
MAX_CONTROLS = 16
"""Controls that the modifiers of one gate add."""

MAX_GATE_STEPS = 100_000
"""Gates in the definitions of all gates, with their loops written out."""


_OPERANDS_OF_WORK = 8
"""Qubits of operands that are looked at in the time of a unit of work."""


class Gates(Expressions):
    """Compiles gates."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = 0

    def gate_call(self, node: ast.QuantumGate) -> None:
        """Apply a gate, or call a subroutine as OpenQASM 3 did before 3.0."""
        symbol = self.scope.find(node.name.name)
        if isinstance(symbol, SubroutineSymbol) and not node.modifiers:
            self._legacy_call(symbol.subroutine, node)
            return
        self._apply(self._gate(node.name), node.modifiers, node.arguments, node.qubits, node.span)

    def phase(self, node: ast.QuantumPhase) -> None:
        """Apply a global phase, which is a gate without qubits but for its controls."""
        self._apply(BUILT_IN["gphase"], node.modifiers, [node.argument], node.qubits, node.span)

    def _apply(
        self,
        gate: Gate,
        modifiers: Sequence[ast.QuantumGateModifier],
        arguments: Sequence[ast.Expression],
        operands: Sequence[ast.Identifier | ast.IndexedIdentifier],
        span: Span,
    ) -> None:
        qubits = tuple(self.qubits_of(operand) for operand in operands)
        found, parameters = self._fitted(gate, modifiers, arguments, qubits, span)
        self.emit(Apply(span, gate, found, parameters, qubits))

    def _fitted(
        self,
        gate: Gate,
        modifiers: Sequence[ast.QuantumGateModifier],
        arguments: Sequence[ast.Expression],
        qubits: Sequence[Qubits],
        span: Span,
    ) -> tuple[tuple[Modifier, ...], tuple[Expression, ...]]:
        """Modifiers and parameters of a gate; refused where they do not fit it, or the qubits do not."""
        found, controls = self._modifiers(modifiers)
        parameters = self._parameters(gate, arguments, span)
        self.spend(sum(one.width or 1 for one in qubits) // _OPERANDS_OF_WORK, span)
        _check_operands(gate, gate.qubits + controls, qubits, span)
        return found, parameters

    def _gate(self, name: ast.Identifier) -> Gate:
        symbol = self.scope.find(name.name)
        if symbol is None:
            hint = self.gate_hint(name.name)
            raise error(name.span, f"Gate '{name.name}' is not defined.", ErrorCode.UNDEFINED, hint)
        symbol = self.lookup(name)
        if not isinstance(symbol, GateSymbol):
            raise error(name.span, f"'{name.name}' is no gate.")
        return symbol.gate

    def _modifiers(self, nodes: Sequence[ast.QuantumGateModifier]) -> tuple[tuple[Modifier, ...], int]:
        """Modifiers, the outermost first, and how many qubits they add."""
        if len(nodes) > MAX_MODIFIERS:
            message = f"A gate may have {MAX_MODIFIERS} modifiers at most."
            raise error(nodes[0].span, message, ErrorCode.NESTING)
        found = [self._modifier(node) for node in nodes]
        controls = sum(one.count for one in found if one.name in ("ctrl", "negctrl"))
        if controls > MAX_CONTROLS:
            message = f"Modifiers may add {MAX_CONTROLS} controls at most."
            raise error(nodes[0].span, message, ErrorCode.GATE_WIDTH)
        return tuple(found), controls

    def _modifier(self, node: ast.QuantumGateModifier) -> Modifier:
        match node.modifier.name:
            case "inv":
                return Modifier("inv")
            case "pow":
                return Modifier("pow", exponent=typed.converted(self.expression(node.argument), FLOAT))
            case "ctrl" | "negctrl" as name:
                count = 1
                if node.argument is not None:
                    count = self.constant(
                        node.argument, "The number of controls", least=1, most=MAX_CONTROLS, code=ErrorCode.GATE_WIDTH
                    )
                return Modifier(name, count)
        raise AssertionError(node.modifier)

    def _parameters(self, gate: Gate, arguments: Sequence[ast.Expression], span: Span) -> tuple[Expression, ...]:
        if len(arguments) != gate.parameters:
            raise error(span, f"'{gate.name}' takes {_counted(gate.parameters, 'parameter')}, not {len(arguments)}.")
        return tuple(self._parameter(argument) for argument in arguments)

    def _parameter(self, node: ast.Expression) -> Expression:
        """An angle in radians, as precise as it is written."""
        value = self.expression(node)
        if isinstance(value.type, Angle):
            angle = value.type
            return typed.folded(Applied(FLOAT, value.span, lambda turns: radians_of(turns, angle), (value,)), value)
        if isinstance(value.type, Float):
            return value
        return typed.converted(value, FLOAT)

    def _legacy_call(self, subroutine: Subroutine, node: ast.QuantumGate) -> None:
        message = f"A subroutine is called as a gate; write {subroutine.name}(...)."
        self.warn(node.span, message, ErrorCode.LEGACY)
        self.call_subroutine(subroutine, [*node.arguments, *node.qubits], node.span)

    # -- definitions -----------------------------------------------------------------------------------------------

    def gate_definition(self, node: ast.QuantumGateDefinition) -> None:
        """Define a gate by others that were defined before."""
        try:
            gate = self._defined(node)
        except SourceError:
            self.refuse_later(node.name)
            raise
        self.declare(node.name, GateSymbol(node.name.span, gate))

    def _defined(self, node: ast.QuantumGateDefinition) -> Gate:
        with self.body():
            for parameter in node.arguments:
                self.variable(parameter, FLOAT)
            for place, qubit in enumerate(node.qubits):
                self.declare(qubit, QubitSymbol(qubit.span, TheseQubits(None, qubit.span, (place,))))
            body: list[GateCall] = []
            for statement in node.body:
                self._gate_statement(statement, body)
        return Gate(node.name.name, len(node.arguments), len(node.qubits), tuple(body))

    def _gate_statement(self, node: ast.Statement, body: list[GateCall]) -> None:
        match node:
            case ast.QuantumGate(name=name):
                body.append(self._step(self._gate(name), node.modifiers, node.arguments, node.qubits, node.span))
            case ast.QuantumPhase(argument=argument):
                body.append(self._step(BUILT_IN["gphase"], node.modifiers, [argument], node.qubits, node.span))
            case ast.ForInLoop():
                self._gate_loop(node, body)
            case ast.CompoundStatement(statements=statements):
                with self.scoped():
                    for statement in statements:
                        self._gate_statement(statement, body)
            case ast.QuantumBarrier() | ast.DelayInstruction():
                pass  # of no effect on what a gate is
            case _:
                raise error(node.span, "Only gates can stand in a gate.")
        self._steps += 1
        if self._steps > MAX_GATE_STEPS:
            message = f"The definitions of gates have more than {MAX_GATE_STEPS} gates."
            raise error(node.span, message, ErrorCode.OPERATIONS)

    def _step(
        self,
        gate: Gate,
        modifiers: Sequence[ast.QuantumGateModifier],
        arguments: Sequence[ast.Expression],
        operands: Sequence[ast.Identifier | ast.IndexedIdentifier],
        span: Span,
    ) -> GateCall:
        qubits = tuple(self._qubit_of_gate(operand) for operand in operands)
        found, parameters = self._fitted(gate, modifiers, arguments, qubits, span)
        return GateCall(gate, found, parameters, tuple(number for one in qubits for number in one.numbers([])))

    def _qubit_of_gate(self, node: ast.Identifier | ast.IndexedIdentifier) -> Qubits:
        if isinstance(node, ast.Identifier) and not node.name.startswith("$"):
            return self.qubits_of(node)
        raise error(node.span, "A gate's definition uses the qubits that it names, and without an index.")

    def _gate_loop(self, node: ast.ForInLoop, body: list[GateCall]) -> None:
        kind = self.type_of(node.type)
        for value in self._known_values(node):
            self.spend(WORK_OF_A_STATEMENT, node.span)
            with self.scoped():
                constant = typed.converted(value, kind)
                assert isinstance(constant, Constant)  # noqa: S101 - of a constant
                self.declare(node.identifier, ConstantSymbol(node.identifier.span, kind, constant.value))
                for statement in node.block:
                    self._gate_statement(statement, body)

    def _known_values(self, node: ast.ForInLoop) -> Sequence[Expression]:
        values = node.set_declaration
        parts: Sequence[Expression]
        if isinstance(values, ast.RangeDefinition):
            if values.start is None or values.end is None:
                raise error(values.span, "The range of a loop has both ends.")
            step = ast.IntegerLiteral(1) if values.step is None else values.step
            step.span = step.span or values.span
            parts = [typed.integer(self.expression(part)) for part in (values.start, step, values.end)]
        elif isinstance(values, ast.DiscreteSet):
            parts = [self.expression(value) for value in values.values]
        else:
            raise error(node.span, "A loop in a gate is over a range or a set.")
        if not all(isinstance(part, Constant) for part in parts):
            raise error(values.span, "What a loop in a gate goes over must be constant.")
        if isinstance(values, ast.DiscreteSet):
            return parts
        first, by, last = (part.value for part in parts if isinstance(part, Constant))
        try:
            numbers = inclusive(first, by, last)
        except NoSuchValueError as refused:
            raise error(values.span, f"This is {refused}.") from None
        if numbers[MAX_GATE_STEPS:]:
            raise error(values.span, f"The loop has more than {MAX_GATE_STEPS} steps.", ErrorCode.OPERATIONS)
        return [Constant(parts[0].type, values.span, number) for number in numbers]


def _check_operands(gate: Gate, wanted: int, qubits: Sequence[Qubits], span: Span) -> None:
    """As many as the gate has, registers of one length, and no qubit twice."""
    if len(qubits) != wanted:
        raise error(span, f"'{gate.name}' is applied to {_counted(wanted, 'qubit')} here, not {len(qubits)}.")
    widths = {one.width for one in qubits if one.width is not None}
    if len(widths) > 1:
        told = " and ".join(str(width) for width in sorted(widths))
        raise error(span, f"A gate is applied to registers of one length, not of {told}.")
    known = [one.found for one in qubits if isinstance(one, TheseQubits)]
    if len(known) == len(qubits):
        times = widths.pop() if widths else 1
        applications = zip(*(found if len(found) > 1 else found * times for found in known), strict=False)
        if any(len(set(numbers)) < len(numbers) for numbers in applications):
            raise error(span, f"'{gate.name}' is applied to a qubit twice.")


def number_at(numbers: tuple[int, ...], place: int) -> int:
    """The qubit of an operand for one of the applications of a gate."""
    return numbers[place] if len(numbers) > 1 else numbers[0]


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"
