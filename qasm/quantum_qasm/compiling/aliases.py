"""Aliases: other names for qubits and bits, of several registers together, too."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from openqasm3 import ast
from quantum_tasks.errors import Code as ErrorCode

from quantum_qasm.compiling import typed
from quantum_qasm.compiling.expressions import indexed
from quantum_qasm.compiling.gates import Gates
from quantum_qasm.compiling.names import WORK_OF_A_STATEMENT
from quantum_qasm.compiling.scopes import JoinedSymbol, QubitSymbol, VariableSymbol
from quantum_qasm.compiling.typed import error
from quantum_qasm.diagnostics import SourceError
from quantum_qasm.ir import (
    Assign,
    Bind,
    Constant,
    Expression,
    Indices,
    Listed,
    NamedQubits,
    Nested,
    Place,
    Ranged,
    TheseQubits,
    Variable,
    width_of,
)
from quantum_qasm.spans import Span
from quantum_qasm.types import BIT, INT, Bit, Bits, Type


class Aliases(Gates):
    """Compiles aliases, and what is assigned to them."""

    def alias(self, node: ast.AliasStatement) -> None:
        """`let a = q[0:1];`."""
        try:
            symbol = self._aliased(node)
        except SourceError:
            self.refuse_later(node.target)
            raise
        self.declare(node.target, symbol)

    def _aliased(self, node: ast.AliasStatement) -> QubitSymbol | VariableSymbol | JoinedSymbol:
        if self._is_of_bits(node.value):
            return self._alias_of_bits(node.value, node.target.span)
        qubits = self.qubits_of(node.value)
        if not isinstance(qubits, TheseQubits):
            slot = self.slot()
            self.emit(Bind(node.span, slot, qubits))
            qubits = NamedQubits(qubits.width, node.target.span, slot)
        return QubitSymbol(node.target.span, qubits)

    def _is_of_bits(self, node: ast.Expression) -> bool:
        """Whether this is of variables: alone of any, together of bits."""
        if isinstance(node, ast.Concatenation):
            return self._is_of_bits(node.lhs) and self._is_of_bits(node.rhs)
        name, _ = indexed(node)
        symbol = None if name is None else self.scope.find(name.name)
        return isinstance(symbol, VariableSymbol | JoinedSymbol)

    def _alias_of_bits(self, node: ast.Expression, span: Span) -> VariableSymbol | JoinedSymbol:
        if not isinstance(node, ast.Concatenation):
            return self._named_bits(node, span)
        left, right = self._alias_of_bits(node.lhs, span), self._alias_of_bits(node.rhs, span)
        parts = (*_parts(left), *_parts(right))
        for part in parts:
            if not isinstance(part.type, Bit | Bits):
                raise error(node.span, f"{part.type} cannot be joined to a register.")
        _refuse_overlaps(parts, node.span)
        return JoinedSymbol(span, Bits(sum(width_of(part.type) for part in parts)), parts)

    def _named_bits(self, node: ast.Expression, span: Span) -> VariableSymbol | JoinedSymbol:
        """A variable or an alias, or what is picked of it."""
        name, indices = indexed(node)
        assert name is not None  # noqa: S101 - it has been looked at
        symbol = self.lookup(name)
        if isinstance(symbol, JoinedSymbol):
            return self._picked_of_joined(symbol, indices, node.span)
        target: ast.Identifier | ast.IndexedIdentifier = name
        if indices:
            target = ast.IndexedIdentifier(name, indices)
            target.span = node.span
        kind, place = self.target(target)
        if place.elements is not None or place.signed:
            raise error(node.span, "This cannot have an alias here.", ErrorCode.UNSUPPORTED)
        return VariableSymbol(span, kind, place.slot, place.bits and self._as_now(place.bits))

    def _picked_of_joined(
        self, symbol: JoinedSymbol, indices: Sequence[ast.IndexElement], span: Span
    ) -> VariableSymbol | JoinedSymbol:
        bits = _single_bits(symbol, span) if indices else ()
        width: int | None = symbol.type.width
        for index in indices:
            if width is None:
                raise error(span, f"{BIT} has no bits that could be picked.")
            found, width = self.indices(index, len(bits), span)
            if not _is_known(found):
                message = "Which bits these are of several registers must be known here."
                raise error(span, message, ErrorCode.UNSUPPORTED)
            bits = tuple(bits[place] for place in found.places([]))
        if not indices:
            return symbol
        return bits[0] if width is None else JoinedSymbol(symbol.span, Bits(width), bits)

    @contextmanager
    def written(self, node: ast.Identifier | ast.IndexedIdentifier) -> Iterator[tuple[Type, Place]]:
        """Where a value goes that the instruction within assigns; registers together get it from there after that."""
        name = node if isinstance(node, ast.Identifier) else node.name
        symbol = self.lookup(name)
        if not isinstance(symbol, JoinedSymbol):
            yield self.target(node)
            return
        self.spend(WORK_OF_A_STATEMENT * len(symbol.parts), node.span)
        together = VariableSymbol(symbol.span, symbol.type, self.slot())
        self.emit(Assign(node.span, Place(together.slot), self.expression(name)))
        yield self.target(node, together)
        first, size = 0, symbol.type.width
        for part in symbol.parts:
            last = first + width_of(part.type) - 1
            value, _ = typed.ranged(_constant(first, node.span), None, _constant(last, node.span), size, node.span)
            whole = Variable(symbol.type, node.span, together.slot)
            width = part.type.width if isinstance(part.type, Bits) else None
            picked = typed.picked(whole, value, width, node.span)
            self.emit(Assign(node.span, Place(part.slot, bits=part.bits), picked))
            first = last + 1

    def _as_now(self, indices: Indices) -> Indices:
        """Indices with the values that they have now, whatever becomes of the variables in them."""
        match indices:
            case Listed(values=values):
                return replace(indices, values=tuple(self._value_now(value) for value in values))
            case Ranged(start=start, step=step, end=end):
                return replace(
                    indices, start=self._value_now(start), step=self._value_now(step), end=self._value_now(end)
                )
            case Nested(outer=outer, inner=inner):
                return replace(indices, outer=self._as_now(outer), inner=self._as_now(inner))
        raise AssertionError(indices)

    def _value_now(self, value: Expression) -> Expression:
        if isinstance(value, Constant):
            return value
        slot = self.slot()
        self.emit(Assign(value.span, Place(slot), value))
        return Variable(value.type, value.span, slot)


def _parts(symbol: VariableSymbol | JoinedSymbol) -> tuple[VariableSymbol, ...]:
    return symbol.parts if isinstance(symbol, JoinedSymbol) else (symbol,)


def _single_bits(symbol: JoinedSymbol, span: Span) -> tuple[VariableSymbol, ...]:
    return tuple(
        part if isinstance(part.type, Bit) else VariableSymbol(span, BIT, part.slot, _picked(part, place, span))
        for part in symbol.parts
        for place in range(width_of(part.type))
    )


def _picked(part: VariableSymbol, place: int, span: Span) -> Indices:
    inner = Listed(width_of(part.type), (_constant(place, span),))
    return inner if part.bits is None else Nested(part.bits.size, part.bits, inner)


def _is_known(indices: Indices) -> bool:
    """Whether the places are the same whenever they are looked at."""
    match indices:
        case Nested(outer=outer, inner=inner):
            return _is_known(outer) and _is_known(inner)
    return all(isinstance(part, Constant) for part in typed.parts_of(indices))


def _refuse_overlaps(parts: Sequence[VariableSymbol], span: Span) -> None:
    """No bit has two places, or its value would depend on which of them is written to last."""
    seen: dict[int, set[int]] = {}
    for part in parts:
        before = seen.setdefault(part.slot, set())
        if part.bits is not None and not _is_known(part.bits):
            if sum(one.slot == part.slot for one in parts) > 1:
                raise error(span, "Whether a bit stands here twice cannot be known.", ErrorCode.UNSUPPORTED)
            continue
        places = range(width_of(part.type)) if part.bits is None else part.bits.places([])
        if not before.isdisjoint(places) or len(set(places)) < len(places):
            raise error(span, "A bit stands here twice.")
        before.update(places)


def _constant(value: int, span: Span) -> Constant:
    return Constant(INT, span, value)
