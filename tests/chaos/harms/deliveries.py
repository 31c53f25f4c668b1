"""What can be done to the queue: entries that come twice, that go to nobody, and claims that run out."""

from collections.abc import Mapping
from random import Random
from typing import Any

from chaos.faults import NotNowError
from quantum_tasks.keys import GROUP, Keys
from redis import Redis

PHANTOM = "phantom"
"""A consumer that takes entries and is never heard of again."""

TARGETS = ("an entry", "new entries", "all claims")

_MOST = 100
_LONG_AGO_MS = 3_600_000


def deliver(redis: Redis, target: str, random: Random) -> Mapping[str, str]:
    """An entry stands in the queue twice, or new ones go to somebody of whom nothing is heard, or claims run out.

    To take claims away is not enough: whoever holds one is heard of again soon, and has it back with that. Raises
    NotNowError where there is nothing to do it to.
    """
    queue = Keys().queue
    if target == "an entry":
        entries: Any = redis.xrange(queue, count=_MOST)
        if not entries:
            raise NotNowError("nothing is in the queue")
        _, entry = random.choice(entries)
        redis.xadd(queue, entry)
        return {"task": entry["task"]}
    if target == "new entries":
        return {"entries": str(_read(redis, queue))}
    return {"claims": str(_run_out(redis, queue))}


def deliver_ended(redis: Redis, random: Random) -> Mapping[str, str]:
    """A task that has ended stands in the queue again. Raises NotNowError where there is none."""
    keys = Keys()
    ended = redis.zrange(keys.finished, -_MOST, -1)
    if not ended:
        raise NotNowError("nothing has ended")
    task = str(random.choice(ended))
    redis.xadd(keys.queue, {"task": task})
    return {"task": task}


def _read(redis: Redis, queue: str) -> int:
    """Take what waits for a worker. Returns how many entries there were."""
    streams: Any = redis.xreadgroup(GROUP, PHANTOM, {queue: ">"}, count=_MOST)  # of other types with other protocols
    if not streams:
        raise NotNowError("nothing waits in the queue")
    [(_, entries)] = streams
    return len(entries)


def _run_out(redis: Redis, queue: str) -> int:
    """Have nothing been heard for long of whoever holds a claim. Returns how many claims there were."""
    pending = redis.xpending_range(queue, GROUP, "-", "+", _MOST)
    held: list[int | str | bytes | memoryview] = [str(one["message_id"]) for one in pending]
    if not held:
        raise NotNowError("nothing is claimed")
    return len(redis.xclaim(queue, GROUP, PHANTOM, 0, held, idle=_LONG_AGO_MS, justid=True))
