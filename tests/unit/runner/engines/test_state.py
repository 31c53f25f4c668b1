"""When two states are one."""

from itertools import pairwise
from math import isclose, pi

import numpy as np
import pytest
from quantum_runner.engines.state import MARKS_DIFFER, State
from quantum_runner.engines.unitaries import Unitary

MOST_BYTES = 2**20
X, H = np.array([[0, 1], [1, 0]], dtype=complex), np.array([[1, 1], [1, -1]], dtype=complex) / 2**0.5


def after(*steps: tuple[np.ndarray, tuple[int, ...]]) -> State:
    """The state after matrices on qubits; with two qubits the first one controls."""
    state = State()
    for matrix, qubits in steps:
        controls = tuple((qubit, 1) for qubit in qubits[:-1])
        state = state.after(Unitary(matrix, qubits[-1:], controls), most_bytes=MOST_BYTES)
    return state


def turned(angle: float) -> np.ndarray:
    """A rotation about z, whose global phase is seen by controls only."""
    return np.diag([np.exp(-0.5j * angle), np.exp(0.5j * angle)])


BELL = ((H, (0,)), (X, (0, 1)))


@pytest.mark.parametrize(
    ("one", "other", "are_equal"),
    [
        ((), (), True),
        (((X, (0,)),), (), False),
        (((H, (0,)),), ((H, (0,)),), True),
        (((H, (0,)),), ((H, (1,)),), False),
        (((H, (0,)),), ((H, (0,)), (turned(2 * pi), (0,))), True),  # -1 times the other one
        (((H, (0,)),), ((H, (0,)), (turned(0.001), (0,))), False),
        (((H, (0,)),), ((H, (0,)), (turned(1e-8), (0,))), False),
        (((H, (0,)),), ((H, (0,)), *(((H, (0,)),) * 2000)), True),  # rounding
        (BELL, ((H, (1,)), (X, (1, 0))), True),  # the axes are in another order
        (BELL, ((H, (0,)), (H, (1,))), False),
        (((H, (0,)), (H, (1,))), (*BELL, (X, (0, 1)), (H, (1,))), True),  # together in a factor, and apart
        (((H, (0,)),), (*BELL, (X, (0, 1))), True),  # a qubit of known value in a factor
        (((H, (0,)), (X, (1,))), (*BELL, (X, (0, 1))), False),
        ((*BELL, (H, (2,))), (*BELL, (H, (2,)), (turned(0.1), (2,))), False),
        ((*BELL, (H, (2,)), (X, (2, 3))), ((H, (2,)), (X, (2, 3)), *BELL), True),
    ],
)
def test_states_are_one_up_to_a_global_phase_and_rounding(
    one: tuple[tuple[np.ndarray, tuple[int, ...]], ...],
    other: tuple[tuple[np.ndarray, tuple[int, ...]], ...],
    are_equal: bool,  # noqa: FBT001 - of the table
) -> None:
    """Whatever factors they are in."""
    first, second = after(*one), after(*other)
    assert first.equals(second) is second.equals(first) is are_equal
    if are_equal:
        assert isclose(first.mark(), second.mark(), rel_tol=MARKS_DIFFER)


def test_a_part_that_is_shared_is_not_looked_at() -> None:
    """The other qubits are what was changed."""
    shared = after(*BELL)
    one = shared.with_value(5, 1)
    other = shared.with_value(5, 0)
    assert one.equals(shared.with_value(5, 1))
    assert not one.equals(other)
    assert other.equals(shared)


def test_marks_tell_most_states_apart() -> None:
    """Also those that differ in a phase, or in which qubit it is."""
    states = [after(), after((X, (0,))), after((X, (1,))), after(*BELL), after((H, (0,)))]
    states += [after((H, (0,)), (turned(angle), (0,))) for angle in (0.001, 1.0, 2.0)]
    marks = sorted(state.mark() for state in states)
    assert all(not isclose(one, other, rel_tol=MARKS_DIFFER) for one, other in pairwise(marks))


def test_factors_that_would_become_much_larger_are_not_compared() -> None:
    """Pairs that overlap like the links of a chain: all of them together would be one vector."""
    pairs = [((H, (place,)), (X, (place, place + 1))) for place in range(0, 16, 2)]
    shifted = [((H, (place,)), (X, (place, place + 1))) for place in range(1, 16, 2)]
    one, other = (after(*[step for pair in chosen for step in pair]) for chosen in (pairs, shifted))
    assert not one.equals(other)
