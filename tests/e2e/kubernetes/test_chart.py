"""The chart on a cluster: what it installs works, and upgrades, rollbacks and removals cost no task."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from support.certificates import Authority
from support.chart import COMMAND, Release, a_namespace_for_a_release, released
from support.client import Client
from support.cluster import Cluster
from support.helm import helm_program
from support.pages import Shell
from support.programs import BELL
from support.waiting import eventually

pytestmark = pytest.mark.cluster

IN_FLIGHT = 50
WIDE = """OPENQASM 3.0;
include "stdgates.inc";
qubit[12] q;
bit[12] c;
h q;
c = measure q;
"""
"""Its counts are thousands of bit strings: more than a resource's status holds."""

KINDS = "all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,pvc"


@pytest.fixture(scope="module")
def release(loaded: Cluster) -> Iterator[Release]:
    """A release with the chart's own values."""
    with released(loaded) as release:
        yield release


@pytest.fixture
def http(release: Release) -> Iterator[Client]:
    """A client of the release's API."""
    with release.client() as client:
        yield client


def test_the_notes_lead_to_counts(release: Release, tmp_path: Path) -> None:
    """Every command of the notes does what it should: a task by kubectl, its counts there and over HTTP, the tests."""
    notes = release.helm("get", "notes", release.name).partition("The definition of QuantumTasks belongs to")[0]
    commands = COMMAND.findall(notes)  # what comes after that, tests/integration/helm runs
    assert [command.split()[0] for command in commands] == ["kubectl"] * 4 + ["curl", "helm"]
    expected = (
        *("quantumtask.quantumtask.dev/bell created\n", "quantumtask.quantumtask.dev/bell condition met\n"),
        *('{"00":...,"11":...}\n', "Forwarding from 127.0.0.1:8000 -> 8000\n"),
        *('{"status":"completed","result":{"...":...,"...":...}}\n', "...Phase:          Succeeded\n...\n"),
    )
    steps = [f"$ {_continued(command)}\n{output}" for command, output in zip(commands, expected, strict=True)]
    with Shell(release.cluster, release.namespace, tmp_path, helm_program()) as shell:
        shell.follow("```console\n{}```\n".format("".join(steps)))


def _continued(command: str) -> str:
    return command.replace("\n", "\n> ")


def test_its_tests_say_the_counts_and_leave_nothing(release: Release) -> None:
    """`helm test` prints the counts of a task over HTTP and of one by kubectl, and removes all that it made."""
    told = release.helm("test", release.name, "--logs")
    over_http = re.search(r'"status": "completed", "result": (\{.*?\})', told)
    by_kubectl = re.search(r'^(\{"[01].*\})$', told, re.MULTILINE)
    assert over_http
    assert by_kubectl
    assert all(sum(json.loads(found[1]).values()) == 1000 for found in (over_http, by_kubectl))
    left = release.get(KINDS, "-l", "app.kubernetes.io/component=test")["items"]
    assert left == []
    eventually(lambda: f"{release.fullname}-test" not in _tasks(release), 60, "the test's task to go")


