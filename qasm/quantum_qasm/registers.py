"""Counts of each register by itself, from those of all of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantum_qasm.ir import Program, Register


@dataclass(frozen=True, slots=True)
class RegisterCounts:
    """A register's values, and how many shots gave each. The name is None where it is not known."""

    name: str | None
    bits: int
    counts: Mapping[str, int]


def by_register(counts: Mapping[str, int], program: Program | None) -> list[RegisterCounts]:
    """The counts of each register, first declared first; of single bits, each by itself.

    Without the program, or one that the counts are not of, registers are what spaces divide, and have no names.
    """
    if not counts:
        return []
    key = next(iter(counts))
    layout = _layout(program.registers) if program else []
    if sum(bits for _, bits in layout) != len(key.replace(" ", "")):
        layout = [(None, len(group)) for group in reversed(key.split())]
    found: list[dict[str, int]] = [{} for _ in layout]
    for joint, count in counts.items():
        digits = joint.replace(" ", "")
        end = len(digits)
        for (_, bits), values in zip(layout, found, strict=True):
            value = digits[end - bits : end]
            values[value] = values.get(value, 0) + count
            end -= bits
    return [RegisterCounts(name, bits, values) for (name, bits), values in zip(layout, found, strict=True)]


def _layout(registers: Sequence[Register]) -> list[tuple[str | None, int]]:
    widths = [(one.name, 1 if one.width is None else one.width) for one in registers]
    return [(name, bits) for name, bits in widths if bits > 0]
