"""The limits of the language here: each with its value in the code, its error's code, and a program at the limit."""

from collections.abc import Callable
from dataclasses import dataclass

from quantum_qasm import ir, operators
from quantum_qasm.compiling import aliases, expressions, gates, names
from quantum_qasm.parsing import expressions as parsed_expressions
from quantum_qasm.parsing import reading
from quantum_runner import counts, language
from quantum_runner import limits as of_circuits
from quantum_runner.engines import unitaries, vm
from quantum_tasks.errors import Code
from quantum_tasks.task import MAX_PROGRAM_BYTES


@dataclass(frozen=True, slots=True)
class Limit:
    """One of them. `program` makes a program that has as many; None: too long to be made here."""

    what: str
    value: int
    code: Code
    program: Callable[[int], str] | None = None


WRITTEN = [
    Limit("bytes of a program", MAX_PROGRAM_BYTES, Code.PROGRAM_BYTES),
    Limit(
        "brackets, operators and statements within each other",
        reading.MAX_DEPTH,
        Code.NESTING,
        lambda count: "int a = " + "(" * count + "1" + ")" * count + ";",
    ),
    Limit(
        "operators or indices in a row",
        parsed_expressions.LONGEST_CHAIN,
        Code.NESTING,
        lambda count: "int a; int b = a" + " + a" * count + ";",
    ),
    Limit(
        "characters of a number",
        parsed_expressions.MAX_DIGITS,
        Code.NUMBER,
        lambda count: "float a = 0." + "1" * (count - 2) + ";",
    ),
    Limit("qubits", names.MAX_QUBITS, Code.QUBITS, lambda count: f"qubit[{count - 1}] q; qubit r;"),
    Limit("bits that are declared", names.MAX_BITS, Code.BITS, lambda count: f"bit[{count - 1}] c; bit d;"),
    Limit(
        "parts of an alias of several registers",
        aliases.MAX_PARTS,
        Code.BITS,
        lambda count: f"bit[{2 * count}] c; bit d; let a = c ++ d; let b = a[0:2:{2 * count - 2}];",
    ),
    Limit("bits of one integer, float or angle", expressions.MAX_WIDTH, Code.BITS, lambda count: f"uint[{count}] a;"),
    Limit(
        "elements of one array",
        expressions.MAX_ELEMENTS,
        Code.ARRAY,
        lambda count: f"array[int, {count}] a;",
    ),
    Limit(
        "elements of all arrays",
        expressions.MAX_ALL_ELEMENTS,
        Code.ARRAY,
        lambda count: "".join(f"array[int, 10000] a{n};" for n in range(9)) + _filled(count - 90_000),
    ),
    Limit(
        "dimensions of an array",
        expressions.MAX_DIMENSIONS,
        Code.ARRAY,
        lambda count: "array[int" + ", 1" * count + "] a;",
    ),
    Limit(
        "lengths of arrays that a subroutine is called with",
        expressions.MAX_INSTANCES,
        Code.ARRAY,
        lambda count: (
            "def f(readonly array[int, #dim=1] a) { } array[int, 200] a;"
            + "".join(f"f(a[0:{length}]);" for length in range(count))
        ),
    ),
    Limit(
        "modifiers of a gate",
        gates.MAX_MODIFIERS,
        Code.NESTING,
        lambda count: "qubit q; " + "inv @ " * count + "U(1, 2, 3) q;",
    ),
    Limit(
        "controls that modifiers add",
        gates.MAX_CONTROLS,
        Code.GATE_WIDTH,
        lambda count: f"qubit[{count}] q; ctrl({count}) @ gphase(1) {', '.join(f'q[{n}]' for n in range(count))};",
    ),
    Limit(
        "gates in the definitions of gates, loops written out",
        gates.MAX_GATE_STEPS,
        Code.OPERATIONS,
        # the loop itself is a step
        lambda count: f"gate g q {{ for int i in [1:{count - 1}] {{ gphase(1); }} }}",
    ),
    Limit(
        f"exponent of an integer of more than {operators.MAX_POWER_BITS} bits",
        operators.MAX_EXPONENT,
        Code.NUMBER,
        lambda count: f"const uint[257] a = 3; const uint[257] b = a ** {count};",
    ),
    Limit("work of compiling, of which a statement is 10", names.MAX_WORK, Code.OPERATIONS),
]
"""What a program is refused for before it runs."""

RUN = [
    Limit(
        "subroutines that call each other",
        ir.MAX_CALLS,
        Code.NESTING,
        lambda count: f"def f(int n) {{ if (n < {count}) {{ f(n + 1); }} }} f(1);",
    ),
    Limit(
        "gates that one gate is made of",
        unitaries.MAX_STEPS,
        Code.OPERATIONS,
        lambda count: (
            f"gate g q {{ for int i in [1:{count // 10}] {{ gphase(1); }} }} gate h q {{ {'g q;' * 10}"
            f" {'gphase(1);' * (count % 10)} }} qubit q; h q;"
        ),
    ),
    Limit(
        "qubits of a gate to a power, unless that is a small integer",
        unitaries.MAX_POWER_QUBITS,
        Code.GATE_WIDTH,
        lambda count: (
            f"gate g {', '.join(f'a{n}' for n in range(count))} {{"
            f" {' '.join(f'U(1, 0, 0) a{n};' for n in range(count))} }}"
            f"qubit[{count}] q; pow(0.5) @ g {', '.join(f'q[{n}]' for n in range(count))};"
        ),
    ),
    Limit("steps of writing out one gate", unitaries.MAX_EFFORT, Code.OPERATIONS),
    Limit("steps of all histories together", vm.MAX_STEPS, Code.OPERATIONS),
    Limit("bytes of the vectors of all histories", language.MOST_BYTES, Code.MEMORY),
    Limit("bytes of the counts", counts.MAX_RESULT_BYTES, Code.RESULT_BYTES),
]
"""What a program is stopped for while it runs on the machine of our own."""

CIRCUITS = [
    Limit("gates, measurements and resets, all written out", of_circuits.MAX_OPERATIONS, Code.OPERATIONS),
    Limit("gates that are defined by others", of_circuits.MAX_GATE_DEPTH, Code.NESTING),
    Limit("bits and qubits in aliases", of_circuits.MAX_ALIASED_BITS, Code.BITS),
]
"""What a program is refused for besides that Qiskit's importer reads."""


def _filled(count: int) -> str:
    """Arrays of so many elements, none of which is too long."""
    return f"array[int, {min(count, 10_000)}] b;" + (f"array[int, {count - 10_000}] d;" if count > 10_000 else "")
