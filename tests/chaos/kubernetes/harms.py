"""What can be done to a stack on Kubernetes, beside bad networks."""

import os
import signal
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from typing import Protocol

from chaos.faults import Harm, NotNowError
from chaos.harms import deliveries
from chaos.harms.disk import SmallDisk
from chaos.kubernetes.node import Memory, Node, Part, Processes, Running, with_children
from chaos.kubernetes.wiring import CLOCK, DEPLOYMENTS, REDIS, Wired
from chaos.kubernetes.wounds import Wounds
from redis import Redis
from redis.exceptions import RedisError
from support.processes import descendants
from support.waiting import eventually

PARTS = {
    "api": Part("quantum_api", pod=f"{DEPLOYMENTS['api']}-"),
    "job api": Part("quantum_api", pod=f"{DEPLOYMENTS['job api']}-"),
    "operator": Part("quantum_operator", pod=f"{DEPLOYMENTS['operator']}-"),
    "redis": Part("redis-server", pod=f"{REDIS}-"),
    "worker": Part("quantum_runner worker", pod="quantum-tasks-pool-"),
    "job": Part("quantum_runner job"),
}
KUBERNETES = {
    **{
        name: Part(name, pod=f"{name}-", namespace="kube-system")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
    },
    "kubelet": Part("/usr/bin/kubelet", unit="kubelet.service"),
    "containerd": Part("/usr/local/bin/containerd ", unit="containerd.service"),
}
CHILDREN = {"worker's child": "worker", "operator's child": "operator"}
LASTING = ("api", "job api", "operator", "redis", *KUBERNETES)
"""What Kubernetes, or the node, always starts anew. Workers and jobs come and go."""

ENDED = "an ended task"

LONGEST_PAUSE = 8.0
SHORTAGE_SECONDS = 4.0
SOON_SECONDS = 5.0
SOON_BACK_SECONDS = 15.0
BACK_SECONDS = 60.0
CALL_SECONDS = 15.0
ROLLOUT_SECONDS = 120
_CLOCK_SECONDS = (1, 30, 3600)


def part_of(target: str) -> Part:
    """How the processes of a part are known."""
    return (PARTS | KUBERNETES)[target]


class Hurt(Protocol):
    """What the harms need of the stack, once it is up."""

    installation: Wired
    node: Node
    wounds: Wounds


