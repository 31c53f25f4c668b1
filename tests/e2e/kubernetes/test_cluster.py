"""The cluster itself: what all further tests on it rely on."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from support.cluster import Cluster

pytestmark = pytest.mark.cluster

JOB = """
apiVersion: batch/v1
kind: Job
metadata:
  name: job
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: only
        image: {image}
        imagePullPolicy: IfNotPresent
        command: [{command}]
"""


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"qt-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def python_image(cluster: Cluster) -> str:
    """The Python image that images are built on, in every node."""
    return cluster.load_python()


def test_a_job_from_a_loaded_image_completes(cluster: Cluster, namespace: str, python_image: str) -> None:
    """A Job that runs `true` in an image that was loaded, and pulled from nowhere, completes."""
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=JOB.format(image=python_image, command='"true"'))
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Complete", "job/job", "--timeout=120s")


def test_requests_of_service_accounts_are_in_the_audit_log(cluster: Cluster, namespace: str) -> None:
    """A request with a service account's token is in the audit log, and an administrator's is not."""
    server = cluster.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    token = cluster.kubectl("-n", namespace, "create", "token", "default").strip()
    # the administrator's certificate would come before the token
    nobody = ("--kubeconfig=/dev/null", f"--server={server}", "--insecure-skip-tls-verify")
    cluster.kubectl(*nobody, f"--token={token}", "auth", "whoami")
    user = f"system:serviceaccount:{namespace}:default"
    log = cluster.audit_log()
    # a request for no resource, such as for a version, refers to none
    asked = [
        (event["verb"], event["objectRef"]["resource"])
        for event in log
        if "objectRef" in event and _user(event) == user
    ]
    assert asked == [("create", "selfsubjectreviews")]
    assert [_user(event) for event in log if not _user(event).startswith("system:serviceaccount:")] == []


def _user(event: dict[str, Any]) -> str:
    name: str = event["user"]["username"]
    return name
