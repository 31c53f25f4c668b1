"""Programs that are made to be too much: too deep, too wide, too long, too many.

`PATTERNS` has a program for any size. What is well below the limits runs or is refused for its content; what is far
beyond them ends in a code of the family `limit` at once, as tests/unit/fuzz shows.
"""

from collections.abc import Callable
from random import Random

_INCLUDE = 'include "stdgates.inc"; '
_SIZES = (1, 5, 40, 140, 160, 999, 1001, 5000, 20_000)

PATTERNS: dict[str, Callable[[int], str]] = {
    # -- within each other
    "parentheses": lambda size: "int a = " + "(" * size + "1" + ")" * size + ";",
    "parentheses that never close": lambda size: "int a = " + "(" * size,
    "signs": lambda size: "int a = " + "-" * size + "1;",
    "negations": lambda size: "bool a = " + "!" * size + "true;",
    "casts": lambda size: "int a = " + "int(" * size + "1" + ")" * size + ";",
    "calls": lambda size: "float a = " + "sin(" * size + "1" + ")" * size + ";",
    "indices within indices": lambda size: "array[int, 2] a; int b = " + "a[" * size + "0" + "]" * size + ";",
    "braces": lambda size: "{" * size + "}" * size,
    "ifs": lambda size: "if (true) " * size + "{ }",
    "elses": lambda size: "if (false) { } else " * size + "{ }",
    "loops": lambda size: "for int i in [0:1] " * size + "{ }",
    "whiles": lambda size: "while (false) " * size + "{ }",
    "switches": lambda size: "switch (1) { case 1 { " * size + "} }" * size,
    "boxes": lambda size: "box { " * size + "}" * size,
    "durations of durations": lambda size: "duration d = " + "durationof({ delay[" * size + "1ns]; })" * size + ";",
    "arrays within arrays": lambda size: "array[int, 1] a = " + "{" * size + "1" + "}" * size + ";",
    "dimensions": lambda size: "array[int" + ", 1" * size + "] a;",
    # -- in a row
    "sums": lambda size: "int a = 1; int b = a" + " + a" * size + ";",
    "sums of constants": lambda size: "int b = 1" + " + 1" * size + ";",
    "sums of sums": lambda size: "int a; int b = " + ("(a" + " + a" * 100) * size + ")" * size + ";",
    "powers": lambda size: "int b = 1" + " ** 1" * size + ";",
    "indices": lambda size: "bit[2] c; c" + "[0:1]" * size + " = 1;",
    "modifiers": lambda size: _INCLUDE + "qubit q; " + "inv @ " * size + "x q;",
    "controls": lambda size: _INCLUDE + f"qubit[{min(size + 1, 900)}] q; " + "ctrl @ " * size + "x q[0];",
    "powers of gates": lambda size: _INCLUDE + "qubit q; " + "pow(2) @ " * size + "h q;",
    "operands": lambda size: _INCLUDE + "qubit q; x q" + ", q" * size + ";",
    "parameters": lambda size: "gate g(" + ", ".join(f"a{n}" for n in range(size)) + ") q { } qubit q; g(1) q;",
    "arguments": lambda size: "def f(" + ", ".join(f"int a{n}" for n in range(size)) + ") { } f(1);",
    "cases": lambda size: "switch (1) {" + "".join(f"case {n} {{ }}" for n in range(size)) + "}",
    "annotations": lambda size: "@a\n" * size + "int a;",
    "mistakes": lambda size: "x y z;" * size,
    "names that are not known": lambda size: "".join(f"a{n};" for n in range(size)),
    "names like others": lambda size: "".join(f"int abcdefgh{n}; abcdefgi{n};" for n in range(size)),
    "long names like others": lambda size: "".join(f"int {'ab' * size}{n}; {'ba' * size}{n};" for n in range(9)),
    "shadows": lambda size: "int a;" + "{ int a; }" * size,
    # -- wide and large
    "qubits": lambda size: f"qubit[{size}] q;",
    "qubits in many registers": lambda size: "".join(f"qubit q{n};" for n in range(size)),
    "qubits of the machine": lambda size: f"U(1, 2, 3) ${size};",
    "a qubit with a long number": lambda size: "reset $" + "1" * size + ";",
    "bits": lambda size: f"bit[{size * size}] c;",
    "bits in many registers": lambda size: "".join(f"bit[9] c{n};" for n in range(size)),
    "integers": lambda size: f"uint[{size}] i = 1; i = i << {size - 1}; i = i * i;",
    "elements": lambda size: f"array[int, {size}] a;",
    "elements of products": lambda size: f"array[int, {size}, {size}, {size}] a;",
    "many arrays": lambda size: "".join(f"array[int, 10000] a{n};" for n in range(size)),
    "digits": lambda size: "int a = " + "9" * size + ";",
    "digits after the point": lambda size: "float a = 1." + "9" * size + ";",
    "exponents": lambda size: "float a = 1e" + "9" * size + ";",
    "bit strings": lambda size: 'bit[2] a = "' + "01" * size + '";',
    "shifts": lambda size: f"uint[4096] a = 1; a = a << {10 ** min(size, 300)}; a = a >> {10 ** min(size, 300)};",
    "powers of integers": lambda size: f"int a = 3; a = a ** {10 ** min(size, 300)}; a = a ** a;",
    "powers of wide integers": lambda size: (
        "const uint[4096] a = 3" + " ** 7" * min(size, 140) + ";const uint[4096] b = ~0;" + "b ** b ** b;" * size
    ),
    "controls at once": lambda size: _INCLUDE + f"qubit[900] q; ctrl({size}) @ x q[0];",
    "a power of a gate": lambda size: _INCLUDE + f"qubit q; pow({size**9}) @ h q; pow({size**99}) @ h q;",
    "names": lambda size: f"int {'a' * size}; int {'π' * size};",
    "aliases": lambda size: "qubit[900] q;" + "".join(f"let a{n} = q[0:899];" for n in range(size)),
    "registers of gates": lambda size: _INCLUDE + "qubit[500] q; qubit[500] r;" + "cx q,r;" * size,
    "ranges of gates": lambda size: _INCLUDE + "qubit[999] q;" + "x q[1:998];" * size,
    # -- without an end
    "a loop": lambda size: f"int a; for int i in [0:{10 ** min(size, 300)}] a += 1;",
    "a loop within a loop": lambda size: (
        f"for int i in [0:{size}] for int j in [0:{size}] for int k in [0:{size}] {{ }}"
    ),
    "an endless loop": lambda size: "while (true) { " + "{ } " * size + "}",
    "recursion": lambda size: f"def f(int n) {{ if (n < {size}) {{ f(n + 1); }} }} f(0);",
    "recursion of arrays": lambda size: (
        "def f(readonly array[int, #dim=1] a) { f(a[1:sizeof(a) - 1]); }" + f"array[int, {size}] a; f(a);"
    ),
    "subroutines of many lengths": lambda size: (
        "def f(readonly array[int, #dim=1] a) { " + "{}" * size + "} array[int, 90] a;"
        "" + "".join(f"f(a[0:{n}]);" for n in range(90))
    ),
    "gates of gates": lambda size: (
        "gate g0 q { U(1, 2, 3) q; } " + _doubled(min(size, 900)) + f"qubit q; g{min(size, 900)} q;"
    ),
    "gates of gates of nothing": lambda size: (
        "gate g0 q { } " + _doubled(min(size, 900)) + f"qubit q; g{min(size, 900)} q;"
    ),
    "a loop in a gate": lambda size: f"gate g q {{ for int i in [0:{10 ** min(size, 300)}] {{ }} }}",
    "loops in a gate": lambda size: f"gate g q {{ for int i in [0:{size}] {{ for int j in [0:{size * 9}] {{ }} }} }}",
    "no gates, many times": lambda size: (
        _INCLUDE + f"gate g q {{ for int i in [0:{size}] {{ x q; }} }} qubit q; while (true) {{ pow(0) @ g q; }}"
    ),
    "histories": lambda size: (
        _INCLUDE + f"bit[{size}] c; qubit q; for int i in [0:{size - 1}] {{ h q; c[i] = measure q; }}"
    ),
    "histories with arrays": lambda size: (
        _INCLUDE + "array[int, 10000] a; bit c; qubit q;"
        f"for int i in [0:{size}] {{ ry(3) q; c = measure q; a[i] = 1; if (!c) {{ a[0] = i; }} reset q; }}"
    ),
    "entangled": lambda size: (
        _INCLUDE + f"qubit[{size}] q; h q[0]; for int i in [0:{size - 2}] {{ cx q[i], q[i + 1]; }} measure q;"
    ),
    # -- text
    "comments that never close": lambda size: "/*" * size,
    "comments": lambda size: "/**/" * size + "//" * size,
    "strings that never close": lambda size: 'include "' * size,
    "strings": lambda size: 'include "' + "a" * size + '";',
    "quotes": lambda size: "\"'" * size,
    "bit strings that never close": lambda size: '"0' * size,
    "controls of text": lambda size: "\x80" * size,
    "words that end otherwise": lambda size: "a\x80" * size,
    "annotations that end otherwise": lambda size: "@\x80a.b" * size,
    "white space": lambda size: " \t\r\n" * size,
    "numbers before white space": lambda size: ("1" + " " * 9) * size,
    "underscores": lambda size: "1_" * size + "1" + "_" * size,
    "calibrations": lambda size: "cal {" * size,
    "calibrations that close": lambda size: "cal {" + "{" * size + "}" * size + "}",
    "pragmas": lambda size: "#pragma a\n" * size,
    "versions": lambda size: "OPENQASM " * size,
    "surrogates": lambda size: "\ud800" * size,
}


def program(random: Random) -> str:
    """One of the patterns, in some size."""
    return PATTERNS[random.choice(list(PATTERNS))](random.choice(_SIZES))


def _doubled(count: int) -> str:
    return "".join(f"gate g{n} q {{ g{n - 1} q; g{n - 1} q; }} " for n in range(1, count + 1))
