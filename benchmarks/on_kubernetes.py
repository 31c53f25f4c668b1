"""Speed and cost of tasks on Kubernetes, beside bare Jobs on the same cluster, in one run and in turns.

The cluster is the one of KUBECONFIG, or else the one of `make cluster-up`; the images quantum-tasks-api, -operator and
-runner and redis:8 must be on its nodes. All of it happens in a namespace of its own, which goes in the end.

A bare Job is the Job of a Bell task that runs `true` instead of the runner: the same image, security context and
resources, but nothing of ours watches it. CPU is what the kubelet counted, less what the same container uses when idle.
Prints Markdown tables; `--json FILE` writes every figure.
"""

import argparse
import asyncio
import copy
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from quantum_tasks.cluster import Cluster, ClusterError, Kind, Object, connect
from redis.asyncio import Redis

ROOT = Path(__file__).parents[1]
CLUSTER = ROOT / "tests" / "cluster" / "cluster.sh"

TASKS = Kind("quantumtask.dev", "v1alpha1", "quantumtasks")
JOBS = Kind("batch", "v1", "jobs")
PODS = Kind("", "v1", "pods")
DEPLOYMENTS = Kind("apps", "v1", "deployments")

STEP = "quantumtask.dev/benchmark"
"""The label that tells the objects of one step."""
COMPONENT = "app.kubernetes.io/component"
OPERATOR = "quantum-tasks-operator"

POLL_SECONDS = 0.2
STATS_POLL_SECONDS = 1.0
CLEAN_SECONDS = 600
IDLE_SECONDS = 30
"""How long the idle stack is looked at."""
EARLY_SECONDS = 30
"""Of a new operator's life: how much of it counts as its start."""

PARTS = {
    "operator": OPERATOR,
    "API server": "kube-apiserver-",
    "etcd": "etcd-",
    "Redis": "quantum-tasks-redis-",
    "pool": "quantum-tasks-pool-",
}
"""The containers whose CPU is told, by how their Pods' names begin."""
NODES = "all of the node"

MEGABYTE = 1e6

_WHEN = "2026-01-01T00:00:00Z"
_END: Object = {
    "status": {
        "phase": "Succeeded",
        "reason": "Completed",
        "message": "The task has its counts.",
        "conditions": [
            {
                "type": kind,
                "status": status,
                "reason": "Completed",
                "message": "As an operator has it.",
                "lastTransitionTime": _WHEN,
            }
            for kind, status in {"Finished": "True", "Running": "False"}.items()
        ],
        "attempts": 1,
        "startTime": _WHEN,
        "completionTime": _WHEN,
        "duration": "0.1s",
        "qubits": 2,
        "method": "statevector",
        "seed": 1,
        "counts": {"00": 500, "11": 500},
        "observedGeneration": 1,
    }
}
"""What the operator writes of a Bell task in the pool."""


class Kubectl:
    """The kubectl that fits the cluster."""

    def __init__(self) -> None:
        given = os.environ.get("KUBECONFIG")
        self._command = ["kubectl"] if given else [str(CLUSTER), "kubectl"]
        if not given:
            os.environ["KUBECONFIG"] = subprocess.run(
                [CLUSTER, "kubeconfig"], check=True, stdout=subprocess.PIPE, text=True, timeout=120
            ).stdout.strip()

    def __call__(self, *arguments: str, stdin: str = "", seconds: float = 120) -> str:
        """Run it, and return what it prints."""
        done = subprocess.run(
            [*self._command, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=seconds
        )
        if done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr[-2000:]}")
        return done.stdout

    @asynccontextmanager
    async def forwarded(self, namespace: str, pod: str, port: int) -> AsyncIterator[int]:
        """A port of this machine's loopback that leads to a Pod's."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *("--namespace", namespace, "port-forward", "--address", "127.0.0.1", f"pod/{pod}", f":{port}"),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
            yield int(line.split(" -> ", maxsplit=1)[0].rpartition(":")[2])
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


@dataclass(frozen=True)
class Sample:
    """What the kubelets had counted: CPU seconds, and when, by container; bytes of the operator's memory."""

    cpu: Mapping[str, tuple[datetime, float]]
    working_set: int = 0
    rss: int = 0

    def since(self, before: "Sample", idle: Mapping[str, float]) -> dict[str, float]:
        """CPU seconds since another sample, by part, less what it uses when idle."""
        used = dict.fromkeys([*PARTS, NODES], 0.0)
        for name, (when, seconds) in self.cpu.items():
            part = part_of(name)
            began, had = before.cpu.get(name, (when, 0.0))
            used[part] += seconds - had - idle.get(part, 0.0) * (when - began).total_seconds()
        return used


