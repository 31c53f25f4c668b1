"""Redis for a Pod that has two things to say to it, without redis-py: that takes longer to load than they run.

hiredis, which redis-py itself uses, speaks the protocol. Addresses that say more than where Redis is, and those of TLS,
are left to redis-py.
"""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import hiredis
from quantum_tasks import lua
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.keys import Keys
from quantum_tasks.leases import End, Gone, Lease, begun, values_of
from quantum_tasks.outages import cannot_serve

_CHUNK = 65536
_SCRIPTS = ("begin", "finish")


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is, and who asks."""

    host: str
    """Or the path of a socket, where there is no port."""
    port: int | None
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Self | None:
        """Read a URL; None for one that redis-py is to read."""
        parts = urlsplit(url)
        asked = dict(parse_qsl(parts.query))
        known = {name: asked.pop(name) for name in ("username", "password", "db") if name in asked}
        user, password = known.get("username", unquote(parts.username or "")), unquote(parts.password or "")
        password = known.get("password", password)
        if asked or parts.scheme not in {"redis", "unix"}:
            return None
        try:
            if parts.scheme == "unix":
                return cls(unquote(parts.path), None, int(known.get("db", 0)), user, password)
            database = known.get("db") or parts.path.strip("/") or 0
            return cls(parts.hostname or "localhost", parts.port or 6379, int(database), user, password)
        except ValueError:
            return None


class DirectStore:
    """The store of one attempt: it begins and ends, and every call may be repeated. Nothing here ever suspends."""

    def __init__(self, address: Address, keys: Keys, *, timeout_seconds: float) -> None:
        self._address = address
        self._keys = keys
        self._timeout_seconds = timeout_seconds
        self._sources = lua.sources(keys, _SCRIPTS)
        self._connection: _Connection | None = None

    async def begin(self, task_id: str, uid: str, token: str) -> Lease | Gone:
        """See Mirror."""
        return begun(task_id, token, self._run("begin", task_id, uid, token))

    async def end(self, ends: Sequence[End]) -> list[bool]:
        """See Store."""
        return [answer == "ok" for answer in self._run("finish", *values_of(ends))]

    def close(self) -> None:
        """Give up the connection."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def _run(self, script: str, *args: str | int) -> Any:  # noqa: ANN401 - a script returns what it returns
        source = self._sources[script]
        call = ("EVALSHA", sha1(source.encode(), usedforsecurity=False).hexdigest(), 1, self._keys.queue, *args)
        answer = self._ask(*call)
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT"):
            self._refused(self._ask("SCRIPT", "LOAD", source))
            answer = self._ask(*call)
        return self._refused(answer)

    def _ask(self, *command: str | int) -> Any:  # noqa: ANN401 - likewise
        try:
            if self._connection is None:
                self._connection = _Connection(self._address, self._timeout_seconds)
                for greeting in _greetings(self._address):
                    self._refused(self._connection.ask(*greeting))
            return self._connection.ask(*command)
        except (OSError, hiredis.ProtocolError) as error:
            self.close()
            raise StoreUnavailableError(f"Redis cannot be reached: {error}") from error
        except BaseException:
            self.close()
            raise

    def _refused(self, answer: Any) -> Any:  # noqa: ANN401 - likewise
        """Raise an answer that is an error; an outage's is the store's."""
        if isinstance(answer, hiredis.ReplyError):
            if cannot_serve(str(answer)):
                raise StoreUnavailableError(f"Redis cannot serve this now: {answer}") from answer
            raise answer
        return answer


class _Connection:
    """One connection; whatever goes wrong on it is an OSError or hiredis.ProtocolError, and then it is of no use."""

    def __init__(self, address: Address, timeout_seconds: float) -> None:
        self._reader = hiredis.Reader(encoding="utf-8")
        if address.port is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(timeout_seconds)
            self._socket.connect(address.host)
        else:
            self._socket = socket.create_connection((address.host, address.port), timeout_seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, *command: str | int) -> Any:  # noqa: ANN401 - what Redis answers
        """Send one command and wait for its answer, which may be a ReplyError."""
        packed = hiredis.pack_command(command)  # type: ignore[arg-type] # as its types have it, there is but one word
        self._socket.sendall(packed)
        while (answer := self._reader.gets()) is False:
            read = self._socket.recv(_CHUNK)
            if not read:
                raise ConnectionResetError("Redis has closed the connection")
            self._reader.feed(read)
        return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def _greetings(address: Address) -> list[tuple[str | int, ...]]:
    who = (address.user, address.password) if address.user else (address.password,)
    greetings: list[tuple[str | int, ...]] = [("AUTH", *who)] if address.password else []
    if address.database:
        greetings.append(("SELECT", address.database))
    return greetings
