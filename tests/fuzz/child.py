"""`python -m fuzz.child MODULE:FUNCTION SECONDS`: tries programs under limits on its memory and time, for `campaign`.

The function is `fuzz.trial:tried`, and the seconds are of the CPU, for each program. Its input is a JSON array of
programs. It prints a line before each and one after: `["begin", number]` and `["end", number, CPU seconds, what it has
shown]`. A program that raises what none should has `["raised", number, what]` in between. One that takes too much
memory raises MemoryError; one that takes too long ends the process by SIGXCPU, whatever it is doing.
"""

import json
import resource
import sys
import traceback
from importlib import import_module
from pathlib import Path
from time import process_time

MOST_BYTES = 2**29
"""That the process may grow by."""


def main() -> None:
    """Try each program of the standard input."""
    module, name = sys.argv[1].split(":")
    tried, seconds = getattr(import_module(module), name), int(sys.argv[2])
    programs = json.load(sys.stdin)
    _limit_memory()
    for number, text in enumerate(programs):
        _limit_time(seconds)
        _tell("begin", number)
        begun = process_time()
        shown: frozenset[str] = frozenset()
        try:
            shown = tried(text)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is told
            _tell("raised", number, _told(raised))
        _tell("end", number, process_time() - begun, sorted(shown))


def _tell(*parts: object) -> None:
    print(json.dumps(parts), flush=True)  # noqa: T201 - that is what it is for


def _told(raised: Exception) -> str:
    """The exception, and where it comes from."""
    frames = traceback.extract_tb(raised.__traceback__)
    at = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "nowhere"
    return f"{type(raised).__name__} at {at}"


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_time(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, hard))


if __name__ == "__main__":
    main()
