"""Expressions, types, and references to bits and qubits."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TypeVar

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm import pragmas
from quantum_qasm.compiling import typed
from quantum_qasm.compiling.names import MAX_BITS, MAX_QUBITS, WORK_OF_A_STATEMENT, Names
from quantum_qasm.compiling.scopes import (
    ConstantSymbol,
    ExternSymbol,
    GateSymbol,
    GenericSymbol,
    JoinedSymbol,
    QubitSymbol,
    SubroutineSymbol,
    Symbol,
    VariableSymbol,
)
from quantum_qasm.compiling.typed import error
from quantum_qasm.externs import EXTERNS, Nothing
from quantum_qasm.ir import (
    Applied,
    Call,
    Constant,
    Expression,
    Indices,
    JoinedQubits,
    Listed,
    Nested,
    PickedQubits,
    Place,
    Qubits,
    Ranged,
    Selection,
    Subroutine,
    TheseQubits,
    Variable,
    bits_type,
)
from quantum_qasm.spans import Span
from quantum_qasm.types import (
    BIT,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    UINT,
    Angle,
    Array,
    Bit,
    Bits,
    Complex,
    Float,
    Int,
    Sized,
    Type,
    Uint,
)
from quantum_qasm.values import Time, Value

MAX_ELEMENTS = 10_000
"""Elements of an array."""

MAX_ALL_ELEMENTS = 100_000
"""Elements of all arrays that are declared, taken together."""

MAX_DIMENSIONS = 7
"""The specification's bound."""

MAX_INSTANCES = 100
"""Lengths of arrays that a subroutine of arrays of any length is called with."""

MAX_WIDTH = 4096
"""Bits of one integer, float or angle."""

_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_SIZED: dict[type[ast.ClassicalType], type[Sized]] = {
    ast.IntType: Int,
    ast.UintType: Uint,
    ast.FloatType: Float,
    ast.AngleType: Angle,
}

Q = TypeVar("Q", bound=Qubits)


