"""Declarations: of qubits, variables, constants, inputs and outputs, and of what is elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm import pragmas
from quantum_qasm.compiling import typed
from quantum_qasm.compiling.aliases import Aliases
from quantum_qasm.compiling.expressions import MAX_ALL_ELEMENTS
from quantum_qasm.compiling.library import STANDARD
from quantum_qasm.compiling.names import MAX_BITS, MAX_QUBITS
from quantum_qasm.compiling.scopes import ConstantSymbol, ExternSymbol, GateSymbol, QubitSymbol, VariableSymbol
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import SourceError
from quantum_qasm.externs import EXTERNS
from quantum_qasm.ir import (
    Assign,
    Constant,
    Expression,
    Listed,
    Measure,
    Parameter,
    Place,
    Qubits,
    Register,
    Selected,
    Selection,
    TheseQubits,
    Variable,
    bits_type,
    width_of,
)
from quantum_qasm.spans import Span
from quantum_qasm.types import BOOL, INT, Array, Bit, Bits, Type


@dataclass(frozen=True, slots=True)
class _Binding:
    function: str
    span: Span


class Declarations(Aliases):
    """Compiles declarations."""

    def __init__(self) -> None:
        super().__init__()
        self._elements_declared = 0
        self._bindings: dict[str, _Binding] = {}
        self.inputs: list[Parameter] = []
        self.outputs: list[Parameter] = []
        self.variables: list[Parameter] = []
        """Those that are declared outside of any scope."""

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
                    value = self.measured(qubit, kind)
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

    def _count_bits(self, kind: Type, span: Span) -> None:
        if isinstance(kind, Bit | Bits):
            self.bits += width_of(kind)
            if self.bits > MAX_BITS:
                raise error(span, f"There may be {MAX_BITS} bits at most.", ErrorCode.BITS)
        if isinstance(kind, Array):
            self._elements_declared += prod(kind.dimensions)
            if self._elements_declared > MAX_ALL_ELEMENTS:
                raise error(span, f"All arrays may have {MAX_ALL_ELEMENTS} elements at most.", ErrorCode.ARRAY)

    # -- their values --------------------------------------------------------------------------------------------------

    def measured(self, node: ast.Identifier | ast.IndexedIdentifier, kind: Type) -> Qubits:
        """Qubits that are measured into something of a type."""
        qubits = self.qubits_of(node)
        if kind != bits_type(qubits.width) and not (kind == BOOL and qubits.width is None):
            what = "a qubit" if qubits.width is None else f"{qubits.width} qubits"
            is_tolerated = isinstance(kind, Bit | Bits) and (qubits.width or 1) == 1
            raise error(node.span, f"The outcome of {what} does not fit into {kind}.", is_tolerated=is_tolerated)
        return qubits

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

    # -- what is elsewhere ---------------------------------------------------------------------------------------------

    def extern(self, node: ast.ExternDeclaration) -> None:
        """`extern f(int) -> bit;`."""
        try:
            arguments = tuple(self.type_of(argument.type) for argument in node.arguments)
            returned = None if node.return_type is None else self.type_of(node.return_type)
        except SourceError:
            self.refuse_later(node.name)
            raise
        name = node.name.name
        function = self._bindings.pop(name).function if name in self._bindings else name
        self.declare(node.name, ExternSymbol(node.name.span, name, function, arguments, returned))

    def bind(self, asked: pragmas.Bind, span: Span) -> None:
        """`pragma quantum-tasks bind f parity`, of the declaration of `f` that is to come."""
        if asked.function not in EXTERNS:
            message = f"There is no function '{asked.function[:40]}' to bind an extern to."
            raise error(span, message, ErrorCode.EXTERN_UNBOUND, f"there are {', '.join(EXTERNS)}")
        self._bindings[asked.extern] = _Binding(asked.function, span)

    def warn_of_bindings(self) -> None:
        """Of externs that were to be bound, and were not declared."""
        for name, binding in self._bindings.items():
            self.warn(binding.span, f"No extern '{name[:40]}' is declared after this.", ErrorCode.UNUSED)

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
