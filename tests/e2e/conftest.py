"""The server under test: the one at QT_BASE_URL, or a local stack that lives as long as the session."""

import os
from collections.abc import Iterator

import pytest
from support.client import Client
from support.local_stack import LocalStack


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the API under test answers."""
    if given := os.environ.get("QT_BASE_URL"):
        yield given.rstrip("/")
        return
    with LocalStack(tmp_path_factory.mktemp("stack"), workers=1) as stack:
        yield stack.base_url


@pytest.fixture(scope="session")
def client(base_url: str) -> Iterator[Client]:
    """A client of the API under test."""
    with Client(base_url) as client:
        yield client
