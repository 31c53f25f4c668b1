"""The API while its way to the API server is bad, and while the API server knows no rights."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from chaos.harms.proxy import Proxy, TcpAddress
from support.api_process import ApiProcess
from support.control_plane import ControlPlane
from support.programs import BELL
from support.waiting import eventually

CLIENTS = 32
ROUNDS = 6


@pytest.fixture
def proxy(plane: ControlPlane) -> Iterator[Proxy]:
    """The way to the API server."""
    server = yaml.safe_load(plane.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    with Proxy(TcpAddress("127.0.0.1", urlsplit(server).port or 0)) as proxy:
        yield proxy


@pytest.fixture
def api(plane: ControlPlane, proxy: Proxy, redis_url: str, tmp_path: Path) -> Iterator[ApiProcess]:
    """An API that reaches the API server by that way, and soon gives up to wait for it."""
    config = yaml.safe_load(plane.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{proxy.port}"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    settings = {"QT_BACKEND": "kubernetes", "QT_NAMESPACE": "default", "QT_CLUSTER_TIMEOUT_SECONDS": "0.3"}
    with ApiProcess(redis_url, KUBECONFIG=str(kubeconfig), **settings) as api:
        yield api


def test_a_bad_way_to_the_api_server_is_an_outage_at_most(api: ApiProcess, proxy: Proxy) -> None:
    """While the way is cut or stalled, again and again, each of many requests at once is answered with 503."""
    seen: Counter[int] = Counter()
    lock, stopping = Lock(), Event()

    def ask() -> None:
        with httpx.Client(base_url=api.client.base_url, trust_env=False, timeout=30) as client:
            while not stopping.is_set():
                answer = client.get("/v1/tasks", params={"limit": 1})
                with lock:
                    seen[answer.status_code] += 1

    def more(status: int) -> None:
        so_far = seen[status]
        eventually(lambda: seen[status] > so_far + 2 * CLIENTS, 60, f"more answers with {status}")

    with ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask) for _ in range(CLIENTS)]
        try:
            for round_ in range(ROUNDS):
                more(200)
                with proxy.cut() if round_ % 2 else proxy.stalled():
                    more(503)
            more(200)
        finally:
            stopping.set()
        for one in asking:
            one.result(60)
    assert set(seen) == {200, 503}


def test_an_api_server_that_knows_no_rights_yet_is_an_outage(plane: ControlPlane, redis_url: str) -> None:
    """What the API may not do in the cluster is 503: an API server that has just started knows no roles."""
    kubeconfig = plane.service_account_kubeconfig("default", "default")
    with ApiProcess(redis_url, KUBECONFIG=str(kubeconfig), QT_BACKEND="kubernetes", QT_NAMESPACE="default") as api:
        body = json.dumps({"qasm": BELL})
        answers = [
            api.client.post("/v1/tasks", content=body, headers={"content-type": "application/json"}),
            api.client.get("/v1/tasks"),
            api.client.get("/v1/tasks/none"),
        ]
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}
