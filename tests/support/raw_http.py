"""HTTP byte by byte over a socket: for requests that a well-behaved client does not send."""

import http.client
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, its headers by lower-case name, and the body's bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


def connect(base_url: str, deadline_seconds: float = 30.0) -> socket.socket:
    """A connection to the server; every later read and write on it has the deadline too."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), deadline_seconds)


def head(method: str, path: str, **headers: str) -> bytes:
    """A request's line and headers; a name's underscores become dashes."""
    named = {"host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer; http.client's and the socket's errors when there is none."""
    answer = http.client.HTTPResponse(connection)
    try:
        answer.begin()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, answer.read())
    finally:
        answer.close()


def exchange(base_url: str, pieces: Iterable[bytes], deadline_seconds: float = 30.0) -> Answer:
    """Send the pieces until the server stops reading, and return its answer."""
    with connect(base_url, deadline_seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has said what it had to say, and its answer may still be read
        return read_answer(connection)
