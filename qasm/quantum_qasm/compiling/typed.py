"""Typed expressions: made of others, evaluated at once where they are constant, refused where types do not fit."""

from collections.abc import Sequence
from math import prod

from quantum_tasks.errors import Code

from quantum_qasm import operators
from quantum_qasm.diagnostics import Diagnostic, SourceError
from quantum_qasm.functions import function, names
from quantum_qasm.ir import (
    Applied,
    Constant,
    Converted,
    Expression,
    Indices,
    JoinedBits,
    Listed,
    PickedBits,
    Ranged,
    Selected,
    Selection,
    Variable,
    bits_type,
    inclusive,
    place_of,
    width_of,
)
from quantum_qasm.spans import Span
from quantum_qasm.types import INT, Angle, Array, Bit, Bits, Bool, Complex, Duration, Float, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError, Time, Value, can_cast


def error(
    span: Span, message: str, code: Code = Code.SEMANTIC, hint: str = "", *, is_tolerated: bool = False
) -> SourceError:
    """The refusal of a part of a program."""
    return SourceError(Diagnostic(code, message, span, hint, is_tolerated))


def folded(expression: Expression, *parts: Expression) -> Expression:
    """An expression, or its value where the parts that it is made of are constant."""
    if not all(isinstance(part, Constant) for part in parts):
        return expression
    try:
        return Constant(expression.type, expression.span, expression.evaluate([]))
    except NoSuchValueError as refused:
        raise error(expression.span, _sentence(str(refused)), refused.code) from None


def binary(operator: str, left: Expression, right: Expression, span: Span) -> Expression:
    """An operator between two expressions."""
    found = operators.binary(operator, left.type, right.type)
    if found is None:
        message = f"'{operator}' is not defined between {left.type} and {right.type}."
        is_tolerated = is_bits(left) or is_bits(right) or _compares_bits(operator, left.type, right.type)
        raise error(span, message, hint=_hint(left, right), is_tolerated=is_tolerated)
    arguments = cast_to(left, found.left), cast_to(right, found.right)
    return folded(Applied(found.result, span, found.apply, arguments), *arguments)


def unary(operator: str, operand: Expression, span: Span) -> Expression:
    """An operator before an expression."""
    found = operators.unary(operator, operand.type)
    if found is None:
        raise error(span, f"'{operator}' is not defined for {operand.type}.")
    argument = cast_to(operand, found.operand)
    return folded(Applied(found.result, span, found.apply, (argument,)), argument)


def call(name: str, arguments: Sequence[Expression], span: Span) -> Expression:
    """A built-in function of some expressions."""
    found = function(name, [argument.type for argument in arguments])
    if found is None:
        told = ", ".join(str(argument.type) for argument in arguments)
        raise error(span, f"'{name}' is not defined for ({told}).")
    taken = tuple(cast_to(argument, kind) for argument, kind in zip(arguments, found.inputs, strict=True))
    return folded(Applied(found.result, span, found.apply, taken), *taken)


def is_built_in(name: str) -> bool:
    """Whether there is a built-in function of this name."""
    return name in names()


def cast_to(expression: Expression, target: Type, span: Span | None = None) -> Expression:
    """An expression in another type, to which it can be cast."""
    if expression.type == target:
        return expression
    return folded(Converted(target, span or expression.span, expression), expression)


def written_cast(expression: Expression, target: Type, span: Span) -> Expression:
    """A cast that stands in the program."""
    if not can_cast(expression.type, target):
        raise error(span, f"{expression.type} cannot be cast to {target}.")
    return cast_to(expression, target, span)


def converted(expression: Expression, target: Type) -> Expression:
    """An expression where a type is wanted, and no cast is written."""
    if isinstance(target, Array) and isinstance(expression.type, Array):
        return _converted_array(expression, expression.type, target)
    if not _converts(expression, target):
        hint = f"write {target}(...)" if can_cast(expression.type, target) else ""
        message = f"{expression.type} is not {target}."
        raise error(expression.span, message, hint=hint, is_tolerated=is_bits(expression))
    if isinstance(target, Angle) and isinstance(expression.type, Int | Uint):
        expression = cast_to(expression, Float())
    return cast_to(expression, target)