class Expressions(Names):
    """Compiles expressions; what they call is called before."""

    # -- types -----------------------------------------------------------------------------------------------------

    def type_of(self, node: ast.ClassicalType) -> Type:
        """The type that is written."""
        match node:
            case ast.BitType(size=None):
                return BIT
            case ast.BitType(size=size):
                return Bits(self.constant(size, "The width of a register", most=MAX_BITS, code=ErrorCode.BITS))
            case ast.BoolType():
                return BOOL
            case ast.ComplexType(base_type=base):
                return Complex(None if base is None else self._width(base))
            case ast.DurationType() | ast.StretchType():
                return DURATION
            case ast.IntType() | ast.UintType() | ast.FloatType() | ast.AngleType():
                return _SIZED[type(node)](self._width(node))
            case ast.ArrayType(base_type=base, dimensions=dimensions):
                return self._array_type(base, dimensions, node.span)
            case ast.ArrayReferenceType(base_type=base, dimensions=list() as dimensions):
                return self._array_type(base, dimensions, node.span)
        raise error(node.span, "Such an array can be an argument of a subroutine only.")

    def _array_type(self, base: ast.ClassicalType, dimensions: Sequence[ast.Expression], span: Span) -> Array:
        element = self.type_of(base)
        if isinstance(element, Bit | Bits):
            raise error(base.span, f"There are no arrays of {element}.")
        if len(dimensions) > MAX_DIMENSIONS:
            raise error(span, f"An array has {MAX_DIMENSIONS} dimensions at most.", ErrorCode.ARRAY)
        sizes = tuple(
            self.constant(size, "The size of an array", most=MAX_ELEMENTS, code=ErrorCode.ARRAY) for size in dimensions
        )
        if prod(sizes) > MAX_ELEMENTS:
            raise error(span, f"An array has {MAX_ELEMENTS} elements at most.", ErrorCode.ARRAY)
        return Array(element, sizes)

    def _width(self, node: ast.IntType | ast.UintType | ast.FloatType | ast.AngleType) -> int | None:
        if node.size is None:
            return None
        return self.constant(node.size, "The width of a type", least=1, most=MAX_WIDTH, code=ErrorCode.BITS)

    def constant(self, node: ast.Expression, what: str, *, least: int = 0, most: int, code: ErrorCode) -> int:
        """The value of an integer that must be known."""
        return typed.constant_integer(self.expression(node), what, least=least, most=most, code=code)

    # -- values ----------------------------------------------------------------------------------------------------

    def expression(self, node: ast.Expression) -> Expression:
        """An expression that has a value."""
        value = self.expression_or_nothing(node)
        if value is None:
            raise error(node.span, "This returns no value.")
        return value

    def expression_or_nothing(self, node: ast.Expression) -> Expression | None:
        """An expression, or the call of what returns nothing."""
        span = node.span
        match node:
            case ast.BinaryExpression():
                return self._binary(node)
            case ast.UnaryExpression(op=op, expression=operand):
                return typed.unary(op.name, self.expression(operand), span)
            case ast.Identifier():
                return self._value_of(self.lookup(node), node)
            case ast.Cast(type=kind, argument=argument):
                return typed.written_cast(self.expression(argument), self.type_of(kind), span)
            case ast.IndexExpression():
                return self._element(node)
            case ast.FunctionCall(name=name, arguments=arguments):
                return self._call(name, arguments, span)
            case ast.DurationOf(target=target):
                return self._duration_of(target, span)
        return self._of_arrays(node, span)

    def _of_arrays(self, node: ast.Expression, span: Span) -> Expression:
        match node:
            case ast.SizeOf(target=target, index=index):
                return self._size_of(target, index, span)
            case ast.Concatenation():
                return self._joined(node)
        literal = _literal(node)
        if literal is None:
            raise error(span, "This cannot stand here.")
        return Constant(literal[0], span, literal[1])

    def _binary(self, node: ast.BinaryExpression) -> Expression:
        """Left to right: a chain of thousands is as deep as it is long."""
        chain = []
        left: ast.Expression = node
        while isinstance(left, ast.BinaryExpression):
            chain.append(left)
            left = left.lhs
        value = self.expression(left)
        for link in reversed(chain):
            right = self.expression(link.rhs)
            if link.op.name == "/" and all(isinstance(one.type, Int | Uint) for one in (value, right)):
                self._warn_of_division(link, value, right)
            if link.op.name == "**":
                self.spend(_work_of_a_power(value.type), link.span)
            value = typed.binary(link.op.name, value, right, link.span)
        return value

    def _warn_of_division(self, node: ast.Expression, left: Expression, right: Expression) -> None:
        known = isinstance(left, Constant) and isinstance(right, Constant)
        if known and right.value and left.value % right.value:  # type: ignore[attr-defined] # constants
            message = "The quotient of two integers is an integer; write one of them as a float if that is not meant."
            self.warn(node.span, message, ErrorCode.INTEGER_DIVISION)

    def _value_of(self, symbol: Symbol, node: ast.Identifier) -> Expression:
        span = node.span
        match symbol:
            case ConstantSymbol():
                return Constant(symbol.type, span, symbol.value)
            case VariableSymbol(bits=None):
                return Variable(symbol.type, span, symbol.slot)
            case VariableSymbol(bits=Indices() as bits):
                whole = Variable(Bits(bits.size), span, symbol.slot)
                width = symbol.type.width if isinstance(symbol.type, Bits) else None
                return typed.picked(whole, bits, width, span)
            case JoinedSymbol(parts=parts):
                self.spend(WORK_OF_A_STATEMENT * len(parts), span)
                return typed.joined([self._value_of(part, node) for part in parts], span)
        raise error(span, f"{_kind(symbol)} has no value.")

    def _size_of(self, target: ast.Expression, index: ast.Expression | None, span: Span) -> Expression:
        kind = self.expression(target).type
        if not isinstance(kind, Array):
            raise error(span, f"{kind} has no size.")
        place = 0
        if index is not None:
            most = len(kind.dimensions) - 1
            place = self.constant(index, "The number of a dimension", most=most, code=ErrorCode.SEMANTIC)
        return Constant(UINT, span, kind.dimensions[place])

    def _joined(self, node: ast.Concatenation) -> Expression:
        parts = self.expression(node.lhs), self.expression(node.rhs)
        left, right = (part.type for part in parts)
        if isinstance(left, Array) and isinstance(right, Array):
            if left.element != right.element or left.dimensions[1:] != right.dimensions[1:]:
                raise error(node.span, f"{left} and {right} cannot be joined.")
            length = left.dimensions[0] + right.dimensions[0]
            kind = Array(left.element, (length, *left.dimensions[1:]))
            return typed.folded(Applied(kind, node.span, lambda one, other: one + other, parts), *parts)
        return typed.joined(parts, node.span)

    def _element(self, node: ast.IndexExpression) -> Expression:
        value = self.expression(node.collection)
        if isinstance(value.type, Array):
            return typed.selected(value, self.array_indices(node.index, value.type.dimensions, node.span), node.span)
        indices, width = self.indices(node.index, _width_for_indices(value.type, node.collection.span), node.span)
        return typed.picked(value, indices, width, node.span)

    def array_indices(
        self, node: ast.IndexElement, dimensions: Sequence[int], span: Span
    ) -> list[tuple[Indices, int | None]]:
        """Which elements are meant in the first dimensions of an array."""
        if isinstance(node, ast.DiscreteSet):
            raise error(span, "An array has no sets of indices.")
        if len(node) > len(dimensions):
            raise error(span, f"An array of {len(dimensions)} dimensions has no {len(node)} indices.")
        return [self.indices([index], size, span) for index, size in zip(node, dimensions, strict=False)]

    def indices(self, node: ast.IndexElement, size: int, span: Span) -> tuple[Indices, int | None]:
        """Which bits or qubits are meant, and how many; None: a single one."""
        if isinstance(node, ast.DiscreteSet):
            values = [self.expression(value) for value in node.values]
            return typed.listed(values, size, span), len(values)
        if len(node) != 1:
            raise error(span, "Bits and qubits have one index only.")
        [index] = node
        if isinstance(index, ast.RangeDefinition):
            start, step, end = (part and self.expression(part) for part in (index.start, index.step, index.end))
            return typed.ranged(start, step, end, size, index.span, distance=self._distance(index.start, index.end))
        return typed.listed([self.expression(index)], size, index.span), None

    def _distance(self, start: ast.Expression | None, end: ast.Expression | None) -> int | None:
        """How far one index is from another that is written as the same with something known added to it."""
        if start is None or end is None:
            return None
        (from_, first), (to, last) = self._sum(start), self._sum(end)
        return last - first if from_ == to else None

    def _sum(self, node: ast.Expression) -> tuple[ast.Expression, int]:
        """Something, and what is known that is added to it."""
        known = 0
        while isinstance(node, ast.BinaryExpression) and node.op.name in ("+", "-"):
            right, left = self._known_integer(node.rhs), self._known_integer(node.lhs)
            if right is not None:
                known += right if node.op.name == "+" else -right
                node = node.lhs
            elif left is not None and node.op.name == "+":
                known += left
                node = node.rhs
            else:
                break
        return node, known

    def _known_integer(self, node: ast.Expression) -> int | None:
        """The value of a literal, or of a constant that is named."""
        if isinstance(node, ast.IntegerLiteral):
            return int(node.value)
        symbol = self.scope.find(node.name) if isinstance(node, ast.Identifier) else None
        if isinstance(symbol, ConstantSymbol) and isinstance(symbol.type, Int | Uint):
            value: int = symbol.value
            return value
        return None

    # -- calls -----------------------------------------------------------------------------------------------------

    def _call(self, name: ast.Identifier, arguments: Sequence[ast.Expression], span: Span) -> Expression | None:
        symbol = self.scope.find(name.name)
        if symbol is None and typed.is_built_in(name.name):
            return typed.call(name.name, [self.expression(argument) for argument in arguments], span)
        match self.lookup(name):
            case SubroutineSymbol(subroutine=subroutine):
                return self.call_subroutine(subroutine, arguments, span)
            case GenericSymbol() as generic:
                return self.call_subroutine(self._instance(generic, arguments, span), arguments, span)
            case ExternSymbol() as extern:
                return self._call_extern(extern, arguments, span)
            case GateSymbol():
                raise error(span, f"The gate '{name.name}' is applied to qubits: {name.name}(...) q;")
        raise error(span, f"'{name.name}' cannot be called.")

    def _call_extern(self, extern: ExternSymbol, arguments: Sequence[ast.Expression], span: Span) -> Expression | None:
        bound = EXTERNS.get(extern.function)
        if bound is None:
            message = f"The extern '{extern.name}' is not bound to anything here."
            hint = f"bind it by a line before it: pragma {pragmas.NAME} bind {extern.name[:40]} FUNCTION"
            raise error(span, message, ErrorCode.EXTERN_UNBOUND, hint)
        if not bound.fits(extern.arguments, extern.returned):
            message = f"The extern '{extern.name}' is bound to a function here that takes or returns something else."
            raise error(span, message, ErrorCode.EXTERN_UNBOUND, f"declare it so: {bound.declaration}")
        if len(arguments) != len(extern.arguments):
            raise error(span, f"'{extern.name}' takes {len(extern.arguments)} arguments, not {len(arguments)}.")
        values = [
            typed.converted(self.expression(argument), kind)
            for argument, kind in zip(arguments, extern.arguments, strict=True)
        ]
        if extern.returned is None or isinstance(bound, Nothing):
            return None
        return typed.folded(Applied(extern.returned, span, bound.of(extern.arguments[0]), (values[0],)), values[0])

    def call_subroutine(
        self, subroutine: Subroutine, arguments: Sequence[ast.Expression | ast.IndexedIdentifier], span: Span
    ) -> Expression | None:
        """Call a subroutine, and give what it returns."""
        if len(arguments) != len(subroutine.arguments):
            message = f"'{subroutine.name}' takes {len(subroutine.arguments)} arguments, not {len(arguments)}."
            raise error(span, message)
        passed: list[Expression | Qubits] = []
        for kind, argument in zip(subroutine.arguments, arguments, strict=True):
            if isinstance(kind, Type):
                passed.append(typed.converted(self.expression(argument), kind))
            else:
                passed.append(self._passed_qubits(argument, kind))
        _refuse_overlaps([one for one in passed if isinstance(one, Qubits)])
        slot = None if subroutine.returned is None else self.slot()
        given_back = tuple(
            self._given_back(place, argument) for place, argument in enumerate(arguments) if place in subroutine.changes
        )
        self.emit(Call(span, subroutine, tuple(passed), slot, given_back))
        return None if slot is None or subroutine.returned is None else Variable(subroutine.returned, span, slot)

    def _instance(self, generic: GenericSymbol, arguments: Sequence[ast.Expression], span: Span) -> Subroutine:
        """A subroutine for arrays of these lengths."""
        wanted = generic.node.arguments
        if len(arguments) != len(wanted):
            raise error(span, f"'{generic.node.name.name}' takes {len(wanted)} arguments, not {len(arguments)}.")
        key = []
        for argument, passed in zip(wanted, arguments, strict=True):
            if is_of_any_length(argument):
                kind = self.expression(passed).type
                count = self.constant(argument.type.dimensions, "#dim", most=MAX_DIMENSIONS, code=ErrorCode.ARRAY)
                if not isinstance(kind, Array) or len(kind.dimensions) != count:
                    raise error(passed.span, f"{kind} is no array of {count} dimensions.")
                key.append(kind.dimensions)
        if tuple(key) not in generic.instances:
            if len(generic.instances) >= MAX_INSTANCES:
                message = f"A subroutine is called with arrays of {MAX_INSTANCES} lengths at most."
                raise error(span, message, ErrorCode.ARRAY)
            self.compile_instance(generic, tuple(key))
        return generic.instances[tuple(key)]

    def compile_instance(self, generic: GenericSymbol, key: tuple[tuple[int, ...], ...]) -> None:
        """Compile a subroutine for arrays of these lengths, and keep it."""
        raise NotImplementedError

    def _given_back(self, at: int, argument: ast.Expression) -> tuple[int, Place]:
        """An argument that a subroutine may change: what becomes what its slot is in the end."""
        name, indices = indexed(argument)
        if name is None:
            raise error(argument.span, "This subroutine changes its argument, so that must be a variable.")
        target: ast.Identifier | ast.IndexedIdentifier = name
        if indices:
            target = ast.IndexedIdentifier(name, indices)
            target.span = argument.span
        return at, self.target(target)[1]

    def _passed_qubits(self, argument: ast.Expression | ast.IndexedIdentifier, width: int | None) -> Qubits:
        qubits = self.qubits_of(argument)
        if qubits.width != width:
            raise error(argument.span, f"{_told(qubits.width)} where {_told(width)} is wanted.")
        return qubits

    def _duration_of(self, target: list[ast.Statement], span: Span) -> Expression:
        raise NotImplementedError

    # -- qubits ----------------------------------------------------------------------------------------------------

    def qubits_of(self, node: ast.Expression | ast.IndexedIdentifier) -> Qubits:
        """A reference to qubits."""
        match node:
            case ast.Identifier(name=name) if name.startswith("$"):
                return self.hardware_qubit(node)
            case ast.Identifier():
                symbol = self.lookup(node)
                if isinstance(symbol, QubitSymbol):
                    return symbol.qubits
                raise error(node.span, f"{_kind(symbol)} is no qubit.")
            case ast.IndexedIdentifier(name=name, indices=indices):
                found = self.qubits_of(name)
                for index in indices:
                    found = self._picked_qubits(found, index, node.span)
                return found
            case ast.IndexExpression(collection=collection, index=index):
                return self._picked_qubits(self.qubits_of(collection), index, node.span)
            case ast.Concatenation(lhs=left, rhs=right):
                parts = self.qubits_of(left), self.qubits_of(right)
                _refuse_overlaps(parts)
                width = sum(part.width or 1 for part in parts)
                self.spend(width, node.span)
                return known(JoinedQubits(width, node.span, parts), *parts)
        raise error(node.span, "This is no qubit.")

    def hardware_qubit(self, node: ast.Identifier) -> Qubits:
        """A qubit that needs no declaration, such as `$0`."""
        digits = node.name[1:].lstrip("0") or "0"
        number = int(digits) if len(digits) < len(str(MAX_QUBITS)) else MAX_QUBITS
        if number >= MAX_QUBITS:
            raise error(node.span, f"There may be {MAX_QUBITS} qubits at most.", ErrorCode.QUBITS)
        symbol = self.everywhere.names.get(f"${number}")
        if isinstance(symbol, QubitSymbol):
            return symbol.qubits
        qubits = TheseQubits(None, node.span, (self.new_qubits(1, node.span),))
        self.everywhere.names[f"${number}"] = QubitSymbol(node.span, qubits)
        return qubits

    def new_qubits(self, count: int, span: Span) -> int:
        """The number of the first of some new qubits."""
        self.qubits += count
        if self.qubits > MAX_QUBITS:
            raise error(span, f"There may be {MAX_QUBITS} qubits at most.", ErrorCode.QUBITS)
        return self.qubits - count

    def _picked_qubits(self, register: Qubits, index: ast.IndexElement, span: Span) -> Qubits:
        if register.width is None:
            raise error(span, "A single qubit has no index.")
        indices, width = self.indices(index, register.width, span)
        self.spend(width or 1, span)
        return known(PickedQubits(width, span, register, indices), register, *typed.parts_of(indices))

    # -- what can be written to ------------------------------------------------------------------------------------

    def target(
        self, node: ast.Identifier | ast.IndexedIdentifier, variable: VariableSymbol | None = None
    ) -> tuple[Type, Place]:
        """What can be assigned to: a variable, some elements or some bits of one. Gives its type, and where it is.

        It is of `variable`, if there is one, and else of the one of that name.
        """
        name = node if isinstance(node, ast.Identifier) else node.name
        symbol = variable or self.lookup(name)
        if not isinstance(symbol, VariableSymbol) or symbol.is_fixed:
            raise error(name.span, f"{_kind(symbol)} cannot be assigned to.")
        kind, place = symbol.type, Place(symbol.slot, bits=symbol.bits)
        for index in node.indices if isinstance(node, ast.IndexedIdentifier) else ():
            if isinstance(kind, Array):
                kind, elements = self._selected_target(kind, place.elements, index, node.span)
                place = replace(place, elements=elements)
                continue
            inner, width = self.indices(index, _width_for_indices(kind, node.span), node.span)
            bits = inner if place.bits is None else Nested(place.bits.size, place.bits, inner)
            place = replace(place, bits=bits, signed=place.signed or isinstance(kind, Int))
            kind = bits_type(width)
        return kind, place

    def _selected_target(
        self, kind: Array, before: Selection | None, index: ast.IndexElement, span: Span
    ) -> tuple[Type, Selection]:
        """Elements of an array, or of elements that were picked before by an index alone."""
        parts = self.array_indices(index, kind.dimensions, span)
        outer = Selection(kind.dimensions, ()) if before is None else before
        if len(outer.dimensions) - len(outer.parts) != len(kind.dimensions):
            raise error(span, "What a range has picked is not picked from again here.", ErrorCode.UNSUPPORTED)
        widths = [width for _, width in parts if width is not None]
        dimensions = (*widths, *kind.dimensions[len(parts) :])
        selection = Selection(outer.dimensions, (*outer.parts, *(indices for indices, _ in parts)))
        return (Array(kind.element, dimensions) if dimensions else kind.element), selection