class KubernetesHarms:
    """The harms to an installation and its node."""

    def __init__(self, stack: Hurt) -> None:
        self._stack = stack

    def all(self) -> dict[str, Harm]:
        """Every kind."""
        parts = (*PARTS, *KUBERNETES)
        return {
            "kill": Harm((*parts, *CHILDREN), self._kill),
            "pause": Harm((*parts, *CHILDREN), self._pause, 1.0, LONGEST_PAUSE),
            "out of memory": Harm(("worker", "job"), self._out_of_memory, 3.0, 6.0),
            "delete pod": Harm((*DEPLOYMENTS, "worker", "job"), self._delete_pod),
            "restart": Harm((*DEPLOYMENTS, "pool"), self._restart),
            "lose redis": Harm(("pod", "data"), self._lose_redis),
            "full disk": Harm(("redis",), self._full_disk, 1.0, LONGEST_PAUSE),
            "clock": Harm(("redis",), self._clock, 1.0, LONGEST_PAUSE),
            "duplicate delivery": Harm((*deliveries.TARGETS, ENDED), self._duplicate),
        }

    def end_backoff(self) -> None:
        """Have containers started at once that Kubernetes holds back because they ended often: kubelet forgets."""
        self._stack.installation.cluster.node_exec("systemctl", "restart", "kubelet", seconds=BACK_SECONDS)

    # -- processes --------------------------------------------------------------------------------------------------

    @contextmanager
    def _kill(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        """SIGKILL; what lasts is waited for afterwards, and helped when it is held back."""
        one, pids = self._aim(target, random)
        with self._held(pids[:1]) as processes:
            if not processes.send(signal.SIGKILL):
                raise NotNowError("it has just ended")
        details = {"pid": str(pids[0]), "pod": one.pod}
        yield details
        if target in LASTING:
            details["back"] = self._wait_for_another(target, one.pid)

    @contextmanager
    def _pause(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        """SIGSTOP for a container's every process, and then SIGCONT."""
        one, pids = self._aim(target, random)
        with self._held(pids) as processes, self._stack.wounds.until_left(lambda: processes.send(signal.SIGCONT)):
            if not processes.send(signal.SIGSTOP):
                raise NotNowError("it has just ended")
            yield {"pids": " ".join(map(str, pids)), "pod": one.pod}

    @contextmanager
    def _out_of_memory(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        """A limit that leaves no room, lowered until somebody is killed for want of it."""
        one = self._soon(target, random)
        memory = Memory(one.pid)
        limit, before = memory.limit, memory.kills
        details = {"pid": str(one.pid), "pod": one.pod, "limit": limit}

        def killed() -> bool:
            details["lowered to"] = str(memory.tighten())
            return memory.kills != before

        with self._stack.wounds.until_left(lambda: memory.restore(limit)):
            with suppress(AssertionError):
                eventually(killed, SHORTAGE_SECONDS, "a kill")
            yield details
            after = memory.kills
        details["killed"] = "the container" if after is None else str(after - (before or 0))

    def _soon(self, target: str, random: Random) -> Running:
        """One of a part that runs, now or soon: a Job's Pod is there for a moment only."""

        def one() -> Running | None:
            found = self._stack.node.running(part_of(target))
            return random.choice(sorted(found, key=lambda each: each.pid)) if found else None

        try:
            found = eventually(one, SOON_SECONDS, "one that runs")
        except AssertionError as error:
            raise NotNowError("there is none") from error
        assert found
        return found

    def _aim(self, target: str, random: Random) -> tuple[Running, Sequence[int]]:
        """What a target is just now: where it runs, and its processes."""
        if target not in CHILDREN:
            one = self._soon(target, random)
            return one, [one.pid] if target in ("kubelet", "containerd") else with_children(one.pid)
        one = self._soon(CHILDREN[target], random)
        children = sorted(child.pid for child in descendants(one.pid))
        if not children:
            raise NotNowError("it has no child")
        return one, [random.choice(children)]

    @contextmanager
    def _held(self, pids: Sequence[int]) -> Iterator[Processes]:
        processes = Processes(pids)
        try:
            yield processes
        finally:
            processes.let_go()

    def _wait_for_another(self, target: str, pid: int) -> str:
        """Wait until the part has a process that is not this one. Says how that went."""
        part = part_of(target)

        def another() -> bool:
            return any(one.pid != pid for one in self._stack.node.running(part))

        with suppress(AssertionError):
            eventually(another, SOON_BACK_SECONDS, "another process")
            return "by itself"
        with suppress(AssertionError, TimeoutExpired):
            self.end_backoff()
            eventually(another, BACK_SECONDS, "another process")
            return "helped"
        return "not yet"

    # -- Kubernetes -------------------------------------------------------------------------------------------------

    @contextmanager
    def _delete_pod(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        one = self._soon(target, random)
        forced = random.random() < 0.5
        self._delete(one.pod, forced=forced)
        details = {"pod": one.pod, "forced": str(forced)}
        yield details
        if target in DEPLOYMENTS:
            details["back"] = self._wait_for_another(target, one.pid)

    @contextmanager
    def _restart(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        """An upgrade: a rollout, of the operator with other settings, and a new pool for the old one."""
        name = DEPLOYMENTS["operator" if target == "pool" else target]
        details = {"deployment": name}
        if target == "pool":
            idle = str(random.randint(30, 90))
            details["QT_POOL_IDLE_SECONDS"] = idle
            self._call("set", "env", f"deploy/{name}", f"QT_POOL_IDLE_SECONDS={idle}")
        else:
            self._call("rollout", "restart", f"deploy/{name}")
        yield details
        with suppress(NotNowError):  # another fault may be in its way
            wait = f"--timeout={ROLLOUT_SECONDS}s"
            self._call("rollout", "status", f"deploy/{name}", wait, seconds=ROLLOUT_SECONDS + CALL_SECONDS)
            if target == "pool":
                old = [one.pod.rpartition("-")[0] for one in self._stack.node.running(PARTS["worker"])]
                self._call("delete", "jobs", "--wait=false", "--ignore-not-found", *old) if old else ""
                details["jobs"] = " ".join(old)
            details["done"] = "yes"

    @contextmanager
    def _lose_redis(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        """All that Redis has, with its Pod or without."""
        if target == "data":
            with self._redis() as redis:
                details = {"keys": str(redis.dbsize())}
                redis.flushall()
            yield details
            return
        one = self._soon("redis", random)
        self._delete(one.pod, forced=random.random() < 0.5)
        details = {"pod": one.pod}
        yield details
        details["back"] = self._wait_for_another("redis", one.pid)

    @contextmanager
    def _full_disk(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        one = self._soon(target, random)
        # its folder is held, for it stays when its container ends
        with _opened(one.pid, "data", os.O_RDONLY) as folder, SmallDisk(Path(f"/proc/self/fd/{folder}")).filled():
            details = {"pod": one.pod, "free bytes": str(os.fstatvfs(folder).f_bavail)}
            yield details
        details["back"] = self._wait_for_another("redis", 0)

    @contextmanager
    def _clock(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        one = self._soon(target, random)
        seconds = random.choice((-1, 1)) * random.randint(1, random.choice(_CLOCK_SECONDS))
        with _opened(one.pid, str(CLOCK.relative_to("/")), os.O_RDWR) as file:
            os.pwrite(file, struct.pack("q", seconds), 0)
            try:
                yield {"pod": one.pod, "seconds": f"{seconds:+d}"}
            finally:
                os.pwrite(file, struct.pack("q", 0), 0)

    def _delete(self, pod: str, *, forced: bool) -> None:
        how = ["--force", "--grace-period=0"] if forced else []
        self._call("delete", "pod", pod, "--wait=false", *how)

    def _call(self, *arguments: str, seconds: float = CALL_SECONDS) -> str:
        """Raises NotNowError where the API server is away."""
        try:
            bound = f"--request-timeout={seconds:.0f}s"
            return self._stack.installation.kubectl(bound, *arguments)
        except (AssertionError, TimeoutExpired) as error:
            raise NotNowError(str(error)) from error

    # -- the queue --------------------------------------------------------------------------------------------------

    @contextmanager
    def _duplicate(self, target: str, random: Random) -> Iterator[Mapping[str, str]]:
        """What `deliveries` does, now or soon: an entry is there for a moment only."""
        with self._redis() as redis:

            def done() -> Mapping[str, str]:
                with suppress(NotNowError):
                    if target == ENDED:
                        return deliveries.deliver_ended(redis, random)
                    return deliveries.deliver(redis, target, random)
                return {}

            try:
                details = eventually(done, SOON_SECONDS, "an entry of the queue")
            except AssertionError as error:
                raise NotNowError("there is none") from error
        yield details

    @contextmanager
    def _redis(self) -> Iterator[Redis]:
        try:
            host, port = self._stack.installation.redis_address.host, self._stack.installation.redis_address.port
            with Redis(host, port, decode_responses=True, socket_timeout=5, socket_connect_timeout=5) as redis:
                yield redis
        except RedisError as error:
            raise NotNowError(f"Redis is away: {error}") from None


@contextmanager
def _opened(pid: int, path: str, flags: int) -> Iterator[int]:
    """What a process has at a path. Raises NotNowError where it has ended."""
    try:
        file = os.open(f"/proc/{pid}/root/{path}", flags)
    except OSError as error:
        raise NotNowError("it has just ended") from error
    try:
        yield file
    finally:
        os.close(file)
