"""An image of one layer, written as `docker save` would write it, without a container engine.

usage: image_archive.py ARCHIVE NAME DESTINATION=SOURCE...; the first destination is what the image runs.
"""

import hashlib
import io
import json
import platform
import sys
import tarfile
from pathlib import Path, PurePosixPath

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
CREATED = "1970-01-01T00:00:00Z"  # the same files make the same image
USERS = {
    "etc/passwd": b"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n",
    "etc/group": b"root:x:0:\nnonroot:x:65532:\n",
}


def main() -> None:
    """Write the archive that the arguments ask for."""
    archive, name, *pairs = sys.argv[1:]
    files = {destination.strip("/"): Path(source) for destination, source in (pair.split("=", 1) for pair in pairs)}
    layer = Path(f"{archive}.layer")
    try:
        write_layer(layer, files)
        write_archive(Path(archive), name, layer, entrypoint="/" + next(iter(files)))
    finally:
        layer.unlink(missing_ok=True)


def write_layer(layer: Path, files: dict[str, Path]) -> None:
    """Write a tar of the files, of every folder above them, and of the users that containers may run as."""
    folders = {str(folder) for file in (*files, *USERS) for folder in PurePosixPath(file).parents} - {"."}
    with tarfile.open(layer, "w", format=tarfile.GNU_FORMAT) as tar:
        for folder in sorted(folders | {"tmp"}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        for destination, source in files.items():
            entry = tarfile.TarInfo(destination)
            entry.size, entry.mode = source.stat().st_size, source.stat().st_mode & 0o777
            with source.open("rb") as file:
                tar.addfile(entry, file)
        for destination, content in USERS.items():
            add(tar, destination, content)


def write_archive(archive: Path, name: str, layer: Path, entrypoint: str) -> None:
    """Write the layer, the image's configuration and the manifest that names both."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    configuration = {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "created": CREATED,
        "config": {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Entrypoint": [entrypoint]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": CREATED}],
    }
    content = json.dumps(configuration).encode()
    manifest = {
        "Config": f"{hashlib.sha256(content).hexdigest()}.json",
        "RepoTags": [name],
        "Layers": [f"{digest}/layer.tar"],
    }
    with tarfile.open(archive, "w") as tar:
        add(tar, str(manifest["Config"]), content)
        tar.add(layer, f"{digest}/layer.tar")
        add(tar, "manifest.json", json.dumps([manifest]).encode())


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file with this content, which everybody may read."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    main()
