"""The manifests on a kind cluster of this machine, whose node, control plane and parts can all be hurt."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory
from time import monotonic
from types import TracebackType
from typing import Any, Self

import httpx
from chaos.faults import Harm
from chaos.harms.networks import network_harms
from chaos.harms.proxy import Proxy
from chaos.harms.shifted_clock import ShiftedClock
from chaos.kubernetes.harms import LASTING, KubernetesHarms, part_of
from chaos.kubernetes.node import Node
from chaos.kubernetes.wiring import DEPLOYMENTS, JOB_API, LINKS, POOL_API, Wired, address_of, wired
from chaos.kubernetes.wounds import Wounds
from support.cluster import Cluster
from support.installation import build_image, image, load_images, node_url
from support.waiting import eventually

HEAL_SECONDS = 240.0
HELP_SECONDS = 20.0
"""How long what is missing may stay away before kubelet is made to start it."""

JOB_SHARE = 0.15
"""What the API of Jobs gets of the submissions: a Job costs as much as many runs in the pool."""

OTHER_OPERATOR = f"{image('operator')}:other"

_DOORS = {part: f"clients to {part}" for part in ("api", "job api")}
_ASK_SECONDS = 10


class KubernetesStack:
    """An installation in a namespace of its own, with an API for each mode; a context manager.

    Images are built and loaded on entry, unless `loaded` says that they are. `operator` is a folder with other sources
    for the operator's.
    """

    name = "kubernetes"
    mirrored = True
    settle_seconds = 300.0

    installation: Wired
    node: Node

    def __init__(
        self, cluster: Cluster, *, loaded: bool = False, operator: Path | None = None, job_share: float = JOB_SHARE
    ) -> None:
        self._cluster = cluster
        self._loaded = loaded
        self._operator = operator
        self._shares = {POOL_API: 1 - job_share, JOB_API: job_share}
        self._namespace = f"chaos-{uuid.uuid4().hex[:8]}"
        self._no_clock: str | None = None
        self._doors: dict[str, Proxy] = {}
        self._harms = KubernetesHarms(self)
        self._resources = ExitStack()
        self.wounds = Wounds()

    def __enter__(self) -> Self:
        """Install, and wait until every part is ready."""
        with ExitStack() as stack:
            if not self._loaded:
                load_images(self._cluster)
            self.installation = stack.enter_context(
                wired(self._cluster, self._namespace, self._clock_library(), self._operator_image())
            )
            self.installation.install()
            self.node = Node(self._cluster.node, self._namespace)
            stack.callback(self.wounds.heal_all)
            self._doors = {name: stack.enter_context(self._door(name)) for name in self._shares}
            self.heal()
            self._resources = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove all that was made."""
        self._resources.close()

    @property
    def urls(self) -> Mapping[str, float]:
        """See Stack."""
        return {f"http://127.0.0.1:{door.port}": self._shares[name] for name, door in self._doors.items()}

    @property
    def links(self) -> Mapping[str, Proxy]:
        """Every proxy, by names such as "api to redis"."""
        doors = {link: self._doors[DEPLOYMENTS[part]] for part, link in _DOORS.items()}
        return {**doors, **self.installation.links}

    @property
    def harms(self) -> Mapping[str, Harm]:
        """See Stack. Their names are known before it is up."""
        harms = {**self._harms.all(), **network_harms((*_DOORS.values(), *LINKS), lambda link: self.links[link])}
        return {name: harm for name, harm in harms.items() if name not in self.missing()}

    def missing(self) -> Mapping[str, str]:
        """See Stack."""
        return {"clock": self._no_clock} if self._no_clock else {}

    def heal(self) -> None:
        """See Stack."""
        self.wounds.heal_all()
        helped = monotonic()

        def whole() -> bool:
            nonlocal helped
            if any(self._absent()) and monotonic() - helped > HELP_SECONDS:
                helped = monotonic()
                with suppress(AssertionError, TimeoutExpired):  # the deadline tells whether it was enough
                    self._harms.end_backoff()
            return not any(self.ailments())

        try:
            eventually(whole, HEAL_SECONDS, "every part to be there, and both APIs to be ready")
        except AssertionError as error:
            error.add_note("; ".join(self.ailments()))
            raise

    def objects(self) -> Mapping[str, Mapping[str, Any]]:
        """See Stack."""
        listed = json.loads(self.installation.kubectl("get", "quantumtasks", "--chunk-size=500", "-o", "json"))
        return {body["metadata"]["name"]: body for body in listed["items"]}

    def ailments(self) -> Iterator[str]:
        """What is not as it should be, a line each."""
        absent = list(self._absent())
        yield from absent
        if not absent:
            yield from self._unready()

    def _absent(self) -> Iterator[str]:
        for name in LASTING:
            if not self.node.running(part_of(name)):
                yield f"{name} does not run"

    def _unready(self) -> Iterator[str]:
        try:
            self.installation.kubectl("get", "--raw", "/readyz", f"--request-timeout={_ASK_SECONDS}s")
            nodes = self.installation.get("nodes", f"--request-timeout={_ASK_SECONDS}s")["items"]
            workloads = self.installation.get("deployments,statefulsets", f"--request-timeout={_ASK_SECONDS}s")["items"]
        except (AssertionError, TimeoutExpired) as error:
            yield f"the API server: {error}"
            return
        for node in nodes:
            if not _is_ready(node):
                yield f"node {node['metadata']['name']} is not ready"
        for body in workloads:
            if not _is_rolled_out(body):
                yield f"{body['kind']} {body['metadata']['name']} is not rolled out"
        for url in self.urls:
            try:
                status = httpx.get(f"{url}/readyz", trust_env=False, timeout=_ASK_SECONDS).status_code
            except httpx.TransportError as error:
                yield f"{url}: {error!r}"
            else:
                if status != httpx.codes.OK:
                    yield f"{url}: {status}"

    def _operator_image(self) -> str:
        if self._operator is None:
            return image("operator")
        build_image("operator", OTHER_OPERATOR, self._operator)
        self._cluster.load(OTHER_OPERATOR)
        return OTHER_OPERATOR

    def _clock_library(self) -> bytes | None:
        with TemporaryDirectory(prefix="qt-") as folder, ShiftedClock(Path(folder)) as clock:
            self._no_clock = clock.missing
            return None if clock.missing else Path(clock.environment["LD_PRELOAD"]).read_bytes()

    def _door(self, name: str) -> Proxy:
        return Proxy(address_of(node_url(self.installation, name)))


def _is_ready(node: Mapping[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])


def _is_rolled_out(workload: Mapping[str, Any]) -> bool:
    status, wanted = workload["status"], workload["spec"]["replicas"]
    seen = status.get("observedGeneration") == workload["metadata"]["generation"]
    return seen and all(status.get(name) == wanted for name in ("replicas", "updatedReplicas", "readyReplicas"))
