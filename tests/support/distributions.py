"""What the outcomes of a program are and how probable each is, without a simulator; whether counts agree."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import qasm3
from scipy.stats import chi2_contingency

Matrix = NDArray[np.complex128]

RARE = 10
"""Shots of both counts together up to which an outcome is put together with others."""


def agreement(ours: Mapping[str, int], theirs: Mapping[str, int]) -> float:
    """How probable so great a difference is where both are drawn from one distribution, by the chi-squared test.

    Outcomes that are rare are one cell.
    """
    keys = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key, 0) + theirs.get(key, 0) > RARE)
    rows = [[counts.get(key, 0) for key in keys] for counts in (ours, theirs)]
    table = [[*row, sum(counts.values()) - sum(row)] for row, counts in zip(rows, (ours, theirs), strict=True)]
    columns = [column for column in zip(*table, strict=True) if sum(column)]
    if len(columns) == 1:
        return 1.0
    return float(chi2_contingency(list(zip(*columns, strict=True))).pvalue)


def distribution(text: str) -> dict[str, float]:
    """The probability of each record of the bits, the last declared first and without spaces.

    The program is read by Qiskit's own importer. It may measure in the middle, but has no control flow. For each record
    there is a density matrix, whose trace is the probability: gates act on all of them (U rho U'), and a measurement
    splits each (P rho P). Takes 4^qubits for each record, so it is for few qubits.
    """
    circuit: Any = qasm3.loads(text)
    width = circuit.num_qubits
    ground = np.zeros((2**width, 2**width), dtype=np.complex128)
    ground[0, 0] = 1
    worlds: Mapping[tuple[int, ...], Matrix] = {(0,) * circuit.num_clbits: ground}
    for step in circuit.data:
        qubits = [circuit.find_bit(qubit).index for qubit in step.qubits]
        if step.operation.name == "measure":
            worlds = _measured(worlds, qubits[0], circuit.find_bit(step.clbits[0]).index)
        elif step.operation.name != "barrier":
            gate = _on_all(step.operation.to_matrix(), qubits, width)
            worlds = {bits: gate @ state @ gate.conj().T for bits, state in worlds.items()}
    return {
        "".join(map(str, reversed(bits))): float(state.trace().real)
        for bits, state in worlds.items()
        if state.trace().real > 1e-12
    }


def _measured(worlds: Mapping[tuple[int, ...], Matrix], qubit: int, bit: int) -> Mapping[tuple[int, ...], Matrix]:
    after: defaultdict[tuple[int, ...], Any] = defaultdict(float)
    for bits, state in worlds.items():
        for outcome in (0, 1):
            seen = (np.arange(len(state)) >> qubit & 1) == outcome
            after[*bits[:bit], outcome, *bits[bit + 1 :]] += state * np.outer(seen, seen)
    return after


def _on_all(gate: Matrix, qubits: Sequence[int], width: int) -> Matrix:
    """A gate on some qubits, the first of which is the lowest bit of its rows, as one on all."""
    states = np.arange(2**width)
    inside = np.zeros_like(states)
    for place, qubit in enumerate(qubits):
        inside |= (states >> qubit & 1) << place
    outside = states & ~sum(1 << qubit for qubit in qubits)
    same = outside[:, None] == outside[None, :]
    return np.where(same, gate[np.ix_(inside, inside)], 0)
