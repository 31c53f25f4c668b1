"""`python -m benchmarks.parsing`: the parser by hand beside the official one, in turns, in CPU time."""

from collections.abc import Callable
from random import Random
from statistics import median
from time import process_time

import openqasm3
from quantum_qasm.check import check
from quantum_qasm.parsing.parser import parse

PAIRS = 5
LINES = 10_000

BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'


def long_program(lines: int) -> str:
    """Gates, measurements and conditions on eight qubits."""
    random = Random("parsing")  # noqa: S311 - to be the same at each run
    found = ["OPENQASM 3.0;", 'include "stdgates.inc";', "qubit[8] q;", "bit[8] c;"]
    for _ in range(lines):
        one, other = random.sample(range(8), 2)
        kinds = (
            f"h q[{one}];",
            f"cx q[{one}], q[{other}];",
            f"rz(pi / {one + 1}) q[{other}];",
            f"if (c[{one}] == 1) x q[{other}];",
            f"c[{one}] = measure q[{other}];",
        )
        found.append(random.choice(kinds))
    return "\n".join(found)


def seconds(read: Callable[[str], object], text: str, times: int) -> float:
    """CPU seconds of one reading."""
    began = process_time()
    for _ in range(times):
        read(text)
    return (process_time() - began) / times


def main() -> None:
    """Print the table."""
    programs = {"Bell": (BELL, 50), f"{LINES:,} lines": (long_program(LINES), 1)}
    print("| program | official parser, ms | parser by hand, ms | official / by hand | check, ms | check / official |")
    print("|---|---|---|---|---|---|")
    for name, (text, times) in programs.items():
        turns = [[seconds(read, text, times) for read in (openqasm3.parse, parse, check)] for _ in range(PAIRS)]
        official, ours, whole = (median(column) * 1000 for column in zip(*turns, strict=True))
        faster = median(one / other for one, other, _ in turns)
        checked = median(other / one for one, _, other in turns)
        print(f"| {name} | {official:.2f} | {ours:.3f} | {faster:.1f} | {whole:.3f} | {checked:.2f} |")


if __name__ == "__main__":
    main()
