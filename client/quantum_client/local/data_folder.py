"""The folder that a stack keeps its data in: private, used by one stack at a time, with a place for Redis's socket."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from quantum_client.local.errors import LocalStackError

MAX_SOCKET_BYTES = 103
"""The longest path of a unix socket: `sun_path` has 108 bytes on Linux and 104 on macOS, one of them for the end."""

SOCKET_NAME = "redis.sock"
LOCK_NAME = "lock"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A locked data folder. `lock` is the open lock file: whoever holds a copy of it keeps the folder locked."""

    path: Path
    socket: Path
    lock: int


@contextmanager
def open_data_folder(path: Path) -> Iterator[DataFolder]:
    """Make the folder if need be, lock it, and choose a place for the socket.

    Raises LocalStackError when the folder cannot be used, or is in use.
    """
    try:
        path = path.expanduser().resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except (OSError, RuntimeError) as error:  # RuntimeError: no such user's home, or a loop of links
        raise LocalStackError(f"cannot use {path} as data folder: {_reason(error)}") from error
    try:
        _lock(path, lock)
        with _socket_folder(path) as folder:
            yield DataFolder(path, folder / SOCKET_NAME, lock)
    finally:
        os.close(lock)


def fits(socket: Path) -> bool:
    """Whether a unix socket can have this path."""
    return len(os.fsencode(socket)) <= MAX_SOCKET_BYTES


def is_private(folder: Path) -> bool:
    """Whether the folder is this user's and nobody else may look into it."""
    status = folder.stat()
    return status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077


def _lock(path: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
        raise LocalStackError(f"{path} is in use by another quantum-tasks (pid {holder or 'unknown'})") from None
    except OSError as error:
        raise LocalStackError(f"cannot lock {path}: {_reason(error)}") from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


@contextmanager
def _socket_folder(data: Path) -> Iterator[Path]:
    # A folder that was there before us keeps its mode, and is no place for the socket if others may enter it.
    if fits(data / SOCKET_NAME) and is_private(data):
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="qt-", dir=_short_temp(), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _short_temp() -> Path:
    temp = Path(tempfile.gettempdir())
    return temp if fits(temp / "qt-12345678" / SOCKET_NAME) else Path("/tmp")  # noqa: S108 - mkdtemp makes it private


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
