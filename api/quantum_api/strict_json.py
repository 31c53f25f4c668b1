"""Request bodies as JSON in the strict sense: UTF-8, no repeated names, no NaN, numbers read in bounded time."""

import json
import math
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

_DIGITS = 100
"""Digits of an integer that is read: more than any option has. What is longer is infinite, as is `1e999`."""


class StrictJsonRoute(APIRoute):
    """A route that reads its body with `loads`; what cannot be read is refused as FastAPI refuses malformed JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of the route, given requests that read strictly."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(_StrictJsonRequest(request.scope, request.receive))

        return handle_strictly


class _StrictJsonRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        return loads(await self.body())


def loads(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything
    """Read a body. Raises json.JSONDecodeError, and nothing else, for one that is not strict JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("Not UTF-8", "", error.start) from None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=_integer, parse_constant=_no_constant)
    except RecursionError:
        raise json.JSONDecodeError("Nested too deeply", "", 0) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise json.JSONDecodeError("The same name twice in an object", "", 0)
    return names


def _integer(digits: str) -> int | float:
    if len(digits) <= _DIGITS:
        return int(digits)
    return -math.inf if digits.startswith("-") else math.inf


def _no_constant(name: str) -> Any:  # noqa: ANN401 - never returns
    raise json.JSONDecodeError(f"{name} is no JSON number", "", 0)
