"""Leases, ends and cancellations in every order; and that the same search finds each guard of the scripts missing."""

from collections.abc import Iterator

import pytest
from integration.model.interleavings import Change, search
from integration.model.scenarios import SCENARIOS
from support.redis_server import RedisServer


@pytest.fixture(scope="module")
def quick_url() -> Iterator[str]:
    """A Redis that is emptied thousands of times: it keeps no log."""
    with RedisServer("--appendonly", "no") as server:
        yield server.url


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_promise_is_kept_in_every_order(scenario: str, quick_url: str) -> None:
    """No order of the actors' steps, and no actor stopped for a while or for good, breaks a promise."""
    found = search(quick_url, SCENARIOS[scenario])
    print(f"{scenario}: {found}")  # noqa: T201 - shown where the test fails, or with -rP
    assert found.broken is None, str(found)
    assert found.orders > 10


GUARDS = {
    "finish asks for the lease": (
        "ends",
        Change("finish", " or lease ~= token", ""),
        "finish by a lost lease changed something",
    ),
    "finish asks whether the run was taken for lost": (
        "noted as lost",
        Change("finish", " or current == 'queued'", ""),
        "t went from queued to succeeded",
    ),
    "finish asks whether it has ended": (
        "ends",
        Change("finish", "elseif not is_terminal(current) then", "elseif true then"),
        "t was cancelled, an end, and is succeeded",
    ),
    "cancel asks whether it has ended": (
        "ends",
        Change("cancel", "if state and not is_terminal(state) then", "if state then"),
        "t was succeeded, an end, and is cancelled",
    ),
    "cancel asks for the object": (
        "late",
        Change("cancel", "if uid ~= '' and known ~= uid then", "if false then"),
        "cancel for another object of the name changed something",
    ),
    "delete asks for the object": (
        "late",
        Change("delete", " and (uid == '' or known == uid)", ""),
        "delete for another object of the name changed something",
    ),
    "submit asks whether the object is gone": (
        "provided late",
        Change("submit", "if uid ~= '' and is_gone(uid) then", "if false then"),
        "is an object's that is gone",
    ),
    "delete buries the object": (
        "provided late",
        Change("delete", "  bury(uid)\n", ""),
        "submit made t an earlier object's",
    ),
    "settle asks whether it has ended": (
        "pods",
        Change("settle", "if is_terminal(current) and not (before and shown == '1') then", "if false then"),
        "t was cancelled, an end, and is failed",
    ),
    "settle asks for the object": (
        "names",
        Change("settle", " or known ~= uid", ""),
        "settle for another object of the name changed something",
    ),
    "settle asks whether it was shown": (
        "shown",
        Change("settle", "not (before and shown == '1')", "true"),
        "told [], due was",
    ),
    "settle takes the other end away": (
        "ended by a message",
        Change("settle", "    redis.call('HSET', K.task .. id, 'reason', reason, unpack(fields))\n", ""),
        "and its resource is",
    ),
    "show asks whether it is the same end": (
        "provided late and lost",
        Change("show", " or ended ~= finished_at", ""),
        "and its resource is",
    ),
    "an end waits to be shown": (
        "shown",
        Change("prelude", "if uid and uid ~= '' and not is_terminal(was) then", "if false then"),
        "and its resource is None",
    ),
    "begin asks whether it has ended": (
        "pods",
        Change("begin", "if is_terminal(state) then", "if false then"),
        "an end, and is running",
    ),
    "begin asks for the object": (
        "names",
        Change("begin", " or known ~= uid", ""),
        "begin for another object of the name changed something",
    ),
    "begin asks whether it is the same Pod": (
        "unheard by Pods",
        Change("begin", "if lease ~= token then", "if true then"),
        "begin that was sent again did more",
    ),
    "hold asks for the object": (
        "late",
        Change("hold", " or known ~= uid", ""),
        "hold for another object of the name changed something",
    ),
    "hold takes the lease away": (
        "suspended",
        Change("hold", "'lease', '', ", ""),
        "a runs t, which had no attempts",
    ),
    "hold asks whether it has ended": (
        "held",
        Change("hold", " or is_terminal(current)", ""),
        "an end, and is queued",
    ),
    "note asks for the object": (
        "noted late",
        Change("note", " or known ~= uid", ""),
        "note for another object of the name changed something",
    ),
    "note asks whether another Pod has begun": (
        "noted as lost",
        Change("note", " or lease ~= lease_seen", ""),
        "a note on what is past changed something",
    ),
    "note asks whether a Pod has begun": (
        "noted",
        Change(
            "note", "if current ~= state_seen or before ~= reason_seen or lease ~= lease_seen then", "if false then"
        ),
        "a note on what is past changed something",
    ),
    "resume asks whether it is held": (
        "held",
        Change("resume", " or reason ~= 'Suspended'", ""),
        "in the queue",
    ),
    "release asks for the lease": (
        "retries",
        Change("release", "state ~= 'running' or lease ~= token", "state ~= 'running'"),
        "release by a lost lease changed something",
    ),
    "renew asks for the lease": (
        "ends",
        Change("renew", "state == 'running' and lease == token", "state == 'running'"),
        "renew by a lost lease changed something",
    ),
    "start asks who holds the entry": (
        "ends",
        Change("start", "if not held or held[2] ~= consumer then", "if not held then"),
        "began what it does not hold",
    ),
    "start asks how many attempts there were": (
        "retries",
        Change("start", "      return give_up(id, 'the worker was lost')\n", ""),
        "t had 3 attempts of 2",
    ),
    "submit asks whether it is known": (
        "replaced",
        Change("submit", "if known then", "if false then"),
        "submit",
    ),
    "an end leaves the queue": (
        "ends",
        Change("prelude", "  leave_queue(id)\n  tell(id, state)\n", "  tell(id, state)\n"),
        "in the queue",
    ),
    "an end is told": (
        "ends",
        Change("prelude", "  leave_queue(id)\n  tell(id, state)\n", "  leave_queue(id)\n"),
        "told [], due was",
    ),
    "another attempt is queued": (
        "retries",
        Change("prelude", "  leave_queue(id)\n  enqueue(id)\n", "  leave_queue(id)\n"),
        "in the queue",
    ),
}
"""What a script asks before it changes something: the scenario, how the question is taken out, what breaks then."""


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_is_taken_out_is_missed(guard: str, quick_url: str) -> None:
    """Without a guard in a script, some order breaks the promise that it is there for, and the trace shows it."""
    scenario, change, broken = GUARDS[guard]
    found = search(quick_url, SCENARIOS[scenario], change)
    print(f"without: {guard}\n{found}")  # noqa: T201 - shown with -rP
    assert found.broken is not None
    assert broken in found.broken
    assert found.trace


def test_a_change_of_what_is_not_there_is_refused(quick_url: str) -> None:
    """A guard whose text is not in the script any more cannot be taken out without notice."""
    with pytest.raises(ValueError, match=r"finish\.lua has not exactly one"):
        search(quick_url, SCENARIOS["ends"], Change("finish", "if the moon is full", ""))
