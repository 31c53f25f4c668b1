"""`python -m quantum_runner worker | job | check | health`.

What a command needs is loaded when it runs: the fork server's children load this module too.
"""

import gc
import os
import sys


def main() -> int:
    """Run the command that is named on the command line."""
    if sys.argv[1:] == ["job"]:  # each task has a Pod that says this: it is not to wait for a parser
        return _job()
    import argparse  # noqa: PLC0415 - see above

    parser = argparse.ArgumentParser(prog="python -m quantum_runner", description="Runs OpenQASM 3 programs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worker", help="take tasks from the queue until told to stop")
    commands.add_parser("job", help="run the one task that the environment names")
    commands.add_parser("check", help="answer what programs need, without running them")
    commands.add_parser("health", help="exit 0 if the worker of this container is well")
    return {"worker": _worker, "job": _job, "check": _check, "health": _health}[parser.parse_args().command]()


def _worker() -> int:
    import asyncio  # noqa: PLC0415 - see above

    from quantum_runner.service import serve  # noqa: PLC0415 - see above

    return asyncio.run(serve())


def _job() -> int:
    gc.disable()  # what is loaded from here on stays to the end: looking for garbage in it costs a fifth of the start
    from quantum_runner.job import run  # noqa: PLC0415 - see above

    code = run()
    # all is said and done; taking a thousand modules apart costs as much as the simulation of a small circuit
    sys.stderr.flush()
    os._exit(code)


def _check() -> int:
    from quantum_runner.check import serve  # noqa: PLC0415 - see above

    return serve()


def _health() -> int:
    from quantum_runner.service import check_heartbeat  # noqa: PLC0415 - see above

    return check_heartbeat()


if __name__ == "__main__":
    sys.exit(main())