@dataclass
class Step:
    """One measured batch. `seconds` is from the first create to the last end, of what the step is about."""

    count: int
    seconds: float
    jobs_seconds: float | None = None
    first_seconds: float | None = None
    workers: str = ""
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Ends per second."""
        return self.count / self.seconds

    @property
    def jobs_rate(self) -> float:
        """Jobs that were Complete, per second."""
        return self.count / (self.jobs_seconds or self.seconds)


@dataclass
class Figures:
    """All that was measured."""

    about: dict[str, Any] = field(default_factory=dict)
    idle: dict[str, float] = field(default_factory=dict)
    bare: list[Step] = field(default_factory=list)
    jobs: list[Step] = field(default_factory=list)
    cold: list[Step] = field(default_factory=list)
    pool: list[Step] = field(default_factory=list)
    created: list[Step] = field(default_factory=list)
    written: list[Step] = field(default_factory=list)
    memory: dict[str, dict[str, float]] = field(default_factory=dict)
    restart: dict[str, float] = field(default_factory=dict)


class Bench:
    """The stack in its namespace, and what is done to it."""

    def __init__(self, cluster: Cluster, kubectl: Kubectl, namespace: str, seconds: float) -> None:
        self.cluster = cluster
        self.kubectl = kubectl
        self.namespace = namespace
        self.seconds = seconds
        self.idle: dict[str, float] = {}
        self.made = 0
        self._unfinished: dict[str, str] = {}
        self.unwatched = f"{namespace}-unwatched"
        sample = yaml.safe_load((ROOT / "k8s" / "samples" / "bell.yaml").read_text())
        self._program: str = sample["spec"]["qasm"]

    # -- the stack ---------------------------------------------------------------------------------------------------

    def install(self) -> bool:
        """Apply k8s/ to the namespace. Returns whether the CRD is of this run."""
        documents = [
            document for document in yaml.safe_load_all(self.kubectl("kustomize", str(ROOT / "k8s"))) if document
        ]
        known = self.kubectl("get", "crd", "--output=name", "--ignore-not-found", "quantumtasks.quantumtask.dev")
        ours = [self._moved(document) for document in documents if not (known and document["kind"].startswith("Cust"))]
        # the namespace and the CRD before what needs them
        ours.sort(key=lambda document: document["kind"] not in ("Namespace", "CustomResourceDefinition"))
        self.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(ours))
        if not known:
            self.kubectl("wait", "--for=condition=Established", "crd/quantumtasks.quantumtask.dev", "--timeout=60s")
        for workload in ("statefulset/quantum-tasks-redis", f"deployment/{OPERATOR}", "deployment/quantum-tasks-api"):
            self._kubectl("rollout", "status", workload, f"--timeout={self.seconds:.0f}s", seconds=self.seconds + 10)
        return not known

    def remove(self, *, crd: bool, namespace: str | None = None) -> None:
        """Have the namespace go, or another one, and wait until it has."""
        namespace = namespace or self.namespace
        self.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
        deadline = time.monotonic() + CLEAN_SECONDS
        while self.kubectl("get", "namespace", namespace, "--output=name", "--ignore-not-found"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the namespace {namespace} is still there after {CLEAN_SECONDS} s")
            time.sleep(1)
        if crd:
            self.kubectl("delete", "crd", "quantumtasks.quantumtask.dev", "--ignore-not-found", "--timeout=60s")

    def images(self) -> dict[str, str]:
        """What runs, by its digests: an image that is built anew while this runs spoils the figures."""
        pods = json.loads(self._kubectl("get", "pods", "--output=json"))["items"]
        statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", ())]
        return {status["name"]: status["imageID"].rpartition(":")[2][:12] for status in statuses}

    def _moved(self, document: Object) -> Object:
        if document["kind"] == "Namespace":
            document["metadata"]["name"] = self.namespace
        elif document["kind"] != "CustomResourceDefinition":
            document["metadata"]["namespace"] = self.namespace
        for subject in document.get("subjects", ()):
            subject["namespace"] = self.namespace
        return document

    def _kubectl(self, *arguments: str, seconds: float = 120) -> str:
        return self.kubectl("--namespace", self.namespace, *arguments, seconds=seconds)

    # -- steps -------------------------------------------------------------------------------------------------------

    async def template(self) -> Object:
        """The Job of a Bell task, made into one of nobody's that runs `true`."""
        await self.bells("template", 1, mode="Job", at_once=1)
        [job] = (await self.cluster.page(JOBS, self.namespace, labelSelector=f"{COMPONENT}=runner"))["items"]
        spec = copy.deepcopy(job["spec"])
        for name in ("selector", "manualSelector"):
            spec.pop(name, None)
        spec["template"]["metadata"] = {"labels": {STEP: "bare"}}
        container = spec["template"]["spec"]["containers"][0]
        container.pop("args")
        container["command"] = ["true"]
        await self.clear("template")
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"labels": {STEP: "bare"}}, "spec": spec}

    async def bare(self, template: Object, count: int) -> Step:
        """Run bare Jobs, all at once, and remove them."""
        before = await self.sample()
        bodies = [copy.deepcopy(template) for _ in range(count)]
        for place, body in enumerate(bodies):
            body["metadata"]["name"] = f"bare-{place}"
        began = time.monotonic()
        await self._create(JOBS, bodies, at_once=count)
        await self._until(lambda: self._complete(f"{STEP}=bare", count))
        seconds = time.monotonic() - began
        cpu = (await self.sample()).since(before, self.idle)
        await self._delete(JOBS, f"{STEP}=bare")
        await self._until(lambda: self._none(PODS, f"{STEP}=bare"))
        return Step(count, seconds, jobs_seconds=seconds, cpu=cpu)

    async def jobs(self, step: str, count: int) -> Step:
        """Run Bell tasks with a Job each, all at once, and remove them."""
        before = await self.sample()
        began = time.monotonic()
        seconds, _ = await self.bells(step, count, mode="Job", at_once=count)
        await self._until(lambda: self._complete(f"{COMPONENT}=runner", count))
        jobs_seconds = time.monotonic() - began
        cpu = (await self.sample()).since(before, self.idle)
        await self.clear(step)
        return Step(count, seconds, jobs_seconds=jobs_seconds, cpu=cpu)

    async def pool(self, step: str, count: int, *, at_once: int) -> Step:
        """Run Bell tasks in the pool; they stay."""
        before = await self.sample()
        workers = await self._workers()
        seconds, first = await self.bells(step, count, mode="Pool", at_once=at_once)
        workers = f"{workers}, then {await self._workers()}"
        cpu = (await self.sample()).since(before, self.idle)
        self.made += count
        return Step(count, seconds, first_seconds=first, workers=workers, cpu=cpu)

    async def untouched(self, count: int, *, at_once: int) -> tuple[Step, Step]:
        """Create Bell tasks where nobody looks at them, and then write an end into the status of each.

        These are the two writes of a task without which there is none, whoever makes them.
        """
        self.kubectl("create", "namespace", self.unwatched)
        bells = self._bells("untouched", count, mode="Pool")
        before, began = await self.sample(), time.monotonic()
        await self._create(TASKS, bells, at_once=at_once, namespace=self.unwatched)
        seconds, between = time.monotonic() - began, await self.sample()
        began = time.monotonic()
        await self._at_once(bells, self._write_an_end, at_once)
        more_seconds, after = time.monotonic() - began, await self.sample()
        self.remove(crd=False, namespace=self.unwatched)
        created = Step(count, seconds, cpu=between.since(before, self.idle))
        return created, Step(count, seconds + more_seconds, cpu=after.since(before, self.idle))

    async def _write_an_end(self, bell: Object) -> None:
        await self.cluster.patch(TASKS, self.unwatched, bell["metadata"]["name"], _END, subresource="status")

    async def end_pool(self) -> None:
        """Remove the pool's Jobs, as an idle minute would: what they ask for of the node's CPU, others need."""
        await self._delete(JOBS, f"{COMPONENT}=pool")
        await self._until(lambda: self._none(PODS, f"{COMPONENT}=pool"))

    async def bells(self, step: str, count: int, *, mode: str, at_once: int) -> tuple[float, float]:
        """Create Bell tasks and wait for the last end; seconds from the first create to that, and to the first end."""
        bodies = self._bells(step, count, mode=mode)
        began = time.monotonic()
        creating = asyncio.create_task(self._create(TASKS, bodies, at_once=at_once))
        try:
            await self._until(lambda: self._first_finished(step))
            first = time.monotonic() - began
            await creating
        finally:
            creating.cancel()
        await self._until(lambda: self._all_finished(step))
        return time.monotonic() - began, first

    def _bells(self, step: str, count: int, *, mode: str) -> list[Object]:
        spec = {"qasm": self._program, "shots": 1000, "executionMode": mode}
        head = {"apiVersion": "quantumtask.dev/v1alpha1", "kind": "QuantumTask", "spec": spec}
        return [{**head, "metadata": {"name": f"{step}-{place}", "labels": {STEP: step}}} for place in range(count)]

    async def clear(self, step: str) -> None:
        """Remove the tasks of a step, their Jobs and Pods."""
        await self._delete(TASKS, f"{STEP}={step}")
        for kind in (JOBS, PODS):
            await self._until(lambda kind=kind: self._none(kind, f"{COMPONENT}=runner"))  # type: ignore[misc]

    async def restart(self) -> dict[str, float]:
        """Have no operator, submit a task, and have one again."""
        # the worker that the task will meet is there and idle: what is measured is the operator
        await self.bells("before", 5, mode="Pool", at_once=5)
        async with (
            self.kubectl.forwarded(self.namespace, "quantum-tasks-redis-0", 6379) as port,
            Redis(port=port, decode_responses=True) as redis,
        ):
            await self._scale_operator(0)
            await self._until(lambda: self._none(PODS, f"{COMPONENT}=operator"))
            looks = await _scripts(redis)
            spec = {"qasm": self._program, "shots": 1000, "executionMode": "Pool"}
            body: Object = {"apiVersion": "quantumtask.dev/v1alpha1", "kind": "QuantumTask", "spec": spec}
            body["metadata"] = {"name": "restarted", "labels": {STEP: "restarted"}}
            await self.cluster.create(TASKS, self.namespace, body)
            await self._scale_operator(1)
            scaled = datetime.now(UTC)

            async def all_looked_at() -> bool:
                return await _scripts(redis) - looks >= self.made

            async def stamped(condition: Callable[[], Awaitable[bool]]) -> datetime:
                await self._until(condition)
                return datetime.now(UTC)

            finished, looked = await asyncio.gather(
                stamped(lambda: self._all_finished("restarted")), stamped(all_looked_at)
            )
        started = await self._operator_started()
        ready = [
            line for line in self._kubectl("logs", f"deployment/{OPERATOR}").splitlines() if "operator ready" in line
        ]
        sample = await self.sample(after=started.timestamp() + EARLY_SECONDS)
        when, cpu = next(value for name, value in sample.cpu.items() if part_of(name) == "operator")
        since = {
            "until it is ready, s": _time(json.loads(ready[-1])["timestamp"]),
            "until a new task is finished, s": finished,
            f"until all {self.made} tasks were looked at, s": looked,
        }
        return {
            "from the Deployment's scaling to the container's start, s": (started - scaled).total_seconds(),
            **{name: (moment - started).total_seconds() for name, moment in since.items()},
            f"CPU seconds of its first {(when - started).total_seconds():.0f} s": cpu,
        }

    # -- the kubelet's figures ---------------------------------------------------------------------------------------

    async def sample(self, *, after: float | None = None) -> Sample:
        """What the kubelets have counted at a moment after `after`, or after now."""
        moment = datetime.fromtimestamp(after if after is not None else time.time(), UTC)
        async with asyncio.timeout(self.seconds):
            while True:
                found = await asyncio.to_thread(self._sample)
                parts = {part_of(name) for name in found.cpu}
                fresh = all(when >= moment for when, _ in found.cpu.values())
                if fresh and parts >= {"operator", "Redis", NODES}:
                    return found
                await asyncio.sleep(STATS_POLL_SECONDS)

    def _sample(self) -> Sample:
        cpu: dict[str, tuple[datetime, float]] = {}
        memory = {"workingSetBytes": 0, "rssBytes": 0}
        for node in self.kubectl("get", "nodes", "--output=name").split():
            path = f"/api/v1/nodes/{node.removeprefix('node/')}/proxy/stats/summary"
            stats = json.loads(self.kubectl("get", "--raw", path))
            cpu[node] = _time(stats["node"]["cpu"]["time"]), stats["node"]["cpu"]["usageCoreNanoSeconds"] / 1e9
            for pod in stats["pods"]:
                name = pod["podRef"]["name"]
                if pod["podRef"]["namespace"] not in (self.namespace, "kube-system") or part_of(name) == NODES:
                    continue
                for container in pod.get("containers", ()):
                    used = container.get("cpu", {})
                    if "usageCoreNanoSeconds" in used:
                        key = f"{name}/{pod['podRef']['uid']}/{container['name']}"
                        cpu[key] = _time(used["time"]), used["usageCoreNanoSeconds"] / 1e9
                        if part_of(name) == "operator":
                            memory = container["memory"]
        return Sample(cpu, memory["workingSetBytes"], memory["rssBytes"])

    # -- small things ------------------------------------------------------------------------------------------------

    async def _create(
        self, kind: Kind, bodies: Iterable[Object], *, at_once: int, namespace: str | None = None
    ) -> None:
        async def create(body: Object) -> None:
            await self.cluster.create(kind, namespace or self.namespace, body)

        await self._at_once(bodies, create, at_once)

    async def _at_once(self, bodies: Iterable[Object], do: Callable[[Object], Awaitable[None]], number: int) -> None:
        waiting = iter(bodies)

        async def some() -> None:
            for body in waiting:
                await do(body)

        await asyncio.gather(*(some() for _ in range(number)))

    async def _delete(self, kind: Kind, selector: str) -> None:
        names = [
            item["metadata"]["name"]
            async for part in self.cluster.parts(kind, self.namespace, labelSelector=selector)
            for item in part["items"]
        ]
        for name in names:
            with suppress(ClusterError):  # it went by itself
                await self.cluster.delete(kind, self.namespace, name)

    async def _until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                while not await condition():  # noqa: ASYNC110 - what is awaited is on another machine
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            pods = self._kubectl("get", "pods", "--output=wide")
            events = self._kubectl("get", "events", "--field-selector=type=Warning", "--sort-by=.lastTimestamp")
            told = "\n".join(events.splitlines()[-5:])
            raise TimeoutError(f"not done after {self.seconds:.0f} s:\n{pods[-3000:]}\n{told}") from None

    async def _some(self, kind: Kind, selector: str, fields: str | None = None) -> list[Object]:
        part = await self.cluster.page(kind, self.namespace, labelSelector=selector, fieldSelector=fields, limit=1)
        found: list[Object] = part["items"]
        return found

    async def _none(self, kind: Kind, selector: str) -> bool:
        return not await self._some(kind, selector)

    async def _first_finished(self, step: str) -> bool:
        with suppress(ClusterError):  # it is not there yet
            return _is_finished(await self.cluster.get(TASKS, self.namespace, f"{step}-0"))
        return False

    async def _all_finished(self, step: str) -> bool:
        # to list thousands of tasks again and again would be most of the API server's work
        known = self._unfinished.get(step)
        if known and not _is_finished(await self.cluster.get(TASKS, self.namespace, known)):
            return False
        left = await self._some(TASKS, f"{STEP}={step}", "status.phase!=Succeeded")
        for task in left:
            if task.get("status", {}).get("phase") in ("Failed", "Cancelled"):
                raise RuntimeError(f"{task['metadata']['name']}: {task['status'].get('message')}")
            self._unfinished[step] = task["metadata"]["name"]
        return not left

    async def _complete(self, selector: str, count: int) -> bool:
        if await self._some(JOBS, selector, "status.successful!=1"):
            return False
        jobs = (await self.cluster.page(JOBS, self.namespace, labelSelector=selector))["items"]
        return sum(_is_complete(job) for job in jobs) == count

    async def _workers(self) -> str:
        pods = (await self.cluster.page(PODS, self.namespace, labelSelector=f"{COMPONENT}=pool"))["items"]
        phases = [pod["status"].get("phase", "Pending") for pod in pods]
        return " and ".join(f"{phases.count(phase)} {phase}" for phase in sorted(set(phases))) or "none"

    async def _scale_operator(self, replicas: int) -> None:
        await self.cluster.patch(DEPLOYMENTS, self.namespace, OPERATOR, {"spec": {"replicas": replicas}})

    async def _operator_started(self) -> datetime:
        [pod] = (await self.cluster.page(PODS, self.namespace, labelSelector=f"{COMPONENT}=operator"))["items"]
        return _time(pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"])


def part_of(name: str) -> str:
    """The part that a container belongs to; what is none of them is the node."""
    return next((part for part, start in PARTS.items() if name.startswith(start)), NODES)


async def _scripts(redis: Redis) -> int:
    """How many scripts Redis has run: a look at a finished task runs one."""
    stats = await redis.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {}).get("calls", 0))


