"""Expressions and types, by the official grammar's table of what binds tighter."""

from collections.abc import Callable
from typing import TypeVar

from openqasm3 import ast
from quantum_tasks.errors import Code

from quantum_qasm.parsing.lexer import (
    BITSTRING,
    FLOAT,
    HARDWARE_QUBIT,
    IDENTIFIER,
    IMAGINARY,
    INTEGER,
    TIMING,
)
from quantum_qasm.parsing.reading import Reading

T = TypeVar("T")

MAX_DIGITS = 400
"""Digits of one number: enough for any float, and for a bit string as long as any register."""

LONGEST_CHAIN = 300
"""Operators and indices in a row, which make a tree that is as deep, and to evaluate it recurses twice for each."""

_LOOSEST = 0
_UNARY = 11
_POWER = 12

_BINARY = {
    "||": 1,
    "&&": 2,
    "|": 3,
    "^": 4,
    "&": 5,
    **dict.fromkeys(("==", "!="), 6),
    **dict.fromkeys(("<", ">", "<=", ">="), 7),
    **dict.fromkeys(("<<", ">>"), 8),
    **dict.fromkeys(("+", "-"), 9),
    **dict.fromkeys(("*", "/", "%"), 10),
    "**": _POWER,
}
"""How tightly the operators between two expressions bind. All but the power are taken from left to right."""

_BINARY_OPERATORS = {operator.name: operator for operator in ast.BinaryOperator}
_UNARY_OPERATORS = {operator.name: operator for operator in ast.UnaryOperator}
_UNITS = {**{unit.name: unit for unit in ast.TimeUnit}, "\xb5s": ast.TimeUnit["us"]}

SCALARS = frozenset({"bit", "int", "uint", "float", "angle", "bool", "duration", "stretch", "complex"})
"""The words that scalar types begin with."""

_SIZED = {
    "bit": ast.BitType,
    "int": ast.IntType,
    "uint": ast.UintType,
    "float": ast.FloatType,
    "angle": ast.AngleType,
}
_PLAIN = {"bool": ast.BoolType, "duration": ast.DurationType, "stretch": ast.StretchType}
_POSITIVE = frozenset({"int", "uint", "angle"})

_PLAIN_INDEX = [INTEGER, "]"]

_IN_ARRAYS = (
    ast.BitType,
    ast.IntType,
    ast.UintType,
    ast.FloatType,
    ast.AngleType,
    ast.DurationType,
    ast.BoolType,
    ast.ComplexType,
)


