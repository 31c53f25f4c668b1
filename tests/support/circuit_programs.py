"""Random programs without control flow, as wide as no test could run: gates of their own, modifiers, resets, ranges."""

from random import Random

_CLIFFORD = {"id": 1, "x": 1, "y": 1, "z": 1, "h": 1, "s": 1, "sdg": 1, "sx": 1, "cx": 2, "cy": 2, "cz": 2, "swap": 2}
_OTHERS = {"t": 1, "rx(0.3)": 1, "U(pi / 2, 0, -pi)": 1, "ch": 2, "crz(pi/4)": 2, "ccx": 3, "cu(1, 2, 3, 4)": 2}


def program(random: Random, most: int) -> str:
    """Up to so many qubits; most programs have Clifford gates only."""
    width = random.randint(1, most)
    gates = _CLIFFORD | (_OTHERS if random.random() < 0.3 else {})
    lines = [random.choice(("OPENQASM 3;", "// it has a version", "")), 'include "stdgates.inc";']
    for number in range(random.randint(0, 2)):
        qubits = random.randint(1, 3)
        names = [f"k{place}" for place in range(qubits)]
        body = [_call(random, gates, names) for _ in range(random.randint(0, 3))]
        lines.append(f"gate g{number} {', '.join(names)} {{ {' '.join(body)} }}")
        gates = gates | {f"g{number}": qubits}
    lines += [f"qubit[{width}] q;", "qubit[2] r;", f"bit[{width}] c;"]
    operands = ["r[0]", "r[1]", *(f"q[{place}]" for place in range(width))]
    for _ in range(random.randint(0, 30)):
        kind = random.random()
        if kind < 0.75:
            lines.append(_call(random, gates, operands))
        elif kind < 0.85:
            lines.append(f"{random.choice(('h', 's', 'inv @ s'))} q[{random.randrange(width)}:{width - 1}];")
        elif kind < 0.9:
            lines.append(f"reset {random.choice(operands)};")
        elif kind < 0.95:
            lines.append("barrier q;")
        else:
            lines.append(f"c[{random.randrange(width)}] = measure {random.choice(operands)};")
    lines.append(random.choice(("c = measure q;", "c[0] = measure q[0];", "bit[2] d = measure r;")))
    return "\n".join(lines)


def _call(random: Random, gates: dict[str, int], operands: list[str]) -> str:
    fitting = [name for name, qubits in gates.items() if qubits <= len(operands)]
    gate = random.choice(fitting)
    qubits = gates[gate]
    modifiers = ""
    while random.random() < 0.15:
        modifier = random.choice(("inv", "ctrl", "negctrl"))
        if modifier != "inv" and qubits == len(operands):
            continue
        qubits += modifier != "inv"
        modifiers += f"{modifier} @ "
    return f"{modifiers}{gate} {', '.join(random.sample(operands, qubits))};"