def _is_finished(task: Object) -> bool:
    return bool(task.get("status", {}).get("completionTime"))


def _is_complete(job: Object) -> bool:
    conditions = job.get("status", {}).get("conditions", ())
    if any(condition["type"] == "Failed" and condition["status"] == "True" for condition in conditions):
        raise RuntimeError(f"the Job {job['metadata']['name']} failed")
    return any(condition["type"] == "Complete" and condition["status"] == "True" for condition in conditions)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


# -- the run -----------------------------------------------------------------------------------------------------------


async def measure(bench: Bench, options: argparse.Namespace) -> Figures:
    """Every figure, in turns."""
    figures = Figures()
    images = bench.images()
    tell("idle")
    await idle(bench, figures)
    template = await bench.template()
    for number in range(options.rounds):

        async def bare() -> None:
            figures.bare.append(await bench.bare(template, options.jobs))
            tell(f"bare Jobs: {figures.bare[-1].rate:.2f} a second")

        async def jobs(number: int = number) -> None:
            figures.jobs.append(await bench.jobs(f"job-{number}", options.jobs))
            tell(f"Job mode: {figures.jobs[-1].rate:.2f} a second")

        for step in (bare, jobs) if number % 2 == 0 else (jobs, bare):
            await step()
        figures.cold.append(await bench.pool(f"cold-{number}", options.cold, at_once=options.at_once))
        figures.pool.append(await bench.pool(f"pool-{number}", options.pool, at_once=options.at_once))
        tell(f"Pool mode: {figures.pool[-1].rate:.2f} a second")
        created, written = await bench.untouched(options.pool, at_once=options.at_once)
        figures.created.append(created)
        figures.written.append(written)
        tell(f"tasks that nobody looks at: {created.rate:.2f} a second, with an end {written.rate:.2f}")
        if number < options.rounds - 1:
            await bench.end_pool()
    missing = options.tasks - bench.made - 6  # five before the restart, one after it
    if missing > 0:
        await bench.pool("more", missing, at_once=options.at_once)
    tell(f"{bench.made} finished tasks; a restart")
    note_memory(figures, f"{bench.made} finished tasks", await bench.sample())
    bench.made += 6
    figures.restart = await bench.restart()
    note_memory(figures, f"{bench.made} finished tasks, a new operator", await bench.sample())
    after = bench.images()
    figures.about = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "images": after,
        "images changed": {name for name in images if after.get(name, images[name]) != images[name]} != set(),
        **{name: value for name, value in vars(options).items() if name != "json"},
    }
    return figures


