"""`python -m benchmarks`: measures the parts that are named, and writes report.md, results.json and plot.svg."""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import cold, growth, in_process, over_http
from benchmarks.claims import claims
from benchmarks.plot import plot
from benchmarks.programs import MIXES
from benchmarks.report import claims_table, report
from benchmarks.results import Results
from benchmarks.stacks import ROOT

PARTS = ("mixes", "cold", "http", "growth", "workers")
COLD_RUNS_PER_ROUND = 5
MIX_SECONDS_PER_ROUND = 3.0
BUSY = 0.5
"""What part of the processors others may use before the report says so."""


def main() -> None:
    """Read the command line, measure, and write what was found, after each part."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the worker: idle threads take nothing from the others
    results = Results(about=_about(options))
    note_busy(results)
    if options.kubernetes:
        results.kubernetes = json.loads(options.kubernetes.read_text())
    for part in options.parts:
        tell(f"part {part}")
        _measures(results, options)[part]()
        write(results, options.out)
    results.about["load average at the end"] = f"{os.getloadavg()[0]:.1f}"
    write(results, options.out)
    print(claims_table(claims(results)))
    tell(f"written to {options.out}: report.md, results.json, plot.svg")


def write(results: Results, folder: Path) -> None:
    """Write all that there is so far."""
    (folder / "report.md").write_text(report(results))
    (folder / "results.json").write_text(json.dumps(asdict(results), indent=1) + "\n")
    plot(results, folder / "plot.svg")


def note_busy(results: Results) -> None:
    """Note it when others use the machine before anything is measured."""
    load = os.getloadavg()[0]
    if load > BUSY * len(os.sched_getaffinity(0)):
        results.note(
            f"The machine was busy with other work (load average {load:.1f}). Then only CPU time counts: what is told "
            "in wall time, tasks per second and p50 among it, is of that work as much as of what was measured."
        )


def tell(what: str) -> None:
    """Say how far it is."""
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


def _measures(results: Results, options: argparse.Namespace) -> Mapping[str, Callable[[], None]]:
    rounds, seconds = options.rounds, options.seconds

    def mixes() -> None:
        for case in MIXES:
            results.mixes.append(in_process.measure(case, MIX_SECONDS_PER_ROUND * rounds))
            tell(f"{case.name}: {results.mixes[-1].over_floor('ours'):.3f} of the floor")

    def fresh() -> None:
        results.cold = cold.measure(COLD_RUNS_PER_ROUND * rounds)

    return {
        "mixes": mixes,
        "cold": fresh,
        "http": lambda: _run(over_http.measure(results, rounds, seconds, tell)),
        "growth": lambda: _run(growth.measure(results, options.kept, rounds, seconds, tell)),
        "workers": lambda: _run(growth.measure_workers(results, rounds, seconds, tell)),
    }


def _run(measure: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure)


def _about(options: argparse.Namespace) -> dict[str, Any]:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": described.stdout.strip() or "unknown",
        "processors": len(os.sched_getaffinity(0)),
        "Python, qiskit, qiskit-aer": f"{platform.python_version()}, {version('qiskit')}, {version('qiskit-aer')}",
        "rounds": options.rounds,
        "seconds of each window": options.seconds,
        "load average at the start": f"{os.getloadavg()[0]:.1f}",
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    add("--rounds", type=int, default=3, help="how often everything is measured, in turns")
    add("--seconds", type=float, default=3.0, help="how long each load over HTTP is counted")
    add("--kept", type=int, nargs="+", default=[100, 10_000, 100_000], help="how many tasks are kept, in `growth`")
    add("--kubernetes", type=Path, help="figures of `make bench-kubernetes`, to be part of the report")
    add("--out", type=Path, default=Path(".bench"), help="folder for what is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
