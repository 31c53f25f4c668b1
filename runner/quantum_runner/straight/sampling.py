"""Counts of straight-line programs on few qubits, without Aer and equal to its own.

Where all measurements come last, Aer, too, makes one state and draws all shots from it. The same numbers are drawn
here, and from the same probabilities: up to the last bits of these, which decide about one shot in some 10^14, a seed
gives what it gives there.
"""

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate

from quantum_qasm.straight.bearing import bearing_of
from quantum_qasm.straight.program import Call, StraightLine

from quantum_runner.straight import plain


def counts(program: StraightLine, shots: int, seed: int) -> dict[str, int] | None:
    """How often each outcome came, keyed as Qiskit has it; None where this is not the way."""
    bearing = bearing_of(program)
    if bearing is None:
        return None
    places = {qubit: place for place, qubit in enumerate(bearing.qubits)}
    layout = _layout({bit: places[qubit] for bit, qubit in bearing.read.items()}, program.registers)
    found: dict[str, int] = {}
    for state, number in _drawn(bearing.calls, places, shots, seed).items():
        key = " ".join("".join("1" if state & mask else "0" for mask in group) for group in layout)
        found[key] = found.get(key, 0) + number
    return found


def _drawn(calls: Sequence[Call], places: Mapping[int, int], shots: int, seed: int) -> Mapping[int, int]:
    if "numpy" not in sys.modules and plain.suits(calls, places, shots):
        return plain.drawn(calls, places, shots, seed)
    from quantum_runner.straight import state  # noqa: PLC0415 - see plain

    return state.drawn(calls, places, shots, seed)


def _layout(places: Mapping[int, int], registers: Sequence[int]) -> list[list[int]]:
    """Where a key's bits are in a basis state, as masks: the last register first, the highest bit of each first.

    A bit that is never written has no place, and the mask 0.
    """
    ends = accumulate(registers)
    groups = [range(end - 1, end - width - 1, -1) for end, width in zip(ends, registers, strict=True)]
    return [[1 << places[bit] if bit in places else 0 for bit in group] for group in reversed(groups)]
