"""Random programs whose control flow follows from what they measure; every one of them ends."""

from random import Random

QUBITS, BITS = 4, 3
_ONE = ("x", "h", "s", "t", "sx", "rx(0.7)", "ry(1.1)", "rz(-0.4)", "p(pi / 3)")
_TWO = ("cx", "cz", "swap", "cry(0.9)", "ctrl @ sx", "negctrl @ x")


def program(random: Random) -> str:
    """A register and two single bits, up to three levels of `if`, `for`, `while` and `switch`."""
    lines = ['include "stdgates.inc";', f"qubit[{QUBITS}] q;", f"bit[{BITS}] c;", "bit a;", "bit b;"]
    lines += _block(random, 3, random.randint(4, 10))
    lines += [f"c[{bit}] = measure q[{bit}];" for bit in range(random.randint(1, BITS))]
    return "\n".join(lines)


def _block(random: Random, depth: int, length: int) -> list[str]:
    return [line for _ in range(length) for line in _statement(random, depth)]


def _statement(random: Random, depth: int) -> list[str]:
    kind = random.choice(
        ["gate"] * 6 + ["measure"] * 3 + ["reset"] + (["if", "if", "for", "while", "switch"] if depth else [])
    )
    qubit, other = random.sample(range(QUBITS), 2)
    if kind == "gate":
        one, two = f"{random.choice(_ONE)} q[{qubit}];", f"{random.choice(_TWO)} q[{qubit}], q[{other}];"
        return [random.choice((one, two))]
    if kind == "measure":
        return [f"{_bit(random)} = measure q[{qubit}];"]
    if kind == "reset":
        return [f"reset q[{qubit}];"]
    body = _block(random, depth - 1, random.randint(1, 3))
    if kind == "if":
        otherwise = _block(random, depth - 1, random.randint(1, 2)) if random.random() < 0.5 else []
        return [f"if ({_condition(random)}) {{", *body, "} else {" if otherwise else "", *otherwise, "}"]
    if kind == "for":
        return ["for int i in [0:1] {", *body, f"h q[{random.choice(('i', 'i + 1', qubit))}];", "}"]
    if kind == "while":
        bit = _bit(random)
        return [
            f"while ({bit}) {{",
            *body,
            f"reset q[{qubit}];",
            f"ry(2.0) q[{qubit}];",
            f"{bit} = measure q[{qubit}];",
            "}",
        ]
    cases = [f"case {random.choice((0, 1))} {{", *body, "}", "default {", *_block(random, 0, 1), "}"]
    return [f"switch (uint[{BITS}](c)) {{", *cases, "}"]


def _bit(random: Random) -> str:
    return random.choice(("a", "b", *(f"c[{bit}]" for bit in range(BITS))))


def _condition(random: Random) -> str:
    one, other = _bit(random), _bit(random)
    return random.choice(
        (
            one,
            f"!{one}",
            f"{one} == 1",
            f"{one} == {other}",
            f"{one} && !{other}",
            f"c == {random.randrange(8)}",
            f"{one} ^ {other}",
        )
    )
