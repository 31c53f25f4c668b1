"""Bounds on what a program would make, found on its syntax tree before anything of it is made.

The importer makes one object per declared bit and per gate, and a gate defined by ten others that are defined by ten
others is written in a few lines; so sizes and operations are counted here first. A count is an upper bound.
"""

from collections.abc import Iterator, Sequence

from openqasm3 import ast
from quantum_tasks.errors import Code, ProgramError

MAX_QUBITS = 1000
MAX_BITS = 10_000

MAX_OPERATIONS = 1_000_000
"""Gates, measurements and resets, with loops unrolled and gate definitions expanded: Aer unrolls loops in memory."""

MAX_CONTROLS = 16
"""Controls that modifiers add to one gate: a gate that has no wide form of its own is written out as a matrix."""

MAX_POWER_QUBITS = 6
"""Qubits of a gate under `pow`: its matrix is made, with 4^n entries."""

_COST_OF_A_CONTROL = 8
"""By how much one control multiplies a gate's operations, at the most, when it is written out."""


def check(program: ast.Program) -> None:
    """Refuse a program that would be too large. Raises ProgramError with QUBITS, BITS, OPERATIONS or GATE_WIDTH."""
    for node in walk(program):
        if isinstance(node, ast.Identifier) and node.name.startswith("$"):
            _check_sum(int(node.name[1:] or 0) + 1, MAX_QUBITS, Code.QUBITS, "qubits", node)
    _Sizes().check(program)


def walk(root: ast.QASMNode) -> Iterator[ast.QASMNode]:
    """Every node of a tree, without recursion."""
    found: list[object] = [root]
    while found:
        node = found.pop()
        if isinstance(node, ast.QASMNode):
            yield node
            found.extend(vars(node).values())
        elif isinstance(node, list | tuple):
            found.extend(node)


def constant(node: ast.Expression | None) -> int | None:
    """The value of an integer expression, in the forms that the importer can evaluate; None for any other."""
    match node:
        case ast.IntegerLiteral() | ast.BitstringLiteral():
            return int(node.value)
        case ast.UnaryExpression() if node.op.name == "-":
            value = constant(node.expression)
            return None if value is None else -value
        case ast.BinaryExpression():
            return _binary(node.op.name, constant(node.lhs), constant(node.rhs))
    return None


