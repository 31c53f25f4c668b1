"""Statements within each other, and how reading goes on after one that is wrong."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from openqasm3 import ast

from quantum_qasm.diagnostics import Diagnostic, SourceError
from quantum_qasm.parsing.expressions import Expressions
from quantum_qasm.parsing.lexer import END

MAX_ERRORS = 20
"""How many mistakes of one program are told."""

T = TypeVar("T")


class Blocks(Expressions):
    """Reads blocks, and knows what is around the next statement."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.errors: list[Diagnostic] = []
        self.definition: str | None = None
        """`gate` or `def`, in the body of one."""
        self.scopes = 0
        """Scopes around the statement, in that body or in the program."""
        self.loops = 0

    @abstractmethod
    def statement(self) -> ast.Statement | ast.Pragma:
        """A statement of any kind."""

    def statements(self, closing: str) -> list[ast.Statement | ast.Pragma]:
        """Statements up to a closing token, or to the end of the program."""
        found: list[ast.Statement | ast.Pragma] = []
        kinds = self.kinds
        while True:
            kind = kinds[self.at]
            if kind is closing or kind is END or kind == closing:
                return found
            statement = self.recovered(self.statement)
            if statement is not None:
                found.append(statement)

    def recovered(self, read: Callable[[], T]) -> T | None:
        """Read something; where that fails, note why, and go on after it. None: it failed."""
        around = self.at, self.depth, self.definition, self.scopes, self.loops
        try:
            return read()
        except SourceError as error:
            self.errors.append(error.diagnostic)
            first, self.depth, self.definition, self.scopes, self.loops = around
            if len(self.errors) >= MAX_ERRORS:
                self.at = len(self.kinds) - 1
            else:
                self.skip(first)
            return None

    def skip(self, first: int) -> None:
        """Go on after the statement that began at a token and could not be read: after its ';', or after its block."""
        depth = 0
        for place in range(first, len(self.kinds)):
            kind = self.kinds[place]
            if kind == "{":
                depth += 1
            elif kind == "}":
                depth -= 1
                if depth < 0:  # it belongs to what is around
                    self.at = max(place, first)
                    return
            goes_on = kind == "}" and self.kinds[place + 1] in ("{", "else")
            if depth == 0 and kind in (";", "}") and place >= self.at - 1 and not goes_on:
                self.at = place + 1
                return
        self.at = len(self.kinds) - 1

    def scope(self) -> ast.CompoundStatement:
        """Statements in braces, as one."""
        first = self.at
        node = ast.CompoundStatement(self.block())
        node.span = self.span(first)
        return node

    def block(self) -> list[ast.Statement]:
        """Statements in braces."""
        first = self.at
        self.expect("{")
        self.enter()
        found = self.statements("}")
        self.depth -= 1
        if self.kinds[self.at] is END:
            raise self.refused(first, "This '{' is never closed.")
        self.at += 1
        return found

    def body(self, *, loop: bool = False) -> list[ast.Statement]:
        """A statement, or several in braces, in a scope of their own."""
        self.scopes += 1
        self.loops += loop
        self.enter()
        if self.kinds[self.at] == "{":
            found = self.block()
        else:
            if self.kinds[self.at] == "pragma":
                raise self.refused(self.at, "pragmas must be global")
            found = [self.statement()]
        self.depth -= 1
        self.loops -= loop
        self.scopes -= 1
        return found

    def braces(self) -> list[ast.Statement]:
        """Several in braces, in a scope of their own."""
        if self.kinds[self.at] != "{":
            raise self.unexpected()
        return self.body()

    def body_of_definition(self, what: str) -> list[ast.Statement]:
        """The body of a definition."""
        around = self.definition, self.scopes, self.loops
        self.definition, self.scopes, self.loops = what, 0, 0
        body = self.braces()
        self.definition, self.scopes, self.loops = around
        return body

    def must_be_global(self, first: int, message: str) -> None:
        """Refuse what stands in a scope or a definition."""
        if self.definition is not None or self.scopes:
            raise self.refused(first, message)

    def must_not_be_in_a_gate(self, first: int, message: str) -> None:
        """Refuse what stands in a gate's definition."""
        if self.definition == "gate":
            raise self.refused(first, message)

    def text_of(self, kind: str) -> str:
        """The text of a token of this kind."""
        text = self.texts[self.at]
        self.expect(kind)
        return text
