"""A stand-in for scheduler and kubelet on a control plane without nodes: it runs each Pod's command as a local process.

The processes are real, the runner's own; what a test wants to go wrong with a Pod, it says by `treat`.
"""

import asyncio
import base64
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from quantum_tasks.cluster import Cluster, ClusterError, ClusterUnavailableError, Kind, connect

PODS = Kind("", "v1", "pods")
SECRETS = Kind("", "v1", "secrets")
POLL_SECONDS = 0.05

Pod = dict[str, Any]
Treatment = Callable[[Pod], dict[str, Any] | None]
"""From a Pod to the status that it is to have instead of being run, or None to run it."""


def unschedulable(_pod: Pod) -> dict[str, Any]:
    """No node has room."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory.",
    }
    return {"phase": "Pending", "conditions": [condition]}


def without_image(_pod: Pod) -> dict[str, Any]:
    """The image cannot be pulled."""
    waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nowhere/runner"'}
    return {"phase": "Pending", **_on_a_node({"waiting": waiting})}


def out_of_memory(_pod: Pod) -> dict[str, Any]:
    """The kernel killed the container."""
    ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": _now(), "finishedAt": _now()}
    return {"phase": "Failed", **_on_a_node({"terminated": ended})}


def evicted(pod: Pod) -> dict[str, Any]:
    """The node needed the room."""
    status = out_of_memory(pod)
    status["containerStatuses"][0]["state"]["terminated"]["reason"] = "Error"
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet"}
    return {**status, "reason": "Evicted", "conditions": [*status["conditions"], disrupted]}


class Kubelet:
    """Runs the Pods of one namespace; a context manager that leaves no process."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._seen: dict[str, _Running | None] = {}
        self._treatment: Treatment = lambda _pod: None
        self._holding = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="kubelet")
        self._stopping = threading.Event()
        self._folder = tempfile.TemporaryDirectory(prefix="qt-kubelet-")
        self.started: list[str] = []
        """The names of the Pods that were run."""

    def treat(self, treatment: Treatment) -> None:
        """From now on, do this with new Pods."""
        self._treatment = treatment

    def hold(self) -> None:
        """Start no new Pod until `run_again`."""
        self._holding = True

    def run_again(self) -> None:
        """From now on, run new Pods, and those that were held."""
        self._treatment = lambda _pod: None
        self._holding = False

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, with every process."""
        self._stopping.set()
        self._thread.join(30)
        self._folder.cleanup()
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        async with connect(timeout_seconds=30, connections=10) as cluster, asyncio.TaskGroup() as pods:
            while not self._stopping.is_set():
                with suppress(ClusterUnavailableError):
                    listed = (await cluster.page(PODS, self._namespace))["items"]
                    for pod in listed:
                        if self._holding and pod["metadata"]["uid"] not in self._seen:
                            continue
                        self._look_at(cluster, pods, pod)
                    self._end_what_is_gone({pod["metadata"]["uid"] for pod in listed})
                await asyncio.sleep(POLL_SECONDS)
            for running in self._seen.values():
                if running is not None:
                    running.end(signal.SIGKILL)

    def _look_at(self, cluster: Cluster, pods: asyncio.TaskGroup, pod: Pod) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self._seen:
            self._seen[uid] = None
            pods.create_task(self._begin(cluster, pods, pod))
        elif "deletionTimestamp" in pod["metadata"]:
            running = self._seen[uid]
            if running is not None and not running.told:
                running.told = True
                running.end(signal.SIGTERM)
            elif running is None:
                pods.create_task(self._remove(cluster, pod))

    def _end_what_is_gone(self, uids: set[str]) -> None:
        for uid, running in self._seen.items():
            if uid not in uids and running is not None:
                running.end(signal.SIGKILL)

    async def _begin(self, cluster: Cluster, pods: asyncio.TaskGroup, pod: Pod) -> None:
        status = self._treatment(pod)
        if status is not None:
            await self._report(cluster, pod, status)
            return
        message = Path(self._folder.name) / pod["metadata"]["uid"]
        [container] = [container for container in pod["spec"]["containers"] if container["name"] == "runner"]
        env = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
        env |= {entry["name"]: await _value(cluster, pod, entry) for entry in container["env"]}
        env["QT_TERMINATION_LOG"] = str(message)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "quantum_runner", *container["args"], env=env, start_new_session=True
        )
        self.started.append(pod["metadata"]["name"])
        running = self._seen[pod["metadata"]["uid"]] = _Running(process, _now())
        await self._report(cluster, pod, {"phase": "Running", **_on_a_node({"running": {"startedAt": running.since}})})
        pods.create_task(self._follow(cluster, pod, running, message))

    async def _follow(self, cluster: Cluster, pod: Pod, running: "_Running", message: Path) -> None:
        code = await running.process.wait()
        self._seen[pod["metadata"]["uid"]] = None
        ended = {
            "exitCode": code if code >= 0 else 128 - code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": running.since,
            "finishedAt": _now(),
            "message": _text(message),
        }
        phase = "Succeeded" if code == 0 else "Failed"
        await self._report(cluster, pod, {"phase": phase, **_on_a_node({"terminated": ended})})

    async def _report(self, cluster: Cluster, pod: Pod, status: dict[str, Any]) -> None:
        meta = pod["metadata"]
        while not self._stopping.is_set():
            try:
                await cluster.patch(PODS, meta["namespace"], meta["name"], {"status": status}, subresource="status")
            except ClusterUnavailableError:
                await asyncio.sleep(POLL_SECONDS)
            except ClusterError:
                return  # the Pod is gone
            else:
                return

    async def _remove(self, cluster: Cluster, pod: Pod) -> None:
        meta = pod["metadata"]
        with suppress(ClusterError, ClusterUnavailableError):
            await cluster.delete(PODS, meta["namespace"], meta["name"], grace_seconds=0)


@dataclass
class _Running:
    process: asyncio.subprocess.Process
    since: str
    told: bool = False

    def end(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _on_a_node(state: dict[str, Any]) -> dict[str, Any]:
    container = {"name": "runner", "image": "local", "imageID": "", "ready": False, "restartCount": 0, "state": state}
    return {"conditions": [{"type": "PodScheduled", "status": "True"}], "containerStatuses": [container]}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


async def _value(cluster: Cluster, pod: Pod, entry: dict[str, Any]) -> str:
    match entry.get("valueFrom"):
        case None:
            return str(entry["value"])
        case {"fieldRef": {"fieldPath": "metadata.uid"}}:
            return str(pod["metadata"]["uid"])
        case {"secretKeyRef": {"name": name, "key": key}}:
            secret = await cluster.get(SECRETS, pod["metadata"]["namespace"], name)
            return base64.b64decode(secret["data"][key]).decode()
        case source:
            raise AssertionError(f"only real kubelets know {source}")
