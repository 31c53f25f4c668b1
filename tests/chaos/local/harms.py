"""What can be done to the local stack, beside bad networks."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Protocol

from chaos.faults import Harm, NotNowError
from chaos.harms import memory_limit
from chaos.harms.deliveries import TARGETS, deliver
from chaos.harms.disk import SmallDisk
from chaos.harms.shifted_clock import ShiftedClock
from redis import Redis
from redis.exceptions import RedisError
from support.processes import alive, descendants, kill

LONGEST_PAUSE = 6.0
_CLOCK_SECONDS = (1, 30, 3600)


class Hurt(Protocol):
    """What the harms need of the stack."""

    disk: SmallDisk
    clock: ShiftedClock

    @property
    def redis_url(self) -> str:
        """Where Redis is, past the proxies."""
        ...

    def pid(self, part: str) -> int:
        """The process of a part that was started last."""
        ...


def local_harms(stack: Hurt, workers: Sequence[str]) -> dict[str, Harm]:
    """Every kind that can be done on this machine."""
    parts = ("api", "redis", *workers)
    children = tuple(f"{worker}'s child" for worker in workers)
    harms = {
        "kill": Harm((*parts, *children), partial(_kill, stack)),
        "pause": Harm((*parts, *children), partial(_pause, stack), 0.5, LONGEST_PAUSE),
        "restart": Harm(parts, partial(_restart, stack)),
        "duplicate delivery": Harm(TARGETS, partial(_duplicate, stack)),
    }
    if stack.disk.missing is None:
        harms["full disk"] = Harm(("redis",), partial(_full_disk, stack), 1.0, 8.0)
    if stack.clock.missing is None:
        harms["clock"] = Harm(("redis",), partial(_clock, stack), 0.5, 8.0)
    if memory_limit.missing() is None:
        harms["out of memory"] = Harm(children, partial(_out_of_memory, stack), 2.0, 4.0)
    return harms


def _pid(stack: Hurt, target: str, random: Random) -> int:
    part, _, child = target.partition("'s ")
    pid = stack.pid(part)
    if not alive([pid]):
        raise NotNowError("it has ended, and is not there again yet")
    if not child:
        return pid
    below = [one.pid for one in descendants(pid) if _simulates(one.pid)]
    if not below:
        raise NotNowError("it has no child")
    return random.choice(below)


def _simulates(pid: int) -> bool:
    """Whether a process carries the mark by which the kernel kills it first when memory runs out."""
    try:
        return Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def _kill(stack: Hurt, target: str, random: Random) -> Iterator[Mapping[str, str]]:
    pid = _pid(stack, target, random)
    kill(pid)
    yield {"pid": str(pid)}


@contextmanager
def _pause(stack: Hurt, target: str, random: Random) -> Iterator[Mapping[str, str]]:
    pid = _pid(stack, target, random)
    kill(pid, signal.SIGSTOP)
    try:
        yield {"pid": str(pid)}
    finally:
        kill(pid, signal.SIGCONT)


@contextmanager
def _restart(stack: Hurt, target: str, random: Random) -> Iterator[Mapping[str, str]]:
    """As an upgrade does: the part is asked to end, and another one takes its place."""
    pid = _pid(stack, target, random)
    kill(pid, signal.SIGTERM)
    yield {"pid": str(pid)}


@contextmanager
def _full_disk(stack: Hurt, _target: str, _random: Random) -> Iterator[Mapping[str, str]]:
    with stack.disk.filled():
        yield {}


@contextmanager
def _clock(stack: Hurt, _target: str, random: Random) -> Iterator[Mapping[str, str]]:
    seconds = random.choice((-1, 1)) * random.randint(1, random.choice(_CLOCK_SECONDS))
    with stack.clock.shifted(seconds):
        yield {"seconds": f"{seconds:+d}"}


@contextmanager
def _out_of_memory(stack: Hurt, target: str, random: Random) -> Iterator[Mapping[str, str]]:
    pid = _pid(stack, target, random)
    details = {"pid": str(pid)}
    try:
        with memory_limit.without_memory(pid) as kills:
            yield details
            details["killed"] = str(kills())
    except ProcessLookupError:
        raise NotNowError("it has just ended") from None


@contextmanager
def _duplicate(stack: Hurt, target: str, random: Random) -> Iterator[Mapping[str, str]]:
    try:
        with Redis.from_url(stack.redis_url, decode_responses=True, socket_timeout=5) as redis:
            details = deliver(redis, target, random)
    except RedisError as error:
        raise NotNowError(f"Redis is away: {error}") from None
    yield details
