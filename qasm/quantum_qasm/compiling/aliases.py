"""Aliases: other names for qubits and bits, of several registers together, too."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

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

MAX_PARTS = 1000
"""Of an alias of several registers: pieces of them, each of bits that are beside each other."""

_WORK_OF_A_BIT = 2
"""See WORK_OF_A_STATEMENT; of bits that are looked at one by one."""


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
        terms = _terms(node.value)
        if any(self._is_of_bits(term) for term in terms):
            return replace(self._alias_of_bits(terms, node.value.span), span=node.target.span)
        qubits = self.qubits_of(node.value)
        if not isinstance(qubits, TheseQubits):
            slot = self.slot()
            self.emit(Bind(node.span, slot, qubits))
            qubits = NamedQubits(qubits.width, node.target.span, slot)
        return QubitSymbol(node.target.span, qubits)

    def _is_of_bits(self, node: ast.Expression) -> bool:
        name, _ = indexed(node)
        symbol = None if name is None else self.scope.find(name.name)
        return isinstance(symbol, VariableSymbol | JoinedSymbol)

    def _alias_of_bits(self, terms: Sequence[ast.Expression], span: Span) -> VariableSymbol | JoinedSymbol:
        if len(terms) == 1:
            return self._named_bits(terms[0])
        parts: list[VariableSymbol] = []
        for term in terms:
            named = self._named_bits(term)
            if not isinstance(named.type, Bit | Bits):
                raise error(term.span, f"{named.type} cannot be joined to a register.")
            parts += named.parts if isinstance(named, JoinedSymbol) else [named]
            _refuse_too_many(parts, term.span)
        self.spend(_WORK_OF_A_BIT * sum(width_of(part.type) for part in parts), span)
        _refuse_overlaps(parts, span)
        return _joined(parts, span)

    def _named_bits(self, node: ast.Expression) -> VariableSymbol | JoinedSymbol:
        """A variable or an alias, or what is picked of it."""
        name, indices = indexed(node)
        symbol = None if name is None else self.lookup(name)
        if name is None or isinstance(symbol, QubitSymbol):
            raise error(node.span, "Bits are joined to nothing but bits that have a name.")
        if isinstance(symbol, JoinedSymbol):
            return self._picked_of_joined(symbol, indices, node.span) if indices else symbol
        target: ast.Identifier | ast.IndexedIdentifier = name
        if indices:
            target = ast.IndexedIdentifier(name, indices)
            target.span = node.span
        kind, place = self.target(target)
        if place.elements is not None or place.signed:
            raise error(node.span, "This cannot have an alias here.", ErrorCode.UNSUPPORTED)
        bits = place.bits and self._flat(self._as_now(place.bits), node.span)
        return VariableSymbol(node.span, kind, place.slot, bits)

    def _picked_of_joined(
        self, symbol: JoinedSymbol, indices: Sequence[ast.IndexElement], span: Span
    ) -> VariableSymbol | JoinedSymbol:
        message = "Which bits these are of several registers must be known here."
        refused = error(span, message, ErrorCode.UNSUPPORTED, is_tolerated=True)
        if not all(part.bits is None or _is_known(part.bits) for part in symbol.parts):
            raise refused
        self.spend(_WORK_OF_A_BIT * symbol.type.width, span)
        bits = [bit for part in symbol.parts for bit in _single_bits(part)]
        width: int | None = symbol.type.width
        for index in indices:
            if width is None:
                raise error(span, f"{BIT} has no bits that could be picked.")
            found, width = self.indices(index, len(bits), span)
            if not _is_known(found):
                raise refused
            bits = [bits[place] for place in found.places([])]
        if width is None:
            return _part(bits, span)
        if len(set(bits)) < len(bits):
            raise _twice(span)
        parts = [_part(run, span) for run in _runs(bits)]
        _refuse_too_many(parts, span)
        return _joined(parts, span)

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
        first = 0
        for part in symbol.parts:
            last = first + width_of(part.type) - 1
            whole = Variable(symbol.type, node.span, together.slot)
            width = part.type.width if isinstance(part.type, Bits) else None
            picked = typed.picked(whole, _range(symbol.type.width, first, last, node.span), width, node.span)
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

    def _flat(self, indices: Indices, span: Span) -> Indices:
        """Indices into indices as one, if they are known: an alias of an alias of an alias is not looked up by all."""
        if not (isinstance(indices, Nested) and _is_known(indices)):
            return indices
        places = indices.places([])
        self.spend(len(places), span)
        if all(place == places[0] + at for at, place in enumerate(places)):
            return _range(indices.size, places[0], places[-1], span)
        return Listed(indices.size, tuple(_constant(place, span) for place in places))

    def _value_now(self, value: Expression) -> Expression:
        if isinstance(value, Constant):
            return value
        slot = self.slot()
        self.emit(Assign(value.span, Place(slot), value))
        return Variable(value.type, value.span, slot)


def _terms(node: ast.Expression) -> list[ast.Expression]:
    """What is joined, from left to right; a chain may be longer than Python's stack is deep."""
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Concatenation):
            waiting += [one.rhs, one.lhs]
        else:
            found.append(one)
    return found


