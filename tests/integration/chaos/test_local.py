"""Each harm to the local stack is really done, is healed afterwards, and the stack is not there any more in the end."""

import os
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from random import Random
from time import time
from uuid import uuid4

import httpx
import pytest
from chaos.faults import NotNowError
from chaos.harms import memory_limit
from chaos.harms.deliveries import PHANTOM, TARGETS
from chaos.harms.disk import SmallDisk
from chaos.local.stack import WORKERS, LocalStack
from quantum_tasks.keys import GROUP, Keys
from redis import Redis
from support.client import Client
from support.processes import alive, descendants, process
from support.programs import BELL, ENDLESS
from support.waiting import eventually

SECONDS = 60.0
PARTS = ("api", "redis", *WORKERS)
LINKS = ("clients to api", "api to redis", "worker-1 to redis")
COUNTERS = {
    "slow network": "delayed",
    "narrow network": "throttled_pieces",
    "cut network": "cut_connections",
    "stalled network": "held",
    "lost answers": "lost",
}
"""Where the proxy counts what each kind does."""

NO_ROOM = "No space left on device|Short write while writing to the AOF file"

MOUNT = "quantum-tasks-chaos"
CLOCK_PRECISION_SECONDS = 0.1
"""Redis may answer with the time at which its event loop woke up."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the parts' output goes."""
    return tmp_path_factory.mktemp("local") / "parts.log"


@pytest.fixture(scope="module")
def started(log: Path) -> Iterator[LocalStack]:
    """One stack for all that can be done to it."""
    with tempfile.TemporaryDirectory(prefix="qt-") as short, LocalStack(Path(short), log) as stack:
        yield stack


@pytest.fixture
def stack(started: LocalStack) -> Iterator[LocalStack]:
    """The stack, whole; whatever was done to it, it runs a task when the test is over."""
    started.heal()
    yield started
    started.heal()
    assert set(completes(started)) <= {"00", "11"}


@pytest.fixture
def client(stack: LocalStack) -> Iterator[Client]:
    """A client of the stack, through its proxy."""
    with Client(url_of(stack)) as client:
        yield client


@pytest.fixture
def redis(stack: LocalStack) -> Iterator[Redis]:
    """Redis, past the proxies."""
    with Redis.from_url(stack.redis_url, decode_responses=True) as redis:
        yield redis


def url_of(stack: LocalStack) -> str:
    """Where the API is."""
    [url] = stack.urls
    return url


def completes(stack: LocalStack) -> dict[str, int]:
    """The counts of a Bell pair, sent until it is accepted, and asked for until it has ended."""
    key = uuid4().hex
    with httpx.Client(base_url=url_of(stack), trust_env=False, timeout=10) as http:

        def accepted() -> str | None:
            with suppress(httpx.TransportError):
                answer = http.post("/v1/tasks", json={"qasm": BELL, "shots": 100}, headers={"idempotency-key": key})
                return str(answer.json()["id"]) if answer.is_success else None
            return None

        task = eventually(accepted, SECONDS, "a task to be accepted")

        def counts() -> dict[str, int] | None:
            with suppress(httpx.TransportError):
                answer = http.get(f"/v1/tasks/{task}", headers={"prefer": "wait=2"})
                if answer.is_success and answer.json()["finishedAt"]:
                    assert answer.json()["phase"] == "Succeeded", answer.text
                    found: dict[str, int] = answer.json()["result"]["counts"]
                    return found
            return None

        return eventually(counts, SECONDS, f"task {task} to end") or {}


def begun(
    stack: LocalStack, name: str, target: str = "redis", seed: int = 1
) -> AbstractContextManager[Mapping[str, str]]:
    """The harm, to be entered. Skips the test where this machine cannot do it, except in CI."""
    why = stack.missing().get(name)
    if why and os.environ.get("CI") != "true":
        pytest.skip(f"no {name} here: that needs {why}")
    assert not why
    harm = stack.harms[name]
    assert target in harm.targets
    return harm.begin(target, Random(seed))  # noqa: S311 - no secret


def idle_child_of(stack: LocalStack, worker: str) -> int:
    """The child of a worker that has nothing to do; one whose child was killed has another one once it has work."""

    def idle() -> set[int]:
        with Redis.from_url(stack.redis_url) as redis:
            eventually(lambda: redis.xlen(Keys().queue) == 0, SECONDS, "an empty queue")
        found = children_of(stack, worker)
        if not found:
            completes(stack)
        return found

    [child] = eventually(idle, SECONDS, f"a child of {worker}")
    return child


