"""The names of a program while it is compiled, and what is wrong with it so far."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import nsmallest

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm.compiling.library import BUILT_IN, ELSEWHERE, STANDARD
from quantum_qasm.compiling.scopes import ConstantSymbol, GateSymbol, Scope, Symbol, VariableSymbol
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import Diagnostic, SourceError
from quantum_qasm.functions import CONSTANTS, names
from quantum_qasm.ir import Code, Instruction, Register
from quantum_qasm.spans import Span
from quantum_qasm.types import Float, Type

MAX_QUBITS = 1000
MAX_BITS = 10_000
"""Bits of all registers and integers that are declared, taken together."""


MAX_WARNINGS = 100

MAX_WORK = 3_000_000
"""What compiling a program may take, where a statement takes WORK_OF_A_STATEMENT; in all some seconds."""

WORK_OF_A_STATEMENT = 10

_LONGEST_HINT = 40
"""Characters of a name that is compared with others."""

_HINTS = 200
"""Names that one is compared with, at the most: to compare takes long."""


class UnusableSymbol(Symbol):
    """A name whose declaration was refused: nothing more is said about it."""

    __slots__ = ()


class UnusableError(SourceError):
    """Something that rests on what was refused before; it is not told."""


class TooMuchWorkError(Exception):
    """Compiling the program takes too long; the diagnostic says where that was seen."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Names:
    """Scopes, slots and mistakes."""

    def __init__(self) -> None:
        known: dict[str, Symbol] = {
            name: ConstantSymbol(None, Float(64), value) for name, value in CONSTANTS.items()
        } | {name: GateSymbol(None, gate) for name, gate in BUILT_IN.items()}
        self.scope = self.everywhere = Scope(Scope(names=known))
        self.code = Code()
        self.registers: list[Register] = []
        self.errors: list[Diagnostic] = []
        self.warnings: list[Diagnostic] = []
        self.qubits = 0
        self.bits = 0
        self._work = 0

    @property
    def is_global(self) -> bool:
        """Whether the next statement stands in no scope."""
        return self.scope is self.everywhere

    @contextmanager
    def scoped(self, *, is_body: bool = False) -> Iterator[None]:
        """A scope within this one."""
        around = self.scope
        self.scope = Scope(around, is_body=is_body)
        try:
            yield
        finally:
            self.scope = around

    @contextmanager
    def body(self) -> Iterator[Code]:
        """The code and the scope of a definition."""
        around, self.code = self.code, Code()
        try:
            with self.scoped(is_body=True):
                yield self.code
        finally:
            self.code = around

    def spend(self, work: int, span: Span) -> None:
        """Do some work, in the unit of MAX_WORK. Raises TooMuchWorkError where there is no end of it."""
        self._work += work
        if self._work > MAX_WORK:
            message = "To compile the program takes too long."
            raise TooMuchWorkError(Diagnostic(ErrorCode.OPERATIONS, message, span))

    def slot(self) -> int:
        """A new slot."""
        self.code.slots += 1
        return self.code.slots - 1

    def emit(self, instruction: Instruction) -> int:
        """Append an instruction. Returns its place."""
        self.code.instructions.append(instruction)
        return len(self.code.instructions) - 1

    @property
    def here(self) -> int:
        """The place of the next instruction."""
        return len(self.code.instructions)

    def declare(self, name: ast.Identifier, symbol: Symbol) -> None:
        """Give a name its meaning in this scope."""
        before = self.scope.names.get(name.name)
        if before is not None:
            at = f" at line {before.span.start_line}" if before.span else ""
            raise error(name.span, f"'{name.name}' is already defined{at}.")
        around = self.scope.find(name.name)
        if around is not None and around.span is not None and not isinstance(around, UnusableSymbol):
            message = f"'{name.name}' hides the one of line {around.span.start_line} until this scope ends."
            self.warn(name.span, message, ErrorCode.SHADOWED)
        self.scope.names[name.name] = symbol

    def refuse_later(self, name: ast.Identifier) -> None:
        """Say nothing of a name any more: its declaration was refused."""
        self.scope.names.setdefault(name.name, UnusableSymbol(name.span))

    def variable(self, name: ast.Identifier, kind: Type) -> VariableSymbol:
        """Declare a variable."""
        symbol = VariableSymbol(name.span, kind, self.slot())
        self.declare(name, symbol)
        return symbol

    def lookup(self, name: ast.Identifier) -> Symbol:
        """What a name means here."""
        symbol = self.scope.find(name.name)
        if isinstance(symbol, UnusableSymbol):
            raise UnusableError(Diagnostic(ErrorCode.UNDEFINED, "", name.span))
        if symbol is None:
            raise error(name.span, f"'{name.name}' is not defined.", ErrorCode.UNDEFINED, self._hint(name.name))
        return symbol

    def gate_hint(self, name: str) -> str:
        """What may be meant by a gate that is not defined."""
        if name in STANDARD and "x" not in self.everywhere.names:
            return 'it is in stdgates.inc: include "stdgates.inc";'
        if name in ELSEWHERE:
            return "it is a gate of qelib1.inc and of Qiskit, but not of stdgates.inc"
        return self._hint(name)

    def _hint(self, name: str) -> str:
        visible = self.scope.visible()
        if name in visible:
            return "variables outside of a definition are not seen in it; pass it as an argument"
        if name in names():
            return "it is a function"
        if len(name) > _LONGEST_HINT:
            return ""
        near = nsmallest(_HINTS, visible, key=lambda one: (abs(len(one) - len(name)), one[0] != name[0], one))
        close = difflib.get_close_matches(name, near, n=1)
        return f"did you mean '{close[0]}'?" if close else ""

    def warn(self, span: Span, message: str, code: ErrorCode) -> None:
        """Note what is not wrong, but may not be meant; no more of it than a person reads."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(Diagnostic(code, message, span))
