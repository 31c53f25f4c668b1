"""Histories that have become equal again are one from then on, and what differs stays apart."""

from collections import Counter
from math import comb

import pytest
from chaos.verdict.chi_squared import p_value
from quantum_qasm.check import check
from quantum_runner.engines import vm
from quantum_tasks.errors import Code, ProgramError
from scipy.stats import chi2_contingency

FALSE_ALARM = 1e-7
INCLUDE = 'include "stdgates.inc";\n'
SHOTS = 600
ENTANGLED = "h q; for int j in [0:5] cx q[j], q[j + 1];"

FEW_HISTORIES = {
    "a walk whose bit is overwritten": (
        "qubit q; bit c; for int i in [1:1000] { h q; c = measure q; if (c) x q; }",
        30,
    ),
    "a reset": ("qubit[2] q; bit c; for int i in [1:1000] { h q[0]; cx q[0], q[1]; reset q; } c = measure q[0];", 30),
    "a reset of many": (f"qubit[8] q; bit c; for int i in [1:50] {{ {ENTANGLED} reset q; }} c = measure q[0];", 400),
    "a measurement that nobody reads": ("qubit q; bit c; for int i in [1:1000] { h q; measure q; } c = 1;", 40),
    "until success, many times": (
        "qubit q; bit c; for int i in [1:300] { c = 0; while (!c) { reset q; h q; c = measure q; } }",
        400,
    ),
    "variables of a subroutine": (
        "def f(qubit a) { bit b = measure a; if (b) x a; } qubit q; bit c; for int i in [1:500] { h q; f(q); } c = 1;",
        30,
    ),
    "a subroutine within another one": (
        (
            "def g(qubit a) -> bit { h a; return measure a; } def f(qubit a) -> int { int n; "
            "for int j in [1:3] { bit b = g(a); if (b) { n = 1; } } return n; } "
            "qubit q; bit c; for int i in [1:100] { int m = f(q); c = m == 1; reset q; }"
        ),
        600,
    ),
    "a correction by many bits": (
        (
            "qubit[6] q; bit[6] e; bit c; for int i in [1:20] "
            '{ h q; e = measure q; for int j in [0:5] { if (e[j]) x q[j]; } } c = measure q[0]; e = "000000";'
        ),
        16_000,
    ),
}
"""Programs, and how many steps a round of theirs may take."""


def counts(
    body: str, shots: int = SHOTS, seed: int = 3, most_bytes: int = 2**26, most_steps: int = 10**6
) -> Counter[str]:
    """The counts of a program that is right."""
    checked = check(INCLUDE + body)
    assert checked.program, checked.errors
    return vm.run(checked.program, shots, seed, most_bytes=most_bytes, most_steps=most_steps)


@pytest.mark.parametrize("name", FEW_HISTORIES)
def test_what_became_equal_costs_no_more_than_one(name: str) -> None:
    """Many rounds, in each of which shots are divided: as many histories as shots would be many more steps."""
    body, of_a_round = FEW_HISTORIES[name]
    rounds = int(body.split("i in [1:")[1].split("]")[0])
    found = counts(body, shots=10**6, most_steps=of_a_round * rounds)
    assert found.total() == 10**6


def test_variables_that_are_read_later_keep_histories_apart() -> None:
    """Thirty coins are counted: the histories are the numbers, and these are of the binomial distribution."""
    body = (
        "qubit q; uint[8] n; bit[8] c; "
        "for int i in [1:30] { h q; bit b = measure q; if (b) { x q; n += 1; } } c = bit[8](n);"
    )
    found = counts(body, shots=20_000, most_steps=30 * 31 * 16)
    expected = {format(heads, "08b"): comb(30, heads) / 2**30 for heads in range(31)}
    assert p_value(dict(found), expected) > FALSE_ALARM


def test_states_that_differ_are_kept_apart() -> None:
    """Nobody reads what was measured, but it has turned the qubit: the chance to be turned an odd number of times."""
    body = (
        "qubit[2] q; bit c; for int i in [1:101] { h q[0]; measure q[0]; cx q[0], q[1]; reset q[0]; } c = measure q[1];"
    )
    found = counts(body, most_steps=101 * 60)
    assert p_value(dict(found), {"0": 0.5, "1": 0.5}) > FALSE_ALARM


