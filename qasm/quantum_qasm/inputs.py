"""Values for the `input`s of a program, as they come with a task: text that is a constant of the language."""

import re
from collections.abc import Iterable, Mapping

from openqasm3 import ast
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Json

from quantum_qasm.compiling.statements import Statements
from quantum_qasm.ir import Assign, Parameter
from quantum_qasm.parsing.parser import parse
from quantum_qasm.types import Bits, Int, Type, Uint
from quantum_qasm.values import NoSuchValueError, Value

_WIDE = Int(256)
"""More than any integer that is asked for."""

_BITS = re.compile(r"[01](?:_?[01])*")


def values_of(parameters: Iterable[Parameter], given: Mapping[str, str]) -> dict[str, Value]:
    """The inputs' values by their names, each in its type.

    A register of bits may also be given by its bits alone, without quotes.

    Raises ProgramError with INPUT_MISSING, INPUT_INVALID or INPUT_UNKNOWN, and with the declaration's place if there is
    one.
    """
    declared = {parameter.name: parameter for parameter in parameters}
    missing = [parameter for name, parameter in declared.items() if name not in given]
    if missing:
        names = ", ".join(sorted(parameter.name for parameter in missing))
        raise _refusal(Code.INPUT_MISSING, f"The program asks for input that was not given: {names}.", missing[0])
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        known = f"It has {', '.join(sorted(declared))}" if declared else "It has none"
        raise ProgramError(Code.INPUT_UNKNOWN, f"The program has no input '{unknown[0]}'. {known}.")
    return {name: _value(parameter, given[name].strip()) for name, parameter in declared.items()}


def literal(value: Json) -> str:
    """A value as the language writes it; text is taken as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"{{{', '.join(map(literal, value))}}}"
    return value if isinstance(value, str) else repr(value)


def _value(parameter: Parameter, text: str) -> Value:
    kind = parameter.type
    if isinstance(kind, Bits) and _BITS.fullmatch(text):
        text = f'"{text}"'
    value = _as(kind, parameter, text)
    # a declaration cuts off what does not fit; of what somebody sends nothing is to be lost without a word
    if isinstance(kind, Int | Uint) and value != _as(_WIDE, parameter, text):
        raise _invalid(parameter, f"{text} does not fit")
    return value


def _as(kind: Type, parameter: Parameter, text: str) -> Value:
    """What a variable of this type would have after its declaration with this text."""
    parsed = parse(f"{kind} value = {text};")
    statements = parsed.program.statements
    if parsed.errors or len(statements) != 1 or not isinstance(statements[0], ast.ClassicalDeclaration):
        raise _invalid(parameter, "It is no constant of the language")
    compiled = Statements()
    compiled.program(statements)
    if compiled.errors:
        raise _invalid(parameter, compiled.errors[0].message.rstrip("."))
    code = compiled.code
    match code.instructions:
        case [Assign(value=value)]:
            try:
                return value.evaluate([0] * code.slots)
            except NoSuchValueError as refused:
                raise _invalid(parameter, str(refused)) from None
            except ArithmeticError:
                raise _invalid(parameter, "It is too large, or no number") from None
    raise _invalid(parameter, "It is no constant")


def _invalid(parameter: Parameter, why: str) -> ProgramError:
    message = f"The input '{parameter.name}' is not given as {parameter.type}: {why[:1].lower()}{why[1:]}."
    return _refusal(Code.INPUT_INVALID, message, parameter)


def _refusal(code: Code, message: str, parameter: Parameter) -> ProgramError:
    return ProgramError(code, message, parameter.span.start_line, parameter.span.start_column + 1)
