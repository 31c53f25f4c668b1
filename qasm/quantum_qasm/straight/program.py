"""What a straight-line program says."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A standard gate, with its angles in radians, on qubits by their index: controls first."""

    gate: str
    angles: tuple[float, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A qubit's measurement into a bit, both by their index."""

    qubit: int
    bit: int


@dataclass(frozen=True, slots=True)
class StraightLine:
    """A program: its steps in order, on `qubits` qubits and as many bits as the registers have together.

    `registers` are the widths of what counts are keyed by, first declared first: a register's, or how many single bits
    were declared one after the other.
    """

    qubits: int
    registers: Sequence[int]
    steps: Sequence[Call | Measurement]
