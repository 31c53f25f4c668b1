"""The conditions of `if` and `while`: from a syntax tree to a formula over single bits, and to what Aer gets right.

Qiskit's importer knows two forms, a bit and a register that equals an integer. Aer computes wrongly, or aborts, on
casts, negations and variables of integer type, but is right on `and`, `not` and exclusive `or` over single bits; so
every other form is written with these alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from openqasm3 import ast
from qiskit.circuit import ClassicalRegister, Clbit
from qiskit.circuit.classical import expr

Bits: TypeAlias = "tuple[Formula, ...]"
"""A number, its least significant bit first."""


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: "Formula"


@dataclass(frozen=True, slots=True)
class Both:
    """True if both are."""

    left: "Formula"
    right: "Formula"


@dataclass(frozen=True, slots=True)
class Differ:
    """True if exactly one is. Written out with the others it would double at every step of a chain."""

    left: "Formula"
    right: "Formula"


Formula: TypeAlias = bool | Clbit | Not | Both | Differ
Condition: TypeAlias = tuple[Clbit, bool] | tuple[ClassicalRegister, int] | expr.Expr
Value: TypeAlias = Clbit | ClassicalRegister | Sequence[Clbit] | int | bool


class UnsupportedConditionError(Exception):
    """A condition that cannot be written over single bits; `node` is where."""

    def __init__(self, node: ast.QASMNode, message: str) -> None:
        super().__init__(message)
        self.node = node
        self.message = message


def condition(node: ast.Expression, value_of: Callable[[ast.Expression], Value], any_bit: Clbit | None) -> Condition:
    """The condition for Qiskit. `value_of` gives an operand's bits or constant, `any_bit` is some bit of the circuit.

    Raises UnsupportedConditionError.
    """
    simple = _register_equals(node, value_of)
    if simple is not None:
        return simple
    formula = _truth(node, value_of)
    if isinstance(formula, bool):
        if any_bit is None:
            raise UnsupportedConditionError(node, "a condition without any bit is not supported")
        tautology = _not(Both(any_bit, Not(any_bit)))
        formula = tautology if formula else _not(tautology)
    return lifted(formula)


def lifted(formula: Formula) -> Condition:
    """A formula that is no constant, as a condition for Qiskit."""
    match formula:
        case Clbit():
            return (formula, True)
        case Not(of=Clbit() as bit):
            return (bit, False)
    return _expression(formula)


def _register_equals(node: ast.Expression, value_of: Callable[[ast.Expression], Value]) -> Condition | None:
    if isinstance(node, ast.BinaryExpression) and node.op.name == "==" and isinstance(node.lhs, ast.Identifier):
        register, number = value_of(node.lhs), node.rhs
        if isinstance(register, ClassicalRegister) and isinstance(number, ast.IntegerLiteral):
            return (register, number.value) if number.value < 2 ** len(register) else None
    return None


def _truth(node: ast.Expression, value_of: Callable[[ast.Expression], Value]) -> Formula:
    """Whether an expression is true: a number is when it is not 0."""
    match node:
        case ast.UnaryExpression() if node.op.name == "!":
            return _not(_truth(node.expression, value_of))
        case ast.BinaryExpression() if node.op.name in _COMPARISONS:
            left, right = _same_width(_number(node.lhs, value_of), _number(node.rhs, value_of))
            return _COMPARISONS[node.op.name](left, right)
        case ast.BinaryExpression() if node.op.name in _LOGIC:
            return _LOGIC[node.op.name](_truth(node.lhs, value_of), _truth(node.rhs, value_of))
    return _any(_number(node, value_of))


def _number(node: ast.Expression, value_of: Callable[[ast.Expression], Value]) -> Bits:
    match node:
        case ast.UnaryExpression() if node.op.name == "~":
            return tuple(_not(bit) for bit in _number(node.expression, value_of))
        case ast.BinaryExpression() if node.op.name in _BITWISE:
            left, right = _same_width(_number(node.lhs, value_of), _number(node.rhs, value_of))
            return tuple(_BITWISE[node.op.name](one, other) for one, other in zip(left, right, strict=True))
        case ast.UnaryExpression() | ast.BinaryExpression() if node.op.name in _TRUTHS:
            return (_truth(node, value_of),)
        case ast.Cast(type=ast.BoolType()):
            return (_truth(node.argument, value_of),)
    return _bits(node, value_of(_uncast(node)))


def _bits(node: ast.Expression, value: Value) -> Bits:
    match value:
        case Clbit():
            return (value,)
        case int() if value >= 0:
            return tuple(bool(value >> place & 1) for place in range(value.bit_length()))
        case ClassicalRegister() | list() | tuple():
            return tuple(value)
    raise UnsupportedConditionError(
        node, "bits can be compared with bits and with integers from 0 on; this is not supported"
    )


def _uncast(node: ast.Expression) -> ast.Expression:
    """An operand without a cast that changes nothing: to an unsigned integer, or to one of any width."""
    if isinstance(node, ast.Cast):
        if isinstance(node.type, ast.UintType | ast.IntType) and node.type.size is None:
            return _uncast(node.argument)
        raise UnsupportedConditionError(node, "this cast is not supported in a condition")
    return node


def _same_width(left: Bits, right: Bits) -> tuple[Bits, Bits]:
    width = max(len(left), len(right))
    return left + (False,) * (width - len(left)), right + (False,) * (width - len(right))


def _not(of: Formula) -> Formula:
    match of:
        case bool():
            return not of
        case Not():
            return of.of
    return Not(of)


def _and(left: Formula, right: Formula) -> Formula:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, bool):
            return other if one else False
    return Both(left, right)


def _or(left: Formula, right: Formula) -> Formula:
    return _not(_and(_not(left), _not(right)))


def _xor(left: Formula, right: Formula) -> Formula:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, bool):
            return _not(other) if one else other
    return Differ(left, right)


def _any(bits: Sequence[Formula]) -> Formula:
    return _not(_all([_not(bit) for bit in bits]))


def _all(bits: Sequence[Formula]) -> Formula:
    if len(bits) <= 1:
        return bits[0] if bits else True
    middle = len(bits) // 2  # a balanced tree, since both Qiskit and Aer recurse into it
    return _and(_all(bits[:middle]), _all(bits[middle:]))


def _equal(left: Bits, right: Bits) -> Formula:
    return _all([_not(_xor(one, other)) for one, other in zip(left, right, strict=True)])


def _less(left: Bits, right: Bits) -> Formula:
    if len(left) <= 1:
        return _and(_not(left[0]), right[0]) if left else False
    middle = len(left) // 2
    low = _less(left[:middle], right[:middle])
    high = _less(left[middle:], right[middle:])
    return _or(high, _and(_equal(left[middle:], right[middle:]), low))


_COMPARISONS: dict[str, Callable[[Bits, Bits], Formula]] = {
    "==": _equal,
    "!=": lambda left, right: _not(_equal(left, right)),
    "<": _less,
    ">": lambda left, right: _less(right, left),
    "<=": lambda left, right: _not(_less(right, left)),
    ">=": lambda left, right: _not(_less(left, right)),
}
_LOGIC: dict[str, Callable[[Formula, Formula], Formula]] = {"&&": _and, "||": _or}
_BITWISE: dict[str, Callable[[Formula, Formula], Formula]] = {"&": _and, "|": _or, "^": _xor}
_TRUTHS = {"!", *_COMPARISONS, *_LOGIC}


def _expression(formula: Formula) -> expr.Expr:
    match formula:
        case Not():
            return expr.logic_not(_expression(formula.of))
        case Both():
            return expr.logic_and(_expression(formula.left), _expression(formula.right))
        case Differ():
            return expr.bit_xor(_expression(formula.left), _expression(formula.right))
    return expr.lift(formula)
