"""What a Pod says at its end: its exit code, and a copy of its report in the termination message.

The operator reads both. The message may have 4,096 bytes and outlives an outage of Redis; a result that is larger is in
Redis alone.
"""

import json
from dataclasses import asdict
from enum import IntEnum
from pathlib import Path

from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.states import Reason
from quantum_tasks.task import Failure, Outcome

MAX_BYTES = 4096
"""What Kubernetes keeps of a termination message."""


class ExitCode(IntEnum):
    """How a Pod ends; the Job's podFailurePolicy knows these."""

    DONE = 0
    """The result is reported, or the task needs none any more."""
    TERMINATED = 15
    """Asked to stop: another attempt follows."""
    REFUSED = 65
    """The program cannot be run, by anyone: no other attempt follows."""
    TRY_AGAIN = 75
    """Redis was away for too long, or the machine failed: another attempt follows."""


_TOO_LARGE = frozenset({Code.QUBITS, Code.BITS, Code.OPERATIONS, Code.MEMORY, Code.RESULT_BYTES, Code.PROGRAM_BYTES})


def reason_of(code: Code) -> Reason:
    """The reason that a refusal ends a task for."""
    if code in _TOO_LARGE:
        return Reason.TOO_LARGE
    return Reason.ENGINE_FAILED if code is Code.ENGINE_FAILED else Reason.INVALID_PROGRAM


def failure_of(refusal: ProgramError) -> Failure:
    """A refusal as the task keeps it."""
    return Failure(refusal.code, refusal.message, refusal.line, refusal.column)


def message_of(result: Outcome | ProgramError) -> str | None:
    """The termination message, as JSON, or None when it would not fit."""
    if isinstance(result, ProgramError):
        report = {"reason": reason_of(result.code), "failure": asdict(failure_of(result))}
    else:
        report = {"reason": Reason.COMPLETED, "outcome": asdict(result)}
    text = json.dumps(report, separators=(",", ":"))
    return text if len(text.encode()) <= MAX_BYTES else None


def write(path: Path | None, message: str) -> None:
    """Leave a message where Kubernetes looks for it; without a place for it there is none."""
    if path is not None:
        path.write_text(message)
