"""What a run under faults needs of the stack that it hurts."""

from collections.abc import Mapping
from typing import Any, Protocol

from chaos.faults import Harm


class Stack(Protocol):
    """A stack that is up, and the harms that can be done to it.

    `mirrored` is the checker's (see `Model`). Of the tasks that are left after the healing, one should end every
    `settle_seconds`.
    """

    name: str
    mirrored: bool
    settle_seconds: float

    @property
    def urls(self) -> Mapping[str, float]:
        """Where clients find the API, each with its share of the submissions; whatever else is asked at any of them."""
        ...

    @property
    def harms(self) -> Mapping[str, Harm]:
        """What can be done to it, on this machine, by name. The name says what is done: "kill", "slow network"."""
        ...

    def missing(self) -> Mapping[str, str]:
        """The harms that cannot be done on this machine, by name, each with what it would need."""
        ...

    def heal(self) -> None:
        """See that every part is there and answers, with nothing in its way. Raises AssertionError if it does not."""
        ...

    def objects(self) -> Mapping[str, Mapping[str, Any]] | None:
        """Every QuantumTask of the cluster by its name, or None where there is none."""
        ...
