"""What a simulation may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """What one simulation may use: bytes for its state, and threads."""

    memory_bytes: int
    threads: int = 1
