"""What the API answers over HTTP on a real API server while Redis is away."""

import signal

import pytest
from support.api_process import ApiProcess
from support.programs import BELL
from support.redis_server import RedisServer


@pytest.mark.usefixtures("empty_cluster")
def test_what_is_accepted_is_202_though_redis_is_away() -> None:
    """A submission does not fail for its wait or its answer's body, nor does a look at the task; a deletion does."""
    with (
        RedisServer() as server,
        ApiProcess(server.url, QT_BACKEND="kubernetes", QT_REDIS_TIMEOUT_SECONDS="1") as api,
    ):
        server.signal(signal.SIGKILL)
        seed = api.client.post("/tasks", json={"qc": BELL}, headers={"prefer": "wait=2"})
        assert seed.status_code == 202
        full = api.client.post("/v1/tasks", json={"qasm": BELL}, headers={"prefer": "wait=2"})
        assert (full.status_code, full.json()["phase"]) == (202, "Pending")
        for task_id in (seed.json()["task_id"], full.json()["id"]):
            assert api.client.get(f"/tasks/{task_id}").json()["status"] == "pending"
            assert api.client.get(f"/v1/tasks/{task_id}").json()["phase"] == "Pending"
            refused = api.client.delete(f"/v1/tasks/{task_id}")
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        server.start()
        assert api.client.delete(f"/v1/tasks/{task_id}").status_code == 204
        assert api.client.get(f"/tasks/{task_id}").status_code == 404
