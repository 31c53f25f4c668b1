"""Programs that are too much: each ends in a limit, and says which."""

import pytest
from fuzz import hostile
from fuzz.trial import tried
from quantum_tasks.errors import Code

LIMITED = {
    "parentheses": Code.NESTING,
    "parentheses that never close": Code.NESTING,
    "signs": Code.NESTING,
    "negations": Code.NESTING,
    "casts": Code.NESTING,
    "calls": Code.NESTING,
    "indices within indices": Code.NESTING,
    "braces": Code.NESTING,
    "ifs": Code.NESTING,
    "elses": Code.NESTING,
    "loops": Code.NESTING,
    "whiles": Code.NESTING,
    "switches": Code.NESTING,
    "boxes": Code.NESTING,
    "durations of durations": Code.NESTING,
    "arrays within arrays": Code.NESTING,
    "sums": Code.NESTING,
    "sums of constants": Code.NESTING,
    "sums of sums": Code.NESTING,
    "powers": Code.NESTING,
    "indices": Code.NESTING,
    "modifiers": Code.NESTING,
    "controls": Code.NESTING,
    "powers of gates": Code.NESTING,
    "recursion": Code.NESTING,
    "gates of gates": Code.NESTING,
    "gates of gates of nothing": Code.NESTING,
    "qubits": Code.QUBITS,
    "qubits in many registers": Code.QUBITS,
    "qubits of the machine": Code.QUBITS,
    "a qubit with a long number": Code.QUBITS,
    "entangled": Code.QUBITS,
    "bits": Code.BITS,
    "bits in many registers": Code.BITS,
    "integers": Code.BITS,
    "elements of products": Code.ARRAY,
    "many arrays": Code.ARRAY,
    "recursion of arrays": Code.ARRAY,
    "digits": Code.NUMBER,
    "digits after the point": Code.NUMBER,
    "exponents": Code.NUMBER,
    "bit strings": Code.NUMBER,
    "underscores": Code.NUMBER,
    "powers of wide integers": Code.NUMBER,
    "controls at once": Code.GATE_WIDTH,
    "aliases": Code.OPERATIONS,
    "registers of gates": Code.OPERATIONS,
    "ranges of gates": Code.OPERATIONS,
    "subroutines of many lengths": Code.OPERATIONS,
    "a loop": Code.OPERATIONS,
    "a loop within a loop": Code.OPERATIONS,
    "an endless loop": Code.OPERATIONS,
    "a loop in a gate": Code.OPERATIONS,
    "loops in a gate": Code.OPERATIONS,
    "no gates, many times": Code.OPERATIONS,
    "histories": Code.OPERATIONS,
}
"""By pattern: the family's code that it ends in, where it is far beyond."""

SIZE = 5000


@pytest.mark.parametrize("pattern", LIMITED)
def test_what_is_far_beyond_ends_in_a_limit(pattern: str) -> None:
    """Whatever it is that there is too much of."""
    codes = {shown.split()[0] for shown in tried(hostile.PATTERNS[pattern](SIZE)) if "." in shown.split()[0]}
    assert LIMITED[pattern] in codes


@pytest.mark.parametrize("pattern", hostile.PATTERNS)
def test_close_to_the_limits_it_ends(pattern: str) -> None:
    """In counts, or in a refusal that has its place."""
    assert tried(hostile.PATTERNS[pattern](140))


def test_gates_of_nothing_do_not_take_the_time_of_many() -> None:
    """Twenty-five levels, each of which applies the one below twice, come to no gate, after 33 million calls."""
    [code] = {shown.split()[0] for shown in tried(hostile.PATTERNS["gates of gates of nothing"](25)) if "." in shown}
    assert code == Code.OPERATIONS
