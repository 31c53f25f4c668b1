"""What kopf would keep in the objects that it watches, for handlers of changes: nothing, since there are none.

Its own storages copy every object that is heard of, to compare it with an earlier one.
"""

from collections.abc import Iterable

import kopf


class NoDifferences(kopf.DiffBaseStorage):
    """Objects have nothing that is compared."""

    def build(self, *, body: kopf.Body, extra_fields: Iterable[object] | None = None) -> kopf.BodyEssence:  # noqa: ARG002
        """See kopf."""
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        """See kopf."""

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """See kopf."""


class NoProgress(kopf.ProgressStorage):
    """No handler has to be called again."""

    def fetch(self, *, key: str, body: kopf.Body) -> kopf.ProgressRecord | None:
        """See kopf."""

    def store(self, *, key: str, record: kopf.ProgressRecord, body: kopf.Body, patch: kopf.Patch) -> None:
        """See kopf."""

    def purge(self, *, key: str, body: kopf.Body, patch: kopf.Patch) -> None:
        """See kopf."""

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: str | None) -> None:
        """See kopf."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """See kopf."""
        return essence
