"""From the text of a program to Qiskit's circuit, or to a refusal with its place.

The parser is the official one, the importer Qiskit's own; what is added here are bounds, `switch`, and errors that name
a line and a column, both counted from 1.
"""

import difflib
import io
import math
import re
from collections.abc import Iterable
from contextlib import redirect_stderr
from typing import Any

import openqasm3
from openqasm3 import ast
from openqasm3.parser import QASM3ParsingError
from qiskit.circuit import ClassicalRegister, Clbit, Gate, QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit_qasm3_import import types
from qiskit_qasm3_import.converter import ConvertVisitor, State
from qiskit_qasm3_import.data import Scope, Symbol
from qiskit_qasm3_import.exceptions import ConversionError, raise_from_node
from qiskit_qasm3_import.expression import ValueResolver
from qiskit_qasm3_import.state import LocalScope
from quantum_tasks.errors import Code, ProgramError

from quantum_runner import limits, text
from quantum_runner.branching import Condition, UnsupportedConditionError, condition
from quantum_runner.circuits import steps
from quantum_runner.text import Places

_STANDARD_GATES = frozenset(
    {
        *(
            "p",
            "x",
            "y",
            "z",
            "h",
            "s",
            "sdg",
            "t",
            "tdg",
            "sx",
            "rx",
            "ry",
            "rz",
            "cx",
            "cy",
            "cz",
            "cp",
            "crx",
            "cry",
        ),
        *("crz", "ch", "swap", "ccx", "cswap", "cu", "CX", "phase", "cphase", "id", "u1", "u2", "u3"),
    }
)
"""The gates of stdgates.inc, for hints."""


def load(program: str) -> QuantumCircuit:
    """Read a program. Raises ProgramError, and nothing else, for any text."""
    text.check(program)
    try:
        return _convert(_parse(program))
    except RecursionError:
        raise ProgramError(Code.NESTING, "The program is nested too deeply.") from None
    except (MemoryError, OverflowError):
        raise ProgramError(Code.OPERATIONS, "The program is too large.") from None


def _parse(program: str) -> ast.Program:
    try:
        # the generated lexer prints what it does not understand, besides raising it
        with redirect_stderr(io.StringIO()):
            tree = openqasm3.parse(program)
    except QASM3ParsingError as error:
        raise _syntax_error(program, error) from None
    except (ValueError, AttributeError, TypeError, IndexError, KeyError, AssertionError) as error:
        # a few malformed constructs pass the grammar and break the official tree builder
        raise ProgramError(Code.SYNTAX, "The program cannot be parsed.") from error
    _place_identifiers(tree, program)
    _check_version(tree)
    return tree


def _syntax_error(program: str, error: QASM3ParsingError) -> ProgramError:
    told = re.fullmatch(r"L(\d+):C(\d+): (.*)", str(error), re.DOTALL)
    if told:
        message = told[3].replace("token recognition error at:", "unexpected").strip()
        return ProgramError(Code.SYNTAX, _sentence(message), int(told[1]), int(told[2]) + 1)
    token = _offending_token(error)
    if token is None:
        return ProgramError(Code.SYNTAX, "The program cannot be parsed.")
    if token.text == "<EOF>":
        place = Places(program).at(len(program.rstrip()))
        return ProgramError(Code.SYNTAX, "Unexpected end of the program.", place.line, place.column)
    return ProgramError(Code.SYNTAX, f"Unexpected '{_shortened(token.text)}'.", token.line, token.column + 1)


def _offending_token(error: BaseException) -> Any:  # noqa: ANN401 - a token of the generated parser
    seen: BaseException | None = error
    while seen is not None:
        for found in (seen, *seen.args):
            token = getattr(found, "offendingToken", None)
            if token is not None:
                return token
        seen = seen.__cause__ or seen.__context__
    return None


def _place_identifiers(tree: ast.Program, program: str) -> None:
    """Mend the columns of bare identifiers, for which the official parser counts from the start of the text."""
    places = Places(program)
    for node in limits.walk(tree):
        span = node.span
        if isinstance(node, ast.Identifier) and span is not None:
            start = places.line_start(span.start_line)
            is_from_line_start = program.startswith(node.name, start + span.start_column)
            if not is_from_line_start:
                span.start_column -= start


