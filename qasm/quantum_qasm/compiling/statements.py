"""Statements: declarations, assignments, measurements, control flow, subroutines."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm import pragmas
from quantum_qasm.compiling import typed
from quantum_qasm.compiling.expressions import MAX_ALL_ELEMENTS, indexed, is_of_any_length
from quantum_qasm.compiling.gates import Gates
from quantum_qasm.compiling.library import STANDARD
from quantum_qasm.compiling.names import (
    MAX_BITS,
    MAX_QUBITS,
    WORK_OF_A_STATEMENT,
    TooMuchWorkError,
    UnusableError,
)
from quantum_qasm.compiling.scopes import (
    ConstantSymbol,
    ExternSymbol,
    GateSymbol,
    GenericSymbol,
    QubitSymbol,
    SubroutineSymbol,
    VariableSymbol,
)
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import SourceError
from quantum_qasm.externs import EXTERNS
from quantum_qasm.ir import (
    Applied,
    Assign,
    Barrier,
    Bind,
    Branch,
    Constant,
    End,
    Expression,
    Indices,
    Jump,
    Listed,
    Measure,
    NamedQubits,
    Nested,
    Parameter,
    Place,
    Qubits,
    Ranged,
    Register,
    Reset,
    Return,
    Selected,
    Selection,
    Subroutine,
    TheseQubits,
    Variable,
    bits_type,
    width_of,
)
from quantum_qasm.operators import common
from quantum_qasm.parsing.blocks import MAX_ERRORS
from quantum_qasm.spans import Span
from quantum_qasm.types import BOOL, INT, Array, Bit, Bits, Duration, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError, Time

_UNBOUNDED = Int(256)
"""The type of a loop's counter, which nobody sees: it passes the end without turning over."""