def is_of_any_length(node: ast.ClassicalArgument | ast.QuantumArgument) -> bool:
    """Whether an argument is an array of which only the number of dimensions is known."""
    return (
        isinstance(node, ast.ClassicalArgument)
        and isinstance(node.type, ast.ArrayReferenceType)
        and not isinstance(node.type.dimensions, list)
    )


def indexed(node: ast.Expression) -> tuple[ast.Identifier | None, list[ast.IndexElement]]:
    """A name and its indices; None where the expression is another one."""
    indices: list[ast.IndexElement] = []
    while isinstance(node, ast.IndexExpression):
        indices.insert(0, node.index)
        node = node.collection
    return (node if isinstance(node, ast.Identifier) else None), indices


def known(qubits: Q, *parts: Qubits | Expression) -> Qubits:
    """A reference, or the qubits themselves where what it is made of is known."""
    ranges = not isinstance(qubits, PickedQubits) or isinstance(qubits.indices, Listed | Ranged)
    if not ranges or not all(isinstance(part, TheseQubits | Constant) for part in parts):
        return qubits
    return TheseQubits(qubits.width, qubits.span, qubits.numbers([]))


def _refuse_overlaps(parts: Sequence[Qubits]) -> None:
    seen: set[int] = set()
    for part in parts:
        if isinstance(part, TheseQubits):
            if seen & set(part.found):
                raise error(part.span, "A qubit stands here twice.")
            seen |= set(part.found)


