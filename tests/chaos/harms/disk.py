"""A folder on a disk of its own that is so small that it can be filled: a tmpfs, which only root may mount."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from types import TracebackType
from typing import Self

SIZE_BYTES = 256 * 2**20
_CHUNK = bytes(2**20)


class SmallDisk:
    """The folder, made on entry and removed on exit; a common one where nothing can be mounted.

    `missing` says, once it is made, what this machine would need for more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.missing: str | None = "root on Linux, to mount a tmpfs"
        self._ballast = path / "ballast"

    def __enter__(self) -> Self:
        """Make it."""
        self.path.mkdir(mode=0o700)
        if os.geteuid() == 0 and os.uname().sysname == "Linux":
            options = f"size={SIZE_BYTES},mode=700"
            mount = ["mount", "-t", "tmpfs", "-o", options, "quantum-tasks-chaos", str(self.path)]
            done = subprocess.run(mount, capture_output=True, text=True, check=False, timeout=30)
            # root of a container may not mount
            self.missing = f"leave to mount a tmpfs ({done.stderr.partition(chr(10))[0]})" if done.returncode else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove it, with all that is in it."""
        if self.missing is None:
            subprocess.run(["umount", str(self.path)], check=True, timeout=30)
        shutil.rmtree(self.path)

    @contextmanager
    def filled(self) -> Iterator[None]:
        """Have no byte left on it."""
        try:
            # unbuffered: what does not fit is not kept for later
            with self._ballast.open("wb", buffering=0) as ballast:
                self._fill(ballast.fileno())
            yield
        finally:
            self._ballast.unlink(missing_ok=True)

    def _fill(self, file: int) -> None:
        for size in (len(_CHUNK), 4096, 1):
            try:
                for _ in range(SIZE_BYTES // size):
                    os.write(file, _CHUNK[:size])
            except OSError as error:
                if error.errno != ENOSPC:
                    raise
