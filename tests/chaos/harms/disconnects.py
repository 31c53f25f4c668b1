"""Clients that go away in the middle of a POST, at each step of it: what was not sent whole must not become a task."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from random import Random
from urllib.parse import urlsplit

import httpx
from chaos.faults import Harm
from chaos.history import Door, Exchange, Kind, Log, Moment, Operation, Unknown, request_of
from chaos.programs import PROGRAMS, draw

STEPS = ("connected", "in the headers", "after the headers", "in the body", "after the body", "in the answer")
"""Where the client goes away. Before the body is whole, nothing was asked."""

_ASKED = frozenset({"after the body", "in the answer"})
_POSTS = 5
_SECONDS = 5.0


class Disconnects:
    """POSTs that are broken off, recorded like any other client's."""

    def __init__(self, url: str, log: Log) -> None:
        self._url = url
        self._log = log
        self._numbers = count(1)

    def harm(self) -> Harm:
        """As a kind of fault: a handful of clients that all go away at the same step."""
        return Harm(STEPS, self._begin)

    @contextmanager
    def _begin(self, step: str, random: Random) -> Iterator[Mapping[str, str]]:
        for _ in range(_POSTS):
            self._post(step, random)
        yield {"posts": str(_POSTS)}

    def _post(self, step: str, random: Random) -> None:
        name = f"d{next(self._numbers)}"
        key = f"{name}-{random.getrandbits(64):x}"
        operation = Operation(Kind.SUBMIT, name, random.choice(list(Door)), key=key, spec=draw(random))
        head, body = self._bytes(operation)
        parts = {
            "connected": b"",
            "in the headers": head[: random.randrange(1, len(head) - 1)],
            "after the headers": head,
            "in the body": head + body[: random.randrange(1, len(body))],
        }
        invoked = Moment.now()
        # whether it ever got there is not known, so neither is what came of it
        with suppress(OSError), self._connection() as connection:
            connection.sendall(parts.get(step, head + body))
            if step == "in the answer":
                connection.recv(random.randrange(1, 40))
        self._log.write(Exchange(operation, invoked, Moment.now(), Unknown(f"went away {step}", sent=step in _ASKED)))

    def _connection(self) -> socket.socket:
        where = urlsplit(self._url)
        return socket.create_connection((where.hostname, where.port), _SECONDS)

    def _bytes(self, operation: Operation) -> tuple[bytes, bytes]:
        programs = {name: program.qasm for name, program in PROGRAMS.items()}
        with httpx.Client(base_url=self._url, trust_env=False) as http:
            request = request_of(operation, programs, http)
        lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1".encode()]
        lines += [name + b": " + value for name, value in request.headers.raw]
        return b"\r\n".join([*lines, b"", b""]), request.content
