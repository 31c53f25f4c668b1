"""From text to the nodes of the official package `openqasm3`, by hand: a parser that is generated is far slower.

It accepts what the official parser (1.0.1) accepts, with the same nodes, as tests compare; what is wrong it refuses
with a place, statement by statement, so that one mistake hides no other.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from openqasm3 import ast

from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.parsing.declarations import Declarations
from quantum_qasm.parsing.expressions import SCALARS
from quantum_qasm.parsing.lexer import ANNOTATION, END, IDENTIFIER, LINE_REST, STRING, VERSION


@dataclass(frozen=True, slots=True)
class Parsed:
    """The nodes of what could be read, and what is wrong with the rest."""

    program: ast.Program
    errors: tuple[Diagnostic, ...] = ()


def parse(text: str) -> Parsed:
    """Read a program, whatever it is."""
    # a tree has no cycles: to look for some in it again and again while it grows takes a third of the time
    collects = gc.isenabled()
    gc.disable()
    try:
        return _Parser(text).parse()
    finally:
        if collects:
            gc.enable()


class _Parser(Declarations):
    """Reads statements."""

    def parse(self) -> Parsed:
        """Read all of it."""
        version = None
        if self.kinds[0] == "OPENQASM":
            version = self.recovered(self.version)
        statements = self.statements(END)
        program = ast.Program(statements, version)
        if self.kinds[0] is not END:
            self.at = len(self.kinds) - 1
            program.span = self.span(0)
        return Parsed(program, tuple(self.errors))

    def version(self) -> str:
        """`OPENQASM 3.0;`."""
        self.at += 1
        version = self.text_of(VERSION)
        self.expect(";")
        return version

    def statement(self) -> ast.Statement | ast.Pragma:
        """See Blocks."""
        kind = self.kinds[self.at]
        if kind is IDENTIFIER:
            return self.from_name(self.at)
        if kind is ANNOTATION:
            return self.annotated()
        if kind == "{":
            return self.scope()
        if kind == "pragma":
            return self.pragma()
        return self.plain_statement()

    def plain_statement(self) -> ast.Statement:
        """A statement without annotations."""
        first = self.at
        kind = self.kinds[first]
        if kind is IDENTIFIER:
            return self.from_name(first)
        read = _STATEMENTS.get(kind)
        if read is None:
            if kind in SCALARS or kind == "array":
                return self.declaration(first)
            return self.expression_statement(first)
        node = read(self, first)
        node.span = self.span(first)
        return node

    def annotated(self) -> ast.Statement:
        """Annotations, and the statement that they are on."""
        first = self.at
        annotations = []
        while self.kinds[self.at] is ANNOTATION:
            at = self.at
            keyword, command = self.texts[at][1:], None
            self.at += 1
            if self.kinds[self.at] is LINE_REST:
                command = self.texts[self.at]
                self.at += 1
            annotation = ast.Annotation(keyword, command)
            annotation.span = self.span(at)
            annotations.append(annotation)
        if self.kinds[self.at] in ("{", "pragma", END, "}"):
            raise self.unexpected()
        node = self.plain_statement()
        node.annotations = annotations
        node.span = self.span(first)
        return node

    def pragma(self) -> ast.Pragma:
        """`pragma simulator noise`."""
        first = self.at
        self.at += 1
        self.must_be_global(first, "pragmas must be global")
        node = ast.Pragma(self.text_of(LINE_REST))
        node.span = self.span(first)
        return node

    # -- control flow ------------------------------------------------------------------------------------------------

    def if_statement(self, _: int) -> ast.Statement:
        """`if (c == 1) { ... } else { ... }`."""
        self.at += 1
        condition = self.parenthesis()
        then = self.body()
        otherwise: list[ast.Statement] = []
        if self.kinds[self.at] == "else":
            self.at += 1
            otherwise = self.body()
        return ast.BranchingStatement(condition, then, otherwise)

    def while_loop(self, _: int) -> ast.Statement:
        """`while (c) { ... }`."""
        self.at += 1
        condition = self.parenthesis()
        return ast.WhileLoop(condition, self.body(loop=True))

    def for_loop(self, _: int) -> ast.Statement:
        """`for int i in [0:3] { ... }`."""
        self.at += 1
        kind, name = self.scalar_type(), self.identifier()
        self.expect("in")
        values: ast.RangeDefinition | ast.DiscreteSet | ast.Expression
        if self.kinds[self.at] == "{":
            values = self.set_of_values()
        elif self.kinds[self.at] == "[":
            self.at += 1
            first = self.at
            values = self.range_after(None if self.kinds[first] == ":" else self.expression(), first)
            self.expect("]")
        else:
            values = self.expression()
        return ast.ForInLoop(kind, name, values, self.body(loop=True))

    def switch(self, _: int) -> ast.Statement:
        """`switch (i) { case 1, 2 { ... } default { ... } }`."""
        self.at += 1
        target = self.parenthesis()
        self.expect("{")
        self.enter()
        cases: list[tuple[list[ast.Expression], ast.CompoundStatement]] = []
        default = None
        while self.kinds[self.at] != "}":
            first = self.at
            if self.kinds[first] == "case":
                self.at += 1
                values = self.separated(self.expression, "{")
                cases.append((values, self.case()))
                if default is not None:
                    raise self.refused(first, "'case' statement after 'default'")
            elif self.kinds[first] == "default":
                self.at += 1
                if default is not None:
                    raise self.refused(first, "multiple 'default' cases")
                default = self.case()
            else:
                raise self.unexpected()
        self.at += 1
        self.depth -= 1
        return ast.SwitchStatement(target, cases, default)

    def case(self) -> ast.CompoundStatement:
        """The block of a case."""
        if self.kinds[self.at] != "{":
            raise self.unexpected()
        return self.scope()

    def break_statement(self, first: int) -> ast.Statement:
        """`break;`."""
        return self.word(ast.BreakStatement(), first, in_loop=True)

    def continue_statement(self, first: int) -> ast.Statement:
        """`continue;`."""
        return self.word(ast.ContinueStatement(), first, in_loop=True)

    def end_statement(self, first: int) -> ast.Statement:
        """`end;`."""
        return self.word(ast.EndStatement(), first)

    def word(self, node: ast.Statement, first: int, *, in_loop: bool = False) -> ast.Statement:
        """A statement of one word."""
        self.at += 1
        self.expect(";")
        if in_loop and not self.loops:
            raise self.refused(first, f"'{self.texts[first]}' statement outside loop")
        return node

    def return_statement(self, first: int) -> ast.Statement:
        """`return x;`."""
        self.at += 1
        value: ast.Expression | ast.QuantumMeasurement | None = None
        if self.kinds[self.at] == "measure":
            value = self.measurement()
        elif self.kinds[self.at] != ";":
            value = self.expression()
        self.expect(";")
        if self.definition != "def":
            raise self.refused(first, "'return' statement outside subroutine")
        return ast.ReturnStatement(value)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def include(self, first: int) -> ast.Statement:
        """`include "stdgates.inc";`."""
        self.at += 1
        node = ast.Include(self.text_of(STRING)[1:-1])
        self.expect(";")
        self.must_be_global(first, "'include' statements must be global")
        return node

    def calibration_grammar(self, first: int) -> ast.Statement:
        """`defcalgrammar "openpulse";`."""
        self.at += 1
        node = ast.CalibrationGrammarDeclaration(self.text_of(STRING)[1:-1])
        self.expect(";")
        self.must_be_global(first, "'defcalgrammar' statements must be global")
        return node

    def second_version(self, _: int) -> NoReturn:
        """Refuse a version line that is not the first line."""
        raise self.unexpected()


_STATEMENTS: dict[str, Callable[[_Parser, int], ast.Statement]] = {
    "OPENQASM": _Parser.second_version,
    "barrier": _Parser.barrier,
    "box": _Parser.box,
    "break": _Parser.break_statement,
    "cal": _Parser.calibration,
    "const": _Parser.constant,
    "continue": _Parser.continue_statement,
    "creg": _Parser.old_register,
    "ctrl": _Parser.modified,
    "def": _Parser.subroutine,
    "defcal": _Parser.calibration_definition,
    "defcalgrammar": _Parser.calibration_grammar,
    "delay": _Parser.delay,
    "end": _Parser.end_statement,
    "extern": _Parser.extern,
    "for": _Parser.for_loop,
    "gate": _Parser.gate_definition,
    "gphase": lambda parser, first: parser.phase([], first),
    "if": _Parser.if_statement,
    "include": _Parser.include,
    "input": _Parser.input_or_output,
    "inv": _Parser.modified,
    "let": _Parser.alias,
    "measure": _Parser.measure,
    "negctrl": _Parser.modified,
    "output": _Parser.input_or_output,
    "pow": _Parser.modified,
    "qreg": _Parser.old_register,
    "qubit": _Parser.qubit,
    "reset": _Parser.reset,
    "return": _Parser.return_statement,
    "switch": _Parser.switch,
    "while": _Parser.while_loop,
}
