"""`python -m quantum_runner worker | health`.

What a command needs is loaded when it runs: the fork server's children load this module too.
"""

import argparse
import asyncio
import sys


def main() -> int:
    """Run the command that is named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m quantum_runner", description="Runs OpenQASM 3 programs.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worker", help="take tasks from the queue until told to stop")
    commands.add_parser("health", help="exit 0 if the worker of this container is well")
    return {"worker": _worker, "health": _health}[parser.parse_args().command]()


def _worker() -> int:
    from quantum_runner.service import serve  # noqa: PLC0415 - see above

    return asyncio.run(serve())


def _health() -> int:
    from quantum_runner.service import check_heartbeat  # noqa: PLC0415 - see above

    return check_heartbeat()


if __name__ == "__main__":
    sys.exit(main())
