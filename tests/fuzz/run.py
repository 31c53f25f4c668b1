"""`python -m fuzz.run`: programs for some minutes, each checked and run; what none should do is kept as a file.

The files are in tests/corpora/openqasm/found, made as short as a few hundred tries make them, and tried by the unit
tests ever after.
"""

import argparse
import hashlib
from collections.abc import Sequence
from time import monotonic

from fuzz.campaign import Campaign, Finding, minimized
from support.corpora import FOUND


def main(arguments: Sequence[str] | None = None) -> int:
    """Try programs, and say what came of it. The exit code is 1 if there is a finding."""
    parser = argparse.ArgumentParser(prog="fuzz.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trial", choices=["trial", "engines"], default="trial")
    options = parser.parse_args(arguments)
    trial = f"fuzz.{options.trial}:tried"
    campaign, deadline = Campaign(options.seed, trial), monotonic() + 60 * options.minutes
    known: set[str] = set()
    while monotonic() < deadline:
        for finding in campaign.go_on():
            if finding.what not in known:
                known.add(finding.what)
                _keep(minimized(finding, trial))
        tally = campaign.tally
        print(  # noqa: T201 - a command
            f"{tally.programs} programs, {tally.cpu_seconds / 60:.1f} CPU minutes, {campaign.shown} things shown, "
            f"{len(tally.findings)} findings of {len(known)} kinds, slowest {tally.slowest[0]:.1f} s",
            flush=True,
        )
    return int(bool(known))


def _keep(finding: Finding) -> None:
    name = hashlib.sha256(finding.text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    print(f"{finding.what}: {name}.qasm", flush=True)  # noqa: T201 - a command
    FOUND.mkdir(exist_ok=True)
    (FOUND / f"{name}.qasm").write_text(f"// {finding.what}\n" + finding.text, "utf-8", "surrogatepass")


if __name__ == "__main__":
    raise SystemExit(main())