def _check_version(tree: ast.Program) -> None:
    version = tree.version
    if version is not None and version.split(".")[0] != "3":
        message = (
            f"This is OpenQASM {version}; version 3 is what runs here: see qiskit.qasm2.load and qiskit.qasm3.dump."
        )
        raise ProgramError(Code.VERSION, message, 1, 1)


def _convert(tree: ast.Program) -> QuantumCircuit:
    limits.check(tree)
    for statement in tree.statements:
        if isinstance(statement, ast.Include) and statement.filename != "stdgates.inc":
            message = f"There is no '{_shortened(statement.filename)}' here, only 'stdgates.inc'."
            raise ProgramError(
                Code.INCLUDE_UNKNOWN, message, statement.span.start_line, statement.span.start_column + 1
            )
    try:
        circuit: QuantumCircuit = _Importer().convert(tree).circuit
    except ConversionError as error:
        raise _conversion_error(error, tree) from None
    _check_numbers(circuit)
    if circuit.parameters:
        names = ", ".join(sorted(parameter.name for parameter in circuit.parameters))
        raise ProgramError(Code.INPUT_MISSING, f"The program asks for input that was not given: {names}.")
    return circuit


def _check_numbers(circuit: QuantumCircuit) -> None:
    for step in steps(circuit):
        for value in step.operation.params:
            if isinstance(value, float) and not math.isfinite(value):
                raise ProgramError(Code.SEMANTIC, f"An argument of '{step.operation.name}' is not a finite number.")


class _Importer(ConvertVisitor):  # type: ignore[misc] # the importer has no types
    """Qiskit's importer, with `switch`, with boxes opened, and with a place for every error."""

    def visit(self, node: ast.QASMNode, context: State | None = None) -> Any:  # noqa: ANN401
        try:
            return super().visit(node, context)
        except (ConversionError, ProgramError, RecursionError, MemoryError, OverflowError):
            raise
        except QiskitError as error:
            raise ConversionError(error.message, node) from error
        except TypeError as error:
            message = (
                "Qiskit's importer does not support this: an index, for one, must be constant, and no loop variable"
            )
            raise ConversionError(message, node) from error
        except Exception as error:
            raise ConversionError("Qiskit's importer does not support this", node) from error

    def visit_ForInLoop(self, node: ast.ForInLoop, context: State) -> State:  # noqa: N802 - named for the node
        """Unroll the loop, as Aer would: a loop variable is a constant then, and may be an index."""
        if _may_jump(node.block):
            return super().visit_ForInLoop(node, context)
        for value in self._loop_values(node, context):
            with LocalScope(context) as inner:
                name = node.identifier.name
                inner.symbol_table.insert(Symbol(name, value, types.Int(const=True), Scope.LOCAL, node))
                for statement in node.block:
                    self.visit(statement, inner)
        return context

    @staticmethod
    def _loop_values(node: ast.ForInLoop, context: State) -> Iterable[int]:
        domain = node.set_declaration
        value, kind = ValueResolver(context).resolve(domain)
        if isinstance(kind, types.Sequence):
            return tuple(value)
        if not isinstance(kind, types.Range) or value.start is None or value.stop is None:
            raise_from_node(domain, "only sets of integers and ranges with a start and an end are supported in a loop")
        return range(value.start, value.stop, 1 if value.step is None else value.step)

    def _apply_gate_modifier(self, modifier: ast.QuantumGateModifier, gate: Gate, context: State) -> Gate:
        controls = {ast.GateModifierName.ctrl: -1, ast.GateModifierName.negctrl: 0}
        if modifier.modifier not in controls:
            return super()._apply_gate_modifier(modifier, gate, context)
        number = 1 if modifier.argument is None else self._resolve_constant_int(modifier.argument, context)
        if number < 1:
            raise_from_node(modifier, "a gate needs one control or more")
        state = controls[modifier.modifier] % 2**number
        # what Qiskit does by default is about to change; a plain gate is what Aer and the pass manager take
        return gate.control(number, ctrl_state=state, annotated=False)

    def _resolve_condition(self, node: ast.Expression, context: State) -> Condition:
        def value_of(operand: ast.Expression) -> Any:  # noqa: ANN401 - bits, or a constant
            return ValueResolver(context).resolve(operand)[0]

        bits = context.circuit.clbits
        try:
            return condition(node, value_of, bits[0] if bits else None)
        except UnsupportedConditionError as error:
            raise ConversionError(error.message, error.node) from None

    def visit_SwitchStatement(self, node: ast.SwitchStatement, context: State) -> State:  # noqa: N802 - named for the node
        target = self._switch_target(node.target, context)
        with context.circuit.switch(target) as case:
            for labels, body in node.cases:
                with case(*(self._resolve_constant_int(label, context) for label in labels)):
                    self._visit_block(body, context)
            if node.default is not None:
                with case(case.DEFAULT):
                    self._visit_block(node.default, context)
        return context

    def visit_Box(self, node: ast.Box, context: State) -> State:  # noqa: N802 - named for the node
        # a box is about timing, and there is none here
        with LocalScope(context) as inner:
            for statement in node.body:
                self.visit(statement, inner)
        return context

    def visit_QuantumBarrier(self, node: ast.QuantumBarrier, context: State) -> State:  # noqa: N802 - likewise
        """Check the operands and leave it out: it changes no counts, and would keep idle qubits in memory."""
        for qubit in node.qubits:
            self._resolve_qarg(qubit, context)
        return context

    def visit_DelayInstruction(self, node: ast.DelayInstruction, context: State) -> State:  # noqa: N802 - likewise
        """Check the operands and leave it out, as barriers are."""
        self._resolve_constant_duration(node.duration, context)
        for qubit in node.qubits:
            self._resolve_qarg(qubit, context)
        return context

    def visit_CompoundStatement(self, node: ast.CompoundStatement, context: State) -> State:  # noqa: N802 - named for the node
        self._visit_block(node, context)
        return context

    def _visit_block(self, node: ast.CompoundStatement, context: State) -> None:
        with LocalScope(context) as inner:
            for statement in node.statements:
                self.visit(statement, inner)

    @staticmethod
    def _switch_target(node: ast.Expression, context: State) -> Clbit | ClassicalRegister:
        inner = node.argument if isinstance(node, ast.Cast) else node
        value, _ = ValueResolver(context).resolve(inner)
        if not isinstance(value, Clbit | ClassicalRegister):
            raise_from_node(node, "only a bit or a bit register can be switched on; this is not supported")
        return value


