"""Requests to an API server."""

from pathlib import Path

import pytest
import yaml
from quantum_tasks.cluster import ClusterUnavailableError, connect
from support.ports import free_port
from support.stores import run


def test_a_request_without_an_answer_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens is told the method, and that there was no status."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "gone", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
                "users": [{"name": "me", "user": {"token": "x"}}],
                "contexts": [{"name": "here", "context": {"cluster": "gone", "user": "me"}}],
                "current-context": "here",
            }
        )
    )
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    noted = []

    async def ask() -> None:
        def note(method: str, status: int | None) -> None:
            noted.append((method, status))

        async with connect(timeout_seconds=5, connections=1, note=note) as cluster:
            with pytest.raises(ClusterUnavailableError):
                await cluster.ready()

    run(ask())
    assert noted == [("GET", None)]
