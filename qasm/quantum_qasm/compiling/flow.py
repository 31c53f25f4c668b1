"""Control flow: branches, loops, switches, scopes."""

from collections.abc import Callable, Sequence

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm.compiling import typed
from quantum_qasm.compiling.declarations import Declarations
from quantum_qasm.compiling.typed import error
from quantum_qasm.ir import Applied, Assign, Branch, Constant, End, Expression, Jump, Place, Variable, width_of
from quantum_qasm.operators import common
from quantum_qasm.spans import Span
from quantum_qasm.types import BOOL, INT, Array, Bit, Bits, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError

_UNBOUNDED = Int(256)
"""The type of a loop's counter, which nobody sees: it passes the end without turning over."""


class Flow(Declarations):
    """Compiles control flow."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: list[tuple[list[Jump], list[Jump]]] = []
        """Of each loop around here, the jumps to its end and to its next turn."""

    def statements(self, nodes: Sequence[ast.Statement | ast.Pragma]) -> None:
        """Compile some: see Statements."""
        raise NotImplementedError

    def block(self, nodes: Sequence[ast.Statement]) -> None:
        """Compile some, in a scope of their own."""
        with self.scoped():
            self.statements(nodes)

    def branching(self, node: ast.BranchingStatement) -> None:
        """`if (c) { ... } else { ... }`."""
        branch = Branch(node.condition.span, typed.condition(self.expression(node.condition)))
        self.emit(branch)
        self.block(node.if_block)
        if node.else_block:
            over = Jump(node.span)
            self.emit(over)
            branch.otherwise = self.here
            self.block(node.else_block)
            over.to = self.here
        else:
            branch.otherwise = self.here

    def while_loop(self, node: ast.WhileLoop) -> None:
        """`while (c) { ... }`."""
        head = self.here
        branch = Branch(node.while_condition.span, typed.condition(self.expression(node.while_condition)))
        self.emit(branch)
        breaks, continues = self._loop_body(node.block)
        self.emit(Jump(node.span, head))
        branch.otherwise = self.here
        _have_go_to(continues, head)
        _have_go_to(breaks, self.here)

    def for_loop(self, node: ast.ForInLoop) -> None:
        """`for int i in [0:3] { ... }`."""
        kind = self.type_of(node.type)
        counter, advance, condition, value = self._iteration(node)
        head = self.here
        branch = Branch(node.span, condition)
        self.emit(branch)
        with self.scoped():
            symbol = self.variable(node.identifier, kind)
            self.emit(Assign(node.span, Place(symbol.slot), typed.converted(value, kind)))
            breaks, continues = self._loop_body(node.block)
        _have_go_to(continues, self.here)
        self.emit(Assign(node.span, Place(counter), advance))
        self.emit(Jump(node.span, head))
        branch.otherwise = self.here
        _have_go_to(breaks, self.here)

    def _iteration(self, node: ast.ForInLoop) -> tuple[int, Expression, Expression, Expression]:
        """A loop's counter: its slot, its next value, whether it is in range, and what the variable is by it."""
        values = node.set_declaration
        if isinstance(values, ast.RangeDefinition):
            return self._range_iteration(values)
        if isinstance(values, ast.DiscreteSet):
            parts = [self.expression(value) for value in values.values]
            for part in filter(typed.is_bits, parts):
                typed.integer(part)  # refused, and told of as what it is
            kinds = {part.type for part in parts}
            kind = parts[0].type if len(kinds) == 1 else _common([part.type for part in parts], values.span)
            elements: Sequence[Expression] = [typed.cast_to(part, kind) for part in parts]
            return self._element_iteration(_tuple(elements, kind, values.span), len(elements))
        register = self.expression(values)
        if isinstance(register.type, Array) and len(register.type.dimensions) == 1:
            kept = Applied(register.type.element, values.span, lambda found: found, (register,))
            return self._element_iteration(kept, register.type.dimensions[0])
        if not isinstance(register.type, Bits):
            raise error(values.span, f"{register.type} cannot be gone through by a loop.")
        width = register.type.width
        bits = Applied(
            Bit(), values.span, lambda value: tuple(value >> place & 1 for place in range(width)), (register,)
        )
        return self._element_iteration(bits, width)

    def _range_iteration(self, values: ast.RangeDefinition) -> tuple[int, Expression, Expression, Expression]:
        span = values.span
        if values.start is None or values.end is None:
            raise error(span, "The range of a loop has both ends.")
        step = Constant(INT, span, 1) if values.step is None else typed.integer(self.expression(values.step))
        if isinstance(step, Constant) and step.value == 0:
            raise error(step.span, "A range with a step of 0.")
        start, end = (typed.integer(self.expression(part)) for part in (values.start, values.end))
        kind = common(start.type, end.type) or INT
        slots = []
        for part in (start, step, end):
            slots.append(self.slot())
            self.emit(Assign(part.span, Place(slots[-1]), part))
        counter, by, last = (Variable(_UNBOUNDED, span, slot) for slot in slots)
        condition = Applied(BOOL, span, _is_within, (counter, by, last))
        advance = Applied(_UNBOUNDED, span, lambda value, distance: value + distance, (counter, by))
        return slots[0], advance, condition, Variable(kind, span, slots[0])

    def _element_iteration(self, elements: Expression, count: int) -> tuple[int, Expression, Expression, Expression]:
        span = elements.span
        kept, at = self.slot(), self.slot()
        self.emit(Assign(span, Place(kept), elements))
        self.emit(Assign(span, Place(at), Constant(INT, span, 0)))
        counter = Variable(INT, span, at)
        condition = Applied(BOOL, span, lambda place: int(place < count), (counter,))
        advance = Applied(INT, span, lambda place: place + 1, (counter,))
        parts = Variable(elements.type, span, kept), counter
        return at, advance, condition, Applied(elements.type, span, lambda found, place: found[place], parts)

    def _loop_body(self, nodes: Sequence[ast.Statement]) -> tuple[list[Jump], list[Jump]]:
        self.loops.append(([], []))
        self.block(nodes)
        return self.loops.pop()

    def break_statement(self, node: ast.BreakStatement) -> None:
        """`break;`."""
        jump = Jump(node.span)
        self.loops[-1][0].append(jump)
        self.emit(jump)

    def continue_statement(self, node: ast.ContinueStatement) -> None:
        """`continue;`."""
        jump = Jump(node.span)
        self.loops[-1][1].append(jump)
        self.emit(jump)

    def end_statement(self, node: ast.EndStatement) -> None:
        """`end;`."""
        self.emit(End(node.span))

    def switch(self, node: ast.SwitchStatement) -> None:
        """`switch (i) { case 1, 2 { ... } default { ... } }`."""
        target = self._switched(node.target)
        if not node.cases:
            self.warn(node.span, "A switch has one case at least.", ErrorCode.TOLERATED)
        slot = self.slot()
        self.emit(Assign(target.span, Place(slot), target))
        seen: set[int] = set()
        overs: list[Jump] = []
        for labels, block in node.cases:
            values = frozenset(self._label(label, seen) for label in labels)
            is_here = Applied(BOOL, block.span, _is_among(values), (Variable(target.type, target.span, slot),))
            branch = Branch(block.span, is_here)
            self.emit(branch)
            self.block(block.statements)
            overs.append(Jump(block.span))
            self.emit(overs[-1])
            branch.otherwise = self.here
        if node.default is not None:
            self.block(node.default.statements)
        _have_go_to(overs, self.here)

    def _switched(self, node: ast.Expression) -> Expression:
        target = self.expression(node)
        if isinstance(target.type, Bit | Bits):
            kind = Uint(width_of(target.type))
            self.warn(target.span, f"{target.type} is no integer; {kind}(...) is meant.", ErrorCode.TOLERATED)
            return typed.cast_to(target, kind)
        if not isinstance(target.type, Int | Uint):
            raise error(target.span, f"{target.type} is no integer.")
        return target

    def _label(self, node: ast.Expression, seen: set[int]) -> int:
        value = typed.integer(self.expression(node))
        if not isinstance(value, Constant):
            raise error(value.span, "A case is a constant.", is_tolerated=True)
        if value.value in seen:
            raise error(value.span, f"There is a case of {value.value} already.")
        seen.add(value.value)
        label: int = value.value
        return label

    def scope_statement(self, node: ast.CompoundStatement) -> None:
        """`{ ... }`."""
        self.block(node.statements)


def _tuple(elements: Sequence[Expression], kind: Type, span: Span) -> Expression:
    return Applied(kind, span, lambda *values: values, tuple(elements))


def _common(kinds: Sequence[Type], span: Span) -> Type:
    found: Type | None = kinds[0]
    for kind in kinds[1:]:
        found = None if found is None else common(found, kind)
    if found is None:
        raise error(span, "The values of a set are of one type.")
    return found


def _is_within(value: int, step: int, end: int) -> int:
    if step == 0:
        raise NoSuchValueError("a range with a step of 0")
    return int(value <= end if step > 0 else value >= end)


def _is_among(values: frozenset[int]) -> Callable[[int], int]:
    return lambda value: int(value in values)


def _have_go_to(jumps: Sequence[Jump], place: int) -> None:
    for jump in jumps:
        jump.to = place