class Statements(Gates):
    """Compiles statements, each by the method for its node."""

    def __init__(self) -> None:
        super().__init__()
        self._ignores_calibrations = False
        self._loops: list[tuple[list[Jump], list[Jump]]] = []
        self._returned: Type | None = None
        self._elements_declared = 0
        self.inputs: list[Parameter] = []
        self.outputs: list[Parameter] = []
        self.variables: list[Parameter] = []
        """Those that are declared outside of any scope."""
        self.may_be_qiskits = True
        """Whether each statement is one that Qiskit's importer may know."""

    def program(self, nodes: Sequence[ast.Statement | ast.Pragma]) -> None:
        """Compile all of it."""
        try:
            self.statements(nodes)
        except TooMuchWorkError as refused:
            self.errors.append(refused.diagnostic)

    def statements(self, nodes: Sequence[ast.Statement | ast.Pragma]) -> None:
        """Compile some; what is wrong with one hides nothing of the others, up to MAX_ERRORS."""
        for node in nodes:
            if len(self.errors) >= MAX_ERRORS:
                return
            try:
                self.statement(node)
            except UnusableError:
                pass  # told before
            except SourceError as refused:
                self.errors.append(refused.diagnostic)
            except (ArithmeticError, ValueError):  # Python's own: an integer that no float holds, the sine of infinity
                message = "A constant here is too large, or is no number."
                self.errors.append(error(node.span, message).diagnostic)

    def statement(self, node: ast.Statement | ast.Pragma) -> None:
        """Compile one."""
        self.may_be_qiskits = self.may_be_qiskits and not _is_not_qiskits(node)
        self.spend(WORK_OF_A_STATEMENT, node.span)
        compile_it = _STATEMENTS.get(type(node))
        if compile_it is not None:
            compile_it(self, node)
        elif self._ignores_calibrations:
            message = "This calibration is left out: gates are ideal here, and take no time."
            self.warn(node.span, message, ErrorCode.PULSE)
        else:
            raise error(node.span, "Calibrations of pulses cannot be run on a simulator.", ErrorCode.PULSE)

    def block(self, nodes: Sequence[ast.Statement]) -> None:
        """Compile some, in a scope of their own."""
        with self.scoped():
            self.statements(nodes)

    # -- declarations ------------------------------------------------------------------------------------------------

    def qubits_declaration(self, node: ast.QubitDeclaration) -> None:
        """`qubit[2] q;`."""
        if not self.is_global:
            raise error(node.span, "Qubits are declared outside of any scope.")
        width = None
        try:
            if node.size is not None:
                width = self.constant(node.size, "The size of a register", most=MAX_QUBITS, code=ErrorCode.QUBITS)
            first = self.new_qubits(1 if width is None else width, node.span)
        except SourceError:
            self.refuse_later(node.qubit)
            raise
        numbers = tuple(range(first, self.qubits))
        self.declare(node.qubit, QubitSymbol(node.qubit.span, TheseQubits(width, node.qubit.span, numbers)))

    def declaration(self, node: ast.ClassicalDeclaration) -> None:
        """`int[8] i = 3;`."""
        value: Expression | Qubits | None = None
        try:
            kind = self.type_of(node.type)
            match node.init_expression:
                case None:
                    pass
                case ast.QuantumMeasurement(qubit=qubit):
                    value = self._measured(qubit, kind)
                case ast.ArrayLiteral() as literal:
                    value = self._array(literal, kind)
                case expression:
                    value = typed.converted(self.expression(expression), kind)
            self._count_bits(kind, node.span)
        except SourceError:
            self.refuse_later(node.identifier)
            raise
        symbol = self.variable(node.identifier, kind)
        if self.is_global:
            self.variables.append(Parameter(node.identifier.name, symbol.slot, kind, node.span))
        if self.is_global and isinstance(kind, Bit | Bits):
            width = kind.width if isinstance(kind, Bits) else None
            self.registers.append(Register(node.identifier.name, symbol.slot, width))
        if isinstance(value, Qubits):
            self.emit(Measure(node.span, value, Place(symbol.slot)))
        else:
            self.emit(Assign(node.span, Place(symbol.slot), value or typed.zero(kind, node.span)))

    def constant_declaration(self, node: ast.ConstantDeclaration) -> None:
        """`const int n = 3;`."""
        try:
            kind = self.type_of(node.type)
            if isinstance(node.init_expression, ast.QuantumMeasurement | ast.ArrayLiteral):
                raise error(node.init_expression.span, "This is no constant.")
            value = typed.converted(self.expression(node.init_expression), kind)
            if not isinstance(value, Constant):
                raise error(value.span, "This is no constant.")
        except SourceError:
            self.refuse_later(node.identifier)
            raise
        self.declare(node.identifier, ConstantSymbol(node.identifier.span, kind, value.value))

    def input_or_output(self, node: ast.IODeclaration) -> None:
        """`input angle theta;`."""
        try:
            kind = self.type_of(node.type)
            self._count_bits(kind, node.span)
        except SourceError:
            self.refuse_later(node.identifier)
            raise
        is_input = node.io_identifier.name == "input"
        symbol = VariableSymbol(node.identifier.span, kind, self.slot(), is_fixed=is_input)
        self.declare(node.identifier, symbol)
        parameter = Parameter(node.identifier.name, symbol.slot, kind, node.span)
        (self.inputs if is_input else self.outputs).append(parameter)
        if not is_input:
            self.emit(Assign(node.span, Place(symbol.slot), typed.zero(kind, node.span)))

    def alias(self, node: ast.AliasStatement) -> None:
        """`let a = q[0:1];`."""
        try:
            symbol = self._aliased(node)
        except SourceError:
            self.refuse_later(node.target)
            raise
        self.declare(node.target, symbol)

    def _aliased(self, node: ast.AliasStatement) -> QubitSymbol | VariableSymbol:
        span = node.target.span
        name, indices = indexed(node.value)
        if isinstance(node.value, ast.Concatenation) and self._is_of_bits(node.value):
            raise error(node.value.span, "Bits have no alias together.", is_tolerated=True)
        if name is not None and isinstance(self.scope.find(name.name), VariableSymbol):
            target: ast.Identifier | ast.IndexedIdentifier = name
            if indices:
                target = ast.IndexedIdentifier(name, indices)
                target.span = node.value.span
            kind, place = self.target(target)
            if place.elements is not None or place.signed:
                raise error(node.value.span, "This cannot have an alias here.", ErrorCode.UNSUPPORTED)
            return VariableSymbol(span, kind, place.slot, place.bits and self._as_now(place.bits))
        qubits = self.qubits_of(node.value)
        if not isinstance(qubits, TheseQubits):
            slot = self.slot()
            self.emit(Bind(node.span, slot, qubits))
            qubits = NamedQubits(qubits.width, span, slot)
        return QubitSymbol(span, qubits)

    def _is_of_bits(self, node: ast.Expression) -> bool:
        if isinstance(node, ast.Concatenation):
            return self._is_of_bits(node.lhs) and self._is_of_bits(node.rhs)
        name, _ = indexed(node)
        symbol = None if name is None else self.scope.find(name.name)
        return isinstance(symbol, VariableSymbol) and isinstance(symbol.type, Bit | Bits)

    def _as_now(self, indices: Indices) -> Indices:
        """Indices with the values that they have now, whatever becomes of the variables in them."""
        match indices:
            case Listed(values=values):
                return replace(indices, values=tuple(self._value_now(value) for value in values))
            case Ranged(start=start, step=step, end=end):
                return replace(
                    indices, start=self._value_now(start), step=self._value_now(step), end=self._value_now(end)
                )
            case Nested(outer=outer, inner=inner):
                return replace(indices, outer=self._as_now(outer), inner=self._as_now(inner))
        raise AssertionError(indices)

    def _value_now(self, value: Expression) -> Expression:
        if isinstance(value, Constant):
            return value
        slot = self.slot()
        self.emit(Assign(value.span, Place(slot), value))
        return Variable(value.type, value.span, slot)

    def _count_bits(self, kind: Type, span: Span) -> None:
        if isinstance(kind, Bit | Bits):
            self.bits += width_of(kind)
            if self.bits > MAX_BITS:
                raise error(span, f"There may be {MAX_BITS} bits at most.", ErrorCode.BITS)
        if isinstance(kind, Array):
            self._elements_declared += prod(kind.dimensions)
            if self._elements_declared > MAX_ALL_ELEMENTS:
                raise error(span, f"All arrays may have {MAX_ALL_ELEMENTS} elements at most.", ErrorCode.ARRAY)

    # -- what is done ------------------------------------------------------------------------------------------------

    def assignment(self, node: ast.ClassicalAssignment) -> None:
        """`i += 1;`."""
        kind, place = self.target(node.lvalue)
        operator = node.op.name
        value = self.expression(node.rvalue)
        if operator == "~=":
            raise error(node.span, "'~=' has no meaning in the specification.", ErrorCode.UNSUPPORTED)
        if operator != "=":
            value = typed.binary(operator[:-1], self._before(node.lvalue), value, node.span)
        self.emit(Assign(node.span, place, typed.converted(value, kind)))

    def _before(self, node: ast.Identifier | ast.IndexedIdentifier) -> Expression:
        """What is at a target now."""
        found: ast.Expression = node if isinstance(node, ast.Identifier) else node.name
        for index in node.indices if isinstance(node, ast.IndexedIdentifier) else ():
            found = ast.IndexExpression(found, index)
            found.span = node.span
        return self.expression(found)

    def _array(self, node: ast.ArrayLiteral, kind: Type) -> Expression:
        """The elements of a literal, which has the shape of the array."""
        if not isinstance(kind, Array):
            raise error(node.span, f"An array is no {kind}.")
        return typed.array_of(list(self._elements(node, kind)), kind, node.span)

    def _elements(self, node: ast.ArrayLiteral, kind: Array) -> Iterator[Expression]:
        size, *inner = kind.dimensions
        if len(node.values) != size:
            raise error(node.span, f"There are {len(node.values)} values where there are to be {size}.")
        for value in node.values:
            if isinstance(value, ast.ArrayLiteral):
                if not inner:
                    raise error(value.span, f"An array is no {kind.element}.")
                yield from self._elements(value, Array(kind.element, tuple(inner)))
            elif inner:
                row = self._kept(typed.converted(self.expression(value), Array(kind.element, tuple(inner))))
                for offset in range(prod(inner)):
                    place = Selection((prod(inner),), (Listed(prod(inner), (Constant(INT, value.span, offset),)),))
                    yield typed.folded(Selected(kind.element, value.span, row, place), row)
            else:
                yield typed.converted(self.expression(value), kind.element)

    def _kept(self, value: Expression) -> Expression:
        """A value that is evaluated once, however often it is used."""
        if isinstance(value, Constant | Variable):
            return value
        slot = self.slot()
        self.emit(Assign(value.span, Place(slot), value))
        return Variable(value.type, value.span, slot)

    def measurement(self, node: ast.QuantumMeasurementStatement) -> None:
        """`c = measure q;` and `measure q -> c;`."""
        if node.target is None:
            self.emit(Measure(node.span, self.qubits_of(node.measure.qubit)))
            return
        kind, place = self.target(node.target)
        self.emit(Measure(node.span, self._measured(node.measure.qubit, kind), place))

    def _measured(self, node: ast.Identifier | ast.IndexedIdentifier, kind: Type) -> Qubits:
        """Qubits that are measured into something of a type."""
        qubits = self.qubits_of(node)
        if kind != bits_type(qubits.width) and not (kind == BOOL and qubits.width is None):
            what = "a qubit" if qubits.width is None else f"{qubits.width} qubits"
            is_tolerated = isinstance(kind, Bit | Bits) and (qubits.width or 1) == 1
            raise error(node.span, f"The outcome of {what} does not fit into {kind}.", is_tolerated=is_tolerated)
        return qubits

    def reset(self, node: ast.QuantumReset) -> None:
        """`reset q;`."""
        self.emit(Reset(node.span, self.qubits_of(node.qubits)))

    def barrier(self, node: ast.QuantumBarrier) -> None:
        """`barrier q;`."""
        self.emit(Barrier(node.span, tuple(self.qubits_of(operand) for operand in node.qubits)))

    def delay(self, node: ast.DelayInstruction) -> None:
        """`delay[10ns] q;` takes no time here."""
        self._duration(node.duration)
        for operand in node.qubits:
            self.qubits_of(operand)

    def box(self, node: ast.Box) -> None:
        """`box { ... }`."""
        if node.duration is not None:
            self._duration(node.duration)
        self.block(node.body)

    def _duration(self, node: ast.Expression) -> None:
        duration = self.expression(node)
        if not isinstance(duration.type, Duration):
            raise error(duration.span, f"{duration.type} is no duration.")

    def _duration_of(self, target: list[ast.Statement], span: Span) -> Expression:
        """The time that operations take: none, in a simulation without a clock."""
        with self.body():
            self.scope.is_body = False  # what is around is seen
            self.statements(target)
        return Constant(Duration(), span, Time())

    def expression_statement(self, node: ast.ExpressionStatement) -> None:
        """`f(x);`."""
        self.expression_or_nothing(node.expression)
        if not isinstance(node.expression, ast.FunctionCall):
            self.warn(node.span, "This has no effect.", ErrorCode.UNUSED)

    # -- control flow ------------------------------------------------------------------------------------------------

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
        self._loops.append(([], []))
        self.block(nodes)
        return self._loops.pop()

    def break_statement(self, node: ast.BreakStatement) -> None:
        """`break;`."""
        jump = Jump(node.span)
        self._loops[-1][0].append(jump)
        self.emit(jump)

    def continue_statement(self, node: ast.ContinueStatement) -> None:
        """`continue;`."""
        jump = Jump(node.span)
        self._loops[-1][1].append(jump)
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

    # -- subroutines -------------------------------------------------------------------------------------------------

    def subroutine(self, node: ast.SubroutineDefinition) -> None:
        """`def f(int n, qubit q) -> bit { ... }`."""
        if any(is_of_any_length(argument) for argument in node.arguments):
            self.declare(node.name, GenericSymbol(node.name.span, node, {}))
            return
        try:
            arguments = tuple(self._argument_type(argument) for argument in node.arguments)
            returned = None if node.return_type is None else self.type_of(node.return_type)
        except SourceError:
            self.refuse_later(node.name)
            raise
        subroutine = Subroutine(node.name.name, arguments, returned, _changes(node))
        self.declare(node.name, SubroutineSymbol(node.name.span, subroutine))
        self._compile(node, subroutine)

    def compile_instance(self, generic: GenericSymbol, key: tuple[tuple[int, ...], ...]) -> None:
        """See Expressions."""
        node, lengths = generic.node, iter(key)
        arguments: list[Type | int | None] = []
        for argument in node.arguments:
            if is_of_any_length(argument):
                arguments.append(Array(self.type_of(argument.type.base_type), next(lengths)))
            else:
                arguments.append(self._argument_type(argument))
        returned = None if node.return_type is None else self.type_of(node.return_type)
        subroutine = generic.instances[key] = Subroutine(node.name.name, tuple(arguments), returned, _changes(node))
        around, self.scope = self.scope, self.everywhere
        self._compile(node, subroutine)
        self.scope = around

    def _compile(self, node: ast.SubroutineDefinition, subroutine: Subroutine) -> None:
        arguments, returned = subroutine.arguments, subroutine.returned
        around, self._returned = (self._returned, self._loops), returned
        self._loops = []
        with self.body() as code:
            for argument, kind in zip(node.arguments, arguments, strict=True):
                if isinstance(kind, Type):
                    is_fixed = isinstance(kind, Array) and not _is_changed(argument)
                    symbol = VariableSymbol(argument.name.span, kind, self.slot(), is_fixed=is_fixed)
                    self.declare(argument.name, symbol)
                else:
                    qubits = NamedQubits(kind, argument.name.span, self.slot())
                    self.declare(argument.name, QubitSymbol(argument.name.span, qubits))
            self.statements(node.body)
            self.emit(Return(node.span, None if returned is None else typed.zero(returned, node.span)))
            subroutine.code = code
        self._returned, self._loops = around

    def _argument_type(self, node: ast.ClassicalArgument | ast.QuantumArgument) -> Type | int | None:
        if isinstance(node, ast.QuantumArgument):
            if node.size is None:
                return None
            return self.constant(node.size, "The size of a register", most=MAX_QUBITS, code=ErrorCode.QUBITS)
        return self.type_of(node.type)

    def return_statement(self, node: ast.ReturnStatement) -> None:
        """`return x;`."""
        if isinstance(node.expression, ast.QuantumMeasurement):
            if self._returned is None:
                raise error(node.span, "This subroutine returns nothing.")
            qubits = self._measured(node.expression.qubit, self._returned)
            slot = self.slot()
            self.emit(Measure(node.span, qubits, Place(slot)))
            self.emit(Return(node.span, Variable(self._returned, node.span, slot)))
            return
        if (node.expression is None) != (self._returned is None):
            what = "nothing" if self._returned is None else f"{self._returned}"
            raise error(node.span, f"This subroutine returns {what}.")
        value = None
        if node.expression is not None and self._returned is not None:
            value = typed.converted(self.expression(node.expression), self._returned)
        self.emit(Return(node.span, value))

    def extern(self, node: ast.ExternDeclaration) -> None:
        """`extern f(int) -> bit;`."""
        try:
            arguments = tuple(self.type_of(argument.type) for argument in node.arguments)
            returned = None if node.return_type is None else self.type_of(node.return_type)
        except SourceError:
            self.refuse_later(node.name)
            raise
        self.declare(node.name, ExternSymbol(node.name.span, node.name.name, arguments, returned))

    # -- the rest ----------------------------------------------------------------------------------------------------

    def include(self, node: ast.Include) -> None:
        """`include "stdgates.inc";`."""
        if node.filename != "stdgates.inc":
            message = f"There is no '{node.filename[:40]}' here, only 'stdgates.inc'."
            raise error(node.span, message, ErrorCode.INCLUDE_UNKNOWN)
        for name, gate in STANDARD.items():
            before = self.everywhere.names.get(name)
            if isinstance(before, GateSymbol) and before.gate is gate:
                continue  # it was included before
            if before is not None and before.span is not None:
                line = before.span.start_line
                raise error(node.span, f"'{name}', which this file defines, is already defined at line {line}.")
            self.everywhere.names[name] = GateSymbol(node.span, gate)

    def pragma(self, node: ast.Pragma) -> None:
        """`pragma quantum-tasks bind f parity`."""
        match pragmas.asked(node.command):
            case None:
                return
            case pragmas.IgnoreCalibrations():
                self._ignores_calibrations = True
            case pragmas.Bind(extern=extern, function=function) if function in EXTERNS:
                self.bindings[extern] = function
            case pragmas.Bind(function=function):
                message = f"There is no function '{function[:40]}' to bind an extern to."
                raise error(node.span, message, ErrorCode.EXTERN_UNBOUND, f"there are {', '.join(EXTERNS)}")
            case pragmas.Unknown():
                hint = f"there are {' and '.join(repr(form) for form in pragmas.FORMS)}"
                raise error(node.span, f"This is no pragma of {pragmas.NAME}.", hint=hint)
        self.may_be_qiskits = False


