"""Programs of MQT Bench: each algorithm, through the door of every task and by the machine alone.

Pearson's chi-squared test against the distributions in tests/corpora/mqt_bench. Of correct engines one comparison in
ten million would fail, if the seeds were not fixed; there are 68.
"""

import json

import pytest
from chaos.verdict.chi_squared import p_value
from quantum_qasm.check import check
from quantum_runner.engines import vm
from quantum_runner.machine import Machine
from quantum_runner.simulate import simulate
from quantum_tasks.task import Options
from support import corpora

PROGRAMS = corpora.mqt_bench()
EXPECTED: dict[str, dict[str, float]] = json.loads((corpora.MQT_BENCH / "expected.json").read_text())
MACHINE = Machine(memory_bytes=2**28)
SHOTS, SEED = 2000, 3
FALSE_ALARM = 1e-7


def _joined(counts: dict[str, int]) -> dict[str, int]:
    return {key.replace(" ", ""): shots for key, shots in counts.items()}


def test_each_algorithm_has_a_distribution() -> None:
    """Of all of its outcomes."""
    assert PROGRAMS.keys() == EXPECTED.keys()
    assert len(PROGRAMS) == 34
    for probabilities in EXPECTED.values():
        assert sum(probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("algorithm", PROGRAMS)
def test_a_task_has_the_distribution(algorithm: str) -> None:
    """Whatever engine runs it."""
    counts = simulate(PROGRAMS[algorithm], Options(shots=SHOTS, seed=SEED), MACHINE).counts
    assert p_value(_joined(dict(counts)), EXPECTED[algorithm]) > FALSE_ALARM


@pytest.mark.parametrize("algorithm", PROGRAMS)
def test_the_machine_has_the_distribution(algorithm: str) -> None:
    """Compiled by the front end, and run without Aer."""
    checked = check(PROGRAMS[algorithm])
    assert checked.program, checked.errors
    counts = vm.run(checked.program, SHOTS, SEED, most_bytes=MACHINE.memory_bytes)
    assert p_value(_joined(dict(counts)), EXPECTED[algorithm]) > FALSE_ALARM


def test_another_distribution_is_seen() -> None:
    """The same ansatz with other angles is told from the one that is expected."""
    program = PROGRAMS["vqe_real_amp"]
    turned = program.replace("ry(6.006735895579343)", "ry(5.7)")
    assert turned != program
    counts = simulate(turned, Options(shots=SHOTS, seed=SEED), MACHINE).counts
    assert p_value(_joined(dict(counts)), EXPECTED["vqe_real_amp"]) < FALSE_ALARM