def _converted_array(expression: Expression, source: Array, target: Array) -> Expression:
    if source.dimensions != target.dimensions:
        raise error(expression.span, f"{source} is not {target}.")
    if source.element == target.element:
        return expression
    one = Variable(source.element, expression.span, 0)
    converted_one = converted(one, target.element)

    def each(elements: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(converted_one.evaluate([element]) for element in elements)

    return folded(Applied(target, expression.span, each, (expression,)), expression)


def array_of(elements: Sequence[Expression], kind: Array, span: Span) -> Expression:
    """An array of elements, all in a row."""
    return folded(Applied(kind, span, lambda *values: values, tuple(elements)), *elements)


def zero(kind: Type, span: Span) -> Expression:
    """What a variable is before something was assigned to it."""
    if isinstance(kind, Array):
        element = zero(kind.element, span)
        assert isinstance(element, Constant)  # noqa: S101 - a zero is
        return Constant(kind, span, (element.value,) * prod(kind.dimensions))
    return Constant(kind, span, Time() if isinstance(kind, Duration) else 0)


def selected(array: Expression, parts: Sequence[tuple[Indices, int | None]], span: Span) -> Expression:
    """Elements of an array: for each of its first dimensions indices, and how many (None: one alone)."""
    kind = array.type
    assert isinstance(kind, Array)  # noqa: S101 - who calls has seen that
    dimensions = [width for _, width in parts if width is not None] + list(kind.dimensions[len(parts) :])
    result = Array(kind.element, tuple(dimensions)) if dimensions else kind.element
    selection = Selection(kind.dimensions, tuple(indices for indices, _ in parts))
    values = [value for indices, _ in parts for value in parts_of(indices)]
    return folded(Selected(result, span, array, selection), array, *values)


def _converts(expression: Expression, target: Type) -> bool:
    source = expression.type
    if source == target:
        return True
    if isinstance(target, Angle):
        # integers are radians only where everybody sees so: `angle a = 0;`
        is_plain = isinstance(source, Int | Uint) and isinstance(expression, Constant)
        return isinstance(source, Float | Angle) or is_plain
    return isinstance(source, _CONVERTED.get(type(target), ()))


_WHOLE = (Bool, Bit, Int, Uint)
_CONVERTED: dict[type[Type], tuple[type[Type], ...]] = {
    **dict.fromkeys(_WHOLE, _WHOLE),
    Float: (*_WHOLE, Float),
    Complex: (*_WHOLE, Float, Complex),
}
"""What becomes what without a cast being written."""


def condition(expression: Expression) -> Expression:
    """An expression as a condition."""
    if isinstance(expression.type, Complex | Duration):
        raise error(expression.span, f"{expression.type} is no condition.")
    return expression if isinstance(expression.type, Bool | Bit) else cast_to(expression, Bool())


def integer(expression: Expression) -> Expression:
    """An expression that is to be an integer, such as an index."""
    if isinstance(expression.type, Int | Uint):
        return expression
    if isinstance(expression.type, Bool | Bit):
        return cast_to(expression, INT)
    raise error(expression.span, f"{expression.type} is no integer.", is_tolerated=is_bits(expression))


def constant_integer(expression: Expression, what: str, *, least: int = 0, most: int, code: Code) -> int:
    """The value of an integer that must be known, and within bounds."""
    value = integer(expression)
    if not isinstance(value, Constant):
        raise error(expression.span, f"{what} must be a constant.")
    if value.value < least:
        raise error(expression.span, f"{what} must be at least {least}.")
    if value.value > most:
        raise error(expression.span, f"{what} is {value.value}, and may be {most} at most.", code)
    number: int = value.value
    return number


# -- indices -----------------------------------------------------------------------------------------------------------


def checked(indices: Indices, parts: Sequence[Expression], span: Span) -> Indices:
    """Indices, refused where it can be seen that they are out of range."""
    if all(isinstance(part, Constant) for part in parts):
        try:
            indices.places([])
        except NoSuchValueError as refused:
            raise error(span, _sentence(str(refused))) from None
    return indices


def listed(values: Sequence[Expression], size: int, span: Span) -> Indices:
    """Some indices."""
    found = tuple(integer(value) for value in values)
    for value in found:
        checked(Listed(size, (value,)), [value], value.span)
    return checked(Listed(size, found), found, span)


def ranged(
    start: Expression | None,
    step: Expression | None,
    end: Expression | None,
    size: int,
    span: Span,
    *,
    distance: int | None = None,
) -> tuple[Indices, int]:
    """A range of indices, and how many there are. Its ends are constant, or follow each other in a known distance."""
    first = Constant(INT, span, 0) if start is None else integer(start)
    by = Constant(INT, span, 1) if step is None else integer(step)
    last = Constant(INT, span, size - 1) if end is None else integer(end)
    if not isinstance(by, Constant):
        raise _no_known_range(span)
    try:
        if isinstance(first, Constant) and isinstance(last, Constant):
            places = inclusive(place_of(first.value, size), by.value, place_of(last.value, size))
        elif distance is not None:
            places = inclusive(0, by.value, distance)
        else:
            raise _no_known_range(span)
    except NoSuchValueError as refused:
        raise error(span, _sentence(str(refused)), is_tolerated=by.value != 0) from None
    if not places:
        raise error(span, "The range is empty.", is_tolerated=True)
    if len(places) > size:
        raise error(span, f"The range has more than the {size} elements that there are.")
    return Ranged(size, first, by, last), len(places)


def _no_known_range(span: Span) -> SourceError:
    message = "The ends of a range must be constants, or in a known distance from each other: [i:i + 2]."
    return error(span, message, Code.UNSUPPORTED, is_tolerated=True)


def parts_of(indices: Indices) -> tuple[Expression, ...]:
    """What indices are computed from."""
    match indices:
        case Listed(values=values):
            return values
        case Ranged(start=start, step=step, end=end):
            return (start, step, end)
    return ()


def picked(operand: Expression, indices: Indices, width: int | None, span: Span) -> Expression:
    """Some bits of an expression."""
    return folded(PickedBits(bits_type(width), span, operand, indices), operand, *parts_of(indices))


def joined(parts: Sequence[Expression], span: Span) -> Expression:
    """Registers in a row."""
    for part in parts:
        if not isinstance(part.type, Bits | Bit):
            raise error(part.span, f"{part.type} cannot be joined to a register.")
    width = sum(width_of(part.type) for part in parts)
    return folded(JoinedBits(Bits(width), span, tuple(parts)), *parts)


def is_bits(expression: Expression) -> bool:
    """Whether this is a register that is written out, which Qiskit's importer takes for a number."""
    return isinstance(expression, Constant) and isinstance(expression.type, Bits)


def _compares_bits(operator: str, left: Type, right: Type) -> bool:
    """Whether Qiskit's importer extends the shorter one of two operands of a condition with zeros."""
    kinds = (Bits, Bit, Bool, Int, Uint)
    is_between_bits = isinstance(left, kinds) and isinstance(right, kinds) and Bits in (type(left), type(right))
    return operator in _OF_CONDITIONS and is_between_bits


_OF_CONDITIONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "&", "|", "^"})


def _hint(left: Expression, right: Expression) -> str:
    for one in (left, right):
        if isinstance(one.type, Bits):
            return f"write uint[{one.type.width}](...)"
    return ""


def _sentence(message: str) -> str:
    return message[:1].upper() + message[1:] + "."
