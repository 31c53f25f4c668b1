"""The programs that the operator keeps for tasks that are new."""

from quantum_operator.programs import Programs


def test_a_program_is_kept_until_it_is_dropped() -> None:
    """What was put is there, once; what was dropped is not, and dropping it again is fine."""
    programs = Programs(10)
    programs.put("a", "12345")
    programs.put("a", "12345")
    programs.put("b", "12345")
    assert (programs.get("a"), programs.get("b")) == ("12345", "12345")
    programs.drop("a")
    programs.drop("a")
    assert programs.get("a") is None
    programs.put("c", "12345")
    assert (programs.get("b"), programs.get("c")) == ("12345", "12345")


def test_the_oldest_programs_make_room() -> None:
    """Whatever comes, no more text is kept than there is room for: the first goes first."""
    programs = Programs(10)
    for uid in "abc":
        programs.put(uid, "12345")
    assert [programs.get(uid) for uid in "abc"] == [None, "12345", "12345"]


def test_a_program_without_room_makes_none() -> None:
    """A program that is larger than the room is not kept, and the others are."""
    programs = Programs(10)
    programs.put("a", "12345")
    programs.put("b", "12345678901")
    assert (programs.get("a"), programs.get("b")) == ("12345", None)
