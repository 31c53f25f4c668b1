"""`python -m quantum_operator`: the registrations with kopf, and the loops beside them.

kopf brings the news: it watches tasks, Jobs and Pods, and answers the liveness probe. What is done is decided by
`reconcile` alone. There is one operator (the Deployment has one replica, and replaces it by `Recreate`), so kopf's
peering is off: a second one would do nothing wrong, only everything twice.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import kopf
import structlog
from quantum_tasks import cluster, logs
from quantum_tasks.metrics import served
from quantum_tasks.mirror import Mirror
from quantum_tasks.resource import GROUP, PLURAL, VERSION
from quantum_tasks.store import connect

from quantum_operator.checker import Checker
from quantum_operator.controller import Controller
from quantum_operator.metrics import Metrics
from quantum_operator.settings import OperatorSettings
from quantum_operator.storages import NoDifferences, NoProgress
from quantum_operator.upkeep import Upkeep
from quantum_operator.views import MANAGED_BY
from quantum_operator.workqueue import WorkQueue
from quantum_operator.world import Key, World

log = structlog.get_logger(__name__)

_LIST_PART = 500

_ANYWHERE = "0.0.0.0"  # noqa: S104 - the kubelet and Prometheus are not in this Pod


@dataclass(frozen=True, slots=True)
class Operator:
    """The parts of a running operator."""

    world: World
    queue: WorkQueue[Key]
    controller: Controller
    upkeep: Upkeep

    async def task_event(self, event: Any, **_: Any) -> None:  # noqa: ANN401 - kopf's own types
        """A task was seen, changed or deleted."""
        body = dict(event["object"])
        if event["type"] == "DELETED":
            key = self.world.drop_task(body)
            self.controller.bury(key, body["metadata"]["uid"])
        else:
            uid = body["metadata"]["uid"]
            if event["type"] == "ADDED" and self.world.key_of(uid) is None:  # a listing has no type
                self.controller.welcome(uid)
            key = self.world.put_task(body)
        self.queue.add(key)

    async def job_event(self, event: Any, **_: Any) -> None:  # noqa: ANN401 - kopf's own types
        """A Job of ours was seen, changed or deleted."""
        self._wake(self.world.put_job(dict(event["object"]), gone=event["type"] == "DELETED"))

    async def pod_event(self, event: Any, **_: Any) -> None:  # noqa: ANN401 - kopf's own types
        """A Pod of ours was seen, changed or deleted."""
        self._wake(self.world.put_pod(dict(event["object"]), gone=event["type"] == "DELETED"))

    async def probe(self, **_: Any) -> int:  # noqa: ANN401 - kopf's own types
        """Tell how many tasks wait; raises when the resync is late, whereupon Kubernetes starts the operator anew."""
        late = self.upkeep.late_seconds
        if late > 0:
            raise RuntimeError(f"the resync is {late:.0f} s late")
        return len(self.queue)

    def _wake(self, task_uid: str | None) -> None:
        key = self.world.key_of(task_uid) if task_uid else None
        if key is not None:
            self.queue.add(key)


def registry_of(operator: Operator) -> kopf.OperatorRegistry:
    """What kopf is to call."""
    registry = kopf.OperatorRegistry()
    kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)(operator.task_event)
    kopf.on.event("batch", "v1", "jobs", registry=registry)(operator.job_event)
    kopf.on.event("", "v1", "pods", registry=registry)(operator.pod_event)
    # else kopf would try again, and the prober wait for it
    kopf.on.probe(id="waiting", errors=kopf.ErrorsMode.PERMANENT, registry=registry)(operator.probe)
    kopf.on.login(registry=registry)(kopf.login_via_client)
    return registry


def kopf_settings() -> kopf.OperatorSettings:
    """How kopf is to behave: it watches, and writes nothing."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.scanning.disabled = True  # else it would need to list every CRD and namespace
    settings.peering.standalone = True
    settings.persistence.diffbase_storage = NoDifferences()
    settings.persistence.progress_storage = NoProgress()
    settings.watching.chunk_size = _LIST_PART
    for resource in (("batch", "v1", "jobs"), ("", "v1", "pods")):
        settings.watching.label_selectors[resource] = f"{MANAGED_BY[0]}={MANAGED_BY[1]}"
    settings.networking.request_timeout = 60
    return settings


