"""Reads straight-line programs by regular expressions, statement by statement.

What is not plain, or not right, is not read at all: the parser reads it then, or says what is wrong with it and where.
So whatever is read is text that `text.check` lets pass, too.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from math import isfinite, pi

from quantum_tasks.task import MAX_PROGRAM_BYTES

from quantum_qasm.straight.gates import GATES
from quantum_qasm.straight.program import Call, Measurement, StraightLine

MAX_QUBITS = 1000
MAX_BITS = 10_000
MAX_STEPS = 100_000
"""Each is an object here; of more of them the parser's circuits take less memory."""

# No quantifier below gives back what it took (`*+`, `++`): a hostile text would have it try for hours.
_COMMENT = re.compile(r"//[^\n]*+|/\*.*?(?:(\*/)|\Z)", re.DOTALL)
_S = r"[ \t\r\n]*+"
_SPACE = r"[ \t\r\n]++"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
_INDEX = rf"\[{_S}([0-9]{{1,9}}+){_S}\]"
_OPERAND = re.compile(rf"({_NAME}){_S}(?:{_INDEX})?")
_VERSION = re.compile(rf"OPENQASM{_SPACE}3(?:\.[01])?")
_INCLUDE = re.compile(rf"""include{_S}(?:"stdgates\.inc"|'stdgates\.inc')""")
_DECLARATION = re.compile(rf"(qubit|bit)(?:{_S}{_INDEX}{_S}|{_SPACE})({_NAME})")
_OLD_DECLARATION = re.compile(rf"(qreg|creg){_SPACE}({_NAME}){_S}{_INDEX}")
_CALL = re.compile(rf"({_NAME})(?:{_S}\(([^()]*+)\){_S}|{_SPACE})([A-Za-z_][A-Za-z0-9_\[\], \t\r\n]*+)")
_ASSIGNMENT = re.compile(rf"([^=]*+)={_S}measure{_SPACE}(.*+)", re.DOTALL)
_ARROW = re.compile(rf"measure{_SPACE}([^>-]*+)->{_S}(.*+)", re.DOTALL)
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?"
_ANGLE = re.compile(
    rf"(-?){_S}(?:({_NUMBER})|(?:({_NUMBER}){_S}\*{_S})?pi(?:{_S}\*{_S}({_NUMBER}))?(?:{_S}/{_S}({_NUMBER}))?)"
)
_RESERVED = re.compile(
    r"""
    OPENQASM|include|defcalgrammar|def|cal|defcal|gate|extern|box|let|break|continue|if|else|end|return|for|while|in|switch
    |case|default|pragma|input|output|const|readonly|mutable|qreg|qubit|creg|bool|bit|int|uint|float|angle|complex|array
    |void|duration|stretch|gphase|inv|pow|ctrl|negctrl|dim|durationof|delay|reset|measure|barrier|true|false|im|nop|U
    |pi|tau|euler|sin|cos|tan|arcsin|arccos|arctan|exp|log|sqrt|floor|ceiling|mod|popcount|rotl|rotr|real|imag|sizeof
    """,
    re.VERBOSE,
)
"""Keywords and what the language defines, none of which may be a register's name."""


class _NotPlainError(Exception):
    """The program is not of this kind."""


def read(program: str) -> StraightLine | None:
    """A program, if it is plain, right, and within the bounds of all programs."""
    if not program.isascii() or len(program) > MAX_PROGRAM_BYTES:
        return None
    if "//" in program or "/*" in program:
        program = _COMMENT.sub(_gap, program)
    try:
        return _Reader().read(program)
    except _NotPlainError:
        return None


