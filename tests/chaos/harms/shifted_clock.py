"""A wall clock that can be set for one program alone, by a library that is preloaded into it."""

import mmap
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

_SOURCE = Path(__file__).with_name("clock.c")


class ShiftedClock:
    """A clock, made on entry and removed on exit. `environment` gives it to a program."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "clock.so"
        self._file = folder / "clock"
        self._compiler = shutil.which("cc")
        self.missing = None if self._compiler else "a C compiler: apt install gcc libc6-dev"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs in its environment to have this clock."""
        return {} if self.missing else {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}

    def __enter__(self) -> Self:
        """Make the library."""
        self._file.write_bytes(struct.pack("q", 0))
        if self._compiler:
            command = [self._compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"]
            subprocess.run([*command, str(self._library), str(_SOURCE)], check=True, timeout=60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the clock right, and no file."""
        self._set(0)
        for path in (self._file, self._library):
            path.unlink(missing_ok=True)

    @contextmanager
    def shifted(self, seconds: int) -> Iterator[None]:
        """Have the clock off by so many seconds: it jumps now, and jumps back afterwards."""
        self._set(seconds)
        try:
            yield
        finally:
            self._set(0)

    def _set(self, seconds: int) -> None:
        with self._file.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
            struct.pack_into("q", shared, 0, seconds)
