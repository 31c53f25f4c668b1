"""Where histories of one program may have become equal again, and which variables still matter there.

A history stops where others may come to, too: where jumps lead, and before each measurement or reset. Positions are
ordered by how far the program has come: a round of a loop after the round before, what follows a loop after all of its
rounds. Whoever goes on from the least position waits for all that may still come to where it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain

from quantum_qasm.ir import (
    Assign,
    Bind,
    Branch,
    Call,
    Code,
    End,
    Expression,
    Indices,
    Instruction,
    Jump,
    Measure,
    Modifier,
    NamedQubits,
    Place,
    Program,
    Qubits,
    Reset,
    Return,
    Selection,
    Variable,
)

Rounds = Mapping[int, int]
"""How often each loop has begun again, by the place of its first instruction."""


def next_round(rounds: Rounds, head: int) -> Rounds:
    """The rounds after a loop has begun again; those of the loops within it begin anew."""
    return {**{other: count for other, count in rounds.items() if other < head}, head: rounds.get(head, 0) + 1}


class Stops:
    """What is known of a program's code before it runs. All of it is found out when it is asked for."""

    def __init__(self, program: Program) -> None:
        self._program = program

    @cached_property
    def lasting(self) -> frozenset[int]:
        """Measurements, by their ids, whose outcomes stay in the results: histories that differ in them never join."""
        return frozenset(_lasting(self._program))

    @cached_property
    def instructions(self) -> frozenset[int]:
        """Instructions, by their ids, before which a history stops."""
        return frozenset(chain.from_iterable(part.stops() for part in self._parts.values()))

    def position(self, code: Code, at: int, rounds: Rounds) -> tuple[int, ...]:
        """How far a history has come in some code."""
        around = self._parts[id(code)].loops_around[at]
        return (*chain.from_iterable((head, rounds.get(head, 0)) for head in around), at)

    def live(self, code: Code, at: int) -> tuple[int, ...]:
        """The slots that are read before they are written again, from an instruction on."""
        return self._parts[id(code)].live(at)

    def live_after(self, code: Code, at: int) -> tuple[int, ...]:
        """The same, while a subroutine is called by an instruction."""
        return self._parts[id(code)].live_after(at)

    @cached_property
    def _parts(self) -> dict[int, "_Part"]:
        program = self._program
        results = _results(program)
        subroutines = _subroutines(program.code)
        may_end = any(isinstance(one, End) for code, _ in subroutines.values() for one in code.instructions)
        parts = [_Part(program.code, results, 0, results if may_end else 0)]
        parts += [_Part(code, 0, changed, 0) for code, changed in subroutines.values()]
        return {id(part.code): part for part in parts}


@dataclass(frozen=True, slots=True)
class _Flow:
    """Of one instruction: what it reads and writes, as sets of bits."""

    reads: int
    writes: int
    keeps: int
    """What is read after the subroutine that it calls, beside what is read by the instructions that follow."""


class _Part:
    """One code: the program's own, or that of a subroutine.

    `results` are the slots that matter in the end, `changed` those that matter to a caller, and `at_end` those that
    matter if a subroutine ends the program.
    """

    def __init__(self, code: Code, results: int, changed: int, at_end: int) -> None:
        self.code = code
        self._flows = [_flow(instruction, at_end) for instruction in code.instructions]
        self._live = self._analysed(results, changed)
        self.loops_around = _loops_around(code.instructions)
        """For each instruction the first ones of the loops in which it is, the outermost loop first."""
        self._slots: dict[tuple[int, bool], tuple[int, ...]] = {}

    def stops(self) -> Iterable[int]:
        instructions = self.code.instructions
        for instruction in instructions:
            match instruction:
                case Measure() | Reset():
                    yield id(instruction)
                case Jump(to=to) | Branch(otherwise=to) if to < len(instructions):
                    yield id(instructions[to])

    def live(self, at: int) -> tuple[int, ...]:
        return self._members(at, self._live[at], is_within=False)

    def live_after(self, at: int) -> tuple[int, ...]:
        flow = self._flows[at]
        return self._members(at, self._live[at + 1] & ~flow.writes | flow.keeps, is_within=True)

    def _members(self, at: int, live: int, *, is_within: bool) -> tuple[int, ...]:
        if (at, is_within) not in self._slots:
            self._slots[at, is_within] = tuple(slot for slot in range(self.code.slots) if live >> slot & 1)
        return self._slots[at, is_within]

    def _analysed(self, results: int, changed: int) -> list[int]:
        """What is live before each instruction, and in the end: backwards, until loops add nothing more."""
        instructions = self.code.instructions
        live = [0] * len(instructions) + [results]
        before: list[int] = []
        while live != before:
            before = list(live)
            for at in reversed(range(len(instructions))):
                flow = self._flows[at]
                match instructions[at]:
                    case Jump(to=to):
                        after = live[to]
                    case Branch(otherwise=otherwise):
                        after = live[at + 1] | live[otherwise]
                    case Return():
                        after = changed
                    case End():
                        after = results
                    case _:
                        after = live[at + 1]
                live[at] = after & ~flow.writes | flow.reads
        return live


