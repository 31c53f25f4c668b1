"""Random programs whose control flow follows from what they measure; every one of them ends."""

from random import Random

QUBITS, BITS = 4, 3
_ONE = ("x", "h", "s", "t", "sx", "rx(0.7)", "ry(1.1)", "rz(-0.4)", "p(pi / 3)")
_TWO = ("cx", "cz", "swap", "cry(0.9)", "ctrl @ sx", "negctrl @ x")
_LOOPS = ("if", "if", "for", "while", "switch")

_DEFINED = """
gate turned(theta) one { ry(theta) one; s one; h one; }
gate both one, other { turned(0.4) one; cx one, other; inv @ s other; }
def flipped(qubit one, int[8] times) -> bit {
  for int i in [1:times] { x one; ry(0.3 * i) one; }
  return measure one;
}
def toss(qubit one, bit known) -> bit {
  if (known) { return known; }
  h one;
  return measure one;
}
def parity(bit[3] word) -> bit { return word[0] ^ word[1] ^ word[2]; }
"""
_ONE_COMPUTED = (
    *("turned(0.8)", "inv @ turned(0.8)", "pow(0.5) @ x", "pow(3) @ t", "inv @ sx", "U(0.3, 0.2, 0.1)", "rz(turn)"),
    *("ry(0.1 * n)", "rx(0.3 * k)"),
)
_TWO_COMPUTED = (
    *("both", "inv @ both", "pow(2) @ both", "ctrl @ turned(1.3)", "ctrl @ U(0.9, 0.2, 0.1)", "negctrl @ h"),
    *("ctrl @ s", "inv @ ctrl @ sx", "ctrl @ rx(pi)"),
)
_THREE = (
    "ccx",
    "cswap",
    "ctrl @ both",
    "negctrl @ ctrl @ ry(0.6)",
    "ctrl(2) @ z",
    "ctrl @ negctrl @ p(0.7)",
    "ctrl @ swap",
)
_COMPUTED = ("if", "if", "if", "for", "switch", "break", "call", "call", "assign", "assign", "array")


def program(random: Random) -> str:
    """A register and two single bits, up to three levels of `if`, `for`, `while` and `switch`."""
    lines = ['include "stdgates.inc";', f"qubit[{QUBITS}] q;", f"bit[{BITS}] c;", "bit a;", "bit b;"]
    lines += _Statements(random).block(3, random.randint(4, 10))
    lines += [f"c[{bit}] = measure q[{bit}];" for bit in range(random.randint(1, BITS))]
    return "\n".join(lines)


def computing_program(random: Random) -> str:
    """Without `while`, but with subroutines, defined and modified gates, and variables that follow from measurements.

    Qiskit cannot read it. No loop has more turns by what is measured, but one may have less.
    """
    lines = ['include "stdgates.inc";', _DEFINED, f"qubit[{QUBITS}] q;", f"bit[{BITS}] c;", "bit a;", "bit b;"]
    lines += ["int[8] n = 1;", "uint[4] k;", "angle[4] turn;", "array[int[8], 3] list;"]
    lines += _Computing(random).block(3, random.randint(4, 10))
    lines += [f"c[{bit}] = measure q[{bit}];" for bit in range(random.randint(0, BITS))]
    lines += [
        "bit[8] last = bit[8](n);",
        "bit[4] counted = bit[4](k + uint[4](list[1]));",
        "bit[4] turned_to = bit[4](turn);",
    ]
    return "\n".join(lines)


