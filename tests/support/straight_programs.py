"""Random straight-line programs."""

from collections.abc import Collection
from random import Random

from quantum_qasm.straight.gates import GATES

ANGLES = ("pi", "-pi/2", "pi/4", "3*pi/4", "0.3", "1.25e-1", "2", "-0.7", "pi*0.3", "-2*pi/3", "- pi / 8")
MOST_QUBITS = 8


def program(
    random: Random, *, middle: float = 0.05, most: int = MOST_QUBITS, gates: Collection[str] = GATES.keys()
) -> str:
    """Several registers and single bits, gates of every kind, and measurements, `middle` of them between gates.

    There are at most so many qubits, and bits.
    """
    qubits, lines = _registers(random, "qubit", random.randint(1, most))
    bits, more = _registers(random, "bit", random.randint(1, most))
    lines = ['include "stdgates.inc";', *lines, *more]
    for _ in range(random.randint(0, 25)):
        gate = random.choice([name for name in sorted(gates) if GATES[name][1] <= len(qubits)])
        number, width = GATES[gate]
        angles = f"({', '.join(random.choices(ANGLES, k=number))})" if number else ""
        lines.append(f"{gate}{angles} {', '.join(random.sample(qubits, width))};")
        if random.random() < middle:
            lines.append(f"{random.choice(bits)} = measure {random.choice(qubits)};")
    for _ in range(random.randint(1, len(qubits))):
        qubit, bit = random.choice(qubits), random.choice(bits)
        lines.append(random.choice((f"{bit} = measure {qubit};", f"measure {qubit} -> {bit};")))
    return "\n".join(lines)


def _registers(random: Random, kind: str, number: int) -> tuple[list[str], list[str]]:
    """So many qubits or bits: their names, and how they are declared."""
    names: list[str] = []
    lines: list[str] = []
    while len(names) < number:
        name, width = f"{kind[0]}{len(lines)}", random.randint(1, number - len(names))
        if width == 1 and random.random() < 0.5:
            lines.append(f"{kind} {name};")
            names.append(name)
        else:
            lines.append(f"{kind}[{width}] {name};")
            names += [f"{name}[{place}]" for place in range(width)]
    return names, lines
