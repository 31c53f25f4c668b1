"""Histories of a program: shots that have gone one way so far, and those of them that wait for others.

Histories whose past makes no difference any more, because they are at one position with equal states and variables,
become one. Which wait, and how long, is decided by their positions: see `stops`.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isclose

from quantum_qasm.ir import Code, Frame, Instruction, Place, Program
from quantum_qasm.values import Value
from quantum_tasks.errors import Code as ErrorCode
from quantum_tasks.errors import ProgramError

from quantum_runner.engines.state import MARKS_DIFFER, State
from quantum_runner.engines.stops import Rounds, Stops

BYTES_OF_A_VALUE, BYTES_OF_A_HISTORY = 16, 1000
"""Of a slot, an element of an array or a known qubit; of a history besides these and its vectors."""

PARTS = 8
"""Into how many parts the memory is divided: as long as what waits takes no more than one, all histories wait."""


@dataclass(slots=True)
class Caller:
    """Where to go on after a subroutine."""

    code: Code
    at: int
    frame: Frame
    slot: int | None
    given_back: tuple[tuple[int, Place], ...]
    rounds: Rounds


@dataclass(slots=True)
class History:
    """Where it is, what it knows, and how many shots go with it."""

    shots: int
    state: State
    code: Code
    frame: Frame
    at: int = 0
    callers: list[Caller] = field(default_factory=list)
    pending: int = 0
    """How many qubits of the measurement or reset at `at` are done."""
    outcome: int = 0
    rounds: Rounds = field(default_factory=dict)
    """Of the loops, since there was more than one history."""
    mark: float | None = None
    """Of its state, if that was asked for while it waits."""
    waiting_bytes: int = 0
    """What it took when it began to wait."""

    def fork(self, shots: int) -> "History":
        """Another one that has been the same so far, with some of the shots."""
        self.shots -= shots
        callers = [replace(one, frame=list(one.frame)) for one in self.callers]
        return History(
            shots, self.state, self.code, list(self.frame), self.at, callers, self.pending, self.outcome, self.rounds
        )

    def measured(self, qubit: int, value: int) -> None:
        """Go on with an outcome of the qubit that is measured next."""
        self.state = self.state.measured(qubit, value)
        self.outcome |= value << self.pending
        self.pending += 1

    def reset(self, qubit: int, value: int) -> None:
        """Go on where the qubit that is reset next was measured as a value."""
        self.state = self.state.measured(qubit, value).with_value(qubit, 0)
        self.pending += 1

    @property
    def size_bytes(self) -> int:
        """What its state and its variables take; arrays that it shares with other histories are its own here."""
        values = _size(self.frame) + sum([_size(caller.frame) for caller in self.callers])
        qubits = len(self.state.factors) + len(self.state.values)
        return self.state.size_bytes + BYTES_OF_A_VALUE * (values + qubits) + BYTES_OF_A_HISTORY


def _size(values: Sequence[Value]) -> int:
    """How many values there are, with the elements of arrays."""
    return len(values) + sum([len(value) for value in values if type(value) is tuple])


_Position = tuple[int, ...]
_Known = tuple[Value, ...]
"""The values of variables that may still make a difference."""

_Station = dict[_Known, list[History]]
"""Those that wait at one position; where they know the same, they differ in their states."""


class Waiting:
    """All histories but the one that is being followed."""

    def __init__(self, program: Program, most_bytes: int) -> None:
        self._program = program
        self._most_bytes = most_bytes
        self._fresh: list[History] = []
        """Those that have just begun, and wait for nobody."""
        self._stations: dict[_Position, _Station] = {}
        self._positions: list[_Position] = []
        """Of the stations, the least advanced one first."""
        self.stops: frozenset[int] = frozenset()
        """Instructions, by their ids, before which a history stops. None as long as none may become equal to others."""
        self.count = 0
        """How many there are."""
        self.size_bytes = 0
        """What they take."""
        self.looked_at = 0
        """How many variables and amplitudes were looked at to find equal histories."""

    def expect(self, divided_by: Instruction) -> None:
        """Note that an instruction has divided the shots of a history."""
        if not self.stops and id(divided_by) not in self._places.lasting:
            self.stops = self._places.instructions

    def add(self, history: History) -> None:
        """Let a new history wait until its turn. Raises ProgramError with MEMORY."""
        self._fresh.append(history)
        self._note(history)

    def stop(self, history: History) -> bool:
        """Let a history wait for others, or become one with an equal one. Returns False where it is to go on.

        Where too much waits, histories are brought to their ends, one after the other. Raises ProgramError with MEMORY.
        """
        position, known = self._position(history), self._known(history)
        station = self._stations.get(position, {})
        if self._become_one_of(history, station.get(known, ())):
            return True
        if self._is_full:
            return False
        if not station:
            self._stations[position] = station
            insort(self._positions, position)
        station.setdefault(known, []).append(history)
        self._note(history)
        return True

    def next(self) -> History:
        """The least advanced one, so that it catches up with others; where too much waits, the most advanced one."""
        history = self._fresh.pop() if self._fresh else self._from_station(-1 if self._is_full else 0)
        history.mark = None
        self.count -= 1
        self.size_bytes -= history.waiting_bytes
        return history

    @cached_property
    def _places(self) -> Stops:
        return Stops(self._program)

    @property
    def _is_full(self) -> bool:
        return self.size_bytes > self._most_bytes // PARTS

    def _note(self, history: History) -> None:
        history.waiting_bytes = history.size_bytes
        self.count += 1
        self.size_bytes += history.waiting_bytes
        if self.size_bytes > self._most_bytes:
            message = f"The states of {self.count} histories take more than {self._most_bytes} bytes."
            raise ProgramError(ErrorCode.MEMORY, message)

    def _from_station(self, place: int) -> History:
        position = self._positions[place]
        station = self._stations[position]
        known, histories = station.popitem()
        history = histories.pop()
        if histories:
            station[known] = histories
        elif not station:
            del self._stations[position], self._positions[place]
        return history

    def _position(self, history: History) -> _Position:
        position: _Position = ()
        for caller in history.callers:
            position += self._places.position(caller.code, caller.at - 1, caller.rounds)
        return (*position, *self._places.position(history.code, history.at, history.rounds), history.pending)

    def _known(self, history: History) -> _Known:
        known = [history.frame[slot] for slot in self._places.live(history.code, history.at)]
        for caller in history.callers:
            known += [caller.frame[slot] for slot in self._places.live_after(caller.code, caller.at - 1)]
        self.looked_at += _size(known)
        return (history.outcome, *known)

    def _become_one_of(self, history: History, others: Sequence[History]) -> bool:
        if not others:
            return False
        mark = history.state.mark()
        self.looked_at += history.state.amplitudes
        for other in others:
            if other.mark is None:
                other.mark = other.state.mark()
            if isclose(mark, other.mark, rel_tol=MARKS_DIFFER) and history.state.equals(other.state):
                other.shots += history.shots
                return True
        return False
