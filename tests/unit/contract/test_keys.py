"""Key names."""

import pytest
from quantum_tasks.keys import Keys
from quantum_tasks.states import State


def test_all_keys_share_one_slot_of_a_cluster() -> None:
    """Every key starts with the same hash tag."""
    keys = Keys("mine")
    names = [keys.queue, keys.events, keys.sequence, keys.finished, keys.gone, keys.task("a"), keys.index(State.QUEUED)]
    assert all(name.startswith("{mine}:") for name in names)
    assert len(set(names)) == len(names)


def test_the_scripts_see_the_same_names() -> None:
    """The Lua table holds the names that Python uses."""
    keys = Keys("mine")
    lua = keys.lua()
    assert all(f"'{name}'" in lua for name in (keys.queue, keys.events, keys.finished, keys.gone, keys.index()))


@pytest.mark.parametrize("prefix", ["", "a'b", "a}b", "a b", "x" * 65])
def test_a_prefix_that_could_break_out_is_refused(prefix: str) -> None:
    """A prefix with quotes, braces or blanks, an empty one or a long one is an error."""
    with pytest.raises(ValueError, match="prefix"):
        Keys(prefix)