class _Reader:
    def __init__(self) -> None:
        self._qubits: dict[str, Sequence[int]] = {}
        self._bits: dict[str, Sequence[int]] = {}
        self._single: set[str] = set()
        self._groups: list[int] = []
        self._last_is_single = False
        self._count = {"qubit": 0, "bit": 0}
        self._has_gates = False
        self._measures = False
        self._steps: list[Call | Measurement] = []
        self._angles: dict[str, float] = {}

    def read(self, program: str) -> StraightLine:
        *statements, rest = program.split(";")
        if rest.strip(" \t\r\n"):
            raise _NotPlainError
        for number, statement in enumerate(statements):
            self._statement(statement.strip(" \t\r\n"), first=number == 0)
        if not self._measures:
            raise _NotPlainError
        return StraightLine(self._count["qubit"], tuple(self._groups), self._steps)

    def _statement(self, text: str, *, first: bool) -> None:
        called = _CALL.fullmatch(text)
        if called and called[1] in GATES:
            self._call(called[1], called[2], called[3])
        elif "measure" in text:
            self._measure(text)
        elif declared := _DECLARATION.fullmatch(text):
            self._declare(declared[1], declared[2], declared[3])
        elif declared := _OLD_DECLARATION.fullmatch(text):
            self._declare("qubit" if declared[1] == "qreg" else "bit", declared[3], declared[2])
        elif _INCLUDE.fullmatch(text) and not self._has_gates:
            if any(name in GATES for name in chain(self._qubits, self._bits)):
                raise _NotPlainError
            self._has_gates = True
        elif called and called[1] == "barrier" and called[2] is None:
            for operand in called[3].split(","):
                self._operand(operand, self._qubits)
        elif not (first and _VERSION.fullmatch(text)):
            raise _NotPlainError

    def _declare(self, kind: str, size: str | None, name: str) -> None:
        width = 1 if size is None else int(size)
        taken = name in self._qubits or name in self._bits or name in GATES or _RESERVED.fullmatch(name)
        start = self._count[kind]
        if taken or width < 1 or start + width > (MAX_QUBITS if kind == "qubit" else MAX_BITS):
            raise _NotPlainError
        self._count[kind] += width
        if size is None:
            self._single.add(name)
        (self._qubits if kind == "qubit" else self._bits)[name] = range(start, start + width)
        if kind == "bit":
            if size is None and self._last_is_single:
                self._groups[-1] += 1
            else:
                self._groups.append(width)
            self._last_is_single = size is None

    def _operand(self, text: str, known: dict[str, Sequence[int]]) -> int | Sequence[int]:
        """One index, or those of a register of more than one."""
        found = _OPERAND.fullmatch(text.strip(" \t\r\n"))
        if found is None or found[1] not in known:
            raise _NotPlainError
        register = known[found[1]]
        if found[2] is None:
            return register[0] if found[1] in self._single else register
        if found[1] in self._single or int(found[2]) >= len(register):
            raise _NotPlainError
        return register[int(found[2])]

    def _call(self, gate: str, angles: str | None, operands: str) -> None:
        if not self._has_gates:
            raise _NotPlainError
        values = () if angles is None or not angles.strip(" \t\r\n") else tuple(map(self._angle, angles.split(",")))
        on = [self._operand(operand, self._qubits) for operand in operands.split(",")]
        if (len(values), len(on)) != GATES[gate]:
            raise _NotPlainError
        for qubits in _broadcast(on):
            if len(set(qubits)) < len(qubits):
                raise _NotPlainError
            self._add(Call(gate, values, qubits))

    def _measure(self, text: str) -> None:
        assigned, arrow = _ASSIGNMENT.fullmatch(text), _ARROW.fullmatch(text)
        if assigned:
            target, source = assigned[1], assigned[2]
            declared = _DECLARATION.fullmatch(target.strip(" \t\r\n"))
            if declared and declared[1] == "bit":
                self._declare("bit", declared[2], declared[3])
                target = declared[3]
        elif arrow:
            source, target = arrow[1], arrow[2]
        else:
            raise _NotPlainError
        qubits, bits = self._operand(source, self._qubits), self._operand(target, self._bits)
        if isinstance(qubits, int) and isinstance(bits, int):
            self._add(Measurement(qubits, bits))
        elif not isinstance(qubits, int) and not isinstance(bits, int) and len(qubits) == len(bits):
            for qubit, bit in zip(qubits, bits, strict=True):
                self._add(Measurement(qubit, bit))
        else:
            raise _NotPlainError
        self._measures = True

    def _add(self, step: Call | Measurement) -> None:
        if len(self._steps) == MAX_STEPS:
            raise _NotPlainError
        self._steps.append(step)

    def _angle(self, text: str) -> float:
        value = self._angles.get(text)
        if value is None:
            found = _ANGLE.fullmatch(text.strip(" \t\r\n"))
            if found is None:
                raise _NotPlainError
            value = self._angles[text] = _value(*found.groups())
        return value


def _gap(comment: re.Match[str]) -> str:
    """A space for a comment; what no program has for one without an end."""
    return " " if comment[1] or comment[0].startswith("//") else "\0"


def _value(sign: str, number: str | None, factor: str | None, times: str | None, by: str | None) -> float:
    """In the order in which the language evaluates it, so that the last bit is right, too."""
    value = pi if number is None else float(number)
    if factor is not None:
        value = float(factor) * value
    if sign:
        value = -value
    if times is not None:
        value *= float(times)
    if by is not None:
        if not float(by):
            raise _NotPlainError
        value /= float(by)
    if not isfinite(value):
        raise _NotPlainError
    return value


def _broadcast(on: list[int | Sequence[int]]) -> Iterator[tuple[int, ...]]:
    widths = {len(one) for one in on if not isinstance(one, int)}
    if not widths:
        yield tuple(one for one in on if isinstance(one, int))
        return
    if len(widths) > 1:
        raise _NotPlainError
    for place in range(widths.pop()):
        yield tuple(one if isinstance(one, int) else one[place] for one in on)
