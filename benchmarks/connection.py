"""One HTTP/1.1 connection that is kept, and as little around it as possible: the load generator shares the processors.

A request is bytes that were made beforehand. Only answers with a Content-Length are understood, which all of ours have.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Self, cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


def request(method: str, path: str, body: bytes = b"", prefer: str = "") -> bytes:
    """A whole request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: benchmark"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    if prefer:
        lines.append(f"Prefer: {prefer}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def parse(received: bytes | bytearray) -> tuple[Answer, int] | None:
    """The answer that the bytes begin with, and how many of them it takes; None when it is not whole yet.

    Raises ValueError for an answer that does not say how long it is.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    found = _LENGTH.search(received, 0, end)
    if found is None:
        raise ValueError(f"an answer without a length: {bytes(received[:end])!r}")
    whole = end + 4 + int(found[1])
    if len(received) < whole:
        return None
    return Answer(int(received[9:12]), bytes(received[end + 4 : whole])), whole


class Connection(asyncio.Protocol):
    """A connection: one request at a time. `asked` counts them."""

    def __init__(self) -> None:
        self.asked = 0
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None

    @classmethod
    async def to(cls, port: int) -> Self:
        """Connect to a port of this machine."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def ask(self, request: bytes) -> Answer:
        """Send a request, and return its answer. Raises ConnectionError when the connection is lost."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self.asked += 1
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but is not declared so

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._received += data
        if self._answer is None or self._answer.done():
            return
        try:
            parsed = parse(self._received)
        except ValueError as error:
            self._answer.set_exception(error)
            return
        if parsed is not None:
            answer, length = parsed
            del self._received[:length]
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"the connection was lost: {exc}"))
