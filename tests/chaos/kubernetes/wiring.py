"""The manifests for a run under faults: an API for each mode, and a proxy on every way to Redis or the API server."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from chaos.harms.disk import SIZE_BYTES
from chaos.harms.proxy import Proxy, TcpAddress
from support.cluster import Cluster
from support.installation import Installation, node_url
from support.waiting import eventually

POOL_API, JOB_API, OPERATOR, REDIS = (f"quantum-tasks-{part}" for part in ("api", "job-api", "operator", "redis"))
DEPLOYMENTS = {"api": POOL_API, "job api": JOB_API, "operator": OPERATOR}
RUNNERS = "runners"
LINKS = (
    *(f"{part} to redis" for part in (*DEPLOYMENTS, RUNNERS)),
    *(f"{part} to api server" for part in DEPLOYMENTS),
)
"""Every way that has a proxy in it, but for those of the clients."""

LEASE_SECONDS = 3
TASK_SECONDS = 20
JOB_SECONDS = 90
WORKERS = 3
REMOVE_SECONDS = 120.0

CLOCK = Path("/clock/offset")
"""Where Redis's container has the file by which its clock is set."""

_LIBRARY = "clock.so"

_SETTINGS = {
    # longer than a read of Redis's events blocks
    "QT_REDIS_TIMEOUT_SECONDS": "3",
    "QT_CLUSTER_TIMEOUT_SECONDS": "5",
    # tasks stay, for all of them are asked for at the end
    "QT_TTL_SECONDS_AFTER_FINISHED": None,
}
_MODES = {POOL_API: "Pool", JOB_API: "Job"}
_OPERATOR_SETTINGS = {
    "QT_RESYNC_SECONDS": "5",
    "QT_RELIST_SECONDS": "60",
    # faults come more often than a patient run bears
    "QT_BACKOFF_LIMIT": "6",
    "QT_ACTIVE_DEADLINE_SECONDS": str(JOB_SECONDS),
    # a node takes 110 Pods, and each ended one costs the operator
    "QT_JOB_TTL_SECONDS": "60",
    # how many may run at a time on a node of two cores, of which Kubernetes has one
    "QT_SMALL_CPU": "150m",
    "QT_POOL_MAX_JOBS": str(WORKERS),
    "QT_POOL_TASKS_PER_JOB": "1",
    "QT_POOL_CONCURRENCY": "2",
    "QT_POOL_MEMORY_MB": "768",
    "QT_POOL_CPU": "50m",
    "QT_POOL_IDLE_SECONDS": "60",
    "QT_POOL_TASK_DEADLINE_SECONDS": str(TASK_SECONDS),
    "QT_POOL_POD_TEMPLATE": "/pool/template.json",
    "QT_RUNNER_REDIS_SECRET": "quantum-tasks-runner-redis",
}
_TEMPLATE = {
    "spec": {"containers": [{"name": "runner", "env": [{"name": "QT_LEASE_SECONDS", "value": str(LEASE_SECONDS)}]}]}
}
_API_SERVER = "kubernetes.default.svc"
"""A name that the API server's certificate has."""

_API_SERVER_PORT = 6443


