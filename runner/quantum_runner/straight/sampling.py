"""Counts of straight-line programs on few qubits, without Aer and equal to its own.

Where all measurements come last, Aer, too, makes one state and draws all shots from it. The same numbers are drawn
here, and from the same probabilities: up to the last bits of these, which decide about one shot in some 10^14, a seed
gives what it gives there.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate

from quantum_runner.straight import plain
from quantum_runner.straight.gates import written_out
from quantum_runner.straight.program import Call, Measurement, StraightLine

MAX_QUBITS = 10
"""Above, Aer's own threads and vector instructions win."""

MAX_STEPS = 256
"""A gate costs more here than in Aer; what is saved is all that is around it."""


def counts(program: StraightLine, shots: int, seed: int) -> dict[str, int] | None:
    """How often each outcome came, keyed as Qiskit has it; None where this is not the way."""
    if len(program.steps) > MAX_STEPS:
        return None
    calls, read = _needed(program.steps)
    if calls is None:
        return None
    used = {qubit for call in calls for qubit in call.qubits} | set(read.values())
    if len(used) > MAX_QUBITS:
        return None
    places = {qubit: place for place, qubit in enumerate(sorted(used))}
    layout = _layout({bit: places[qubit] for bit, qubit in read.items()}, program.registers)
    found: dict[str, int] = {}
    for state, number in _drawn(calls, places, shots, seed).items():
        key = " ".join("".join("1" if state & mask else "0" for mask in group) for group in layout)
        found[key] = found.get(key, 0) + number
    return found


def _drawn(calls: Sequence[Call], places: Mapping[int, int], shots: int, seed: int) -> Mapping[int, int]:
    if "numpy" not in sys.modules and len(places) <= plain.MAX_QUBITS and shots <= plain.MAX_SHOTS:
        return plain.drawn(calls, places, shots, seed)
    from quantum_runner.straight import state  # noqa: PLC0415 - see plain

    return state.drawn(calls, places, shots, seed)


def _needed(steps: Sequence[Call | Measurement]) -> tuple[list[Call] | None, Mapping[int, int]]:
    """The gates that bear on an outcome, and which qubit each bit is read from; no gates if one follows a measurement.

    Aer leaves out the same ones, and numbers the qubits without those that are left.
    """
    calls: list[Call] = []
    read: dict[int, int] = {}
    bearing: set[int] = set()
    changed: set[int] = set()
    for step in reversed(steps):
        if isinstance(step, Measurement):
            if step.qubit in changed:
                return None, read
            read.setdefault(step.bit, step.qubit)
            bearing.add(step.qubit)
            continue
        for call in reversed(written_out(step)):
            if not bearing.isdisjoint(call.qubits):
                bearing.update(call.qubits)
                changed.update(call.qubits)
                calls.append(call)
    calls.reverse()
    return calls, read


def _layout(places: Mapping[int, int], registers: Sequence[int]) -> list[list[int]]:
    """Where a key's bits are in a basis state, as masks: the last register first, the highest bit of each first.

    A bit that is never written has no place, and the mask 0.
    """
    ends = accumulate(registers)
    groups = [range(end - 1, end - width - 1, -1) for end, width in zip(ends, registers, strict=True)]
    return [[1 << places[bit] if bit in places else 0 for bit in group] for group in reversed(groups)]
