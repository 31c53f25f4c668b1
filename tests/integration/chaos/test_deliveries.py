"""What is done to the queue is done to it, and where there is nothing to do it to that is no fault."""

from random import Random

import pytest
from chaos.faults import NotNowError
from chaos.harms.deliveries import PHANTOM, deliver, deliver_ended
from quantum_tasks.keys import GROUP, Keys
from redis import Redis

KEYS = Keys()
LONG_MS = 60_000


@pytest.fixture
def redis(redis_url: str) -> Redis:
    """Redis, with the queue's group."""
    redis = Redis.from_url(redis_url, decode_responses=True)
    redis.xgroup_create(KEYS.queue, GROUP, "0", mkstream=True)
    return redis


def random() -> Random:
    """The same numbers each time."""
    return Random(1)  # noqa: S311 - no secret


def test_an_ended_task_is_delivered_again(redis: Redis) -> None:
    """The queue has an entry of it, as if it waited."""
    redis.zadd(KEYS.finished, {"default/a-task": 1.0})
    assert deliver_ended(redis, random()) == {"task": "default/a-task"}
    assert [fields for _, fields in redis.xrange(KEYS.queue) or ()] == [{"task": "default/a-task"}]


def test_claims_have_run_out_at_once(redis: Redis) -> None:
    """Any worker may take them over that looks, and needs to wait for no lease."""
    redis.xadd(KEYS.queue, {"task": "a"})
    redis.xreadgroup(GROUP, "a-worker", {KEYS.queue: ">"})
    assert deliver(redis, "all claims", random()) == {"claims": "1"}
    [claim] = redis.xpending_range(KEYS.queue, GROUP, "-", "+", 10)
    assert claim["consumer"] == PHANTOM
    assert int(claim["time_since_delivered"]) > LONG_MS


def test_where_nothing_has_ended_there_is_nothing_to_deliver(redis: Redis) -> None:
    """That is no fault at all, and says so."""
    with pytest.raises(NotNowError, match="nothing has ended"):
        deliver_ended(redis, random())