class Wired(Installation):
    """An installation whose parts reach each other through proxies on this machine.

    `redis_address` is where Redis is, past the proxies. `links` are the proxies, by names such as "api to redis" and
    "operator to api server". `here` is this machine, as the Pods know it. `clock` is the library of Redis's clock, if
    it has one that can be set. `operator_image` is what the operator runs from.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        *,
        here: str,
        redis: TcpAddress,
        links: Mapping[str, Proxy],
        clock: bytes | None,
        operator_image: str,
    ) -> None:
        super().__init__(cluster, namespace)
        self.links = links
        self.redis_address = redis
        self._here = here
        self._clock = clock
        self._operator_image = operator_image

    def install(self) -> None:
        """Apply everything, and wait until every part is ready."""
        super().install()
        self.rolled_out(f"deploy/{JOB_API}")

    def documents(self) -> list[dict[str, Any]]:
        """The manifests, with what this adds."""
        documents = super().documents()
        named = {(body["kind"], body["metadata"]["name"]): body for body in documents}
        for kind in ("Deployment", "Service"):
            documents.append(_job_api(named[kind, POOL_API]))
        self._wire_redis(named["StatefulSet", REDIS])
        for part, name in DEPLOYMENTS.items():
            [body] = [one for one in documents if one["kind"] == "Deployment" and one["metadata"]["name"] == name]
            self._wire(part, body)
        runners = {"url": self._redis_url(RUNNERS)}
        documents.append(self._object("Secret", "quantum-tasks-runner-redis", stringData=runners))
        if self._clock is not None:
            library = b64encode(self._clock).decode()
            documents.append(self._object("ConfigMap", "clock", binaryData={_LIBRARY: library}))
        documents.append(self._object("ConfigMap", "pool-template", data={"template.json": json.dumps(_TEMPLATE)}))
        return documents

    def _wire(self, part: str, deployment: dict[str, Any]) -> None:
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        container["resources"]["requests"]["cpu"] = "50m"
        settings: dict[str, str | None] = {
            "QT_REDIS_URL": self._redis_url(part),
            "KUBERNETES_SERVICE_HOST": _API_SERVER,
            "KUBERNETES_SERVICE_PORT": str(self.links[f"{part} to api server"].port),
            **_SETTINGS,
        }
        pod["hostAliases"] = [{"ip": self._here, "hostnames": [_API_SERVER]}]
        if part == "operator":
            settings |= _OPERATOR_SETTINGS
            container["image"] = self._operator_image
            pod["volumes"].append({"name": "pool", "configMap": {"name": "pool-template"}})
            container["volumeMounts"].append({"name": "pool", "mountPath": "/pool"})
        else:
            settings["QT_EXECUTION_MODE"] = _MODES[DEPLOYMENTS[part]]
        others = [one for one in container["env"] if one["name"] not in settings]
        container["env"] = others + [{"name": name, "value": told} for name, told in settings.items() if told]

    def _wire_redis(self, stateful_set: dict[str, Any]) -> None:
        """Give it a disk that can be filled, and a clock that can be set."""
        pod = stateful_set["spec"]["template"]["spec"]
        [container] = pod["containers"]
        container["resources"]["requests"]["cpu"] = "50m"
        pod["volumes"] = [{"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": str(SIZE_BYTES)}}]
        if self._clock is None:
            return
        pod["volumes"] += [{"name": "clock", "emptyDir": {}}, {"name": "library", "configMap": {"name": "clock"}}]
        mount = {"name": "clock", "mountPath": str(CLOCK.parent)}
        container["volumeMounts"] += [mount, {"name": "library", "mountPath": "/library"}]
        preload = {"LD_PRELOAD": f"/library/{_LIBRARY}", "CHAOS_CLOCK": str(CLOCK)}
        container["env"] = [{"name": name, "value": value} for name, value in preload.items()]
        right = {
            "name": "clock",
            "image": "quantum-tasks-runner",
            "imagePullPolicy": "IfNotPresent",
            "command": ["python", "-c", f"open('{CLOCK}', 'wb').write(bytes(8))"],
            "securityContext": container["securityContext"],
            "volumeMounts": [mount],
        }
        pod["initContainers"] = [right]

    def _redis_url(self, part: str) -> str:
        return f"redis://{self._here}:{self.links[f'{part} to redis'].port}/0"

    def _object(self, kind: str, name: str, **fields: object) -> dict[str, Any]:
        metadata = {"name": name, "namespace": self.namespace}
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


@contextmanager
def wired(cluster: Cluster, namespace: str, clock: bytes | None, operator_image: str) -> Iterator[Wired]:
    """Have proxies, and an installation that uses them: not installed yet, and removed in the end."""
    with ExitStack() as stack:
        bare = Installation(cluster, namespace)
        stack.callback(_remove, bare)
        redis = _expose_redis(bare)
        here = _address_towards(redis)
        upstreams = {"redis": redis, "api server": TcpAddress(redis.host, _API_SERVER_PORT)}
        links = {
            link: stack.enter_context(Proxy(upstreams[link.partition(" to ")[2]], listen=TcpAddress(here, 0)))
            for link in LINKS
        }
        yield Wired(cluster, namespace, here=here, redis=redis, links=links, clock=clock, operator_image=operator_image)


def _remove(installation: Installation) -> None:
    """Remove the namespace, as soon as the API server does so."""

    def removed() -> bool:
        try:
            installation.remove()
        except (AssertionError, TimeoutExpired):
            return False
        return True

    eventually(removed, REMOVE_SECONDS, "the API server to remove the namespace")


def _expose_redis(installation: Installation) -> TcpAddress:
    """Have a port of the node for Redis, before there is one: the proxies are to know it, and the parts the proxies."""
    documents = {(body["kind"], body["metadata"]["name"]): body for body in installation.documents()}
    service = documents["Service", REDIS]
    service["metadata"]["name"] += "-outside"
    service["spec"] = {**service["spec"], "clusterIP": "", "type": "NodePort"}
    for body in (documents["Namespace", installation.namespace], service):
        installation.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(body))
    return address_of(node_url(installation, service["metadata"]["name"]))


def address_of(url: str) -> TcpAddress:
    """The address in a URL that is nothing else."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    return TcpAddress(host, int(port))


def _address_towards(address: TcpAddress) -> str:
    """The address that this machine has in the node's network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((address.host, address.port))
        return str(probe.getsockname()[0])


def _job_api(body: dict[str, Any]) -> dict[str, Any]:
    """The same Deployment or Service for the second API."""
    another: dict[str, Any] = json.loads(
        json.dumps(body)
        .replace('"app.kubernetes.io/component": "api"', '"app.kubernetes.io/component": "job-api"')
        .replace(f'"name": "{POOL_API}"', f'"name": "{JOB_API}"')
    )
    return another
