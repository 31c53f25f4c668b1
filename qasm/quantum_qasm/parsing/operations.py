"""Statements that begin with a name, and what is done to qubits."""

from openqasm3 import ast
from quantum_tasks.errors import Code

from quantum_qasm.parsing.blocks import Blocks
from quantum_qasm.parsing.expressions import LONGEST_CHAIN, call_of
from quantum_qasm.parsing.lexer import HARDWARE_QUBIT, IDENTIFIER

_ASSIGNMENTS = {operator.name: operator for operator in ast.AssignmentOperator}
_MODIFIERS = {modifier.name: modifier for modifier in ast.GateModifierName}
OPERANDS = (IDENTIFIER, HARDWARE_QUBIT)
"""What a gate's operand begins with."""


class Operations(Blocks):
    """Reads gates, measurements and assignments."""

    # -- what begins with a name: a gate's call, an assignment, or an expression -------------------------------------

    def from_name(self, first: int) -> ast.Statement:
        """A gate's call, an assignment or an expression."""
        kinds = self.kinds
        following = kinds[first + 1]
        if following is IDENTIFIER or following is HARDWARE_QUBIT:
            return self.gate_from_name([], first)
        name = self.identifier()
        if following in _ASSIGNMENTS:
            return self.assignment(name, first)
        node: ast.Expression = name
        arguments: list[ast.Expression] = []
        if following == "(":
            arguments = self.arguments()
            if kinds[self.at] in OPERANDS:
                return self.gate_call([], name, arguments, None, first)
            called = call_of(name, arguments)
            if called is None:
                raise self.refused(first, "'sizeof' needs either one or two arguments")
            node = called
            node.span = self.span(first)
        indices: list[ast.IndexElement] = []
        while kinds[self.at] == "[":
            self.another_index(indices)
            index = indices[-1]
            if kinds[self.at] in OPERANDS and len(indices) == 1 and is_one_expression(index):
                return self.gate_call([], name, arguments, index[0], first)
            node = ast.IndexExpression(node, index)
            node.span = self.span(first)
        if following == "[" and kinds[self.at] in _ASSIGNMENTS:
            target = ast.IndexedIdentifier(name, indices)
            target.span = self.span(first)
            return self.assignment(target, first)
        expression = self.expression_after(node, first)
        if expression is name and kinds[self.at] != ";":
            raise self.unexpected()  # it was to be a gate, and no ';' helps
        return self.expression_statement(first, expression)

    def expression_statement(self, first: int, node: ast.Expression | None = None) -> ast.Statement:
        """An expression alone; `node` is one that was read already."""
        statement = ast.ExpressionStatement(self.expression() if node is None else node)
        self.expect(";")
        statement.span = self.span(first)
        return statement

    def assignment(self, target: ast.Identifier | ast.IndexedIdentifier, first: int) -> ast.Statement:
        """What is assigned to a target, from the operator on."""
        operator = self.kinds[self.at]
        self.at += 1
        node: ast.Statement
        if self.kinds[self.at] == "measure":
            node = ast.QuantumMeasurementStatement(self.measurement(), target)
        else:
            node = ast.ClassicalAssignment(target, _ASSIGNMENTS[operator], self.expression())
        self.expect(";")
        self.must_not_be_in_a_gate(first, "cannot assign to classical parameters in a gate")
        node.span = self.span(first)
        return node

    def gate_from_name(self, modifiers: list[ast.QuantumGateModifier], first: int) -> ast.Statement:
        """A gate's call, from its name on."""
        if self.kinds[self.at] == "gphase":
            return self.phase(modifiers, first)
        name = self.identifier()
        arguments = self.arguments() if self.kinds[self.at] == "(" else []
        return self.gate_call(modifiers, name, arguments, self.optional_designator(), first)

    def gate_call(
        self,
        modifiers: list[ast.QuantumGateModifier],
        name: ast.Identifier,
        arguments: list[ast.Expression],
        duration: ast.Expression | None,
        first: int,
    ) -> ast.Statement:
        """A gate's call, from its qubits on."""
        node = ast.QuantumGate(modifiers, name, arguments, self.operands(), duration)
        self.expect(";")
        node.span = self.span(first)
        return node

    def phase(self, modifiers: list[ast.QuantumGateModifier], first: int) -> ast.Statement:
        """`gphase(pi);`, from the word on."""
        self.at += 1
        arguments = self.arguments() if self.kinds[self.at] == "(" else []
        self.optional_designator()
        operands = self.operands() if self.kinds[self.at] in OPERANDS else []
        self.expect(";")
        if len(arguments) != 1:
            raise self.refused(first, f"'gphase' takes exactly one argument, but received {len(arguments)}")
        node = ast.QuantumPhase(modifiers, arguments[0], operands)
        node.span = self.span(first)
        return node

    def modified(self, first: int) -> ast.Statement:
        """`ctrl @ x q, r;`."""
        modifiers = []
        while self.kinds[self.at] in _MODIFIERS:
            modifiers.append(self.modifier())
        if self.kinds[self.at] not in (IDENTIFIER, "gphase"):
            raise self.unexpected()
        return self.gate_from_name(modifiers, first)

    def modifier(self) -> ast.QuantumGateModifier:
        """`ctrl(2) @`."""
        first = self.at
        word = self.kinds[first]
        self.at = first + 1
        argument = None
        if word == "pow" or (word != "inv" and self.kinds[self.at] == "("):
            argument = self.parenthesis()
        self.expect("@")
        node = ast.QuantumGateModifier(_MODIFIERS[word], argument)
        node.span = self.span(first)
        return node

    def operands(self) -> list[ast.Identifier | ast.IndexedIdentifier]:
        """Qubits, at least one."""
        return self.separated(self.operand_of_gate, ";")

    def operand_of_gate(self) -> ast.Identifier | ast.IndexedIdentifier:
        """A qubit or a register."""
        first = self.at
        if self.kinds[first] is HARDWARE_QUBIT:
            node = ast.Identifier(self.texts[first])
            self.at = first + 1
            node.span = self.span(first)
            return node
        return self.indexed_identifier()

    def indexed_identifier(self) -> ast.Identifier | ast.IndexedIdentifier:
        """A name, perhaps with indices."""
        first = self.at
        name = self.identifier()
        if self.kinds[self.at] != "[":
            return name
        indices: list[ast.IndexElement] = []
        while self.kinds[self.at] == "[":
            self.another_index(indices)
        node = ast.IndexedIdentifier(name, indices)
        node.span = self.span(first)
        return node

    def another_index(self, indices: list[ast.IndexElement]) -> None:
        """Read an index that follows others."""
        if len(indices) >= LONGEST_CHAIN:
            raise self.refused(self.at, f"There are more than {LONGEST_CHAIN} indices in a row.", Code.NESTING)
        indices.append(self.index_operator())

    # -- what is done to qubits --------------------------------------------------------------------------------------

    def optional_operands(self) -> list[ast.Identifier | ast.IndexedIdentifier]:
        """Qubits, if there are some."""
        return self.operands() if self.kinds[self.at] in OPERANDS else []

    def barrier(self, _: int) -> ast.Statement:
        """`barrier q;`."""
        self.at += 1
        node = ast.QuantumBarrier(self.optional_operands())
        self.expect(";")
        return node

    def delay(self, _: int) -> ast.Statement:
        """`delay[10ns] q;`."""
        self.at += 1
        node = ast.DelayInstruction(self.designator(), self.optional_operands())
        self.expect(";")
        return node

    def reset(self, first: int) -> ast.Statement:
        """`reset q;`."""
        self.at += 1
        node = ast.QuantumReset(self.operand_of_gate())
        self.expect(";")
        self.must_not_be_in_a_gate(first, "cannot have a non-unitary 'reset' instruction in a gate")
        return node

    def measurement(self) -> ast.QuantumMeasurement:
        """`measure q`."""
        first = self.at
        self.expect("measure")
        node = ast.QuantumMeasurement(self.operand_of_gate())
        self.must_not_be_in_a_gate(first, "cannot have a non-unitary 'measure' instruction in a gate")
        node.span = self.span(first)
        return node

    def measure(self, _: int) -> ast.Statement:
        """`measure q;` and `measure q -> c;`."""
        measurement, target = self.measurement(), None
        if self.kinds[self.at] == "->":
            self.at += 1
            target = self.indexed_identifier()
        self.expect(";")
        return ast.QuantumMeasurementStatement(measurement, target)

    def box(self, _: int) -> ast.Statement:
        """`box [1us] { ... }`."""
        self.at += 1
        return ast.Box(self.optional_designator(), self.braces())

    def _duration_of(self) -> ast.Expression:
        self.at += 1
        self.expect("(")
        target = self.braces()
        self.expect(")")
        return ast.DurationOf(target)


def is_one_expression(index: ast.IndexElement) -> bool:
    """Whether an index is what may stand in a designator."""
    return isinstance(index, list) and len(index) == 1 and isinstance(index[0], ast.Expression)