def _width_for_indices(kind: Type, span: Span) -> int:
    if isinstance(kind, Bits):
        return kind.width
    if isinstance(kind, Int | Uint | Angle):
        return kind.bits
    raise error(span, f"{kind} has no bits that could be picked.")


def _kind(symbol: Symbol) -> str:
    match symbol:
        case ConstantSymbol():
            return "A constant"
        case JoinedSymbol():
            return "An alias of several variables"
        case VariableSymbol():
            return "An input" if symbol.is_fixed else "A variable"
        case QubitSymbol():
            return "A qubit"
        case GateSymbol():
            return "A gate"
    return "A subroutine"


def _work_of_a_power(kind: Type) -> int:
    """It grows with the square of the width."""
    return (kind.bits // 64) ** 2 if isinstance(kind, Int | Uint) else 1


def _told(width: int | None) -> str:
    return "a qubit" if width is None else f"a register of {width} qubits"


def _literal(node: ast.Expression) -> tuple[Type, Value] | None:
    match node:
        case ast.IntegerLiteral(value=value):
            return (INT, value) if value < 1 << 63 else (Uint(max(64, value.bit_length())), value)
        case ast.FloatLiteral(value=value):
            return FLOAT, value
        case ast.BooleanLiteral(value=value):
            return BOOL, int(value)
        case ast.BitstringLiteral(value=value, width=width):
            return Bits(width), value
        case ast.ImaginaryLiteral(value=value):
            return Complex(), complex(0, value)
        case ast.DurationLiteral(value=value, unit=unit):
            is_cycles = unit.name == "dt"
            return DURATION, Time(cycles=value) if is_cycles else Time(seconds=value * _UNITS[unit.name])
    return None
