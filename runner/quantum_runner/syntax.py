"""From the text of a program to its syntax tree, or to a refusal with its place."""

from openqasm3 import ast
from quantum_qasm.parsing.parser import parse as read
from quantum_tasks.errors import Code, ProgramError

from quantum_runner.text import shortened, version


def parse(program: str) -> ast.Program:
    """The syntax tree of a program. Raises ProgramError with SYNTAX, VERSION, NUMBER or NESTING."""
    _check_version(program)
    parsed = read(program)
    if parsed.errors:
        first = parsed.errors[0]
        raise ProgramError(first.code, first.message, first.span.start_line, first.span.start_column + 1)
    return parsed.program


def _check_version(program: str) -> None:
    found = version(program)
    if found is None or found.number.split(".")[0] == "3":
        return
    message = (
        f"This is OpenQASM {shortened(found.number)}, and only OpenQASM 3 runs here. Qiskit translates: "
        "qiskit.qasm3.dumps(qiskit.qasm2.loads(program))."
    )
    raise ProgramError(Code.VERSION, message, found.place.line, found.place.column)
