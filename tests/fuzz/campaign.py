"""Trying programs by the thousand: in a child process, with what shows something new kept to be changed further."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from fuzz import hostile
from fuzz.mutations import mutant
from quantum_qasm.parsing.lexer import tokens_of
from support import corpora, features, refusals
from support.dynamic_programs import program as dynamic_program

BATCH = 500
"""Programs that one child tries."""

TRIAL = "fuzz.trial:tried"

CPU_SECONDS = 8
"""Of one program. The machines that this runs on are shared; most programs take a thousandth of it."""

_INCLUDE = 'include "stdgates.inc";\n'


_ASKED = (
    "input angle[8] a; input int[4] n; output bit[2] c; output float f; qubit[2] q; rx(a) q; f = n; measure q -> c;",
    "input array[int, 3] a; input bool b; output array[float, 2] e; if (b) e[1] = a[1]; output uint[8] u; u = a[0];",
    "output complex w; output duration d; output angle[3] a; output bool b; w = 1im; d = 3ns; a = pi; b = true;",
)
"""With inputs, which are zero here, and outputs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A program that did what none should do, and what that is."""

    text: str
    what: str


@dataclass(slots=True)
class Tally:
    """What came of some programs."""

    programs: int = 0
    cpu_seconds: float = 0.0
    slowest: tuple[float, str] = (0.0, "")
    findings: list[Finding] = field(default_factory=list)
    shown: list[frozenset[str]] = field(default_factory=list)
    """By each program."""

    def add(self, other: "Tally") -> None:
        """Have what another one has, too; but for what each has shown."""
        self.programs += other.programs
        self.cpu_seconds += other.cpu_seconds
        self.slowest = max(self.slowest, other.slowest)
        self.findings += other.findings


def beginnings() -> list[str]:
    """The programs that all others are made of."""
    ours = [_INCLUDE + body for body, _ in features.EXACT.values()]
    wrong = [_INCLUDE + body for body, *_ in refusals.REFUSED]
    random = [dynamic_program(Random(f"fuzz {number}")) for number in range(20)]  # noqa: S311 - the same at each run
    asked = [_INCLUDE + body for body in _ASKED]
    return [
        *ours,
        *wrong,
        *random,
        *asked,
        *corpora.examples().values(),
        *corpora.valid().values(),
        *corpora.found().values(),
    ]


class Campaign:
    """Makes programs from a seed, and tries them; the same seed makes the same ones.

    `trial` is a function such as those of `trial` and `engines`, by its module and its name.
    """

    def __init__(self, seed: int, trial: str = TRIAL) -> None:
        self._trial = trial
        self._random = Random(f"campaign {seed}")  # noqa: S311 - to be the same at each run
        self._pool = beginnings()
        self._seen: set[str] = set()
        self.tally = Tally()

    def go_on(self) -> list[Finding]:
        """Try some more."""
        programs = [self.program() for _ in range(BATCH)]
        found = tried_apart(programs, self._trial)
        for text, shown in zip(programs, found.shown, strict=True):
            if shown - self._seen and text not in self._pool:
                self._pool.append(text)
            self._seen |= shown
        self.tally.add(found)
        return found.findings

    @property
    def shown(self) -> int:
        """How many different things its programs have shown."""
        return len(self._seen)

    def program(self) -> str:
        """The next one."""
        if self._random.random() < 0.05:
            return hostile.program(self._random)
        # the newest ones are what the others have not led to yet
        recent = self._pool[-50:] if self._random.random() < 0.3 else self._pool
        return mutant(recent, self._random)


def tried_apart(programs: Sequence[str], trial: str = TRIAL, cpu_seconds: int = CPU_SECONDS) -> Tally:
    """Try programs in children, a new one after each that dies; `trial` is the function that does it."""
    tally = Tally()
    while tally.programs < len(programs):
        _try_until_one_dies(programs[tally.programs :], [trial, str(cpu_seconds)], tally)
    return tally


def _try_until_one_dies(programs: Sequence[str], how: Sequence[str], tally: Tally) -> None:
    command = [sys.executable, "-m", "fuzz.child", *how]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(
        command, input=json.dumps(programs), capture_output=True, text=True, check=False, env=environment
    )
    begun = ended = 0
    for line in child.stdout.splitlines():
        match json.loads(line):
            case ["begin", _]:
                begun += 1
            case ["raised", number, what]:
                tally.findings.append(Finding(programs[number], what))
            case ["end", number, seconds, shown]:
                ended += 1
                tally.cpu_seconds += seconds
                tally.slowest = max(tally.slowest, (seconds, programs[number]))
                tally.shown.append(frozenset(shown))
    if begun == 0:
        raise RuntimeError(child.stderr)
    if begun > ended:
        tally.findings.append(Finding(programs[ended], f"ended the process: {child.returncode}"))
        tally.shown.append(frozenset())
    tally.programs += begun


def minimized(finding: Finding, trial: str = TRIAL, tries: int = 100) -> Finding:
    """A shorter program of which the same is true, found by leaving out lines, then statements, then tokens."""
    text = finding.text
    splits: Sequence[Callable[[str], list[str]]] = (_lines, _statements, _tokens)
    for split in splits:
        parts = split(text)
        size = len(parts) // 2
        while size and tries > 0:
            place = 0
            while place < len(parts) and tries > 0:
                shorter = "".join([*parts[:place], *parts[place + size :]])
                tries -= 1
                if _same(shorter, finding, trial):
                    text, parts = shorter, [*parts[:place], *parts[place + size :]]
                else:
                    place += size if size > 2 else 1
            size //= 2
    return Finding(text, finding.what)


def _same(text: str, finding: Finding, trial: str) -> bool:
    return any(found.what == finding.what for found in tried_apart([text], trial).findings)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _statements(text: str) -> list[str]:
    return [part + ";" for part in text.split(";")]


def _tokens(text: str) -> list[str]:
    tokens = tokens_of(text)
    ends = [start + len(token) for start, token in zip(tokens.starts, tokens.texts, strict=True)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
