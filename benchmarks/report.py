"""The results as Markdown: first what is claimed and whether it holds, then each part's tables."""

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.claims import Claim, claims, kept
from benchmarks.medians import median, ratio
from benchmarks.results import Load, Memory, Mix, Results

NOTHING = "-"
WORKER = ("worker supervisors", "simulations")


def report(results: Results) -> str:
    """The whole report."""
    parts = [
        "# Benchmarks",
        _about(results),
        claims_table(claims(results)),
        "\n".join(f"- {note}" for note in results.notes),
        *_mixes(results),
        *_cold(results),
        *_http(results),
        *_memory(results),
        *_growth(results),
        *_workers(results),
        *_kubernetes(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def claims_table(found: Iterable[Claim]) -> str:
    """Each claim with its figure, its target and whether it holds."""
    rows = []
    for claim in found:
        word = {True: "yes", False: "**no**", None: f"not measured: {claim.why_not}"}[claim.holds]
        target = f"at {'least' if claim.at_least else 'most'} {claim.target:g}"
        figure, cpu = (NOTHING if value is None else number(value) for value in (claim.figure, claim.cpu))
        rows.append([claim.text, figure, target, word, cpu])
    return table(["claim", "figure", "target", "holds", "the same in CPU per task"], rows)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """A figure with three digits that count, and all of those before the point."""
    if value == 0:
        return "0"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def _about(results: Results) -> str:
    return table(["", ""], [[name, str(value)] for name, value in results.about.items()])


def _mixes(results: Results) -> Iterator[str]:
    if not results.mixes:
        return
    yield "## One warm task (part `mixes`)"
    yield (
        "CPU time in one process, median of so many pairs, and wall time in parentheses; ratios are medians over the "
        "pairs. Floor: a kept AerSimulator, one thread, no transpilation; with Qiskit's native importer, or (*) the "
        "program read beforehand at no cost. Ours: `simulate`, what a worker's child does for a task."
    )
    rows = []
    for mix in results.mixes:
        cells = [mix.name + ("" if mix.native_floor else " *"), str(len(mix.cpu_ms["floor"]))]
        cells += [_milliseconds(mix, way) for way in ("floor", "ours")]
        has_usual = "usual" in mix.cpu_ms
        cells.append(_milliseconds(mix, "usual") if has_usual else mix.usual_says)
        cells.append(number(mix.over_floor("ours")))
        cells.append(number(mix.over_floor("usual")) if has_usual else NOTHING)
        cells.append(number(ratio(mix.cpu_ms["usual"], mix.cpu_ms["ours"])) if has_usual else NOTHING)
        rows.append(cells)
    yield table(
        ["program", "pairs", "floor, ms", "ours, ms", "usual, ms", "ours / floor", "usual / floor", "usual / ours"],
        rows,
    )


def _milliseconds(mix: Mix, way: str) -> str:
    return f"{number(median(mix.cpu_ms[way]))} ({number(median(mix.wall_ms[way]))})"


def _cold(results: Results) -> Iterator[str]:
    cold = results.cold
    if cold is None:
        return
    yield "## A fresh process with one Bell (part `cold`)"
    rows = [
        [
            way,
            number(median(cold.cpu_seconds[way]) * 1000),
            number(median(cold.wall_seconds[way]) * 1000),
            number(ratio(cold.cpu_seconds[way], cold.cpu_seconds["usual"])),
        ]
        for way in cold.cpu_seconds
    ]
    pairs = len(cold.cpu_seconds["usual"])
    yield table(["process", "CPU, ms", "wall, ms", f"CPU / that of `usual`, median of {pairs} pairs"], rows)


def _http(results: Results) -> Iterator[str]:
    if not results.http:
        return
    yield "## From POST to counts over HTTP (part `http`)"
    yield (
        "Bell, 1,024 shots, medians of the rounds. CPU is that of every process of the server, per task; the load "
        "generator's is apart. Polls come after 20, 40, 80, 160, 320 ms, then every 500 ms, for both designs."
    )
    yield _loads(results.http)
    yield "CPU of each part, ms per task:"
    yield _cpu_by_part(results.http)
    yield from _whole_worker(results)


def _whole_worker(results: Results) -> Iterator[str]:
    """What a whole worker takes for a Bell task, beside the floor that part `mixes` has measured in the same run."""
    floors = [median(mix.cpu_ms["floor"]) for mix in results.mixes if mix.name == "Bell"]
    loads = [load for load in results.http if load.server == "ours"]
    if not floors or not loads:
        return
    most = max(load.clients for load in loads)
    figures = []
    for name in ("POST, then GET that waits", *dict.fromkeys(load.way for load in loads if "batches" in load.way)):
        group = [load for load in loads if load.way == name and (load.clients == most or "batches" in name)]
        whole = median(sum(load.cpu_seconds.get(part, 0) for part in WORKER) * 1000 / load.tasks for load in group)
        figures.append(f"{number(whole)} ms a task by {name} ({number(whole / floors[0])} of the floor)")
    yield (
        f"The whole worker, its supervisor and the way to its children included: {'; '.join(figures)}. The floor is of "
        "part `mixes`, some minutes earlier."
    )


def _loads(loads: Sequence[Load]) -> str:
    rows = [
        [
            *key,
            number(median(load.rate for load in group)),
            number(median(load.cpu_ms_per_task for load in group)),
            number(median(load.p50_ms for load in group)),
            number(median(load.p99_ms for load in group)),
            str(sum(load.tasks for load in group)),
            number(median(load.generator_cpu_seconds * 1e6 / load.requests for load in group)),
        ]
        for key, group in _grouped(loads)
    ]
    columns = ["server", "way", "clients", "tasks/s", "CPU, ms per task", "p50, ms", "p99, ms", "tasks"]
    return table([*columns, "generator's CPU, µs per request"], rows)


def _cpu_by_part(loads: Sequence[Load]) -> str:
    parts = sorted({part for load in loads for part in load.cpu_seconds})
    rows = [
        [
            *key,
            *(number(median(load.cpu_seconds.get(part, 0) * 1000 / load.tasks for load in group)) for part in parts),
        ]
        for key, group in _grouped(loads)
    ]
    return table(["server", "way", "clients", *parts], rows)


def _grouped(loads: Iterable[Load]) -> list[tuple[tuple[str, str, str], list[Load]]]:
    """The rounds of each kind of load, in the order of the first round."""
    groups: dict[tuple[str, str, str], list[Load]] = {}
    for load in sorted(loads, key=lambda load: load.round):
        groups.setdefault((load.server, load.way, str(load.clients)), []).append(load)
    return list(groups.items())


def _memory(results: Results) -> Iterator[str]:
    if not results.memory:
        return
    yield "## Memory"
    yield "Megabytes by part: resident, and in parentheses proportional (what processes share is counted once)."
    yield _memory_table(results.memory)
    if results.idle_cpu:
        yield "CPU of an idle server, ms per second:"
        rows = [
            [server, part, number(seconds * 1000)]
            for server, parts in results.idle_cpu.items()
            for part, seconds in parts.items()
        ]
        yield table(["server", "part", "CPU, ms per s"], rows)


def _memory_table(memory: Sequence[Memory]) -> str:
    whens = list(dict.fromkeys((each.server, each.when) for each in memory))
    parts = sorted({each.part for each in memory})
    by_place = {(each.server, each.when, each.part): each for each in memory}
    rows = []
    for server, when in whens:
        found = [by_place.get((server, when, part)) for part in parts]
        cells = [f"{each.rss_mb:.0f} ({each.pss_mb:.0f})" if each else NOTHING for each in found]
        total = sum(each.pss_mb for each in found if each)
        rows.append([server, when, *cells, f"({total:.0f})"])
    return table(["server", "when", *parts, "all"], rows)


def _growth(results: Results) -> Iterator[str]:
    if not results.growth:
        return
    yield "## Many kept tasks (part `growth`)"
    ways = [f"{each.kept:,}: {each.way} ({each.seconds:.0f} s)" for each in results.filled]
    yield f"How the servers were filled: {'; '.join(ways)}. What a load makes is deleted after it."
    yield _loads(sorted(results.growth, key=lambda load: (load.round, kept(load.server))))
    yield _memory_table(results.growth_memory)


def _workers(results: Results) -> Iterator[str]:
    if not results.workers:
        return
    yield "## Workers (part `workers`)"
    yield f"Each with one simulation at a time, on {results.about.get('processors', 'the')} processors."
    yield _loads(sorted(results.workers, key=lambda load: (load.round, load.server)))


def _kubernetes(results: Results) -> Iterator[str]:
    figures = results.kubernetes
    if figures is None:
        return
    yield "## On a cluster (`make bench-kubernetes`)"
    yield f"Measured {figures['about'].get('when', 'at another time')}, in a run of its own."
    rows = []
    for name, key in (("bare `true` Jobs", "bare"), ("Bell, Job mode", "jobs"), ("Bell, Pool mode, warm", "pool")):
        steps = figures[key]
        if steps:
            rate = median(step["count"] / step["seconds"] for step in steps)
            cpu = median(step["cpu"]["all of the node"] * 1000 / step["count"] for step in steps)
            rows.append([name, number(rate), number(cpu)])
    yield table(["", "a second", "CPU of the node, ms per task"], rows)
    yield table(
        ["the operator's memory, MB", "working set", "RSS"],
        [[when, number(each["working set"]), number(each["RSS"])] for when, each in figures["memory"].items()],
    )