def _binary(operator: str, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right if right else None
    return None


class _Sizes:
    """Counts bits and operations in the order of the program."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._gates: dict[str, int] = {}
        self._qubits = self._bits = self._operations = 0

    def check(self, program: ast.Program) -> None:
        for statement in program.statements:
            self._declare(statement)
            self._operations += self._cost(statement)
            if self._operations > MAX_OPERATIONS:
                message = f"The program has more than {MAX_OPERATIONS} operations with its loops and gates expanded."
                raise _refusal(Code.OPERATIONS, message, statement)

    def _declare(self, statement: ast.Statement) -> None:
        match statement:
            case ast.QubitDeclaration():
                width = self._size(statement.size)
                self._qubits += width
                _check_sum(self._qubits, MAX_QUBITS, Code.QUBITS, "qubits", statement)
                self._widths[statement.qubit.name] = width
            case ast.ClassicalDeclaration(type=ast.BitType() as kind):
                width = self._size(kind.size)
                self._bits += width
                _check_sum(self._bits, MAX_BITS, Code.BITS, "classical bits", statement)
                self._widths[statement.identifier.name] = width
            case ast.AliasStatement():
                self._widths[statement.target.name] = self._width(statement.value)
            case ast.QuantumGateDefinition():
                self._gates[statement.name.name] = self._block(statement.body)

    @staticmethod
    def _size(node: ast.Expression | None) -> int:
        return 1 if node is None else max(0, constant(node) or 0)

    def _width(self, node: object) -> int:
        """How many bits an operand has at the most."""
        match node:
            case ast.Identifier():
                return self._widths.get(node.name, 1)
            case ast.IndexedIdentifier():
                return self._width(node.name)
            case ast.IndexExpression():
                return self._width(node.collection)
            case ast.Concatenation():
                return self._width(node.lhs) + self._width(node.rhs)
        return 1

    def _block(self, statements: Sequence[ast.QASMNode]) -> int:
        return sum(self._cost(statement) for statement in statements)

    def _cost(self, node: ast.QASMNode) -> int:
        """How many operations a statement expands to at the most."""
        match node:
            case ast.QuantumGate():
                return self._gate(node)
            case ast.QuantumPhase():
                return self._modified(1, node)
            case ast.ForInLoop():
                return max(1, _iterations(node.set_declaration)) * (1 + self._block(node.block))
            case ast.QuantumMeasurementStatement() | ast.QuantumReset() | ast.QuantumBarrier() | ast.DelayInstruction():
                return sum(self._width(operand) for operand in _operands(node))
        return 1 + sum(self._block(block) for block in _blocks(node))

    def _gate(self, node: ast.QuantumGate) -> int:
        broadcast = max((self._width(qubit) for qubit in node.qubits), default=1)
        return self._modified(self._gates.get(node.name.name, 1), node) * broadcast

    @staticmethod
    def _modified(cost: int, node: ast.QuantumGate | ast.QuantumPhase) -> int:
        controls = 0
        for modifier in node.modifiers:
            if modifier.modifier is ast.GateModifierName.pow and len(node.qubits) > MAX_POWER_QUBITS:
                message = f"`pow` takes gates of up to {MAX_POWER_QUBITS} qubits, and this one has {len(node.qubits)}."
                raise _refusal(Code.GATE_WIDTH, message, node)
            if modifier.modifier in (ast.GateModifierName.ctrl, ast.GateModifierName.negctrl):
                controls += 1 if modifier.argument is None else constant(modifier.argument) or 0
        if controls > MAX_CONTROLS:
            message = f"A gate may be given up to {MAX_CONTROLS} controls, and this one is given {controls}."
            raise _refusal(Code.GATE_WIDTH, message, node)
        if controls > max(0, len(node.qubits)):
            raise _refusal(Code.SEMANTIC, f"There are {controls} controls and only {len(node.qubits)} qubits.", node)
        return cost * _COST_OF_A_CONTROL ** min(controls, 2) if cost > 1 else 1 + controls


def _operands(node: ast.QASMNode) -> Sequence[ast.QASMNode]:
    match node:
        case ast.QuantumMeasurementStatement():
            return [node.measure.qubit]
        case ast.QuantumReset():
            return [node.qubits]
        case ast.QuantumBarrier() | ast.DelayInstruction():
            return list(node.qubits)
    return []


def _blocks(node: ast.QASMNode) -> Sequence[Sequence[ast.QASMNode]]:
    match node:
        case ast.WhileLoop():
            return [node.block]
        case ast.BranchingStatement():
            return [node.if_block, node.else_block]
        case ast.SwitchStatement():
            bodies = [body for _, body in node.cases] + [node.default] * (node.default is not None)
            return [body.statements for body in bodies]
        case ast.Box():
            return [node.body]
        case ast.CompoundStatement():
            return [node.statements]
    return []


def _iterations(domain: ast.QASMNode) -> int:
    match domain:
        case ast.DiscreteSet():
            return len(domain.values)
        case ast.RangeDefinition():
            start, end = constant(domain.start), constant(domain.end)
            step = 1 if domain.step is None else constant(domain.step)
            if start is None or end is None or not step:
                return 1
            return max(0, (end - start) // step + 1)
    return 1


def _check_sum(total: int, most: int, code: Code, what: str, node: ast.QASMNode) -> None:
    if total > most:
        raise _refusal(code, f"The program has {total} {what}, more than {most}.", node)


def _refusal(code: Code, message: str, node: ast.QASMNode) -> ProgramError:
    span = node.span
    return (
        ProgramError(code, message)
        if span is None
        else ProgramError(code, message, span.start_line, span.start_column + 1)
    )
