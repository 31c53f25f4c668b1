"""`python -m chaos.mutations`: takes out, one at a time, what the promises rest on, and sees the checker find it.

Each mutation is an edit of a copy of the sources, and a short run of the suite on it. One that is not seen to break the
promise that rests on it is a hole in the suite; one whose text is no longer in the sources is out of date. Both make
this fail. How faults and tasks meet is up to the machine, so a mutation that was not seen is looked for with further
seeds before it counts as a hole.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from chaos.kubernetes.stack import KubernetesStack
from chaos.local.stack import LocalStack
from chaos.run import NOT_HERE, VIOLATED
from chaos.verdict.checker import Rule
from support.cluster import cluster

ROOT = Path(__file__).parents[2]
PARTS = ("contract", "qasm", "api", "operator", "runner", "client")
BESIDE = ("pyproject.toml", "README.md", "LICENSE", "locks", ".dockerignore")
"""What images are built from, beside the parts."""

SECONDS = 1800

RUNS = 3
"""In how many runs a mutation is looked for."""

Edit = tuple[str, str, str]
"""A file of the sources, a text that is in it once, and what to have in its place."""


class OutOfDateError(Exception):
    """A mutation's text is not in the sources."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is taken out, and the run that shall show that it `breaks` a promise.

    For so many minutes there is a fault of `only` every few seconds. On Kubernetes it is the operator that has it taken
    out. `options` are further ones of `chaos.run`.
    """

    name: str
    edits: tuple[Edit, ...]
    only: tuple[str, ...]
    breaks: Rule
    stack: str = LocalStack.name
    minutes: float = 1.0
    every_seconds: float = 3.0
    options: tuple[str, ...] = ()


_FINISH = "contract/quantum_tasks/scripts/finish.lua"

_ONE_STEP = 'return [answer == "ok" for answer in await self._run("finish", *values_of(ends))]'

_TWO_STEPS = """\
bare = [End(end.lease, end.state, end.reason, ()) for end in ends]
        ended = [answer == "ok" for answer in await self._run("finish", *values_of(bare))]
        async with translated_errors():
            for end in ends:
                mapping = dict(zip(end.fields[::2], end.fields[1::2], strict=True))
                await self._redis.hset(self._keys.task(end.lease.task_id), mapping=mapping)
        return ended"""

_UPKEEP = "operator/quantum_operator/upkeep.py"
_CONTROLLER = "operator/quantum_operator/controller.py"
_REFUSE = "\n                self._refuse"

MUTATIONS = (
    Mutation(
        "no lease check: whoever held a task once may end it, even if it has ended",
        (
            (_FINISH, "if not current or lease ~= token or current == 'queued' then", "if not current then"),
            (_FINISH, "elseif not is_terminal(current) then", "elseif true then"),
        ),
        ("stalled network of worker-1 to redis", "stalled network of worker-2 to redis", "pause of worker-1"),
        Rule.ENDS_STAY,
        minutes=2.0,
        every_seconds=2.0,
    ),
    Mutation(
        "no atomic finish: first the state, then the result",
        (("contract/quantum_tasks/store.py", _ONE_STEP, _TWO_STEPS),),
        ("kill of worker-1", "kill of worker-2", "slow network of worker-1 to redis"),
        Rule.ENDS_STAY,
    ),
    Mutation(
        "no log of Redis's writes",
        (("client/quantum_client/local/redis_server.py", '"appendonly": "yes"', '"appendonly": "no"'),),
        ("kill of redis",),
        Rule.NOTHING_LOST,
        every_seconds=10.0,
    ),
    Mutation(
        "no level-triggered resync: a task is looked at when there is news of it, and else never",
        (
            (_UPKEEP, "if not (is_finished(task.status) and kept):", "if False:"),
            (_UPKEEP, "                    self._look_at_everything()\n", ""),
        ),
        # and no kills of the operator: what is new to kopf is news of everything
        ("lose redis",),
        Rule.NOTHING_LOST,
        stack=KubernetesStack.name,
        every_seconds=10.0,
    ),
    Mutation(
        "no handling of 409: a Job whose making was not heard of is a Job that was refused",
        (
            (_CONTROLLER, f"if not error.conflict:{_REFUSE}", f"if True:{_REFUSE}"),
            (_CONTROLLER, "final=error.invalid)", "final=error.invalid or error.conflict)"),
        ),
        ("lost answers of operator to api server",),
        Rule.RIGHT_RESULTS,
        stack=KubernetesStack.name,
        minutes=2.0,
        every_seconds=4.0,
        options=("--job-share", "0.4"),
    ),
)


@contextmanager
def mutated(mutation: Mutation) -> Iterator[Path]:
    """A copy of the sources with the mutation in it. Raises OutOfDateError."""
    with tempfile.TemporaryDirectory(prefix="qt-mutated-") as folder:
        copy = Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in BESIDE:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        for name, old, new in mutation.edits:
            text = (copy / name).read_text()
            if text.count(old) != 1:
                raise OutOfDateError(f"{mutation.name}: {name} has {text.count(old)} times {old!r}")
            (copy / name).write_text(text.replace(old, new))
        yield copy


def broken_promises(mutation: Mutation, seed: int, out: Path) -> Counter[Rule]:
    """Run the suite on the mutation. Returns how often it found each promise broken.

    Raises CalledProcessError if the run broke down, and pytest's Skipped if it cannot be made here.
    """
    with mutated(mutation) as copy:
        path = [str(ROOT / "tests")]
        command = [sys.executable, "-m", "chaos.run", "--stack", mutation.stack, "--seed", str(seed)]
        command += ["--minutes", str(mutation.minutes), "--every", str(mutation.every_seconds)]
        command += ["--only", ",".join(mutation.only), "--out", str(out), *mutation.options]
        if mutation.stack == KubernetesStack.name:
            command += ["--operator", str(copy)]
        else:
            path += [str(copy / part) for part in PARTS]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False, timeout=SECONDS)
    if done.returncode == NOT_HERE:
        pytest.skip(done.stdout.strip().splitlines()[-1])
    if done.returncode not in {0, VIOLATED}:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    report = json.loads((out / f"{mutation.stack}-{seed}" / "report.json").read_bytes())
    return Counter(Rule(violation["rule"]) for violation in report["violations"])


def until_found(mutation: Mutation, seed: int, run: Callable[[Mutation, int], Counter[Rule]]) -> list[Counter[Rule]]:
    """Run the suite with one seed after the other until it finds the promise broken, RUNS times at the most."""
    runs: list[Counter[Rule]] = []
    while len(runs) < RUNS and not (runs and runs[-1][mutation.breaks]):
        runs.append(run(mutation, seed + len(runs)))
    return runs


def main() -> int:
    """Returns 0 if every mutation was found, and NOT_HERE if that cannot be seen on this machine."""
    parser = argparse.ArgumentParser(prog="mutations", description=__doc__)
    parser.add_argument("--stack", default=LocalStack.name, help="those of this stack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(".chaos") / "mutations", metavar="FOLDER")
    given = parser.parse_args()
    # one cluster for all of them
    up: AbstractContextManager[object] = cluster() if given.stack == KubernetesStack.name else nullcontext()
    try:
        with up:
            found = {
                mutation: until_found(mutation, given.seed, partial(broken_promises, out=given.out / str(number)))
                for number, mutation in enumerate(MUTATIONS)
                if mutation.stack == given.stack
            }
    except pytest.skip.Exception as lacking:
        print(lacking)  # noqa: T201
        return NOT_HERE
    for mutation, runs in found.items():
        seen = f"found in run {len(runs)}" if runs[-1][mutation.breaks] else f"NOT FOUND in {len(runs)} runs"
        print(f"{mutation.name}\n    {seen}")  # noqa: T201
        for rule, times in runs[-1].most_common():
            print(f"    {rule}: broken {times} times")  # noqa: T201
    return 0 if all(runs[-1][mutation.breaks] for mutation, runs in found.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
