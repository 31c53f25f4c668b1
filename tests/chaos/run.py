"""`python -m chaos.run`: clients at work on a stack while faults are done to it, and then the checker's verdict.

Everything is drawn from the seed: the plan of the faults is the same for one seed, and so is what each client draws.
What happens is not: that is up to the machine, and written down.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic

import pytest
from chaos.faults import Harm, Injector, plan
from chaos.final import gather, settle
from chaos.harms.disconnects import Disconnects
from chaos.history import Log, read
from chaos.kubernetes.stack import JOB_SHARE, KubernetesStack
from chaos.local.stack import LocalStack
from chaos.programs import PROGRAMS, direct_counts, specs
from chaos.stacks import Stack
from chaos.verdict.checker import Model, Violation, check
from chaos.verdict.report import Report, summary
from chaos.workload import clients
from support.cluster import cluster

CLIENTS = 8
QUIET_SECONDS = 5.0
"""How long the clients go on once everything is healed, so that the last fault's recovery is seen, too."""

VIOLATED = 4
"""The exit code that says that a promise was broken; a run that broke down itself has another one."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What to run. One fault begins about every `every_seconds`.

    `only`, when it is not empty, restricts them to some kinds, or to some targets of a kind, as "pause of redis".
    """

    seed: int
    minutes: float
    every_seconds: float = 10.0
    only: frozenset[str] = frozenset()
    clients: int = CLIENTS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a run."""

    violations: list[Violation]
    report: Report


def run(stack: Stack, options: Options, folder: Path, say: Say) -> Verdict:
    """Hurt a stack that is up. History and report are left in the folder.

    Raises what a client, a harm or the healing raised that none of them should.
    """
    path = folder / "history.jsonl"
    with Log(path) as log:
        accepted = _go_through(stack, options, log, say)
    say(f"{accepted} submissions accepted; waiting for the last of them to end")
    history = read(path)
    url = next(iter(stack.urls))
    if not settle(url, stack.settle_seconds):
        say("some have not ended, and do not seem to")
    final = gather(url, history, stack.objects())
    violations = check(history, final, Model(PROGRAMS, direct_counts(specs()), mirrored=stack.mirrored))
    report = summary(
        history,
        violations,
        seed=options.seed,
        stack=stack.name,
        minutes=options.minutes,
        missing=stack.missing(),
        final=final,
    )
    (folder / "report.md").write_text(report.markdown())
    (folder / "report.json").write_bytes(report.json())
    return Verdict(violations, report)


def _go_through(stack: Stack, options: Options, log: Log, say: Say) -> int:
    """Clients and faults, and then clients without. Returns how many submissions were accepted."""
    goes_away = Disconnects(next(iter(stack.urls)), log).harm()
    harms = restricted({**stack.harms, "client goes away": goes_away}, options.only)
    steps = plan(Random(options.seed), harms, options.minutes * 60, options.every_seconds)  # noqa: S311 - no secret
    say(f"seed {options.seed}: {len(steps)} faults of {len(harms)} kinds in {options.minutes:g} minutes")
    for name, why in stack.missing().items():
        say(f"no {name} here: that needs {why}")
    errors: list[BaseException] = []
    injector, failed = Injector(harms, log, say), Event()

    def note(error: BaseException) -> None:
        errors.append(error)
        injector.stop()
        failed.set()

    with clients(options.clients, options.seed, stack.urls, log, note) as tasks:
        injector.run(steps)
        stack.heal()
        failed.wait(QUIET_SECONDS)
    if errors:
        raise errors[0]
    return tasks.accepted


def restricted(harms: Mapping[str, Harm], only: frozenset[str]) -> dict[str, Harm]:
    """Those of the harms, and of their targets, that are wanted (see Options). Raises ValueError for unknown ones."""
    known = {what for name, harm in harms.items() for what in (name, *(f"{name} of {one}" for one in harm.targets))}
    if only - known:
        raise ValueError(f"not on this stack: {', '.join(sorted(only - known))}; there are {sorted(known)}")
    if not only:
        return dict(harms)
    wanted = {
        name: harm.targets if name in only else tuple(one for one in harm.targets if f"{name} of {one}" in only)
        for name, harm in harms.items()
    }
    return {name: replace(harms[name], targets=targets) for name, targets in wanted.items() if targets}


@contextmanager
def local_stack(folder: Path) -> Iterator[Stack]:
    """The stack without Kubernetes."""
    with tempfile.TemporaryDirectory(prefix="qt-") as short, LocalStack(Path(short), folder / "parts.log") as stack:
        yield stack


@contextmanager
def kubernetes_stack(operator: Path | None, job_share: float) -> Iterator[Stack]:
    """The manifests on the kind cluster of the tests, which is made for it unless it is up; see KubernetesStack."""
    with cluster() as kind, KubernetesStack(kind, operator=operator, job_share=job_share) as stack:
        yield stack


NOT_HERE = 77
"""The exit code that says that this machine lacks something, as `tests/cluster` has it."""


def main() -> int:
    """Returns 0 if every promise was kept."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--stack", choices=(LocalStack.name, KubernetesStack.name), default="local")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--every", type=float, default=10, metavar="SECONDS", help="about how often a fault begins")
    parser.add_argument("--only", default="", metavar="FAULTS", help="these kinds alone, with commas between them")
    parser.add_argument("--out", type=Path, default=Path(".chaos"), metavar="FOLDER")
    parser.add_argument("--operator", type=Path, metavar="FOLDER", help="other sources of the operator (kubernetes)")
    parser.add_argument("--job-share", type=float, default=JOB_SHARE, help="of the submissions (kubernetes)")
    given = parser.parse_args()
    only = frozenset(filter(None, given.only.split(",")))
    folder = given.out / f"{given.stack}-{given.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = monotonic()

    def say(line: str) -> None:
        print(f"{monotonic() - began:7.1f} s  {line}", flush=True)  # noqa: T201 - this is a program

    chosen = local_stack(folder) if given.stack == "local" else kubernetes_stack(given.operator, given.job_share)
    try:
        with chosen as stack:
            verdict = run(stack, Options(given.seed, given.minutes, given.every, only), folder, say)
    except pytest.skip.Exception as lacking:
        say(str(lacking))
        return NOT_HERE
    print(verdict.report.markdown())  # noqa: T201
    return VIOLATED if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())
