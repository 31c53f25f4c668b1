"""What names mean, and where."""

from dataclasses import dataclass, field

from openqasm3 import ast

from quantum_qasm.ir import Gate, Indices, Qubits, Subroutine
from quantum_qasm.spans import Span
from quantum_qasm.types import Bits, Type
from quantum_qasm.values import Value


@dataclass(frozen=True, slots=True)
class Symbol:
    """The base of what a name may mean. `span` is where it was declared; None: every program knows it."""

    span: Span | None


@dataclass(frozen=True, slots=True)
class ConstantSymbol(Symbol):
    """A compile-time constant."""

    type: Type
    value: Value


@dataclass(frozen=True, slots=True)
class VariableSymbol(Symbol):
    """A variable: a slot, or some bits of one where it is an alias."""

    type: Type
    slot: int
    bits: Indices | None = None
    is_fixed: bool = False
    """An input, or an array that is only to be read."""


@dataclass(frozen=True, slots=True)
class JoinedSymbol(Symbol):
    """An alias of bits and registers together, the first of which has the lowest bits."""

    type: Bits
    parts: tuple[VariableSymbol, ...]


@dataclass(frozen=True, slots=True)
class QubitSymbol(Symbol):
    """A qubit, a register or an alias of some."""

    qubits: Qubits


_OF_A_RUN = (VariableSymbol, JoinedSymbol, QubitSymbol)
"""What definitions do not see of what is around them."""


@dataclass(frozen=True, slots=True)
class GateSymbol(Symbol):
    """A gate."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class SubroutineSymbol(Symbol):
    """A subroutine."""

    subroutine: Subroutine


@dataclass(frozen=True, slots=True)
class GenericSymbol(Symbol):
    """A subroutine of arrays of any length: it is compiled for those that it is called with."""

    node: ast.SubroutineDefinition
    instances: dict[tuple[tuple[int, ...], ...], Subroutine]


@dataclass(frozen=True, slots=True)
class ExternSymbol(Symbol):
    """A function that is defined elsewhere. `function` is the one of `quantum_qasm.externs` that it would be."""

    name: str
    function: str
    arguments: tuple[Type, ...]
    returned: Type | None


@dataclass(slots=True)
class Scope:
    """Names, and the scope around them. `is_body`: a definition's, where the variables around are not seen."""

    around: "Scope | None" = None
    is_body: bool = False
    names: dict[str, Symbol] = field(default_factory=dict)

    def find(self, name: str) -> Symbol | None:
        """What a name means here."""
        scope: Scope | None = self
        left_a_body = False
        while scope is not None:
            symbol = scope.names.get(name)
            if symbol is not None and not (left_a_body and isinstance(symbol, _OF_A_RUN)):
                return symbol
            left_a_body = left_a_body or scope.is_body
            scope = scope.around
        return None

    def visible(self) -> set[str]:
        """Every name that means something here."""
        found: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            found |= scope.names.keys()
            scope = scope.around
        return found
