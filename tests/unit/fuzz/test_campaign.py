"""Fuzzing in small: some hundred programs at each run, and everything that was ever found."""

from signal import SIGXCPU

import pytest
from fuzz import campaign
from fuzz.campaign import Campaign, Finding, minimized, tried_apart
from support import corpora


@pytest.mark.parametrize("trial", ["fuzz.trial:tried", "fuzz.engines:tried"])
def test_programs_that_were_changed_do_what_programs_do(trial: str) -> None:
    """Five hundred end in counts or in a refusal, within their memory and time; five hundred alike by both engines."""
    of_seed = Campaign(0, trial)
    assert of_seed.go_on() == []
    assert of_seed.tally.programs == campaign.BATCH
    assert of_seed.shown > 10


def test_equal_seeds_make_equal_programs() -> None:
    """A finding can be found again."""
    one, other, another = (Campaign(seed) for seed in (1, 1, 2))
    programs = [[found.program() for _ in range(20)] for found in (one, other, another)]
    assert programs[0] == programs[1]
    assert programs[0] != programs[2]


def test_what_was_once_found_is_found_no_more() -> None:
    """Each program that `make fuzz` kept."""
    assert tried_apart(list(corpora.found().values())).findings == []


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("1 / 0", "ZeroDivisionError at <string>:<module>"),
        ("[0] * 10**12", "MemoryError at <string>:<module>"),
        ("sum(iter(int, 1))", f"ended the process: {-SIGXCPU}"),
    ],
)
def test_what_none_should_do_is_seen(bad: str, what: str) -> None:
    """An exception, too much memory and too much time; what comes after it is tried all the same."""
    tally = tried_apart(["{'good'}", bad, "{'better'}"], "builtins:eval", 1)
    assert tally.findings == [Finding(bad, what)]
    assert tally.programs == 3
    assert tally.shown == [{"good"}, set(), {"better"}]


def test_what_was_found_is_made_short() -> None:
    """Of all its tokens those are left without which it would not be found."""
    finding = Finding("1 + 2 * 3 +\\\n 1 / 0 + 4 + 5", "ZeroDivisionError at <string>:<module>")
    assert minimized(finding, "builtins:eval").text.split() == ["1", "/", "0"]