@asynccontextmanager
async def opened(settings: OperatorSettings) -> AsyncIterator[Operator]:
    """The parts, connected, and their metrics served; closed in the end."""
    redis = connect(
        settings.redis_url.get_secret_value(),
        timeout_seconds=settings.redis_timeout_seconds,
        retries=1,
        max_connections=settings.redis_connections,
    )
    checker = Checker(seconds=settings.check_seconds)
    store, world = Mirror(redis, settings.keys), World()
    metrics = Metrics(world)
    try:
        with served(metrics.registry, _ANYWHERE, settings.metrics_port):
            async with cluster.connect(
                timeout_seconds=settings.cluster_timeout_seconds,
                connections=2 * settings.concurrency,
                note=metrics.note_request,
            ) as api_server:
                controller = Controller(api_server, store, checker, world, settings=settings, metrics=metrics)
                queue: WorkQueue[Key] = WorkQueue(metrics.timed(controller.look), concurrency=settings.concurrency)
                metrics.queue_depth.set_function(lambda: len(queue))
                upkeep = Upkeep(
                    api_server,
                    store,
                    world,
                    controller,
                    settings=settings,
                    metrics=metrics,
                    add=queue.add,
                    add_anew=queue.add_anew,
                )
                yield Operator(world, queue, controller, upkeep)
    finally:
        await checker.stop()
        await redis.aclose()


async def run(settings: OperatorSettings) -> None:
    """Run until SIGTERM or SIGINT."""
    async with opened(settings) as operator:
        upkeep = operator.upkeep
        await _until_listed(upkeep)
        await upkeep.try_settings()
        log.info("operator ready", namespace=settings.namespace or "all", tasks=sum(1 for _ in operator.world.tasks()))
        loops = [
            asyncio.create_task(loop, name=name)
            for name, loop in {
                "work": operator.queue.run(),
                "resync": upkeep.resync(),
                "follow": upkeep.follow(),
                "pool": upkeep.size_pool(),
            }.items()
        ]
        watching = asyncio.create_task(
            kopf.operator(
                registry=registry_of(operator),
                settings=kopf_settings(),
                standalone=True,
                clusterwide=settings.namespace is None,
                namespaces=[settings.namespace] if settings.namespace else [],
                # else kopf asks for the user's name, and a container's user has none
                identity="quantum-tasks-operator",  # type: ignore[arg-type] # a string by another name
                liveness_endpoint=f"http://{_ANYWHERE}:{settings.probe_port}/healthz",
            ),
            name="watch",
        )
        try:
            # kopf takes the signals; a loop that ends by itself has failed, and the whole operator with it
            done, _ = await asyncio.wait([watching, *loops], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            upkeep.close()
            for task in (watching, *loops):
                task.cancel()
            await asyncio.wait([watching, *loops], timeout=10)
    log.info("operator stopped")


async def _until_listed(upkeep: Upkeep) -> None:
    """Know the Jobs that are there before anything is decided."""
    while True:
        try:
            await upkeep.relist()
        except cluster.ClusterUnavailableError as error:
            log.warning("waiting for the API server", because=str(error))
            await asyncio.sleep(1)
        else:
            return


def main() -> None:
    """Run with the settings of the environment."""
    settings = OperatorSettings.of_this_process()
    logs.configure(settings.log_format, settings.log_level)
    for chatty in ("kopf", "asyncio", "aiohttp.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        asyncio.run(run(settings))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is logged in one line and ends this process
        log.error("operator gave up", because=repr(error))  # noqa: TRY400 - likewise
        sys.exit(1)
