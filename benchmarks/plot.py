"""The results as one picture, for what the tables hold in rows."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.claims import kept
from benchmarks.medians import median
from benchmarks.results import Load, Results, median_rate

INCHES = (6.5, 4.2)
OURS, USUAL, FLOOR = "#1f77b4", "#d62728", "#7f7f7f"
WAYS = (OURS, "#2ca02c", "#ff7f0e", "#9467bd")
"""Of the ways of our clients: as many as there are, the last one for batches."""


def plot(results: Results, path: Path) -> bool:
    """Draw what was measured into a file; its suffix says the format. Returns False when there is nothing to draw."""
    panels: list[Callable[[Axes, Results], None]] = []
    panels += [_mixes] if results.mixes else []
    panels += [_rates, _cpu] if results.http else []
    panels += [_growth] if results.growth else []
    if not panels:
        return False
    figure = Figure(figsize=(INCHES[0] * min(2, len(panels)), INCHES[1] * ((len(panels) + 1) // 2)), layout="tight")
    for place, panel in enumerate(panels, 1):
        panel(figure.add_subplot((len(panels) + 1) // 2, min(2, len(panels)), place), results)
    figure.savefig(path)
    return True


def _mixes(axes: Axes, results: Results) -> None:
    """CPU over the floor's, per program."""
    mixes = results.mixes[::-1]
    places = range(len(mixes))
    axes.barh(
        [place + 0.2 for place in places], [mix.over_floor("ours") for mix in mixes], 0.4, color=OURS, label="ours"
    )
    usual = [(place, mix.over_floor("usual")) for place, mix in enumerate(mixes) if "usual" in mix.cpu_ms]
    axes.barh([place - 0.2 for place, _ in usual], [over for _, over in usual], 0.4, color=USUAL, label="usual design")
    axes.axvline(1, color=FLOOR, linewidth=1)
    axes.set_yticks(list(places), [mix.name for mix in mixes], fontsize=7)
    axes.set_xscale("log")
    axes.set_xlabel("CPU of one warm task over the floor's (AerSimulator alone)")
    axes.legend(fontsize=7)


def _rates(axes: Axes, results: Results) -> None:
    """Tasks per second, by clients."""
    others = iter(WAYS)
    for (server, way), loads in _lines(results.http):
        clients = sorted({load.clients for load in loads})
        rates = [median_rate([load for load in loads if load.clients == number]) for number in clients]
        axes.plot(
            clients, rates, marker="o", color=USUAL if server == "usual" else next(others), label=f"{server}: {way}"
        )
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks := sorted({load.clients for load in results.http}), [str(number) for number in ticks])
    axes.set_yscale("log")
    axes.set_xlabel("clients")
    axes.set_ylabel("Bell tasks per second")
    axes.legend(fontsize=7)


def _cpu(axes: Axes, results: Results) -> None:
    """CPU per task of the whole server, with the most clients of each way; its parts are in the report's table."""
    bars = [(name, _with_most_clients(loads)) for name, loads in _lines(results.http)][::-1]
    widths = [median(load.cpu_ms_per_task for load in loads) for _, loads in bars]
    colors = [USUAL if server == "usual" else OURS for (server, _), _ in bars]
    axes.bar_label(axes.barh(range(len(bars)), widths, color=colors), fmt="%.3g", padding=2, fontsize=7)
    names = [f"{server}: {way}, {loads[0].clients} clients" for (server, way), loads in bars]
    axes.set_yticks(range(len(bars)), names, fontsize=7)
    axes.set_xscale("log")
    axes.set_xlim(min(widths) / 3, max(widths) * 2)
    axes.set_xlabel("CPU of every process of the server, ms per Bell task")


def _growth(axes: Axes, results: Results) -> None:
    """Tasks per second, by how many are kept."""
    sizes = sorted({kept(load.server) for load in results.growth})
    rates = [median_rate([load for load in results.growth if kept(load.server) == size]) for size in sizes]
    axes.plot(sizes, rates, marker="o", color=OURS)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.15 * max(rates))
    axes.set_xlabel("tasks kept")
    axes.set_ylabel("Bell tasks per second, 64 clients")


def _lines(loads: Sequence[Load]) -> list[tuple[tuple[str, str], list[Load]]]:
    lines: dict[tuple[str, str], list[Load]] = {}
    for load in loads:
        lines.setdefault((load.server, load.way), []).append(load)
    return sorted(lines.items(), key=lambda line: line[0], reverse=True)


def _with_most_clients(loads: Sequence[Load]) -> list[Load]:
    most = max(load.clients for load in loads)
    return [load for load in loads if load.clients == most]
