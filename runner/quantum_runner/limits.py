"""Bounds on what a program would make, found on its syntax tree before anything of it is made.

The importer makes one object per declared bit and per gate, and a gate defined by ten others that are defined by ten
others is written in a few lines; so sizes and operations are counted here first. A count is an upper bound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from openqasm3 import ast
from quantum_tasks.errors import Code, ProgramError

MAX_QUBITS = 1000
MAX_BITS = 10_000

MAX_ALIASED_BITS = 100_000
"""Bits and qubits in aliases, all together: each alias is a register that lists its bits."""

MAX_OPERATIONS = 1_000_000
"""Gates, measurements and resets, with loops unrolled and gate definitions expanded: a circuit holds each of them."""

MAX_GATE_DEPTH = 100
"""Gates defined by gates defined by gates, and modifiers on them: Qiskit recurses, and dies of it, uncaught."""

MAX_MODIFIERS = 32
"""Modifiers of one gate, for the same reason."""

MAX_CONTROLS = 16
"""Controls that modifiers add to one gate: one that Aer does not know in this form is written out, see below."""

MAX_POWER_QUBITS = 6
"""Qubits of a gate under a `pow` that is not a small integer: its matrix is made, with 4^n entries."""

MAX_REPETITIONS = 64
"""Up to this integer a power is written as that many gates."""

_GATES_FOR_A_CONTROL = 24
"""With n controls, about how many gates over n^2 a gate is written out as, when Aer does not know it in this form."""

_CONTROLS = {ast.GateModifierName.ctrl, ast.GateModifierName.negctrl}

Variables = Mapping[str, int]
"""The loop variables around a node, by name."""


def check(program: ast.Program) -> None:
    """Refuse a program that would be too large.

    Raises ProgramError with QUBITS, BITS, OPERATIONS, NESTING or GATE_WIDTH.
    """
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


def constant(node: ast.Expression | None, variables: Variables) -> int | None:
    """The value of an integer expression, in the forms that the importer can evaluate; None for any other."""
    match node:
        case ast.IntegerLiteral() | ast.BitstringLiteral():
            return int(node.value)
        case ast.Identifier():
            return variables.get(node.name)
        case ast.UnaryExpression() if node.op.name == "-":
            value = constant(node.expression, variables)
            return None if value is None else -value
        case ast.BinaryExpression():
            return _binary(node.op.name, constant(node.lhs, variables), constant(node.rhs, variables))
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


@dataclass(frozen=True, slots=True)
class _GateSize:
    """What a call of a defined gate expands to."""

    operations: int
    depth: int


_PRIMITIVE = _GateSize(operations=1, depth=0)


class _Sizes:
    """Counts bits and operations in the order of the program."""

    def __init__(self) -> None:
        self._widths: dict[str, int] = {}
        self._gates: dict[str, _GateSize] = {}
        self._bounding: dict[int, bool] = {}
        self._qubits = self._bits = self._aliased = self._operations = 0

    def check(self, program: ast.Program) -> None:
        for statement in program.statements:
            self._declare(statement)
            self._spend(self._cost(statement, {}), statement)

    def _spend(self, operations: int, node: ast.QASMNode) -> None:
        self._operations += operations
        if self._operations > MAX_OPERATIONS:
            raise _too_many_operations(node)

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
            case ast.QuantumGateDefinition():
                self._define(statement)

    @staticmethod
    def _size(node: ast.Expression | None) -> int:
        return 1 if node is None else max(0, constant(node, {}) or 0)

    def _define(self, gate: ast.QuantumGateDefinition) -> None:
        operations = self._block(gate.body, {})
        if operations > MAX_OPERATIONS:
            raise _too_many_operations(gate)
        calls = [node for node in walk(gate) if isinstance(node, ast.QuantumGate)]
        depth = 1 + max((self._depth(call) for call in calls), default=0)
        if depth > MAX_GATE_DEPTH:
            raise _refusal(Code.NESTING, f"Gates are defined by gates more than {MAX_GATE_DEPTH} deep.", gate)
        self._gates[gate.name.name] = _GateSize(operations, depth)
        if any(isinstance(node, ast.QuantumGateModifier) and node.modifier in _CONTROLS for node in walk(gate)):
            self._spend(operations, gate)  # controlled gates are written out where they are defined

    def _depth(self, call: ast.QuantumGate) -> int:
        return self._gates.get(call.name.name, _PRIMITIVE).depth + len(call.modifiers)

    def _alias(self, alias: ast.AliasStatement) -> int:
        width = self._width(alias.value)
        self._widths[alias.target.name] = max(width, self._widths.get(alias.target.name, 0))
        self._aliased += width
        _check_sum(self._aliased, MAX_ALIASED_BITS, Code.BITS, "bits and qubits in aliases", alias)
        return width

    def _width(self, node: object) -> int:
        """How many bits an operand has at the most."""
        match node:
            case ast.Identifier():
                return self._widths.get(node.name, 1)
            case ast.IndexedIdentifier():
                return self._indexed(self._width(node.name), node.indices)
            case ast.IndexExpression():
                return self._indexed(self._width(node.collection), [node.index])
            case ast.Concatenation():
                return self._width(node.lhs) + self._width(node.rhs)
        return 1

    @staticmethod
    def _indexed(width: int, indices: Sequence[object]) -> int:
        """How many bits an index picks: one, unless it is a range or a set."""
        for index in indices:
            if isinstance(index, ast.DiscreteSet):
                width = len(index.values)
            elif isinstance(index, list):
                width = min(width, max(_span(part, width) for part in index))
        return width

    def _block(self, statements: Sequence[ast.QASMNode], variables: Variables) -> int:
        return sum(self._cost(statement, variables) for statement in statements)

    def _cost(self, node: ast.QASMNode, variables: Variables) -> int:
        """How many operations a statement expands to at the most."""
        match node:
            case ast.QuantumGate():
                return self._gate(node, variables)
            case ast.QuantumPhase():
                return _modified(1, node, variables) * self._broadcast(node.qubits)
            case ast.AliasStatement():
                return self._alias(node)
            case ast.ForInLoop():
                return self._loop(node, variables)
            case ast.QuantumMeasurementStatement() | ast.QuantumReset() | ast.QuantumBarrier() | ast.DelayInstruction():
                return sum(self._width(operand) for operand in _operands(node))
        return 1 + sum(self._block(block, variables) for block in _blocks(node))

    def _loop(self, loop: ast.ForInLoop, variables: Variables) -> int:
        values = _loop_values(loop.set_declaration, variables)
        if values[MAX_OPERATIONS : MAX_OPERATIONS + 1]:  # a range may be longer than Python can say
            raise _too_many_operations(loop)
        if not self._bounds_more(loop):
            return len(values) * (1 + self._block(loop.block, variables)) + 1
        operations = 1
        for value in values:
            operations += 1 + self._block(loop.block, {**variables, loop.identifier.name: value})
            if operations > MAX_OPERATIONS:
                raise _too_many_operations(loop)
        return operations

    def _bounds_more(self, loop: ast.ForInLoop) -> bool:
        """Whether what the loop's body expands to depends on the loop's variable."""
        if id(loop) not in self._bounding:
            bounds = (part for statement in loop.block for part in walk(statement) for part in _bounds_of(part))
            names = {node.name for bound in bounds for node in walk(bound) if isinstance(node, ast.Identifier)}
            self._bounding[id(loop)] = loop.identifier.name in names
        return self._bounding[id(loop)]

    def _gate(self, node: ast.QuantumGate, variables: Variables) -> int:
        size = self._gates.get(node.name.name, _PRIMITIVE)
        return _modified(size.operations, node, variables) * self._broadcast(node.qubits)

    def _broadcast(self, operands: Sequence[ast.QASMNode]) -> int:
        return max((self._width(qubit) for qubit in operands), default=1)


def _bounds_of(node: ast.QASMNode) -> list[ast.QASMNode]:
    """What says how much a node expands to, besides what stands in it."""
    match node:
        case ast.ForInLoop():
            return [node.set_declaration]
        case ast.QuantumGateModifier() if node.argument is not None:
            return [node.argument]
    return []


def _modified(cost: int, node: ast.QuantumGate | ast.QuantumPhase, variables: Variables) -> int:
    """How many operations a gate of this cost is with its modifiers; each of them is checked."""
    if len(node.modifiers) > MAX_MODIFIERS:
        raise _refusal(Code.NESTING, f"A gate may have up to {MAX_MODIFIERS} modifiers.", node)
    controls = _controls(node, variables)
    if controls > MAX_CONTROLS:
        message = f"A gate may be given up to {MAX_CONTROLS} controls, and this one is given {_figure(controls)}."
        raise _refusal(Code.GATE_WIDTH, message, node)
    if controls > len(node.qubits):
        raise _refusal(Code.SEMANTIC, f"There are {controls} controls and only {len(node.qubits)} qubits.", node)
    powers = [_repetitions(modifier, node, variables) for modifier in node.modifiers]
    cost *= prod(max(1, power) for power in powers)
    return cost * max(1, _GATES_FOR_A_CONTROL * controls**2)


def _controls(node: ast.QuantumGate | ast.QuantumPhase, variables: Variables) -> int:
    modifiers = [modifier for modifier in node.modifiers if modifier.modifier in _CONTROLS]
    given = (1 if part.argument is None else constant(part.argument, variables) for part in modifiers)
    return sum(max(1, number or 1) for number in given)


def _repetitions(
    modifier: ast.QuantumGateModifier, node: ast.QuantumGate | ast.QuantumPhase, variables: Variables
) -> int:
    """How many gates a `pow` is written as; 1 for a matrix, and for any other modifier."""
    if modifier.modifier is not ast.GateModifierName.pow:
        return 1
    exponent = constant(modifier.argument, variables)
    if exponent is not None and abs(exponent) <= MAX_REPETITIONS:
        return abs(exponent)
    if len(node.qubits) > MAX_POWER_QUBITS:
        message = (
            f"`pow` takes gates of up to {MAX_POWER_QUBITS} qubits, unless its exponent is an integer up to "
            f"{MAX_REPETITIONS}, and this gate has {len(node.qubits)}."
        )
        raise _refusal(Code.GATE_WIDTH, message, node)
    return 1


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


def _loop_values(domain: ast.QASMNode, variables: Variables) -> Sequence[int]:
    """What a loop runs over, as far as that is known; the importer refuses what is not."""
    match domain:
        case ast.DiscreteSet():
            return [constant(value, variables) or 0 for value in domain.values]
        case ast.RangeDefinition():
            start, end = constant(domain.start, variables), constant(domain.end, variables)
            step = 1 if domain.step is None else constant(domain.step, variables)
            if start is not None and end is not None and step:
                return range(start, end + (1 if step > 0 else -1), step)
    return [0]


def _span(index: ast.QASMNode, width: int) -> int:
    """How many bits of a register an index picks at the most."""
    if not isinstance(index, ast.RangeDefinition):
        return 1
    values = _loop_values(index, {})
    return width if values == [0] or values[width : width + 1] else len(values)


def _too_many_operations(node: ast.QASMNode) -> ProgramError:
    message = f"The program has more than {MAX_OPERATIONS} operations with its loops and gates expanded."
    return _refusal(Code.OPERATIONS, message, node)


def _check_sum(total: int, most: int, code: Code, what: str, node: ast.QASMNode) -> None:
    if total > most:
        raise _refusal(code, f"The program has {_figure(total)} {what}, more than {most}.", node)


def _figure(number: int) -> str:
    """A number for a person: one that is very large would fill pages, and Python refuses to write it."""
    return str(number) if number < 10**15 else "very many"


def _refusal(code: Code, message: str, node: ast.QASMNode) -> ProgramError:
    span = node.span
    return (
        ProgramError(code, message)
        if span is None
        else ProgramError(code, message, span.start_line, span.start_column + 1)
    )