def test_an_upgrade_and_a_rollback_lose_no_task(release: Release, http: Client) -> None:
    """While every part is replaced, by an upgrade and by a rollback, every task that was sent ends with its counts."""
    revision = json.loads(release.helm("status", release.name, "--output", "json"))["version"]
    # an annotation of every Pod: Redis, too, is replaced
    turns: list[Callable[[], str]] = [
        partial(release.upgrade, "commonAnnotations.turn=second", "pool.memoryMiB=1024"),
        partial(release.helm, "rollback", release.name, str(revision), "--wait"),
    ]
    for number, turn in enumerate(turns):
        before = _pods(release)
        _submit_to_the_pool(release, f"pool-{number}", IN_FLIGHT // 2)
        ids = [http.submit(BELL) for _ in range(IN_FLIGHT // 2)]
        with ThreadPoolExecutor(1) as beside:
            turning = beside.submit(turn)
            # no request is refused while the API's Pods are replaced
            while not turning.done():
                ids.append(http.submit(BELL))
                http.wait(ids[-1], 300)
            turning.result()
        eventually(partial(_gone, release, before), 60, "the Pods of before to be gone")
        ids += [f"pool-{number}-{index}" for index in range(IN_FLIGHT // 2)]
        assert len(ids) >= IN_FLIGHT
        for task in ids:
            assert sum(http.counts(task, 300).values()) == 1024
            assert release.finished(task)["phase"] == "Succeeded"


def _pods(release: Release) -> set[str]:
    parts = "app.kubernetes.io/component in (api, operator, redis)"
    return {pod["metadata"]["uid"] for pod in release.get("pods", "-l", parts)["items"]}


def _gone(release: Release, pods: set[str]) -> bool:
    return not pods & _pods(release)


def _submit_to_the_pool(release: Release, prefix: str, number: int) -> None:
    tasks = [
        {
            "apiVersion": "quantumtask.dev/v1alpha1",
            "kind": "QuantumTask",
            "metadata": {"name": f"{prefix}-{index}"},
            "spec": {"qasm": BELL, "executionMode": "Pool"},
        }
        for index in range(number)
    ]
    release.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": tasks}))


def _tasks(release: Release) -> list[str]:
    return [task["metadata"]["name"] for task in release.get("quantumtasks")["items"]]


def test_what_was_there_is_found_after_an_uninstall(loaded: Cluster) -> None:
    """Uninstalling leaves tasks, Redis's data and its passwords, and nothing else; installing again finds them all."""
    with released(loaded) as release:
        with release.client() as http:
            small, large = http.submit(BELL), http.submit(WIDE, shots=5000)
            counts = {task: http.counts(task) for task in (small, large)}
        for task in (small, large):
            release.finished(task)
        assert "resultRef" in release.status(large)
        release.submit("later", suspend=True)
        release.helm("uninstall", release.name, "--wait")
        eventually(lambda: "Pod" not in [kind for kind, _ in _left(release)], 60, "the Pods to be gone")
        assert _left(release) == [
            ("PersistentVolumeClaim", f"data-{release.fullname}-redis-0"),
            ("Secret", f"{release.fullname}-redis"),
            ("Secret", f"{release.fullname}-redis-runner"),
        ]
        assert {small, large, "later"} == set(_tasks(release))
        assert release.status(small)["counts"] == counts[small]
        release.change("later", suspend=False)  # nobody looks after it now
        release.install()
        with release.client() as http:
            assert {task: http.counts(task) for task in (small, large)} == counts
            assert sum(http.counts("later").values()) == 1024


def _left(release: Release) -> list[tuple[str, str]]:
    """What there is of the release, by kind and name."""
    items = release.get(KINDS, "-l", f"app.kubernetes.io/instance={release.name}")["items"]
    return sorted((each["kind"], each["metadata"]["name"]) for each in items)


def test_two_releases_stand_side_by_side(release: Release, http: Client, loaded: Cluster) -> None:
    """A release of the same name in another namespace has tasks of its own, by the same ids."""
    with released(loaded, "redis.persistence.enabled=false") as other, other.client() as other_http:
        release.submit("twin", BELL, shots=100)
        other.submit("twin", BELL, shots=200)
        assert sum(http.counts("twin", 120).values()) == 100
        assert sum(other_http.counts("twin", 120).values()) == 200
        only_here = http.submit(BELL)
        assert other_http.http.get(f"/tasks/{only_here}").status_code == 404


REDIS = """
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6380}]}
---
apiVersion: v1
kind: Pod
metadata: {name: redis, labels: {app: redis}}
spec:
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 999, fsGroup: 999, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: redis
      image: redis:8
      imagePullPolicy: IfNotPresent
      workingDir: /data
      command: [redis-server, --port, "0", --tls-port, "6380", --tls-auth-clients, "no", --appendonly, "yes",
                --tls-cert-file, /tls/tls.crt, --tls-key-file, /tls/tls.key, --tls-ca-cert-file, /tls/tls.crt,
                --requirepass, it-is-a-test]
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      volumeMounts: [{name: data, mountPath: /data}, {name: tls, mountPath: /tls}]
  volumes: [{name: data, emptyDir: {}}, {name: tls, secret: {secretName: redis-tls}}]
"""
"""A Redis that speaks TLS only, with a password."""


def test_a_redis_of_ones_own_is_spoken_to_over_tls(loaded: Cluster, tmp_path: Path) -> None:
    """With `redis.external` both modes work by a Redis with a private authority's certificate and a password."""
    authority = Authority(tmp_path)
    issued = authority.issue("redis")
    with a_namespace_for_a_release(loaded) as release:
        pair = (f"--cert={issued.certificate}", f"--key={issued.key}")
        release.kubectl("create", "secret", "tls", "redis-tls", *pair)
        ca, url = (
            f"--from-file=ca.crt={authority.certificate}",
            "--from-literal=url=rediss://:it-is-a-test@redis:6380/0",
        )
        release.kubectl("create", "secret", "generic", "redis-ca", ca)
        release.kubectl("create", "secret", "generic", "redis-url", url)
        release.kubectl("create", "-f", "-", stdin=REDIS)
        release.install(
            "redis.external.enabled=true",
            "redis.external.existingSecret=redis-url",
            "redis.external.tls.caSecret=redis-ca",
            "networkPolicy.externalRedisPorts={6380}",
        )
        assert release.get("statefulsets")["items"] == []
        release.submit("in-a-job", BELL)
        release.submit("in-the-pool", BELL, executionMode="Pool")
        with release.client() as http:
            for task in ("in-a-job", "in-the-pool"):
                assert release.finished(task)["phase"] == "Succeeded"
                assert sum(http.counts(task).values()) == 1024


PROBE = """
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
try:
    socket.create_connection((host, port), timeout=3).close()
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


class Probe:
    """A Pod with these labels, from which connections are tried."""

    def __init__(self, release: Release, name: str, image: str, labels: dict[str, str]) -> None:
        self._release = release
        self._name = name
        context = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
        container = {
            "name": "probe",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["sleep", "infinity"],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        spec = {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": context,
            "containers": [container],
        }
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}
        release.kubectl("create", "-f", "-", stdin=json.dumps(body))
        release.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=120s")

    def reaches(self, host: str, port: int) -> bool:
        """Whether a connection comes about."""
        try:
            self._release.kubectl("exec", self._name, "--", "python3", "-c", PROBE, host, str(port))
        except AssertionError as error:
            assert "timed out" in str(error) or "refused" in str(error), error  # noqa: PT017 - and not, say, DNS
            return False
        return True


def test_policies_keep_strangers_from_redis_and_runners_from_the_rest(release: Release, loaded: Cluster) -> None:
    """A runner's Pod reaches Redis and DNS only; another Pod reaches the API, but neither Redis nor a runner's Pod."""
    image = loaded.load_python()
    labels = {"app.kubernetes.io/name": "quantum-tasks", "app.kubernetes.io/managed-by": "quantum-tasks-operator"}
    runner, stranger = Probe(release, "runner", image, labels), Probe(release, "stranger", image, {})
    redis, api = f"{release.fullname}-redis", f"{release.fullname}-api"
    eventually(lambda: not stranger.reaches(redis, 6379), 60, "policies to be enforced")
    eventually(lambda: runner.reaches(redis, 6379), 60, "the runner to be let to Redis")
    assert stranger.reaches(api, 80)
    assert not runner.reaches(api, 80)
    assert stranger.reaches("kubernetes.default.svc", 443)
    assert not runner.reaches("kubernetes.default.svc", 443)
    metrics = _address(release, "app.kubernetes.io/component=operator")
    assert stranger.reaches(metrics, 9090)
    assert not stranger.reaches(metrics, 8080)
    assert not runner.reaches(metrics, 9090)


def _address(release: Release, selector: str) -> str:
    [pod] = release.get("pods", "-l", selector)["items"]
    address: str = pod["status"]["podIP"]
    return address


def test_the_runners_user_of_redis_may_little(release: Release) -> None:
    """With the password of a runner's Pod nobody empties or configures Redis, or lists or reads what is not its own."""
    assert "NOPERM" not in _as_runner(release, "TIME")
    for command in (
        *(["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"], ["ACL", "LIST"], ["SHUTDOWN"]),
        *(["GET", "other"], ["SET", "other", "1"], ["EVAL", "return redis.call('GET', 'other')", "0"], ["MONITOR"]),
        *(["HGET", "{qt}:task:another-namespace/bell", "state"], ["ZRANGE", "{qt}:tasks:all", "0", "-1"]),
    ):
        assert "NOPERM" in _as_runner(release, *command), command


def _as_runner(release: Release, *command: str) -> str:
    code = 'REDISCLI_AUTH=$RUNNER_PASSWORD exec redis-cli --user runner --raw "$@" 2>&1'
    pod = f"{release.fullname}-redis-0"
    return release.kubectl("exec", pod, "--", "sh", "-c", code, "sh", *command).strip()
