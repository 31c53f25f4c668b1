"""Releases of the chart on a cluster, as a user has them: by helm, in a namespace that enforces Pod Security."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from support.client import Client
from support.cluster import Cluster
from support.helm import CHART, try_helm
from support.installation import READY_SECONDS, node_url, reachable
from support.kubectl_tasks import KubectlTasks
from support.waiting import eventually

DEPLOY_SECONDS = 400
COMMAND = re.compile(r"^(?:kubectl|curl|helm) .*?(?:<<'END'\n.*?^END)?$", re.MULTILINE | re.DOTALL)
"""A command of NOTES.txt, with its here-document."""


class Release(KubectlTasks):
    """A release, in a namespace of its own."""

    def __init__(self, cluster: Cluster, namespace: str, name: str = "qt") -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.name = name
        self.fullname = f"{name}-quantum-tasks"
        cluster.kubectl("create", "namespace", namespace)
        cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")

    def install(self, *settings: str) -> str:
        """Install with these `--set` settings, wait until all is ready, and give the notes."""
        # the images that were loaded have no version, a port of the node outlives Pods, and the node is small
        small = [f"{part}.resources.requests.cpu=20m" for part in ("api", "operator", "redis")]
        test = ("image.tag=latest", "api.service.type=NodePort", "pool.cpu=100m", *small)
        return self._deploy("install", (*test, *settings))

    def upgrade(self, *settings: str) -> str:
        """Upgrade with the values as they are and these settings, and wait until all is ready."""
        return self._deploy("upgrade", settings, "--reset-then-reuse-values")

    def helm(self, *arguments: str) -> str:
        """Run helm in the namespace and return what it prints; a failure says what it wrote to stderr."""
        in_namespace = (*arguments, "--namespace", self.namespace)
        done = try_helm(*in_namespace, kubeconfig=self.cluster.kubeconfig, seconds=DEPLOY_SECONDS)
        assert done.returncode == 0, f"helm {' '.join(arguments)}: {done.stderr[-3000:]}\n{self._events()}"
        return done.stdout

    def remove(self) -> None:
        """Remove the namespace with all that is in it."""
        try:
            self.helm("uninstall", self.name, "--ignore-not-found")
        finally:
            self.cluster.kubectl("delete", "namespace", self.namespace, "--wait=false", "--ignore-not-found")

    def client(self) -> Client:
        """A client of the API, once the node lets connections through to it: kube-proxy follows the Pods' readiness."""
        client = Client(node_url(self, f"{self.fullname}-api"))
        eventually(partial(reachable, client.http), READY_SECONDS, "the API to be reached")
        return client

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """See KubectlTasks."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def explanation(self, name: str) -> str:
        """See KubectlTasks."""
        told = self.kubectl("describe", "quantumtask", name)[-3000:]
        return told + self.kubectl("logs", f"deploy/{self.fullname}-operator", "--tail=40")

    def redis(self, *command: str) -> str:
        """What redis-cli says."""
        return self.kubectl("exec", f"{self.fullname}-redis-0", "--", "redis-cli", "--raw", *command).strip()

    def _deploy(self, verb: str, settings: tuple[str, ...], *flags: str) -> str:
        sets = [word for setting in settings for word in ("--set", setting)]
        return self.helm(verb, self.name, str(CHART), *flags, *sets, "--wait", "--timeout", "5m")

    def _events(self) -> str:
        return self.kubectl("get", "pods,events")[-3000:]


@contextmanager
def a_namespace_for_a_release(cluster: Cluster) -> Iterator[Release]:
    """A release that is not yet installed; in the end all of it is removed."""
    release = Release(cluster, f"qt-{uuid.uuid4().hex[:8]}")
    try:
        yield release
    finally:
        release.remove()


@contextmanager
def released(cluster: Cluster, *settings: str) -> Iterator[Release]:
    """A release with these `--set` settings."""
    with a_namespace_for_a_release(cluster) as release:
        release.install(*settings)
        yield release
