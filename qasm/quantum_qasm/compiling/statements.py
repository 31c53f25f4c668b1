"""Statements, each by the method for its node."""

from collections.abc import Callable, Sequence

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm import pragmas
from quantum_qasm.compiling import typed
from quantum_qasm.compiling.names import WORK_OF_A_STATEMENT, TooMuchWorkError, UnusableError
from quantum_qasm.compiling.subroutines import Subroutines
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import SourceError
from quantum_qasm.ir import Assign, Barrier, Constant, Expression, Measure, Reset
from quantum_qasm.parsing.blocks import MAX_ERRORS
from quantum_qasm.spans import Span
from quantum_qasm.types import Duration
from quantum_qasm.values import Time


class Statements(Subroutines):
    """Compiles a program."""

    def __init__(self) -> None:
        super().__init__()
        self._ignores_calibrations = False
        self.may_be_qiskits = True
        """Whether each statement is one that Qiskit's importer may know."""

    def program(self, nodes: Sequence[ast.Statement | ast.Pragma]) -> None:
        """Compile all of it."""
        asks = any(isinstance(node, ast.Pragma) and pragmas.asked(node.command) for node in nodes)
        self.may_be_qiskits = not asks  # what it asks for, the importer would pass over
        try:
            self.statements(nodes)
            self.warn_of_bindings()
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

    def assignment(self, node: ast.ClassicalAssignment) -> None:
        """`i += 1;`."""
        with self.written(node.lvalue) as (kind, place):
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

    def measurement(self, node: ast.QuantumMeasurementStatement) -> None:
        """`c = measure q;` and `measure q -> c;`."""
        if node.target is None:
            self.emit(Measure(node.span, self.qubits_of(node.measure.qubit)))
            return
        with self.written(node.target) as (kind, place):
            self.emit(Measure(node.span, self.measured(node.measure.qubit, kind), place))

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

    def pragma(self, node: ast.Pragma) -> None:
        """`pragma quantum-tasks bind f parity`."""
        asked = pragmas.asked(node.command)
        if asked is not None and not self.is_global:
            raise error(node.span, f"Pragmas of {pragmas.NAME} stand outside of any scope.")
        match asked:
            case pragmas.IgnoreCalibrations():
                self._ignores_calibrations = True
            case pragmas.Bind():
                self.bind(asked, node.span)
            case pragmas.Unknown():
                hint = f"there are {' and '.join(repr(form) for form in pragmas.FORMS)}"
                raise error(node.span, f"This is no pragma of {pragmas.NAME}.", hint=hint)


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
