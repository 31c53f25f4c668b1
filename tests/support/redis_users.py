"""The users of Redis that the documentation tells of, as a test has them."""

import re
from pathlib import Path

from support.redis_server import RedisServer

DOCS = Path(__file__).parents[2] / "docs"
OPERATOR = "quantum-tasks"
RUNNER = "quantum-tasks-runner"
PASSWORD = "it-is-a-test"  # noqa: S105 - it is

Rights = list[str]
"""The words of a user's rights, as `ACL SETUSER` has them."""


def documented() -> dict[str, Rights]:
    """The rights of each user that a page has, as lines of Redis's ACL file."""
    lines = [line for page in sorted(DOCS.glob("*.md")) for line in page.read_text("utf-8").splitlines()]
    found = [re.fullmatch(r"user (\S+) on >PASSWORD (.+)", line) for line in lines]
    return {match[1]: match[2].split() for match in found if match}


def without_pool(rights: Rights) -> Rights:
    """The same without the last pair of parentheses."""
    last = max(place for place, word in enumerate(rights) if word.startswith("("))
    return rights[:last]


def commands(rights: Rights) -> set[str]:
    """The commands that are granted."""
    return {word.strip("()+") for word in rights if word.strip("(").startswith("+")}


def install(server: RedisServer, **users: Rights) -> None:
    """Have the users, and nobody refused yet."""
    for name, rights in users.items():
        server.execute("ACL", "SETUSER", name.replace("_", "-"), "reset", "on", f">{PASSWORD}", *rights)
    server.execute("ACL", "LOG", "RESET")


def url_of(server: RedisServer, user: str) -> str:
    """Where a user finds the server."""
    return f"{server.url}&username={user}&password={PASSWORD}"


def refused(server: RedisServer) -> list[str]:
    """What somebody wanted to do, and had no right to."""
    return [f"{entry['username']}: {entry['object']}" for entry in server.execute("ACL", "LOG")]


def used(server: RedisServer) -> set[str]:
    """The commands that were carried out since `CONFIG RESETSTAT`, but for those that a connection begins with."""
    names = {name.removeprefix("cmdstat_") for name in server.execute("INFO", "commandstats")}
    return names - {"hello", "auth", "info", "config|resetstat", "client|setinfo", "ping"}
