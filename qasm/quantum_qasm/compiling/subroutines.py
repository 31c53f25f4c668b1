"""Subroutines: their definitions, and what they return."""

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm.compiling import typed
from quantum_qasm.compiling.expressions import is_of_any_length
from quantum_qasm.compiling.flow import Flow
from quantum_qasm.compiling.names import MAX_QUBITS
from quantum_qasm.compiling.scopes import GenericSymbol, QubitSymbol, SubroutineSymbol, VariableSymbol
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import SourceError
from quantum_qasm.ir import Measure, NamedQubits, Place, Return, Subroutine, Variable
from quantum_qasm.types import Array, Type


class Subroutines(Flow):
    """Compiles subroutines."""

    def __init__(self) -> None:
        super().__init__()
        self._returned: Type | None = None

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
        around, self._returned = (self._returned, self.loops), returned
        self.loops = []
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
        self._returned, self.loops = around

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
            qubits = self.measured(node.expression.qubit, self._returned)
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


def _changes(node: ast.SubroutineDefinition) -> frozenset[int]:
    return frozenset(place for place, argument in enumerate(node.arguments) if _is_changed(argument))


def _is_changed(node: ast.ClassicalArgument | ast.QuantumArgument) -> bool:
    return isinstance(node, ast.ClassicalArgument) and node.access is ast.AccessControl.mutable