TOGETHER = [
    (
        "qubit[2] q; bit c; bit d; for int i in [1:4] { ry(0.7) q[0]; c = measure q[0]; "
        "if (c) { x q[1]; reset q[0]; } h q[1]; d = measure q[1]; if (d == c) { ry(0.3) q[1]; } }"
    ),
    (
        "qubit q; bit[2] c; int n; while (n < 3) { ry(1.1) q; bit b = measure q; if (b) { n += 1; continue; } "
        "ry(0.4) q; b = measure q; if (b) { c[0] = 1; break; } n += 2; } c[1] = n > 3;"
    ),
    (
        "def f(qubit a, int n) -> bit { ry(0.5) a; bit b = measure a; if (b && n > 2) { end; } return b; } "
        "qubit q; bit c; bit d; for int i in [1:5] { d = f(q, i); if (d) { x q; c = 1; } }"
    ),
    (
        "def f(mutable array[int, 2] a, qubit r) { ry(0.9) r; bit b = measure r; a[int(b)] += 1; reset r; } "
        "array[int, 2] a; qubit q; bit[3] c; for int i in [1:4] { f(a, q); } c = bit[3](uint[3](a[1]));"
    ),
    (
        "def f(qubit a, int n) -> int { if (n == 0) { return 0; } ry(1.2) a; bit b = measure a; reset a; "
        "return int(b) + f(a, n - 1); } qubit q; bit[3] c; c = bit[3](uint[3](f(q, 5)));"
    ),
    (
        "def f(qubit a) { h a; bit b = measure a; if (b) { end; } reset a; } "
        "qubit q; bit c; h q; c = measure q; reset q; f(q); c = 0;"
    ),
    (
        "def f(mutable array[int, 1] a, qubit r) { ry(0.8) r; bit b = measure r; reset r; a[0] += 1; } "
        "array[int, 2, 1] a; qubit q; bit c; int n; ry(0.8) q; bit b = measure q; reset q; n = int(b); b = 0; "
        "f(a[n], q); n = 0; c = a[1, 0] == 1;"
    ),
    (
        "qubit[3] q; bit[2] e; bit[2] c; for int i in [1:3] { ry(0.8) q[0]; cx q[0], q[1]; h q[2]; "
        "e[0] = measure q[1]; switch (int(e[0])) { case 1 { x q[1]; } default { cx q[2], q[1]; } } "
        "e[1] = measure q[2]; reset q[1]; c ^= e; }"
    ),
]
"""Programs in whose loops some variables live on, and others do not."""


@pytest.mark.parametrize("body", TOGETHER)
def test_shots_together_and_each_by_itself_are_of_one_distribution(body: str) -> None:
    """A single shot has one history: nothing of it can be mixed up with others."""
    together = counts(body, shots=SHOTS)
    apart: Counter[str] = Counter()
    for seed in range(SHOTS):
        apart += counts(body, shots=1, seed=seed)
    keys = sorted(together.keys() | apart.keys())
    frequent = [key for key in keys if together[key] + apart[key] > 10]
    rows = [[one[key] for key in frequent] + [SHOTS - sum(one[key] for key in frequent)] for one in (together, apart)]
    columns = [column for column in zip(*rows, strict=True) if sum(column)]
    assert len(columns) > 1
    assert chi2_contingency(columns).pvalue > FALSE_ALARM


def test_equal_seeds_give_equal_counts_whatever_joins() -> None:
    """Another seed gives others."""
    body = TOGETHER[0]
    assert counts(body, seed=1) == counts(body, seed=1)
    assert counts(body, seed=1) != counts(body, seed=2)


def test_where_memory_is_short_histories_come_to_their_ends_one_by_one() -> None:
    """All of them at once would take far more than there is: 2^8 with vectors of 2^10 amplitudes."""
    entangled = "ry(0.9) q; for int j in [0:8] cx q[j], q[j + 1];"
    measured = f"for int i in [0:8] {{ bit b = measure q[i]; c[i] = b; {entangled} }}"
    found = counts(f"qubit[10] q; bit[9] c; {measured}", shots=10_000, most_bytes=2**19)
    assert found.total() == 10_000
    assert len(found) == 2**8  # the first measurement is of what nothing was done to


def test_what_waits_is_never_more_than_there_is() -> None:
    """Each history leaves one behind at each measurement, and none of them fits in."""
    entangled = "h q; for int j in [0:8] cx q[j], q[j + 1];"
    body = f"qubit[10] q; bit[99] c; for int i in [0:98] {{ c[i] = measure q[0]; {entangled} }}"
    with pytest.raises(ProgramError, match=r"histories take more than|and there are") as refused:
        counts(body, shots=10**6, most_bytes=2**17)
    assert refused.value.code is Code.MEMORY