class Expressions(Reading):
    """Reads expressions, types and what is made of them."""

    def expression(self, tighter_than: int = _LOOSEST) -> ast.Expression:
        """An expression, up to an operator that does not bind tighter."""
        first = self.at
        return self.expression_after(self._operand(), first, tighter_than)

    def expression_after(self, left: ast.Expression, first: int, tighter_than: int = _LOOSEST) -> ast.Expression:
        """The same, where its first operand was read already, from the token `first` on."""
        kinds = self.kinds
        chain = 0
        while True:
            operator = kinds[self.at]
            if operator == "[":
                left = ast.IndexExpression(left, self.index_operator())
            else:
                binds = _BINARY.get(operator)
                if binds is None or binds <= tighter_than:
                    return left
                self.at += 1
                self.enter()
                # what binds as tightly as a power to its right belongs to the right
                right = self.expression(binds - 1 if binds == _POWER else binds)
                self.depth -= 1
                left = ast.BinaryExpression(_BINARY_OPERATORS[operator], left, right)
            left.span = self.span(first)
            chain += 1
            if chain > LONGEST_CHAIN:
                message = f"An expression has more than {LONGEST_CHAIN} operators in a row."
                raise self.refused(first, message, Code.NESTING)

    def _operand(self) -> ast.Expression:
        at = self.at
        kind = self.kinds[at]
        if kind is IDENTIFIER:
            name = self.identifier()
            return self._call(name, at) if self.kinds[self.at] == "(" else name
        literal = _LITERALS.get(kind)
        if literal is not None:
            node = self._literal(literal, at)
        elif kind == "(":
            return self.parenthesis()
        elif kind in _UNARY_OPERATORS:
            self.at = at + 1
            self.enter()
            node = ast.UnaryExpression(_UNARY_OPERATORS[kind], self.expression(_UNARY - 1))
            self.depth -= 1
        elif kind in SCALARS or kind == "array":
            target = self.scalar_type() if kind != "array" else self.array_type()
            node = ast.Cast(target, self.parenthesis())
        elif kind == "durationof":
            node = self._duration_of()
        else:
            raise self.unexpected()
        node.span = self.span(at)
        return node

    def _literal(self, read: Callable[[str], ast.Expression], at: int) -> ast.Expression:
        text = self.texts[at]
        if len(text) > MAX_DIGITS:
            raise self.refused(at, f"A number has more than {MAX_DIGITS} digits.", Code.NUMBER)
        self.at = at + 1
        return read(text)

    def parenthesis(self) -> ast.Expression:
        """An expression in parentheses."""
        self.expect("(")
        self.enter()
        inner = self.expression()
        self.depth -= 1
        self.expect(")")
        return inner

    def identifier(self) -> ast.Identifier:
        """A name."""
        at = self.at
        if self.kinds[at] is not IDENTIFIER:
            raise self.unexpected()
        node = ast.Identifier(self.texts[at])
        self.at = at + 1
        node.span = self.span(at)
        return node

    def _call(self, name: ast.Identifier, first: int) -> ast.Expression:
        node = call_of(name, self.arguments())
        if node is None:
            raise self.refused(first, "'sizeof' needs either one or two arguments")
        node.span = self.span(first)
        return node

    def arguments(self) -> list[ast.Expression]:
        """Expressions in parentheses, or none."""
        self.expect("(")
        self.enter()
        found = [] if self.kinds[self.at] == ")" else self.separated(self.expression, ")")
        self.depth -= 1
        self.expect(")")
        return found

    def separated(self, read: Callable[[], T], *closing: str) -> list[T]:
        """One or more, with commas between them, and perhaps one after them, before a closing token."""
        found = [read()]
        while self.kinds[self.at] == ",":
            self.at += 1
            if self.kinds[self.at] in closing:
                break
            found.append(read())
        return found

    def _duration_of(self) -> ast.Expression:
        raise NotImplementedError

    # -- what stands in brackets -----------------------------------------------------------------------------------

    def index_operator(self) -> ast.IndexElement:
        """An index, a range, several of them, or a set."""
        at = self.at
        if self.kinds[at + 1 : at + 3] == _PLAIN_INDEX:  # nearly all are, so this is not read as an expression
            node = self._literal(_integer, at + 1)
            node.span = self.span(at + 1)
            self.at = at + 3
            return [node]
        self.expect("[")
        self.enter()
        found = self.set_of_values() if self.kinds[self.at] == "{" else self.separated(self._index, "]")
        self.depth -= 1
        self.expect("]")
        return found

    def _index(self) -> ast.Expression | ast.RangeDefinition:
        first = self.at
        start = None if self.kinds[first] == ":" else self.expression()
        return start if self.kinds[self.at] != ":" and start is not None else self.range_after(start, first)

    def range_after(self, start: ast.Expression | None, first: int) -> ast.RangeDefinition:
        """What follows the start of a range, which was read from the token `first` on."""
        self.expect(":")
        end = step = None
        if self.kinds[self.at] not in (":", "]", ","):
            end = self.expression()
        if self.kinds[self.at] == ":":
            self.at += 1
            step, end = end, self.expression()
        node = ast.RangeDefinition(start, end, step)
        node.span = self.span(first)
        return node

    def set_of_values(self) -> ast.DiscreteSet:
        """Values in braces, at least one."""
        first = self.at
        self.expect("{")
        self.enter()
        node = ast.DiscreteSet(self.separated(self.expression, "}"))
        self.depth -= 1
        self.expect("}")
        node.span = self.span(first)
        return node

    def array_literal(self) -> ast.ArrayLiteral:
        """Values, or such literals, in braces."""
        first = self.at
        self.expect("{")
        values: list[ast.Expression] = []
        if self.kinds[self.at] != "}":
            self.enter()
            values = self.separated(self._element, "}")
            self.depth -= 1
        self.expect("}")
        node = ast.ArrayLiteral(values)
        node.span = self.span(first)
        return node

    def _element(self) -> ast.Expression:
        return self.array_literal() if self.kinds[self.at] == "{" else self.expression()

    def designator(self) -> ast.Expression:
        """An expression in brackets."""
        self.expect("[")
        self.enter()
        node = self.expression()
        self.depth -= 1
        self.expect("]")
        return node

    def optional_designator(self) -> ast.Expression | None:
        """One, if there is one."""
        return self.designator() if self.kinds[self.at] == "[" else None

    # -- types -----------------------------------------------------------------------------------------------------

    def scalar_type(self) -> ast.ClassicalType:
        """A type of single values."""
        first = self.at
        word = self.kinds[first]
        if word not in SCALARS:
            raise self.unexpected()
        self.at = first + 1
        if word in _PLAIN:
            node = _PLAIN[word]()
        elif word == "complex":
            node = ast.ComplexType(self._component())
        else:
            size = self.positive_designator(word) if word in _POSITIVE else self.optional_designator()
            node = _SIZED[word](size)
        node.span = self.span(first)
        return node

    def positive_designator(self, word: str) -> ast.Expression | None:
        """The size of a type that must not be zero, where that can be seen."""
        first = self.at
        size = self.optional_designator()
        if isinstance(size, ast.UnaryExpression) or (isinstance(size, ast.IntegerLiteral) and size.value == 0):
            raise self.refused(first, f"{word} size must be positive")
        return size

    def _component(self) -> ast.FloatType | None:
        if self.kinds[self.at] != "[":
            return None
        self.at += 1
        first = self.at
        self.enter()
        component = self.scalar_type()
        self.depth -= 1
        if not isinstance(component, ast.FloatType):
            raise self.refused(first, "invalid type of complex components")
        self.expect("]")
        return component

    def array_type(self) -> ast.ArrayType:
        """The type of an array that is made."""
        first = self.at
        self.expect("array")
        self.expect("[")
        base = self._base_type()
        self.expect(",")
        dimensions = self.separated(self._dimension, "]")
        self.expect("]")
        node = ast.ArrayType(base, dimensions)
        node.span = self.span(first)
        return node

    def _base_type(self) -> ast.ClassicalType:
        first = self.at
        base = self.scalar_type()
        if not isinstance(base, _IN_ARRAYS):
            raise self.refused(first, "invalid scalar type for array")
        return base

    def _dimension(self) -> ast.Expression:
        first = self.at
        size = self.expression()
        if isinstance(size, ast.UnaryExpression):
            raise self.refused(first, "all array dimensions must be non-negative")
        return size

    def array_reference(self) -> tuple[ast.ArrayReferenceType, ast.AccessControl]:
        """The type of an array that is passed, and what may be done to it."""
        first = self.at
        access = ast.AccessControl.readonly if self.kinds[first] == "readonly" else ast.AccessControl.mutable
        self.at = first + 1
        self.expect("array")
        self.expect("[")
        base = self.scalar_type()
        self.expect(",")
        dimensions: ast.Expression | list[ast.Expression]
        if self.kinds[self.at] == "#dim":
            self.at += 1
            self.expect("=")
            dimensions = self.expression()
        else:
            dimensions = self.separated(self.expression, "]")
        self.expect("]")
        node = ast.ArrayReferenceType(base, dimensions)
        node.span = self.span(first)
        return node, access


