"""A real Redis of a test's own, on a unix socket, with the durability that the project asks for."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from quantum_client.local.redis_server import find_server
from redis import Redis
from redis.exceptions import RedisError
from support.certificates import Authority
from support.ports import free_port
from support.waiting import eventually


class RedisServer:
    """A server that keeps its data in a folder of its own; a context manager."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = tempfile.TemporaryDirectory(prefix="qt-redis-")
        self.socket = Path(self._folder.name) / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self.socket}?db=0"

    def execute(self, *command: str) -> Any:  # noqa: ANN401 - what Redis answers
        """What Redis answers to a command of somebody who may everything."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            return client.execute_command(*command)

    def start(self) -> None:
        """Start, with what an earlier run left in the folder, and wait until it answers."""
        executable = str(find_server())
        where = ["--port", "0", "--unixsocket", str(self.socket), "--dir", self._folder.name]
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


class TlsRedisServer(RedisServer):
    """A server that takes connections over TLS too, at `localhost` by a certificate of an authority.

    With `clients_show` it takes only those of clients that show a certificate of the same authority.
    """

    def __init__(self, authority: Authority, *options: str, clients_show: bool = False) -> None:
        executable = str(find_server())
        probe = subprocess.run(
            [executable, "--port", "0", "--tls-port", "1"], capture_output=True, text=True, check=False, timeout=20
        )
        if "Failed to configure TLS" not in probe.stdout and os.environ.get("CI") != "true":
            pytest.skip(f"{executable} was built without TLS, and this test needs it: apt install redis-server")
        self._port = free_port()
        own = authority.issue("localhost")
        super().__init__(
            *("--tls-port", str(self._port)),
            *("--tls-cert-file", str(own.certificate), "--tls-key-file", str(own.key)),
            *("--tls-ca-cert-file", str(authority.certificate)),
            *("--tls-auth-clients", "yes" if clients_show else "optional"),
            *options,
        )

    def tls_url(self, user: str = "", host: str = "localhost", **options: str | Path) -> str:
        """Where clients find it over TLS; `user` is a name with a password, `options` are the URL's."""
        who = f"{user}@" if user else ""
        query = "&".join(f"{name}={value}" for name, value in options.items())
        return f"rediss://{who}{host}:{self._port}/0{'?' if query else ''}{query}"
