"""A node of kind as this machine has it: a container whose Pods and processes are found without the API server."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.faults import NotNowError
from support.processes import descendants

_INSPECT_SECONDS = 30
_CGROUPS = Path("/sys/fs/cgroup")
_PRECISION_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """What a process is known by: words of its command line, and a Pod, or a unit of the node's systemd.

    `namespace` None is the one under test; `pod` is what the Pod's name begins with.
    """

    words: str
    pod: str = ""
    namespace: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A container's first process, or a unit's, by the id that this machine knows it by; `pod` is its Pod's name."""

    pid: int
    pod: str


class Node:
    """One node. `namespace` is the one under test."""

    def __init__(self, container: str, namespace: str) -> None:
        """Find it. Raises AssertionError where it does not run on this machine."""
        told = _docker("inspect", "-f", "{{.Id}} {{.State.Pid}}", container)
        self._id, pid = told.split()
        assert self._id in _read(Path("/proc", pid, "cgroup")), f"{container} does not run on this machine's own kernel"
        self._logs = Path("/proc", pid, "root/var/log/pods")
        self._namespace = namespace

    def running(self, part: Part) -> list[Running]:
        """Where a part runs, in no order; empty where it does not."""
        marks = {part.unit: part.unit} if part.unit else dict(self._marks(part))
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            groups = _read(entry / "cgroup")
            if self._id not in groups:
                continue
            pod = next((pod for mark, pod in marks.items() if mark in groups), None)
            command = _read(entry / "cmdline").replace("\0", " ")
            if pod is not None and part.words in command and (part.unit or _is_first(entry)):
                found.append(Running(int(entry.name), pod))
        return found

    def _marks(self, part: Part) -> Iterator[tuple[str, str]]:
        """What stands in the cgroups of the part's Pods, and their names; kubelet writes a uid in either way."""
        for entry in self._logs.iterdir():
            namespace, name, uid = entry.name.split("_")
            if namespace == (part.namespace or self._namespace) and name.startswith(part.pod):
                yield uid, name
                yield uid.replace("-", "_"), name


class Processes:
    """Processes that are held by what the kernel gives for them, so that no signal goes to another one."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._held = []
        for pid in pids:
            with suppress(ProcessLookupError):
                self._held.append(os.pidfd_open(pid))

    def send(self, number: signal.Signals) -> int:
        """Send a signal to all that are still there. Returns how many they are."""
        sent = 0
        for held in self._held:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(held, number)
                sent += 1
        return sent

    def let_go(self) -> None:
        """Hold them no longer."""
        while self._held:
            os.close(self._held.pop())


def with_children(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(one.pid for one in descendants(pid))]


class Memory:
    """The memory of a process's container, by its cgroup, of either version."""

    def __init__(self, pid: int) -> None:
        """Find it. Raises NotNowError where the process has ended."""
        groups = [line.split(":", 2) for line in _read(Path("/proc", str(pid), "cgroup")).splitlines()]
        paths = {controllers: path.lstrip("/") for _, controllers, path in groups}
        if not paths:
            raise NotNowError("it has just ended")
        if "memory" in paths:
            self._folder, names = _CGROUPS / "memory" / paths["memory"], ("limit_in_bytes", "usage_in_bytes")
            self._events = self._folder / "memory.oom_control"
        else:
            self._folder, names = _CGROUPS / paths[""], ("max", "current")
            self._events = self._folder / "memory.events"
        self._limit, self._usage = (self._folder / f"memory.{name}" for name in names)

    @property
    def limit(self) -> str:
        """The limit, as the kernel writes it. Raises NotNowError where the container has ended."""
        try:
            return self._limit.read_text().strip()
        except OSError as error:
            raise NotNowError("it has just ended") from error

    @property
    def kills(self) -> int | None:
        """How many processes were killed for want of memory; None once the container has ended."""
        counters = dict(line.split() for line in _read(self._events).splitlines())
        return int(counters["oom_kill"]) if counters else None

    def restore(self, limit: str) -> None:
        """Set the limit, if the container is still there."""
        with suppress(FileNotFoundError, OSError):
            self._limit.write_text(limit)

    def tighten(self) -> int:
        """Set the lowest limit that the kernel takes: whoever asks for more memory is killed. Returns it, in bytes.

        Version 2 takes any, and kills at once; version 1 refuses what is less than it can bring the use down to.
        """
        refused, taken = 0, int(_read(self._usage) or 0)
        while taken - refused > _PRECISION_BYTES:
            limit = (refused + taken) // 2
            try:
                self._limit.write_text(str(limit))
            except FileNotFoundError as error:
                raise NotNowError("it has just ended") from error
            except OSError:
                refused = limit
            else:
                taken = limit
        return taken


def _is_first(process: Path) -> bool:
    """Whether it is the first process of its container."""
    status = _read(process / "status").splitlines()
    ids = next((line.split()[1:] for line in status if line.startswith("NSpid:")), [])
    return ids[-1:] == ["1"]


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=_INSPECT_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _read(path: Path) -> str:
    """What a file of a process says; nothing, once it has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
