"""The programs that are measured: plain OpenQASM 3.0, so that Qiskit's native importer takes most of them."""

import math
from dataclasses import dataclass

SHOTS = 1024


@dataclass(frozen=True, slots=True)
class Case:
    """A program, and how many shots are asked for; it is measured in at least so many pairs."""

    name: str
    program: str
    shots: int = SHOTS
    fewest_pairs: int = 5


def ghz(qubits: int) -> str:
    """All qubits 0 or all 1."""
    return _whole(qubits, ["h q[0];", *(f"cx q[{place}], q[{place + 1}];" for place in range(qubits - 1))])


def qft(qubits: int) -> str:
    """The quantum Fourier transform of a basis state."""
    gates = [f"x q[{place}];" for place in range(0, qubits, 3)]
    for target in reversed(range(qubits)):
        gates.append(f"h q[{target}];")
        gates += [f"cp({math.pi / 2 ** (target - place)!r}) q[{place}], q[{target}];" for place in range(target)]
    gates += [f"swap q[{place}], q[{qubits - 1 - place}];" for place in range(qubits // 2)]
    return _whole(qubits, gates)


def layers(qubits: int, depth: int) -> str:
    """Layers that entangle everything: a rotation of each qubit, then cz between neighbours, odd and even in turns."""
    gates = []
    for layer in range(depth):
        gates += [f"ry({0.1 + 0.37 * layer + 0.11 * place:.2f}) q[{place}];" for place in range(qubits)]
        gates += [f"cz q[{place}], q[{place + 1}];" for place in range(layer % 2, qubits - 1, 2)]
    return _whole(qubits, gates)


def gates(number: int, qubits: int = 4) -> str:
    """So many gates on few qubits."""
    kinds = ("h q[{0}];", "t q[{0}];", "cx q[{0}], q[{1}];", "rz(0.3) q[{0}];", "cz q[{1}], q[{0}];")
    lines = [kinds[step % len(kinds)].format(step % qubits, (step + 1) % qubits) for step in range(number)]
    return _whole(qubits, lines)


def clifford(qubits: int, depth: int) -> str:
    """Layers of Clifford gates, for the stabilizer method."""
    lines = []
    for layer in range(depth):
        lines += [f"{'hs'[(layer + place) % 2]} q[{place}];" for place in range(qubits)]
        lines += [f"cx q[{place}], q[{place + 1}];" for place in range(layer % 2, qubits - 1, 2)]
    return _whole(qubits, lines)


def feed_forward(rounds: int) -> str:
    """Measurements in the middle, and gates that depend on what they gave."""
    steps = "".join(
        f"h q[0]; c[{turn}] = measure q[0]; if (c[{turn}]) {{ x q[1]; }} cx q[1], q[2];\n" for turn in range(rounds)
    )
    head = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[{rounds}] c;\nbit[2] d;\n'
    return f"{head}{steps}d[0] = measure q[1];\nd[1] = measure q[2];\n"


def entangled_feed_forward(qubits: int) -> str:
    """A chain of turned and entangled qubits, each of which is measured and turns the next one by what it gave."""
    lines = [f"ry({place / 10 + 0.3:.1f}) q[{place}];" for place in range(qubits)]
    lines += [f"cx q[{place}], q[{place + 1}];" for place in range(qubits - 1)]
    for place in range(qubits - 1):
        turned = f"rz(0.3) q[{place + 1}]; ry(0.2) q[{place + 1}];"
        lines.append(f"c[{place}] = measure q[{place}]; if (c[{place}]) {{ {turned} }}")
    head = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[{qubits}] q;\nbit[{qubits}] c;\n'
    return head + "\n".join(lines) + f"\nc[{qubits - 1}] = measure q[{qubits - 1}];\n"


def _whole(qubits: int, lines: list[str]) -> str:
    head = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[{qubits}] q;\nbit[{qubits}] c;\n'
    return head + "\n".join(lines) + "\nc = measure q;\n"


BELL = Case("Bell", ghz(2))

MIXES = (
    BELL,
    Case("Bell, 1 shot", ghz(2), 1),
    Case("Bell, 1,000,000 shots", ghz(2), 1_000_000),
    Case("GHZ-8", ghz(8)),
    Case("GHZ-20", ghz(20)),
    Case("QFT-12", qft(12)),
    Case("1,000 gates on 4 qubits", gates(1_000)),
    Case("10,000 gates on 4 qubits", gates(10_000)),
    Case("20 qubits, depth 20", layers(20, 20), fewest_pairs=9),  # the claim is one of percents
    Case("24 qubits, depth 1, 16 shots", layers(24, 1), 16),
    Case("Clifford, 100 qubits, depth 10", clifford(100, 10)),
    Case("feed-forward, 3 qubits", feed_forward(4)),
)
"""Part `mixes`, in this order."""
