"""Certificates of a test's own, made by openssl: an authority that nobody else knows, and what it signs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.tools import require


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A private CA in a folder; `certificate` is what its clients are to trust."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        require("openssl")
        self._folder = folder
        self._name = name
        self.certificate = folder / f"{name}.crt"
        self._key = folder / f"{name}.key"
        files = ("-keyout", str(self._key), "-out", str(self.certificate))
        _openssl("req", "-x509", *_NEW_KEY, *files, "-days", "2", "-subj", f"/CN={name}")

    def issue(self, host: str) -> Certificate:
        """A certificate for a host by its name; a client may show it too."""
        made = Certificate(self._folder / f"{self._name}-{host}.crt", self._folder / f"{self._name}-{host}.key")
        request = self._folder / f"{self._name}-{host}.csr"
        names = self._folder / f"{self._name}-{host}.ext"
        names.write_text(f"subjectAltName=DNS:{host}\n")
        _openssl("req", *_NEW_KEY, "-keyout", str(made.key), "-out", str(request), "-subj", f"/CN={host}")
        signed_by = ("-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial")
        files = ("-in", str(request), "-out", str(made.certificate), "-extfile", str(names))
        _openssl("x509", "-req", *files, *signed_by, "-days", "2")
        return made


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
