"""A real Redis for integration tests."""

from collections.abc import Iterator

import pytest
from support.redis_server import RedisServer
from support.stores import flush, run


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One server for all tests that do no harm to it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Where an empty Redis is."""
    run(flush(redis_server.url))
    return redis_server.url
