"""A bound on request bodies.

Starlette's own middleware answers in plain text; this API has one error body everywhere, so the bound is its own.
"""

from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quantum_api.problems import problem


class BodyLimit:
    """Answers 413 to a request whose body is, or claims to be, over `max_bytes`. Never holds more than that.

    `of_paths` is for paths that have another bound.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, of_paths: Mapping[str, int]) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._of_paths = of_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._of_paths.get(scope["path"], self._max_bytes)
        claimed = Headers(scope=scope).get("content-length", "0")
        if claimed.isdigit() and int(claimed) > most:
            await problem(413, _too_large(most))(scope, receive, send)
            return
        await self._app(scope, _counting(receive, most), send)


def _counting(receive: Receive, most: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, _too_large(most))
        return message

    return counted


def _too_large(most: int) -> str:
    return f"The body is larger than {most} bytes."
