"""What of a straight-line program bears on an outcome, and whether that is little enough to do without Aer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantum_qasm.straight.gates import written_out
from quantum_qasm.straight.program import Call, Measurement, StraightLine

MAX_QUBITS = 10
"""Above, Aer's own threads and vector instructions win."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """The gates that bear on an outcome, the qubits that they or a measurement have, and what each bit is read from."""

    calls: Sequence[Call]
    qubits: Sequence[int]
    read: Mapping[int, int]


def bearing_of(program: StraightLine) -> Bearing | None:
    """What there is to simulate; None where a gate follows a measurement of its qubit, or there are too many qubits.

    Aer leaves out the same gates, and numbers the qubits without those that are left.
    """
    calls: list[Call] = []
    read: dict[int, int] = {}
    bearing: set[int] = set()
    changed: set[int] = set()
    for step in reversed(program.steps):
        if isinstance(step, Measurement):
            if step.qubit in changed:
                return None
            read.setdefault(step.bit, step.qubit)
            bearing.add(step.qubit)
            continue
        for call in reversed(written_out(step)):
            if not bearing.isdisjoint(call.qubits):
                bearing.update(call.qubits)
                changed.update(call.qubits)
                calls.append(call)
    calls.reverse()
    used = {qubit for call in calls for qubit in call.qubits} | set(read.values())
    return Bearing(calls, sorted(used), read) if len(used) <= MAX_QUBITS else None
