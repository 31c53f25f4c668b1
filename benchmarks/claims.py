"""What the project claims of its speed, each with the figure, the target and whether it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.medians import median, ratio
from benchmarks.results import Load, Results, chosen

USUAL_WAY = "POST, then polls"
OUR_WAY = "POST, then GET that waits"
FLAT = 1.1
"""Memory that grows by less than this is flat."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about `figure`, which is to be at least, or at most, `target`; None when it was not measured.

    `cpu` is the same comparison in CPU time instead of wall time, where the figure is one of wall time.
    """

    text: str
    figure: float | None
    target: float
    at_least: bool
    cpu: float | None = None
    why_not: str = "its part did not run"

    @property
    def holds(self) -> bool | None:
        """Whether it does; None when nobody knows."""
        if self.figure is None:
            return None
        return self.figure >= self.target if self.at_least else self.figure <= self.target


def claims(results: Results) -> list[Claim]:
    """All of them, whatever was measured."""
    return [*_mixes(results), *_http(results), *_growth(results), *_cold(results)]


def _mixes(results: Results) -> Iterator[Claim]:
    figures = {mix.name: mix.over_floor("ours") for mix in results.mixes}
    for name, target in (("GHZ-8", 1.2), ("Bell", 0.6), ("20 qubits, depth 20", 1.03)):
        yield Claim(
            f"CPU of one task in the worker's child over the floor's: {name}", figures.get(name), target, at_least=False
        )


def _http(results: Results) -> Iterator[Claim]:
    usual = chosen(results.http, "usual", USUAL_WAY, 64)
    ours = chosen(results.http, "ours", OUR_WAY, 64)
    batches = [load for load in results.http if load.way.startswith("batches")]
    alone = chosen(results.http, "ours", OUR_WAY, 1), chosen(results.http, "usual", USUAL_WAY, 1)
    one = "Bell, 64 clients, one POST and one wait per task: tasks per second over the usual design's"
    yield Claim(one, _quotient(ours, usual, _rate), 30, at_least=True, cpu=_quotient(usual, ours, _cpu))
    many = "Bell in batches: tasks per second over the usual design's with 64 clients"
    rate, cpu, why_not = _quotient(batches, usual, _rate), _quotient(usual, batches, _cpu), "no batches were measured"
    yield Claim(many, rate, 100, at_least=True, cpu=cpu, why_not=why_not)
    p50, cpu = _quotient(*alone, _p50), _quotient(*alone, _cpu)
    yield Claim("Bell, one client: p50 over the usual design's", p50, 0.1, at_least=False, cpu=cpu)


def _growth(results: Results) -> Iterator[Claim]:
    loads: dict[int, list[Load]] = {}
    for load in sorted(results.growth, key=lambda load: load.round):
        loads.setdefault(kept(load.server), []).append(load)
    sizes = sorted(loads)
    few, many = (sizes[0], sizes[-1]) if len(sizes) > 1 else (100, 100_000)
    rate = _quotient(loads.get(many, []), loads.get(few, []), _rate)
    cpu = _quotient(loads.get(few, []), loads.get(many, []), _cpu)
    yield Claim(f"{many:,} kept tasks: tasks per second over those at {few:,}", rate, 0.9, at_least=True, cpu=cpu)
    memory = {kept(each.server): each.pss_mb for each in results.growth_memory if each.part == "API"}
    grown = memory[many] / memory[few] if {few, many} <= memory.keys() else None
    yield Claim(f"{many:,} kept tasks: memory of the API over that at {few:,}", grown, FLAT, at_least=False)


def _cold(results: Results) -> Iterator[Claim]:
    for way, what in (
        ("", "one Bell, the simulation alone"),
        (", a whole Job", "one Bell, a whole Job"),
    ):
        cpu = results.cold.cpu_seconds if results.cold else {}
        ours, usual = cpu.get(f"ours{way}"), cpu.get(f"usual{way}")
        figure = ratio(ours, usual) if ours and usual else None
        yield Claim(f"CPU of a fresh process over the usual design's: {what}", figure, 0.35, at_least=False)


def kept(server: str) -> int:
    """How many tasks the server of part `growth` keeps, by its name."""
    return int(server.removesuffix(" kept").replace(",", ""))


def _rate(load: Load) -> float:
    return load.rate


def _cpu(load: Load) -> float:
    return load.cpu_ms_per_task


def _p50(load: Load) -> float:
    return load.p50_ms


def _quotient(above: list[Load], below: list[Load], figure: Callable[[Load], float]) -> float | None:
    """The median of the rounds' quotients."""
    rounds = sorted({load.round for load in above} & {load.round for load in below})
    if not rounds:
        return None
    one = {load.round: figure(load) for load in above}
    other = {load.round: figure(load) for load in below}
    return median(one[number] / other[number] for number in rounds)
