"""From the text of a program to its syntax tree, with the official parser, or to a refusal with its place."""

import re
from typing import Any

from openqasm3 import ast
from openqasm3.parser import (
    BailErrorStrategy,
    CommonTokenStream,
    ErrorListener,
    InputStream,
    QASM3ParsingError,
    QASMNodeVisitor,
    qasm3Lexer,
    qasm3Parser,
)
from quantum_tasks.errors import Code, ProgramError

from quantum_runner.limits import walk
from quantum_runner.text import Places, shortened, version

_END_OF_FILE = -1


def parse(program: str) -> ast.Program:
    """The syntax tree of a program whose text has been checked.

    Raises ProgramError with SYNTAX or VERSION, and RecursionError for chains that are too long.
    """
    _check_version(program)
    try:
        root = _parser(program).program()
        if root.version() is None and not root.statementOrScope():
            return ast.Program(statements=[])  # on which the official tree builder fails
        tree: ast.Program = QASMNodeVisitor().visitProgram(root)
    except QASM3ParsingError as error:
        raise _tree_error(error) from None
    except (ValueError, AttributeError, TypeError, IndexError, KeyError, AssertionError) as error:
        # a few malformed constructs pass the grammar and break the official tree builder
        raise ProgramError(Code.SYNTAX, "The program cannot be parsed.") from error
    _place_identifiers(tree, program)
    return tree


def _check_version(program: str) -> None:
    found = version(program)
    if found is None or found.number.split(".")[0] == "3":
        return
    message = (
        f"This is OpenQASM {shortened(found.number)}, and only OpenQASM 3 runs here. Qiskit translates: "
        "qiskit.qasm3.dumps(qiskit.qasm2.loads(program))."
    )
    raise ProgramError(Code.VERSION, message, found.place.line, found.place.column)


def _parser(program: str) -> Any:  # noqa: ANN401 - the generated parser has no types
    """What `openqasm3.parse` sets up, without what it prints, and with a place for every error."""
    lexer = qasm3Lexer(InputStream(program))
    lexer.removeErrorListeners()
    lexer.addErrorListener(_Listener())
    parser = qasm3Parser(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser._errHandler = _Strategy(program)  # noqa: SLF001 - the runtime has no setter
    return parser


class _Listener(ErrorListener):  # type: ignore[misc] # the runtime has no types
    """Refuses at the first characters that are no token."""

    def syntaxError(self, _recognizer: Any, _token: Any, line: int, column: int, message: str, _cause: Any) -> None:  # noqa: ANN401, N802
        found = message.removeprefix("token recognition error at: ").strip("'")
        raise ProgramError(Code.SYNTAX, f"Unexpected '{shortened(found)}'.", line, column + 1)


class _Strategy(BailErrorStrategy):  # type: ignore[misc] # the runtime has no types
    """Refuses at the first token that does not fit."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def recover(self, recognizer: Any, error: Any) -> None:  # noqa: ANN401
        token = error.offendingToken
        ended = token.type == _END_OF_FILE
        message = "Unexpected end of the program" if ended else f"Unexpected '{shortened(token.text)}'"
        is_mismatch = not hasattr(error, "startToken")  # otherwise the parser stands where it began to choose
        if is_mismatch and qasm3Parser.SEMICOLON in recognizer.getExpectedTokens():
            message += "; is there a ';' missing before it?" if not ended else "; is there a ';' missing?"
        else:
            message += "."
        if ended:
            place = Places(self._program).at(len(self._program.rstrip()))
            raise ProgramError(Code.SYNTAX, message, place.line, place.column) from None
        raise ProgramError(Code.SYNTAX, message, token.line, token.column + 1) from None


def _tree_error(error: QASM3ParsingError) -> ProgramError:
    told = re.fullmatch(r"L(\d+):C(\d+): (.*)", str(error), re.DOTALL)
    if told is None:
        return ProgramError(Code.SYNTAX, "The program cannot be parsed.")
    message = shortened(told[3], most=300)
    return ProgramError(Code.SYNTAX, message[:1].upper() + message[1:] + ".", int(told[1]), int(told[2]) + 1)


def _place_identifiers(tree: ast.Program, program: str) -> None:
    """Mend the columns of bare identifiers, for which the official parser counts from the start of the text."""
    places = Places(program)
    for node in walk(tree):
        span = node.span
        if isinstance(node, ast.Identifier) and span is not None:
            start = places.line_start(span.start_line)
            is_from_line_start = program.startswith(node.name, start + span.start_column)
            if not is_from_line_start:
                span.start_column -= start
