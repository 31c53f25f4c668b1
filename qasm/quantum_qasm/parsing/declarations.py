"""Declarations and definitions: variables, registers, gates, subroutines, calibrations."""

from openqasm3 import ast

from quantum_qasm.parsing.expressions import SCALARS
from quantum_qasm.parsing.lexer import CALIBRATION, IDENTIFIER
from quantum_qasm.parsing.operations import OPERANDS, Operations

_CALIBRATED = frozenset({"measure", "reset", "delay", IDENTIFIER})


class Declarations(Operations):
    """Reads what gives a name to something."""

    def declaration(self, first: int) -> ast.Statement:
        """A variable's declaration, or an expression that begins with a cast."""
        is_array = self.kinds[first] == "array"
        kind = self.array_type() if is_array else self.scalar_type()
        if self.kinds[self.at] == "(":
            cast = ast.Cast(kind, self.parenthesis())
            cast.span = self.span(first)
            return self.expression_statement(first, self.expression_after(cast, first))
        name, value = self.identifier(), None
        if self.kinds[self.at] == "=":
            self.at += 1
            value = self.initial_value()
        self.expect(";")
        self.must_not_be_in_a_gate(first, "cannot declare classical variables in a gate")
        if is_array:
            self.must_be_global(first, "arrays can only be declared globally")
        node = ast.ClassicalDeclaration(kind, name, value)
        node.span = self.span(first)
        return node

    def initial_value(self) -> ast.Expression | ast.QuantumMeasurement:
        """What a variable begins with."""
        kind = self.kinds[self.at]
        if kind == "measure":
            return self.measurement()
        return self.array_literal() if kind == "{" else self.expression()

    def constant(self, _: int) -> ast.Statement:
        """`const int n = 3;`."""
        self.at += 1
        kind, name = self.scalar_type(), self.identifier()
        self.expect("=")
        node = ast.ConstantDeclaration(kind, name, self.initial_value())
        self.expect(";")
        return node

    def old_register(self, first: int) -> ast.Statement:
        """`creg c[2];` and `qreg q[2];`, as OpenQASM 2 has them."""
        word = self.kinds[first]
        self.at += 1
        name = self.identifier()
        size = self.positive_designator(word)
        self.expect(";")
        if word == "qreg":
            self.must_be_global(first, "qubit declarations must be global")
            return ast.QubitDeclaration(name, size)
        kind = ast.BitType(size)
        kind.span = self.span(first)
        return ast.ClassicalDeclaration(kind, name, None)

    def qubit(self, first: int) -> ast.Statement:
        """`qubit[2] q;`."""
        self.at += 1
        size = self.optional_designator()
        node = ast.QubitDeclaration(self.identifier(), size)
        self.expect(";")
        self.must_be_global(first, "qubit declarations must be global")
        return node

    def input_or_output(self, first: int) -> ast.Statement:
        """`input angle theta;`."""
        word = self.kinds[first]
        self.at += 1
        kind = self.array_type() if self.kinds[self.at] == "array" else self.scalar_type()
        node = ast.IODeclaration(ast.IOKeyword[word], kind, self.identifier())
        self.expect(";")
        self.must_be_global(first, f"'{word}' declarations must be global")
        return node

    def alias(self, _: int) -> ast.Statement:
        """`let a = q[0:1] ++ r;`."""
        self.at += 1
        name = self.identifier()
        self.expect("=")
        first = self.at
        value = self.expression()
        while self.kinds[self.at] == "++":
            self.at += 1
            value = ast.Concatenation(value, self.expression())
            value.span = self.span(first)
        self.expect(";")
        return ast.AliasStatement(name, value)

    # -- definitions -------------------------------------------------------------------------------------------------

    def gate_definition(self, first: int) -> ast.Statement:
        """`gate g(a) q { ... }`."""
        self.at += 1
        name = self.identifier()
        parameters: list[ast.Identifier] = []
        if self.kinds[self.at] == "(":
            self.at += 1
            parameters = [] if self.kinds[self.at] == ")" else self.separated(self.identifier, ")")
            self.expect(")")
        qubits = self.separated(self.identifier, "{")
        self.must_be_global(first, "gate definitions must be global")
        return ast.QuantumGateDefinition(name, parameters, qubits, self.body_of_definition("gate"))

    def subroutine(self, first: int) -> ast.Statement:
        """`def f(int n, qubit q) -> bit { ... }`."""
        self.at += 1
        name = self.identifier()
        self.expect("(")
        arguments = [] if self.kinds[self.at] == ")" else self.separated(self.argument, ")")
        self.expect(")")
        returned = self.return_type()
        self.must_be_global(first, "subroutine definitions must be global")
        return ast.SubroutineDefinition(name, arguments, self.body_of_definition("def"), returned)

    def return_type(self) -> ast.ClassicalType | None:
        """`-> bit`, if it is there."""
        if self.kinds[self.at] != "->":
            return None
        self.at += 1
        return self.scalar_type()

    def argument(self) -> ast.ClassicalArgument | ast.QuantumArgument:
        """An argument of a subroutine."""
        first = self.at
        word = self.kinds[first]
        access = None
        node: ast.ClassicalArgument | ast.QuantumArgument
        if word == "qubit":
            self.at += 1
            size = self.optional_designator()
            node = ast.QuantumArgument(self.identifier(), size)
        elif word in ("qreg", "creg"):
            self.at += 1
            name, size = self.identifier(), self.optional_designator()
            if word == "qreg":
                node = ast.QuantumArgument(name, size)
            else:
                kind = ast.BitType(size)
                kind.span = self.span(first)
                node = ast.ClassicalArgument(kind, name, None)
        else:
            kind, access = self.type_of_argument()
            node = ast.ClassicalArgument(kind, self.identifier(), access)
        node.span = self.span(first)
        return node

    def type_of_argument(self) -> tuple[ast.ClassicalType, ast.AccessControl | None]:
        """The type of one, and what may be done to it if it is an array."""
        if self.kinds[self.at] in ("readonly", "mutable"):
            return self.array_reference()
        return self.scalar_type(), None

    def extern(self, first: int) -> ast.Statement:
        """`extern f(int) -> bit;`."""
        self.at += 1
        name = self.identifier()
        self.expect("(")
        arguments = [] if self.kinds[self.at] == ")" else self.separated(self.type_for_extern, ")")
        self.expect(")")
        returned = self.return_type()
        self.expect(";")
        self.must_be_global(first, "extern declarations must be global")
        return ast.ExternDeclaration(name, arguments, returned)

    def type_for_extern(self) -> ast.ExternArgument:
        """The type of an argument of an extern."""
        first = self.at
        access = None
        if self.kinds[first] == "creg":
            self.at += 1
            kind = ast.BitType(self.optional_designator())
            kind.span = self.span(first)
        else:
            kind, access = self.type_of_argument()
        node = ast.ExternArgument(kind, access)
        node.span = self.span(first)
        return node

    # -- calibrations, whose blocks are in a language of their own ---------------------------------------------------

    def calibration(self, _: int) -> ast.Statement:
        """`cal { ... }`."""
        self.at += 1
        return ast.CalibrationStatement(self.calibration_block())

    def calibration_block(self) -> str:
        """A block in braces, as it is written."""
        self.expect("{")
        block = ""
        if self.kinds[self.at] is CALIBRATION:
            block = self.text_of(CALIBRATION)
        self.expect("}")
        return block

    def calibration_definition(self, _: int) -> ast.Statement:
        """`defcal x $0 { ... }`."""
        self.at += 1
        at = self.at
        if self.kinds[at] not in _CALIBRATED:
            raise self.unexpected()
        name = ast.Identifier(self.texts[at])
        self.at += 1
        name.span = self.span(at)
        arguments: list[ast.ClassicalArgument | ast.Expression] = []
        if self.kinds[self.at] == "(":
            self.at += 1
            arguments = [] if self.kinds[self.at] == ")" else self.separated(self.calibration_argument, ")")
            self.expect(")")
        qubits = self.separated(self.calibrated_qubit, "{", "->")
        returned = self.return_type()
        return ast.CalibrationDefinition(name, arguments, qubits, returned, self.calibration_block())

    def calibration_argument(self) -> ast.ClassicalArgument | ast.QuantumArgument | ast.Expression:
        """An argument of one: a name with its type, or a value."""
        first = self.at
        word = self.kinds[first]
        if word in SCALARS:
            kind = self.scalar_type()
            if self.kinds[self.at] == "(":
                cast = ast.Cast(kind, self.parenthesis())
                cast.span = self.span(first)
                return self.expression_after(cast, first)
            node = ast.ClassicalArgument(kind, self.identifier(), None)
            node.span = self.span(first)
            return node
        if word in ("qubit", "qreg", "creg", "readonly", "mutable"):
            return self.argument()
        return self.expression()

    def calibrated_qubit(self) -> ast.Identifier:
        """A qubit of one."""
        if self.kinds[self.at] not in OPERANDS:
            raise self.unexpected()
        first = self.at
        node = ast.Identifier(self.texts[first])
        self.at += 1
        node.span = self.span(first)
        return node
