"""From the text of a program to Qiskit's circuit, or to a refusal with its place.

The parser is the official one, the importer Qiskit's own; what is added here are bounds, and errors in words for the
person who wrote the program, with a line and a column that count from 1.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from math import isfinite

from openqasm3 import ast
from qiskit.circuit import QuantumCircuit
from quantum_qasm import pragmas
from quantum_qasm.inputs import values_of
from quantum_qasm.ir import Parameter
from quantum_qasm.types import FLOAT
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Frontend, Options

from quantum_runner import limits, text
from quantum_runner.importer import ConversionError, convert
from quantum_runner.syntax import parse
from quantum_runner.text import shortened

_PLAIN = Options()

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


def load(program: str, options: Options = _PLAIN) -> QuantumCircuit:
    """Read a program, with the options' inputs. Raises ProgramError, and nothing else, for any text."""
    text.check(program)
    try:
        return _load(program, options)
    except (ProgramError, KeyboardInterrupt, SystemExit):
        raise
    except RecursionError:
        raise ProgramError(Code.NESTING, "The program is nested too deeply, or has a chain that is too long.") from None
    except (MemoryError, OverflowError):
        raise ProgramError(Code.OPERATIONS, "The program is too large.") from None
    except BaseException as error:  # a panic of Qiskit's Rust code is no Exception
        raise ProgramError(Code.UNSUPPORTED, "The program cannot be read: Qiskit fails on it.") from error


def _load(program: str, options: Options) -> QuantumCircuit:
    tree = parse(program)
    _check_pragmas(tree)
    limits.check(tree)
    _check_includes(tree)
    try:
        circuit = convert(tree, as_it_is=options.frontend is Frontend.QISKIT)
    except ConversionError as error:
        raise _conversion_error(error, tree) from None
    return _with_inputs(circuit, tree, options.inputs)


def _check_pragmas(tree: ast.Program) -> None:
    for statement in tree.statements:
        if isinstance(statement, ast.Pragma) and pragmas.asked(statement.command) is not None:
            message = f"Pragmas of {pragmas.NAME} mean nothing to Qiskit's importer."
            raise _refusal(Code.UNSUPPORTED, message, statement)


def _check_includes(tree: ast.Program) -> None:
    for statement in tree.statements:
        if isinstance(statement, ast.Include) and statement.filename != "stdgates.inc":
            message = f"There is no '{shortened(statement.filename)}' here, only 'stdgates.inc'."
            raise _refusal(Code.INCLUDE_UNKNOWN, message, statement)


def _with_inputs(circuit: QuantumCircuit, tree: ast.Program, given: Mapping[str, str]) -> QuantumCircuit:
    """The circuit with its parameters bound. What Qiskit's importer takes for an input is a number."""
    declared = [
        Parameter(node.identifier.name, 0, FLOAT, node.span)
        for node in tree.statements
        if isinstance(node, ast.IODeclaration) and node.io_identifier is ast.IOKeyword.input
    ]
    values = values_of(declared, given)
    for parameter in declared:
        if not isfinite(values[parameter.name]):
            message = f"The input '{parameter.name}' must be a finite number."
            raise ProgramError(Code.INPUT_INVALID, message, parameter.span.start_line, parameter.span.start_column + 1)
    if not circuit.parameters:
        return circuit
    return circuit.assign_parameters({parameter: values[parameter.name] for parameter in circuit.parameters})


def _refusal(code: Code, message: str, node: ast.QASMNode) -> ProgramError:
    return ProgramError(code, message, node.span.start_line, node.span.start_column + 1)


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
    value = re.fullmatch(r"'(\w+)' cannot be resolved into a Qiskit value", message)
    if value:
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value[1]).lower() + " is not supported here"
    return message


def _hint(name: str, tree: ast.Program) -> str:
    includes_gates = any(isinstance(statement, ast.Include) for statement in tree.statements)
    if name in _STANDARD_GATES and not includes_gates:
        return ' It is in stdgates.inc: include "stdgates.inc";'
    known: Iterable[str] = {node.name for node in limits.walk(tree) if isinstance(node, ast.Identifier)} - {name}
    close = difflib.get_close_matches(name, _STANDARD_GATES.union(known) if includes_gates else known, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _sentence(message: str) -> str:
    message = shortened(message.strip().strip('"'), most=300)
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")