def call_of(name: ast.Identifier, arguments: list[ast.Expression]) -> ast.Expression | None:
    """The node of a function's call; None where `sizeof` has another number of arguments than it takes."""
    if name.name != "sizeof":
        return ast.FunctionCall(name, arguments)
    return ast.SizeOf(*arguments) if len(arguments) in (1, 2) else None


_BASES = {"0x": 16, "0X": 16, "0b": 2, "0B": 2, "0o": 8}


def _integer(text: str) -> ast.IntegerLiteral:
    # a leading zero alone says nothing
    return ast.IntegerLiteral(int(text) if text.isdigit() else int(text, _BASES.get(text[:2], 10)))


def _bitstring(text: str) -> ast.BitstringLiteral:
    digits = text[1:-1].replace("_", "")
    return ast.BitstringLiteral(int(digits, 2), len(digits))


def _timing(text: str) -> ast.DurationLiteral:
    unit = text[-2:]
    if unit not in _UNITS:
        unit = "s"
    return ast.DurationLiteral(float(text[: -len(unit)]), _UNITS[unit])


_LITERALS: dict[str, Callable[[str], ast.Expression]] = {
    INTEGER: _integer,
    FLOAT: lambda text: ast.FloatLiteral(float(text)),
    IMAGINARY: lambda text: ast.ImaginaryLiteral(float(text[:-2])),
    TIMING: _timing,
    BITSTRING: _bitstring,
    HARDWARE_QUBIT: ast.Identifier,
    "true": lambda _: ast.BooleanLiteral(value=True),
    "false": lambda _: ast.BooleanLiteral(value=False),
}
