"""The cluster under test and the installation on it, which live as long as the session."""

import uuid
from collections.abc import Iterator

import pytest
from support.client import Client
from support.cluster import Cluster
from support.cluster import cluster as have_cluster
from support.installation import Installation, load_images


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster that answers, with all its nodes ready."""
    with have_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def loaded(cluster: Cluster) -> Cluster:
    """The cluster, with the images of this tree."""
    load_images(cluster)
    return cluster


@pytest.fixture(scope="session")
def installation(loaded: Cluster) -> Iterator[Installation]:
    """The manifests of k8s/ in a namespace of their own, which enforces Pod Security `restricted`."""
    installed = Installation(loaded, f"qt-{uuid.uuid4().hex[:8]}")
    try:
        installed.install()
        yield installed
    finally:
        installed.remove()


@pytest.fixture
def http(installation: Installation) -> Iterator[Client]:
    """A client of the API on the cluster."""
    with installation.client() as client:
        yield client
