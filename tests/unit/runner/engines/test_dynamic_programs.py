"""Random programs with control flow, by the machine and by Aer: engines that share nothing but the parser."""

from random import Random

import pytest
from quantum_qasm.check import check
from quantum_runner import by_aer
from quantum_runner.engines import vm
from quantum_runner.machine import Machine
from quantum_tasks.task import Options
from support.distributions import agreement
from support.dynamic_programs import program
from support.random_programs import how_many

MACHINE = Machine(memory_bytes=2**28)
PROGRAMS, PARTS, SHOTS = how_many(300), 10, 600
FALSE_ALARM = 1e-7


@pytest.mark.parametrize("part", range(PARTS))
def test_both_engines_draw_from_one_distribution(part: int) -> None:
    """Of 300 programs with measurements in every place, `if`, `for`, `while` and `switch` within each other."""
    for number in range(part, PROGRAMS, PARTS):
        text = program(Random(f"dynamic {number}"))  # noqa: S311 - to be the same at each run
        checked = check(text)
        assert checked.program, checked.errors
        ours = vm.run(checked.program, SHOTS, number, most_bytes=2**24)
        theirs = by_aer.run(text, Options(shots=SHOTS, seed=number), MACHINE, number)
        assert agreement(dict(ours), dict(theirs.counts)) > FALSE_ALARM, text


def test_another_distribution_is_seen() -> None:
    """A program that is turned a little differently is told from the one that is not."""
    text = 'include "stdgates.inc"; qubit q; bit a; bit b; h q; a = measure q; if (a) ry({}) q; b = measure q;'
    one, other = (check(text.format(angle)).program for angle in (1.0, 1.9))
    assert one
    assert other
    counts = [dict(vm.run(program, SHOTS, seed, most_bytes=2**20)) for seed, program in enumerate((one, one, other))]
    assert agreement(counts[0], counts[1]) > FALSE_ALARM
    assert agreement(counts[0], counts[2]) < FALSE_ALARM
