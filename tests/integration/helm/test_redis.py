"""The chart's Redis, as its container starts it: it takes its configuration, and each user may what it should."""

import os
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from quantum_client.local.redis_server import find_server
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from support.helm import Object, render
from support.ports import free_port
from support.redis_users import Rights, documented, without_pool
from support.waiting import eventually

EVERYWHERE = {"operator": {"allNamespaces": True}}
NO_POOL = {"pool": {"maxJobs": 0}}


class Server(NamedTuple):
    """A running server, and the addresses that the chart's Secrets have of it."""

    everything: str
    runner: str
    nobody: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the container would be, on a port of this machine."""
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    rendered = render()
    [container] = rendered.pod("-redis").containers
    config = rendered.one("ConfigMap", "-redis")["data"]["redis.conf"].replace("dir /data", f"dir {folder}")
    (folder / "redis.conf").write_text(f"{config}port {port}\nbind 127.0.0.1\n")
    (folder / "redis-server").symlink_to(find_server())
    secret = rendered.one("Secret", "-redis")["stringData"]
    env = {each["name"]: secret[each["valueFrom"]["secretKeyRef"]["key"]] for each in container["env"]}
    [script] = container["args"]
    process = subprocess.Popen(
        [*container["command"], script.replace("/etc/redis/redis.conf", str(folder / "redis.conf"))],
        env={**env, "PATH": f"{folder}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
    )
    addresses = (secret["url"], rendered.one("Secret", "-redis-runner")["stringData"]["url"], "redis://host:6379/0")
    found = Server(
        *(f"{url.rpartition('@')[0] or 'redis:/'}@127.0.0.1:{port}/0".replace("/@", "//") for url in addresses)
    )
    try:
        eventually(lambda: _answers(found.everything), 20, "Redis to answer")
        yield found
    finally:
        process.kill()
        process.wait(timeout=10)


def _answers(url: str) -> bool:
    with Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def test_it_keeps_what_it_acknowledged(server: Server) -> None:
    """Redis writes every change to its disk before it acknowledges it, and refuses changes when it is full."""
    with Redis.from_url(server.everything, decode_responses=True) as client:
        found = client.config_get("appendonly", "appendfsync", "maxmemory", "maxmemory-policy", "save")
    assert found == {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory": str(768 * 2**20),
        "maxmemory-policy": "noeviction",
        "save": "",
    }


def test_nobody_may_anything_without_a_password(server: Server) -> None:
    """Who has no password is told nothing."""
    with Redis.from_url(server.nobody) as client, pytest.raises(AuthenticationError):
        client.ping()


@pytest.mark.parametrize(
    "command", ["FLUSHALL", "KEYS *", "CONFIG GET *", "ACL LIST", "GET {qt}:task:lab/a", "SHUTDOWN"]
)
def test_the_runners_user_may_little(server: Server, command: str) -> None:
    """A runner's Pod may not empty Redis, look around in it, or read what is no task's."""
    with Redis.from_url(server.runner) as client:
        assert client.execute_command("TIME")
        with pytest.raises(NoPermissionError):
            client.execute_command(*command.split())


@pytest.mark.parametrize(
    ("values", "rights"),
    [
        (EVERYWHERE, documented()["quantum-tasks-runner"]),
        ({**EVERYWHERE, **NO_POOL}, without_pool(documented()["quantum-tasks-runner"])),
    ],
    ids=["pool", "no pool"],
)
def test_rights_are_the_documented_ones(values: Object, rights: Rights) -> None:
    """The runner's user has the rights that the documentation has, which tests of the runner prove to be enough."""
    assert _rights(values) == rights


def test_a_release_of_one_namespace_has_its_tasks_only() -> None:
    """The runner's Pods of a release that looks after one namespace reach the tasks of that namespace only."""
    everywhere = [word.replace("{qt}:task:*", "{qt}:task:lab/*") for word in _rights(EVERYWHERE)]
    assert _rights({}) == everywhere


def _rights(values: Object) -> Rights:
    [container] = render(values).pod("-redis").containers
    [line] = [
        line for line in container["args"][0].splitlines() if line.startswith("user runner on >$RUNNER_PASSWORD ")
    ]
    return str(line).split()[4:]
