"""What was measured, as it goes into the JSON file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.medians import median, ratio


@dataclass(frozen=True, slots=True)
class Mix:
    """One program by each way (`floor`, `ours`, `usual`): CPU and wall time of each run, pair by pair.

    `usual_says` tells why the usual design was left out, where it was.
    """

    name: str
    native_floor: bool
    usual_says: str
    cpu_ms: Mapping[str, list[float]]
    wall_ms: Mapping[str, list[float]]

    def over_floor(self, way: str) -> float:
        """A way's CPU time over the floor's, median of the pairs."""
        return ratio(self.cpu_ms[way], self.cpu_ms["floor"])


@dataclass(frozen=True, slots=True)
class Cold:
    """One fresh process of each way, pair by pair: seconds."""

    cpu_seconds: Mapping[str, list[float]]
    wall_seconds: Mapping[str, list[float]]


@dataclass(frozen=True, slots=True)
class Load:
    """One window of one kind of load on one server.

    `cpu_seconds` is by part of the server, `generator_cpu_seconds` the load generator's own; `p50_ms` and
    `p99_ms` are from POST to result, of the tasks that ended within the window; of batches, from POST to all results.
    """

    server: str
    way: str
    clients: int
    round: int
    seconds: float
    tasks: int
    requests: int
    cpu_seconds: Mapping[str, float]
    generator_cpu_seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Tasks ended per second."""
        return self.tasks / self.seconds

    @property
    def cpu_ms_per_task(self) -> float:
        """CPU time of every process of the server, per task that ended."""
        return sum(self.cpu_seconds.values()) * 1000 / self.tasks


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident and proportional memory of one part of one server, in megabytes (10^6 bytes)."""

    server: str
    part: str
    when: str
    rss_mb: float
    pss_mb: float


@dataclass(frozen=True, slots=True)
class Filled:
    """How a server came to keep so many tasks, in how many seconds."""

    kept: int
    way: str
    seconds: float


@dataclass
class Results:
    """Everything, part by part; what did not run is empty. `notes` are what a reader must know of the run."""

    about: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mixes: list[Mix] = field(default_factory=list)
    cold: Cold | None = None
    http: list[Load] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    idle_cpu: dict[str, dict[str, float]] = field(default_factory=dict)
    growth: list[Load] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)
    growth_memory: list[Memory] = field(default_factory=list)
    workers: list[Load] = field(default_factory=list)
    kubernetes: dict[str, Any] | None = None

    def note(self, text: str) -> None:
        """Keep a note, once."""
        if text not in self.notes:
            self.notes.append(text)


def chosen(loads: list[Load], server: str, way: str, clients: int) -> list[Load]:
    """The windows of one kind, round by round."""
    found = [load for load in loads if (load.server, load.way, load.clients) == (server, way, clients)]
    return sorted(found, key=lambda load: load.round)


def median_rate(loads: list[Load]) -> float:
    """Tasks per second, median of the rounds."""
    return median(load.rate for load in loads)