def _lasting(program: Program) -> Iterator[int]:
    results, instructions = _results(program), program.code.instructions
    around = _loops_around(instructions)
    written: dict[int, int] = {}  # bits of each slot that are written by what follows
    for at in reversed(range(len(instructions))):
        instruction = instructions[at]
        for place in _places(instruction):
            bits = _bits(place)
            later = written.get(place.slot, 0)
            is_result = bool(results >> place.slot & 1)
            if isinstance(instruction, Measure) and is_result and not around[at] and not later & bits:
                yield id(instruction)
            written[place.slot] = later | bits


def _places(instruction: Instruction) -> list[Place]:
    match instruction:
        case Assign(place=place) | Measure(place=Place() as place):
            return [place]
        case Call(slot=slot, given_back=given_back):
            return [place for _, place in given_back] + ([] if slot is None else [Place(slot)])
        case Bind(slot=slot):
            return [Place(slot)]
    return []


def _bits(place: Place) -> int:
    """The bits of a slot that a place has; all where that is not known."""
    bits = place.bits
    if place.elements is None and bits is not None and _read([bits]) == 0:
        return _union(bits.places([]))
    return -1


def _results(program: Program) -> int:
    return _union([one.slot for one in program.registers] + [one.slot for one in program.outputs])


def _loops_around(instructions: Sequence[Instruction]) -> list[tuple[int, ...]]:
    ends = {one.to: at for at, one in enumerate(instructions) if isinstance(one, Jump) and one.to <= at}
    found = []
    around: tuple[int, ...] = ()
    for at in range(len(instructions)):
        while around and ends[around[-1]] < at:
            around = around[:-1]
        if at in ends:
            around += (at,)
        found.append(around)
    return found


def _flow(instruction: Instruction, at_end: int) -> _Flow:
    reads = _read([getattr(instruction, one.name) for one in fields(instruction)])
    match instruction:
        case Assign(place=Place(slot=slot, elements=None, bits=None)):
            return _Flow(reads, 1 << slot, 0)
        case Measure(place=Place(slot=slot, elements=None, bits=None)):
            return _Flow(reads, 1 << slot, 0)
        case Bind(slot=slot):
            return _Flow(reads, 1 << slot, 0)
        case Call(slot=slot, given_back=given_back):
            keeps = at_end | _read(given_back)
            return _Flow(reads | at_end, 0 if slot is None else 1 << slot, keeps)
    return _Flow(reads, 0, 0)


def _read(parts: Iterable[object]) -> int:
    """The slots that are read by parts of instructions. A chain of thousands is as deep as it is long."""
    found = 0
    left = list(parts)
    while left:
        part = left.pop()
        match part:
            case Variable(slot=slot) | NamedQubits(slot=slot):
                found |= 1 << slot
            case Place(slot=slot, elements=elements, bits=bits):
                found |= 0 if elements is None and bits is None else 1 << slot
                left += [elements, bits]
            case tuple():
                left += part
            case Expression() | Indices() | Qubits() | Selection() | Modifier():
                left += [getattr(part, one.name) for one in fields(part)]
    return found


def _subroutines(code: Code) -> dict[int, tuple[Code, int]]:
    """The codes of the subroutines that are called, each with the slots that matter to its callers."""
    found: dict[int, tuple[Code, int]] = {}
    left = [code]
    while left:
        for instruction in left.pop().instructions:
            if isinstance(instruction, Call) and id(instruction.subroutine.code) not in found:
                called = instruction.subroutine
                found[id(called.code)] = called.code, _union(called.changes)
                left.append(called.code)
    return found


def _union(slots: Iterable[int]) -> int:
    found = 0
    for slot in slots:
        found |= 1 << slot
    return found
