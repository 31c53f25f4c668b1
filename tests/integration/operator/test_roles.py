"""API and operator do all that they do with the roles of the manifests, and use every right that these give."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from quantum_api.backends.kubernetes import KubernetesBackend
from quantum_api.settings import ApiSettings
from quantum_operator.jobs import job_name
from quantum_tasks.resource import QuantumTask
from quantum_tasks.store import Submitted
from quantum_tasks.task import Options
from support.kubectl_tasks import SOON
from support.namespace import Namespace
from support.operator_process import K8S
from support.programs import BELL, ENDLESS
from support.stores import flush, run
from support.waiting import eventually

Right = tuple[str, str, str]
"""API group, resource with its subresource, verb."""


def test_the_operator_has_the_rights_that_it_uses(namespace: Namespace) -> None:
    """Through every kind of task the operator is refused nothing, and no right of its role goes unused."""
    namespace.submit("brief", ttlSecondsAfterFinished=0)
    namespace.submit("endless", ENDLESS)
    namespace.until("endless", "the run", lambda status: status.get("phase") == "Running")
    namespace.change("endless", suspend=True)
    namespace.until("endless", "suspension", lambda status: status.get("phase") == "Suspended")
    namespace.change("endless", cancel=True)
    namespace.finished("endless")
    _take_the_name_of_its_job(namespace, "robbed")
    namespace.change("robbed", suspend=False)
    assert namespace.finished("robbed")["reason"] == "JobRefused"
    eventually(lambda: "brief" not in _names(namespace), SOON, "the brief task to go")
    _assert_exact(namespace, "operator")


def test_the_api_has_the_rights_that_it_uses(namespace: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through every call of its backend the API is refused nothing, and no right of its role goes unused."""
    account = namespace.plane.service_account_kubeconfig(namespace.name, "quantum-tasks-api")
    monkeypatch.setenv("KUBECONFIG", str(account))
    settings = ApiSettings(redis_url=SecretStr(namespace.redis.url), namespace=namespace.name)

    async def scenario() -> None:
        async with KubernetesBackend(settings) as backend:
            await backend.ready()
            assert (await backend.submit("a", ENDLESS, Options())).submitted is Submitted.ACCEPTED
            assert (await backend.submit("a", ENDLESS, Options())).submitted is Submitted.REPLAYED
            assert (await backend.submit("b", BELL, Options())).submitted is Submitted.ACCEPTED
            assert (await backend.wait("b", SOON)).outcome
            assert len((await backend.page(phase=None, cursor=None, limit=10)).tasks) == 2
            await flush(namespace.redis.url)
            assert (await backend.get("b")).id == "b"
            await backend.cancel("a")
            await backend.delete("b")

    run(scenario())
    _assert_exact(namespace, "api")


def _names(namespace: Namespace) -> list[str]:
    return [task["metadata"]["name"] for task in namespace.get("quantumtasks")["items"]]


def _take_the_name_of_its_job(namespace: Namespace, name: str) -> None:
    namespace.submit(name, suspend=True)
    taken = job_name(QuantumTask.of(namespace.get("quantumtask", name)))
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": taken},
        "spec": {
            "suspend": True,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "x", "image": "nothing"}]}},
        },
    }
    namespace.kubectl("create", "-f", "-", stdin=json.dumps(body))


def _assert_exact(namespace: Namespace, part: str) -> None:
    asked = list(_asked(namespace, f"quantum-tasks-{part}"))
    refused = {right for right, code in asked if code == 403}
    assert refused == set()
    assert {right for right, _ in asked} == set(_granted(part))


def _asked(namespace: Namespace, account: str) -> Iterable[tuple[Right, int]]:
    user = f"system:serviceaccount:{namespace.name}:{account}"
    for event in namespace.plane.audit():
        thing = event.get("objectRef", {})
        if event["user"]["username"] == user and "resource" in thing:
            resource = "/".join(filter(None, (thing["resource"], thing.get("subresource"))))
            yield (thing.get("apiGroup", ""), resource, event["verb"]), event["responseStatus"]["code"]


def _granted(part: str) -> Iterable[Right]:
    documents: list[Any] = list(yaml.safe_load_all((K8S / f"{part}.yaml").read_text()))
    [role] = [body for body in documents if body["kind"] == "Role"]
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((group, resource, verb) for verb in rule["verbs"])
