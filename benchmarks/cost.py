"""`python -m benchmarks.cost`: CPU of a warm Bell and a warm GHZ-8 over the floor's, as JSON, within seconds.

What CI compares with a bound: CPU time of one process, the median of many pairs, is the same on a loaded machine.
"""

import json

from benchmarks import in_process
from benchmarks.programs import BELL, Case, ghz

SECONDS = 3.0
CASES = (BELL, Case("GHZ-8", ghz(8)))


def main() -> None:
    """Measure and print."""
    print(json.dumps({case.name: in_process.measure(case, SECONDS, usual=False).over_floor("ours") for case in CASES}))


if __name__ == "__main__":
    main()