def children_of(stack: LocalStack, worker: str) -> set[int]:
    """The processes below a worker that simulate."""
    below = [one.pid for one in descendants(stack.pid(worker))]
    return {pid for pid in below if _score(pid) == "1000"}


def _score(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/oom_score_adj").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def state_of(pid: int) -> str:
    """The letter that /proc has for the state of a process."""
    one = process(pid)
    return one.state if one else ""


def end_of(log: Path, pid: int) -> str | None:
    """How the process ended, as what supervises it says."""
    found = re.search(
        rf"started (\S+) pid={pid}$(?:.*?)^up +\1 ended (.*?);", log.read_text(), re.MULTILINE | re.DOTALL
    )
    return found[2] if found else None


def test_what_cannot_be_done_is_said(stack: LocalStack) -> None:
    """Every harm is either there, or said to be missing together with what it needs."""
    needy = {"full disk", "clock", "out of memory"}
    always = {"kill", "pause", "restart", "duplicate delivery", *COUNTERS}
    assert set(stack.harms) | set(stack.missing()) == needy | always
    assert not set(stack.harms) & set(stack.missing())
    assert set(stack.missing()) <= needy
    assert all(stack.missing().values())


# -- processes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["api", "redis", "worker-1"])
def test_kill_ends_a_part(stack: LocalStack, log: Path, part: str) -> None:
    """The part's process ends by SIGKILL at once, and another one takes its place."""
    before = stack.pid(part)
    with begun(stack, "kill", part) as details:
        assert details == {"pid": str(before)}
        eventually(lambda: not alive([before]), SECONDS, f"{before} to end")
    eventually(lambda: stack.pid(part) != before, SECONDS, f"another {part}")
    assert end_of(log, before) == "by signal 9"


def test_kill_ends_a_child(stack: LocalStack, client: Client) -> None:
    """A worker's simulation is killed without the worker, which has another child soon."""
    worker = stack.pid("worker-1")
    killed = idle_child_of(stack, "worker-1")
    with begun(stack, "kill", "worker-1's child") as details:
        assert details == {"pid": str(killed)}
        eventually(lambda: not alive([killed]), SECONDS, f"{killed} to end")
    eventually(lambda: another_child(client, stack, killed), SECONDS, "another child")
    assert stack.pid("worker-1") == worker


def another_child(client: Client, stack: LocalStack, ended: int) -> bool:
    """Whether worker-1 has another one, which it has once it has work; some is given to whoever takes it."""
    client.submit(BELL, shots=1)
    return bool(children_of(stack, "worker-1") - {ended})


@pytest.mark.parametrize("target", ["api", "redis", "worker-1", "worker-1's child"])
def test_pause_stops_a_process_for_a_while(stack: LocalStack, target: str) -> None:
    """The kernel has it as stopped meanwhile, and afterwards the same process goes on."""
    aimed_at = stack.pid(target) if target in PARTS else idle_child_of(stack, "worker-1")
    with begun(stack, "pause", target) as details:
        pid = int(details["pid"])
        assert pid == aimed_at
        eventually(lambda: state_of(pid) == "T", SECONDS, f"{pid} to stop")
    eventually(lambda: state_of(pid) in {"S", "R", "D"}, SECONDS, f"{pid} to go on")


def test_a_paused_redis_answers_nobody(stack: LocalStack, redis: Redis) -> None:
    """What is asked meanwhile has no answer until the pause is over."""
    assert redis.ping()
    with ThreadPoolExecutor(1) as pool:
        with begun(stack, "pause", "redis"):
            answer = pool.submit(redis.ping)
            assert not wait([answer], timeout=0.5).done
        assert answer.result(SECONDS)


@pytest.mark.parametrize("part", ["api", "redis", "worker-1"])
def test_restart_asks_a_part_to_end(stack: LocalStack, log: Path, part: str) -> None:
    """The part ends by itself, as it does on SIGTERM, and another one takes its place."""
    before = stack.pid(part)
    with begun(stack, "restart", part) as details:
        assert details == {"pid": str(before)}
    eventually(lambda: stack.pid(part) != before, SECONDS, f"another {part}")
    assert end_of(log, before) in {"with exit status 0", "by signal 15"}


def test_what_has_ended_cannot_be_hurt(stack: LocalStack) -> None:
    """A part that is not there is no target of a fault, rather than one that has no effect."""
    before = stack.pid("api")
    with begun(stack, "kill", "api"):
        eventually(lambda: not alive([before]), SECONDS, f"{before} to end")
        refusals = [refusal(stack, name, "api") for name in ("kill", "pause", "restart")]
        assert stack.pid("api") == before, "it is there again already"
    assert refusals == ["it has ended, and is not there again yet"] * len(refusals)


def refusal(stack: LocalStack, name: str, target: str) -> str:
    """Why something cannot be done just then."""
    with pytest.raises(NotNowError) as refused, begun(stack, name, target):
        pass
    return str(refused.value)


# -- memory, disk, clock --------------------------------------------------------------------------------------------


def test_out_of_memory_has_the_kernel_kill_a_child(stack: LocalStack, client: Client) -> None:
    """A child that simulates is killed by the kernel, which counts it; the task ends for all that."""
    killed = idle_child_of(stack, "worker-1")
    with begun(stack, "out of memory", "worker-1's child") as details:
        assert details == {"pid": str(killed)}
        assert MOUNT in memory_group(killed)

        def gone() -> bool:
            client.submit(BELL, shots=1)
            return not alive([killed])

        eventually(gone, SECONDS, f"{killed} to be killed")
    assert details["killed"] == "1"
    assert not groups()
    eventually(lambda: another_child(client, stack, killed), SECONDS, "another child")


def test_a_child_that_asks_for_no_memory_goes_on(stack: LocalStack) -> None:
    """Where the kernel had no reason to kill, the details say so, and the child is back where it was."""
    child = idle_child_of(stack, "worker-1")
    before = memory_group(child)
    with begun(stack, "pause", "worker-1's child"), begun(stack, "out of memory", "worker-1's child") as details:
        assert memory_group(child) != before
    assert details == {"pid": str(child), "killed": "0"}
    assert alive([child])
    assert memory_group(child) == before


def memory_group(pid: int) -> str:
    """The line of the process's memory cgroup."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return next(line for line in lines if ":memory:" in line or line.startswith("0::"))


def groups() -> list[Path]:
    """The cgroups that the suite has made."""
    return [path for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory") for path in Path(root).glob(f"{MOUNT}*")]


def test_full_disk_lets_redis_write_no_more(stack: LocalStack, log: Path) -> None:
    """No task is accepted, for the reason that the disk is full; afterwards there is room again."""
    output, before = len(log.read_text()), stack.pid("redis")
    with begun(stack, "full disk"), httpx.Client(base_url=url_of(stack), trust_env=False, timeout=10) as http:
        assert stack.disk.path.joinpath("ballast").exists()
        assert free_bytes(stack.disk) == 0

        def refused() -> bool:
            return http.post("/tasks", json={"qc": BELL}).status_code == httpx.codes.SERVICE_UNAVAILABLE

        eventually(refused, SECONDS, "a submission to be refused")
        eventually(lambda: re.search(NO_ROOM, log.read_text()[output:]), SECONDS, "Redis to say why")
        eventually(lambda: not alive([before]), SECONDS, f"{before} to end: it may not answer for what it cannot keep")
    assert not stack.disk.path.joinpath("ballast").exists()
    assert free_bytes(stack.disk) > 2**20


def free_bytes(disk: SmallDisk) -> int:
    """How much fits on it yet."""
    found = os.statvfs(disk.path)
    return found.f_bavail * found.f_bsize


@pytest.mark.parametrize("seed", range(4))
def test_clock_shifts_the_time_of_redis(stack: LocalStack, redis: Redis, seed: int) -> None:
    """Redis's TIME is off by what the details say, forth or back, and right again afterwards."""
    assert off_by(redis, 0)
    with begun(stack, "clock", seed=seed) as details:
        assert re.fullmatch(r"[+-][1-9]\d*", details["seconds"])
        assert off_by(redis, int(details["seconds"]))
    assert off_by(redis, 0)


def off_by(redis: Redis, seconds: int) -> bool:
    """Whether Redis's clock differs by this from everybody else's."""
    before = time()
    whole, micros = redis.time()
    after = time()
    shown = float(whole) + float(micros) / 1e6 - seconds
    return before - CLOCK_PRECISION_SECONDS <= shown <= after + CLOCK_PRECISION_SECONDS


# -- the queue ------------------------------------------------------------------------------------------------------


def test_an_entry_is_delivered_twice(stack: LocalStack, client: Client, redis: Redis) -> None:
    """The queue has two entries of one task, which ends once all the same."""
    queue = Keys().queue
    eventually(lambda: redis.xlen(queue) == 0, SECONDS, "an empty queue")
    with begun(stack, "pause", "worker-1"), begun(stack, "pause", "worker-2"):
        task = client.submit(BELL)
        assert [fields for _, fields in redis.xrange(queue) or ()] == [{"task": task}]
        with begun(stack, "duplicate delivery", "an entry") as details:
            assert details == {"task": task}
        assert [fields for _, fields in redis.xrange(queue) or ()] == [{"task": task}] * 2
    client.counts(task)
    eventually(lambda: redis.xlen(queue) == 0, SECONDS, "both entries to be done with")
    assert client.resource(task)["attempts"] == 1


def test_new_entries_go_to_nobody(stack: LocalStack, client: Client, redis: Redis) -> None:
    """What waited is with somebody of whom nothing is heard, until a worker takes it over; that is no attempt."""
    eventually(lambda: redis.xlen(Keys().queue) == 0, SECONDS, "an empty queue")
    with begun(stack, "pause", "worker-1"), begun(stack, "pause", "worker-2"):
        # a paused worker still is in line for one
        tasks = [client.submit(BELL) for _ in range(len(WORKERS) + 1)]
        with begun(stack, "duplicate delivery", "new entries") as details:
            assert 1 <= int(details["entries"]) <= len(tasks)
        assert int(details["entries"]) == len(redis.xpending_range(Keys().queue, GROUP, "-", "+", 100, PHANTOM))
    assert client.resource(tasks[-1])["phase"] == "Pending"
    client.counts(tasks[-1])
    assert client.resource(tasks[-1])["attempts"] == 1


def test_claims_run_out(stack: LocalStack, client: Client, redis: Redis) -> None:
    """A task is begun again by the other worker, while the one that holds it is still at work."""
    task = client.submit(ENDLESS)
    client.in_phase(task, "Running")

    [first] = holders(redis)

    def taken_over() -> set[str]:
        # now and then the holder is heard of before the other one looks
        with begun(stack, "duplicate delivery", "all claims") as details:
            assert details == {"claims": "1"}
        eventually(lambda: holders(redis) != {PHANTOM}, SECONDS, "somebody to hold it")
        return holders(redis) - {first}

    eventually(taken_over, SECONDS, "the other worker to hold it")
    eventually(lambda: client.resource(task)["attempts"] == 2, SECONDS, "the other worker to begin")
    assert client.cancel(task).is_success


def holders(redis: Redis) -> set[str]:
    """The consumers that hold an entry."""
    return {str(one["consumer"]) for one in redis.xpending_range(Keys().queue, GROUP, "-", "+", 100)}


@pytest.mark.parametrize("target", TARGETS)
def test_an_empty_queue_has_nothing_to_deliver(stack: LocalStack, redis: Redis, target: str) -> None:
    """That is no fault at all, and says so."""
    eventually(lambda: redis.xlen(Keys().queue) == 0, SECONDS, "an empty queue")
    with pytest.raises(NotNowError, match="nothing"), begun(stack, "duplicate delivery", target):
        pass


# -- networks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("name", COUNTERS)
def test_bad_networks_are_met(stack: LocalStack, name: str, link: str) -> None:
    """What passes the link meets the fault, what passes the others does not, and afterwards nothing does."""
    before = counted(stack, name)
    with begun(stack, name, link):

        def met() -> bool:
            with suppress(httpx.TransportError):
                httpx.get(f"{url_of(stack)}/v1/tasks", params={"limit": 1}, trust_env=False, timeout=1)
            return counted(stack, name)[link] > before[link]

        eventually(met, SECONDS, f"{name} of {link} to be met")
    after = counted(stack, name)
    assert {other for other in after if after[other] != before[other]} == {link}
    completes(stack)
    assert counted(stack, name) == after


def counted(stack: LocalStack, name: str) -> dict[str, int]:
    """What the proxies of all links say of a kind of fault."""
    return {link: getattr(proxy, COUNTERS[name]) for link, proxy in stack.links.items()}


# -- the end --------------------------------------------------------------------------------------------------------


def test_leaving_leaves_nothing_behind(tmp_path: Path) -> None:
    """After what leaves the most, there is no process, thread, mount, cgroup or file of the stack."""
    threads, mounts = set(threading.enumerate()), Path("/proc/self/mounts").read_text().count(MOUNT)
    with tempfile.TemporaryDirectory(prefix="qt-") as short:
        with LocalStack(Path(short), tmp_path / "parts.log") as stack:
            completes(stack)
            family = {stack.pid(part) for part in PARTS}
            family |= {one.pid for pid in family for one in descendants(pid)}
            assert len(family) > len(PARTS)
            if "full disk" in stack.harms:
                with stack.harms["full disk"].begin("redis", Random(1)):  # noqa: S311 - no secret
                    pass
            if memory_limit.missing() is None:
                child = idle_child_of(stack, "worker-1")
                with memory_limit.without_memory(child):
                    assert groups()
        assert list(Path(short).iterdir()) == []
    assert alive(family) == []
    assert set(threading.enumerate()) <= threads
    assert Path("/proc/self/mounts").read_text().count(MOUNT) == mounts
    assert not groups()