def _joined(parts: Sequence[VariableSymbol], span: Span) -> JoinedSymbol:
    """Bits and registers together; registers of no bits make no difference."""
    some = tuple(part for part in parts if width_of(part.type))
    return JoinedSymbol(span, Bits(sum(width_of(part.type) for part in some)), some)


class _OneBit(NamedTuple):
    """A bit of a slot with a register of `size` bits; None: the slot has this bit alone."""

    slot: int
    size: int | None
    place: int


def _single_bits(part: VariableSymbol) -> list[_OneBit]:
    if part.bits is not None:
        return [_OneBit(part.slot, part.bits.size, place) for place in part.bits.places([])]
    if isinstance(part.type, Bit):
        return [_OneBit(part.slot, None, 0)]
    width = width_of(part.type)
    return [_OneBit(part.slot, width, place) for place in range(width)]


def _runs(bits: Sequence[_OneBit]) -> Iterator[list[_OneBit]]:
    """Rows of bits that are beside each other."""
    run: list[_OneBit] = []
    for bit in bits:
        if run and (bit.slot, bit.size, bit.place) != (run[-1].slot, run[-1].size, run[-1].place + 1):
            yield run
            run = []
        run.append(bit)
    if run:
        yield run


def _part(run: Sequence[_OneBit], span: Span) -> VariableSymbol:
    """Bits that are beside each other."""
    first, last = run[0], run[-1]
    if first.size is None:
        return VariableSymbol(span, BIT, first.slot)
    if len(run) == 1:
        return VariableSymbol(span, BIT, first.slot, Listed(first.size, (_constant(first.place, span),)))
    return VariableSymbol(span, Bits(len(run)), first.slot, _range(first.size, first.place, last.place, span))


def _is_known(indices: Indices) -> bool:
    """Whether the places are the same whenever they are looked at."""
    match indices:
        case Nested(outer=outer, inner=inner):
            return _is_known(outer) and _is_known(inner)
    return all(isinstance(part, Constant) for part in typed.parts_of(indices))


def _refuse_overlaps(parts: Sequence[VariableSymbol], span: Span) -> None:
    """No bit has two places, or its value would depend on which of them is written to last."""
    slots = Counter(part.slot for part in parts)
    seen: set[_OneBit] = set()
    for part in parts:
        if part.bits is not None and not _is_known(part.bits):
            may_repeat = isinstance(part.type, Bits) and not isinstance(part.bits, Ranged)
            if may_repeat or slots[part.slot] > 1:
                message = "Whether a bit stands here twice cannot be known."
                raise error(span, message, ErrorCode.UNSUPPORTED, is_tolerated=True)
            continue
        bits = _single_bits(part)
        if not seen.isdisjoint(bits) or len(set(bits)) < len(bits):
            raise _twice(span)
        seen.update(bits)


def _refuse_too_many(parts: Sequence[VariableSymbol], span: Span) -> None:
    if len(parts) > MAX_PARTS:
        raise error(span, f"An alias may be of {MAX_PARTS} parts at most.", ErrorCode.BITS)


def _twice(span: Span) -> SourceError:
    return error(span, "A bit stands here twice.")


def _range(size: int, first: int, last: int, span: Span) -> Indices:
    return Ranged(size, *(_constant(value, span) for value in (first, 1, last)))


def _constant(value: int, span: Span) -> Constant:
    return Constant(INT, span, value)