class _Statements:
    kinds: tuple[str, ...] = _LOOPS

    def __init__(self, random: Random) -> None:
        self.random = random

    def block(self, depth: int, length: int) -> list[str]:
        return [line for _ in range(length) for line in self.statement(depth)]

    def statement(self, depth: int) -> list[str]:
        kind = self.random.choice(["gate"] * 6 + ["measure"] * 3 + ["reset"] + (list(self.kinds) if depth else []))
        qubits = self.random.sample(range(QUBITS), 2)
        match kind:
            case "gate":
                return [self.gate(*qubits)]
            case "measure":
                return [f"{self.bit()} = measure q[{qubits[0]}];"]
            case "reset":
                return [f"reset q[{qubits[0]}];"]
        body = self.block(depth - 1, self.random.randint(1, 3))
        return self.around(kind, body, depth, qubits[0])

    def gate(self, qubit: int, other: int) -> str:
        one, two = f"{self.random.choice(_ONE)} q[{qubit}];", f"{self.random.choice(_TWO)} q[{qubit}], q[{other}];"
        return self.random.choice((one, two))

    def around(self, kind: str, body: list[str], depth: int, qubit: int) -> list[str]:
        """A statement of a kind, with a body."""
        if kind == "if":
            otherwise = self.block(depth - 1, self.random.randint(1, 2)) if self.random.random() < 0.5 else []
            return [f"if ({self.condition()}) {{", *body, "} else {" if otherwise else "", *otherwise, "}"]
        if kind == "for":
            return ["for int i in [0:1] {", *body, f"h q[{self.random.choice(('i', 'i + 1', qubit))}];", "}"]
        if kind == "while":
            bit = self.bit()
            again = [f"reset q[{qubit}];", f"ry(2.0) q[{qubit}];", f"{bit} = measure q[{qubit}];"]
            return [f"while ({bit}) {{", *body, *again, "}"]
        cases = [f"case {self.random.choice((0, 1))} {{", *body, "}", "default {", *self.block(0, 1), "}"]
        return [f"switch ({self.switched()}) {{", *cases, "}"]

    def switched(self) -> str:
        return f"uint[{BITS}](c)"

    def bit(self) -> str:
        return self.random.choice(("a", "b", *(f"c[{bit}]" for bit in range(BITS))))

    def condition(self) -> str:
        one, other = self.bit(), self.bit()
        return self.random.choice(
            (
                one,
                f"!{one}",
                f"{one} == 1",
                f"{one} == {other}",
                f"{one} && !{other}",
                f"c == {self.random.randrange(8)}",
                f"{one} ^ {other}",
            )
        )


class _Computing(_Statements):
    kinds = _COMPUTED

    def gate(self, qubit: int, other: int) -> str:
        third = self.random.choice([place for place in range(QUBITS) if place not in (qubit, other)])
        one = f"{self.random.choice(_ONE_COMPUTED)} q[{qubit}];"
        two = f"{self.random.choice(_TWO_COMPUTED)} q[{qubit}], q[{other}];"
        three = f"{self.random.choice(_THREE)} q[{qubit}], q[{other}], q[{third}];"
        return self.random.choice((super().gate(qubit, other), one, two, three))

    def around(self, kind: str, body: list[str], depth: int, qubit: int) -> list[str]:
        match kind:
            case "break":
                leave = self.random.choice(("break", "continue"))
                return ["for int i in [0:2] {", *body, f"if ({self.condition()}) {leave};", f"h q[{qubit}];", "}"]
            case "call":
                return [self.call(qubit)]
            case "assign":
                return [self.assignment()]
            case "array":
                place = self.random.randrange(3)
                return [f"list[{place}] {self.random.choice(('=', '+='))} {self.number()};"]
        return super().around(kind, body, depth, qubit)

    def call(self, qubit: int) -> str:
        called = self.random.choice(
            (
                f"flipped(q[{qubit}], {self.random.randint(0, 2)})",
                f"toss(q[{qubit}], {self.bit()})",
                "parity(c)",
            )
        )
        return f"{self.bit()} = {called};"

    def assignment(self) -> str:
        return self.random.choice(
            (
                f"n {self.random.choice(('=', '+=', '-=', '*='))} {self.number()};",
                f"k += uint[4]({self.bit()});",
                f"k[{self.random.randrange(4)}] = {self.bit()};",
                f"turn[{self.random.randrange(4)}] = {self.bit()};",
                f"{self.bit()} = {self.condition()};",
                'c ^= "101";',
                "c = rotl(c, 1);",
            )
        )

    def number(self) -> str:
        return self.random.choice(
            (f"int[8]({self.bit()})", "int[8](uint[3](c))", "list[2]", "n", "3", "-1", "int[8](popcount(c))")
        )

    def switched(self) -> str:
        return self.random.choice((f"uint[{BITS}](c)", "k", "n"))

    def condition(self) -> str:
        ours = (
            f"k > {self.random.randrange(4)}",
            f"n < {self.random.randrange(-2, 5)}",
            "bool(list[0])",
            "bool(parity(c))",
        )
        return self.random.choice((super().condition(), super().condition(), *ours))