def _may_jump(block: Iterable[ast.QASMNode]) -> bool:
    nodes = (node for statement in block for node in limits.walk(statement))
    return any(isinstance(node, ast.BreakStatement | ast.ContinueStatement) for node in nodes)


def _conversion_error(error: ConversionError, tree: ast.Program) -> ProgramError:
    told = re.fullmatch(r"(\d+),(\d+): (.*)", error.message, re.DOTALL)
    line, column, message = (int(told[1]), int(told[2]) + 1, told[3]) if told else (None, None, error.message)
    message = _sentence(_in_plain_words(message))
    undefined = re.fullmatch(r"(?:Gate|Undefined symbol) '([^']+)'(?: is not defined)?\.", message)
    if undefined:
        return ProgramError(Code.UNDEFINED, message + _hint(undefined[1], tree), line, column)
    return ProgramError(Code.UNSUPPORTED if "support" in message else Code.SEMANTIC, message, line, column)


def _in_plain_words(message: str) -> str:
    defined = re.match(r"Symbol '([^']+)' already inserted", message)
    if defined:
        return f"'{defined[1]}' is already defined"
    node = re.fullmatch(r"node of type (\w+) is not supported", message)
    if node:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", node[1]).lower() + " is not supported"
    return message


def _hint(name: str, tree: ast.Program) -> str:
    includes_gates = any(isinstance(statement, ast.Include) for statement in tree.statements)
    if name in _STANDARD_GATES and not includes_gates:
        return ' It is in stdgates.inc: include "stdgates.inc";'
    known: Iterable[str] = {node.name for node in limits.walk(tree) if isinstance(node, ast.Identifier)} - {name}
    close = difflib.get_close_matches(name, _STANDARD_GATES.union(known) if includes_gates else known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _sentence(message: str) -> str:
    message = _shortened(message.strip().strip('"'), most=300)
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")


def _shortened(message: str, *, most: int = 40) -> str:
    return message if len(message) <= most else message[:most] + "…"
