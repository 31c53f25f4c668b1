"""The cluster under test, which lives as long as the session."""

from collections.abc import Iterator

import pytest
from support.cluster import Cluster
from support.cluster import cluster as have_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster that answers, with all its nodes ready."""
    with have_cluster() as cluster:
        yield cluster
