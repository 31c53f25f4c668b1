"""Exceptions become answers in one shape."""

import asyncio

import httpx
from fastapi import FastAPI
from quantum_api.problems import handle_errors
from quantum_tasks.cluster import ClusterUnavailableError


def test_a_kind_of_a_known_error_is_answered_as_that_error() -> None:
    """An API server that is away is a store that is away: 503, with the time after which to ask again."""
    app = FastAPI()
    handle_errors(app)

    @app.get("/")
    async def _away() -> None:
        raise ClusterUnavailableError("connection refused")

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json() == {"status": "error", "message": "The task store is unavailable. Try again later."}