async def idle(bench: Bench, figures: Figures) -> None:
    """What the stack uses when nothing happens, with no task at all."""
    before = await bench.sample()
    after = await bench.sample(after=time.time() + IDLE_SECONDS)
    note_memory(figures, "no task", after)
    seconds = after.since(before, {})
    for name, (when, _) in after.cpu.items():
        part, began = part_of(name), before.cpu[name][0]
        seconds[part] /= (when - began).total_seconds()
    figures.idle = bench.idle = seconds


def note_memory(figures: Figures, when: str, sample: Sample) -> None:
    """Keep the operator's memory of a moment, in megabytes."""
    figures.memory[when] = {"working set": sample.working_set / MEGABYTE, "RSS": sample.rss / MEGABYTE}


def tell(what: str) -> None:
    """Say how far it is."""
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


def print_tables(figures: Figures) -> None:
    """Print what was measured, in Markdown."""
    print(
        "| round | bare Jobs/s | Job mode, Jobs/s | / bare | Job mode, tasks/s | / bare | Pool mode, tasks/s | / Job |"
    )
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for bare, jobs, pool in zip(figures.bare, figures.jobs, figures.pool, strict=True):
        ratios = jobs.jobs_rate / bare.jobs_rate, jobs.rate / bare.jobs_rate, pool.rate / jobs.rate
        rows.append((bare.rate, jobs.jobs_rate, ratios[0], jobs.rate, ratios[1], pool.rate, ratios[2]))
    medians = tuple(statistics.median(column) for column in zip(*rows, strict=True))
    for name, row in [*((str(number), row) for number, row in enumerate(rows, 1)), ("median", medians)]:
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in row) + " |")

    print("\n| pool | tasks | s to the first end | s to the last | tasks/s | its Pods before and after |")
    print("|---|---|---|---|---|---|")
    for name, steps in {"cold": figures.cold, "warm": figures.pool}.items():
        for step in steps:
            figure = f"{step.first_seconds or 0:.1f} | {step.seconds:.1f} | {step.rate:.1f}"
            print(f"| {name} | {step.count} | {figure} | {step.workers} |")

    print("\n| round | created alone, tasks/s | and an end written | Pool mode / that | that / Job mode |")
    print("|---|---|---|---|---|")
    rounds = zip(figures.created, figures.written, figures.pool, figures.jobs, strict=True)
    for number, (alone, written, pool, jobs) in enumerate(rounds, 1):
        share = f"{pool.rate / written.rate:.2f} | {written.rate / jobs.rate:.1f}"
        print(f"| {number} | {alone.rate:.1f} | {written.rate:.1f} | {share} |")

    parts = [*PARTS, NODES]
    print(f"\n| CPU, ms per task | {' | '.join(parts)} |\n|---{'|---' * len(parts)}|")
    steps_by_name = {
        "bare Job": figures.bare,
        "Job mode": figures.jobs,
        "Pool mode, warm": figures.pool,
        "a task that nobody looks at": figures.created,
        "the same, and an end written": figures.written,
    }
    for name, steps in steps_by_name.items():
        cells = [statistics.median(step.cpu[part] / step.count for step in steps) * 1000 for part in parts]
        print(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")
    print(f"| idle, ms per second | {' | '.join(f'{figures.idle[part] * 1000:.1f}' for part in parts)} |")

    print("\n| the operator's memory, MB | working set | RSS |\n|---|---|---|")
    for when, memory in figures.memory.items():
        print(f"| {when} | {memory['working set']:.0f} | {memory['RSS']:.0f} |")

    print("\n| an operator's restart, from its container's start (whole seconds) | |\n|---|---|")
    for name, value in figures.restart.items():
        print(f"| {name} | {value:.1f} |")
    if figures.about["images changed"]:
        print("\nAn image was built anew meanwhile: these figures are of no one version.")


async def run(options: argparse.Namespace) -> None:
    """Install, measure, remove."""
    kubectl = Kubectl()
    namespace = f"quantum-tasks-bench-{secrets.token_hex(3)}"
    async with connect(timeout_seconds=60, connections=max(64, options.jobs)) as cluster:
        bench = Bench(cluster, kubectl, namespace, options.seconds)
        crd = False
        try:
            tell(f"installing into {namespace}")
            crd = bench.install()
            figures = await measure(bench, options)
        finally:
            tell("removing it")
            bench.remove(crd=False, namespace=bench.unwatched)
            bench.remove(crd=crd)
    print_tables(figures)
    if options.json:
        options.json.write_text(json.dumps(asdict(figures), indent=2) + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=3, help="how often everything is measured, in turns")
    add("--jobs", type=int, default=40, help="bare Jobs, and tasks in Job mode, of each round")
    add("--pool", type=int, default=1500, help="tasks in Pool mode of each round")
    add("--cold", type=int, default=150, help="tasks before these that a pool of no Pod is given")
    add("--at-once", type=int, default=16, help="tasks in Pool mode that are created at a time")
    add("--tasks", type=int, default=5000, help="finished tasks that memory and restart are measured at, at least")
    add("--seconds", type=float, default=600, help="longest wait for any one step")
    add("--json", type=Path, help="write every figure there")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
