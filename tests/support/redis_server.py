"""A real Redis of a test's own, on a unix socket, with the durability that the project asks for."""

import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from quantum_client.local.redis_server import find_server
from redis import Redis
from redis.exceptions import RedisError
from support.waiting import eventually


class RedisServer:
    """A server that keeps its data in a folder of its own; a context manager."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="qt-redis-")
        self._socket = Path(self._folder.name) / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start, with what an earlier run left in the folder, and wait until it answers."""
        executable = str(find_server())
        where = ["--port", "0", "--unixsocket", str(self._socket), "--dir", self._folder.name]
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"]
        command = [executable, *where, *durable, *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(self._answers, deadline_seconds=20, what="Redis to answer")

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal; after SIGKILL, wait for its end."""
        assert self._process
        self._process.send_signal(number)
        if number is signal.SIGKILL:
            self._process.wait(timeout=10)

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and remove the folder."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait(timeout=10)
        self._folder.cleanup()

    def _answers(self) -> bool:
        with Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False
