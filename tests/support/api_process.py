"""The API as a process of a test's own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from support.ports import free_port
from support.scrapes import Scrape
from support.waiting import eventually


class ApiProcess:
    """One API with the settings that are given; a context manager that leaves no process."""

    def __init__(self, redis_url: str, **settings: str) -> None:
        port = free_port()
        self._log = tempfile.NamedTemporaryFile(prefix="qt-api-", suffix=".log")  # noqa: SIM115 - closed at exit
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QT_")},
            "QT_REDIS_URL": redis_url,
            "QT_PORT": str(port),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)

    @property
    def pid(self) -> int:
        """Its process, or the supervisor of its processes."""
        assert self._process
        return self._process.pid

    def wait(self, seconds: float) -> int:
        """Wait for its end. Returns its exit code."""
        assert self._process
        return self._process.wait(seconds)

    def scrape(self) -> Scrape:
        """What it says of itself."""
        return Scrape(self.client.get("/metrics").raise_for_status().text)

    def __enter__(self) -> Self:
        """Start, and wait until it is alive."""
        with Path(self._log.name).open("ab") as log:
            command = [sys.executable, "-m", "quantum_api"]
            self._process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log)
        eventually(self._alive, 60, "the API to be alive")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        if error is not None:
            error.add_note("the API's last output:\n" + Path(self._log.name).read_text()[-4000:])
        assert self._process
        self._process.kill()
        self._process.wait(timeout=30)
        self.client.close()
        self._log.close()

    def _alive(self) -> bool:
        try:
            return self.client.get("/healthz").is_success
        except httpx.TransportError:
            return False