def _changes(node: ast.SubroutineDefinition) -> frozenset[int]:
    return frozenset(place for place, argument in enumerate(node.arguments) if _is_changed(argument))


def _is_changed(node: ast.ClassicalArgument | ast.QuantumArgument) -> bool:
    return isinstance(node, ast.ClassicalArgument) and node.access is ast.AccessControl.mutable


def _is_not_qiskits(node: ast.Statement | ast.Pragma) -> bool:
    """Whether a statement is none that Qiskit's importer knows."""
    if isinstance(node, ast.ClassicalDeclaration):
        value = node.init_expression
        is_measured = value is None or isinstance(value, ast.QuantumMeasurement)
        return not (isinstance(node.type, ast.BitType) and is_measured)
    return isinstance(node, _NOT_QISKITS)


_NOT_QISKITS = (
    *(ast.ClassicalAssignment, ast.ConstantDeclaration, ast.SubroutineDefinition, ast.ReturnStatement),
    *(ast.ExternDeclaration, ast.ExpressionStatement, ast.EndStatement),
)


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


_STATEMENTS: dict[type[ast.QASMNode], Callable[[Statements, ast.QASMNode], None]] = {
    ast.AliasStatement: Statements.alias,
    ast.Box: Statements.box,
    ast.BranchingStatement: Statements.branching,
    ast.BreakStatement: Statements.break_statement,
    ast.ClassicalAssignment: Statements.assignment,
    ast.ClassicalDeclaration: Statements.declaration,
    ast.CompoundStatement: Statements.scope_statement,
    ast.ConstantDeclaration: Statements.constant_declaration,
    ast.ContinueStatement: Statements.continue_statement,
    ast.DelayInstruction: Statements.delay,
    ast.EndStatement: Statements.end_statement,
    ast.ExpressionStatement: Statements.expression_statement,
    ast.ExternDeclaration: Statements.extern,
    ast.ForInLoop: Statements.for_loop,
    ast.IODeclaration: Statements.input_or_output,
    ast.Include: Statements.include,
    ast.Pragma: Statements.pragma,
    ast.QuantumBarrier: Statements.barrier,
    ast.QuantumGate: Statements.gate_call,
    ast.QuantumGateDefinition: Statements.gate_definition,
    ast.QuantumMeasurementStatement: Statements.measurement,
    ast.QuantumPhase: Statements.phase,
    ast.QuantumReset: Statements.reset,
    ast.QubitDeclaration: Statements.qubits_declaration,
    ast.ReturnStatement: Statements.return_statement,
    ast.SubroutineDefinition: Statements.subroutine,
    ast.SwitchStatement: Statements.switch,
    ast.WhileLoop: Statements.while_loop,
}
