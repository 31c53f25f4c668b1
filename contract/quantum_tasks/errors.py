"""Every error that crosses the border of a part, each with a code.

An error is raised where it is known and turned into an HTTP answer, a task's failure or an exit code in exactly one
place per edge.
"""

from enum import StrEnum


class Code(StrEnum):
    """What went wrong with a task: the closed list of codes, in families."""

    SYNTAX = "syntax.invalid"
    ENCODING = "syntax.encoding"
    VERSION = "syntax.version"
    SEMANTIC = "sem.invalid"
    UNDEFINED = "sem.undefined"
    UNSUPPORTED = "sem.unsupported"
    NO_MEASUREMENT = "sem.no_measurement"
    TOLERATED = "sem.tolerated"
    SHADOWED = "sem.shadowed"
    INTEGER_DIVISION = "sem.integer_division"
    LEGACY = "sem.legacy"
    UNUSED = "sem.unused"
    EXTERN_UNBOUND = "extern.unbound"
    PULSE = "pulse.unsupported"
    INPUT_MISSING = "input.missing"
    INPUT_UNKNOWN = "input.unknown"
    INPUT_INVALID = "input.invalid"
    INCLUDE_UNKNOWN = "include.unknown"
    PROGRAM_BYTES = "limit.bytes"
    NESTING = "limit.nesting"
    QUBITS = "limit.qubits"
    BITS = "limit.bits"
    OPERATIONS = "limit.operations"
    NUMBER = "limit.number"
    ARRAY = "limit.array"
    GATE_WIDTH = "limit.gate_width"
    MEMORY = "limit.memory"
    RESULT_BYTES = "limit.result"
    DEADLINE = "limit.deadline"
    METHOD = "engine.method"
    ENGINE_FAILED = "engine.failed"
    RUNNER_LOST = "engine.lost"
    RESULT_LOST = "result.lost"
    CIRCUIT_UNKNOWN = "circuit.unknown"
    JOB_REFUSED = "job.refused"
    CANCELLED = "task.cancelled"


class QuantumTasksError(Exception):
    """The base of every error that a part raises on purpose."""


class ProgramError(QuantumTasksError):
    """A program that will not be run, whoever tries: refused by code, with its place where it has one.

    `line` and `column` count from 1.
    """

    def __init__(self, code: Code, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        """Lead with the place, as compilers do."""
        return self.message if self.line is None else f"{self.line}:{self.column}: {self.message}"

    def __reduce__(self) -> tuple[type["ProgramError"], tuple[Code, str, int | None, int | None]]:
        """Survive the way from a child process to its supervisor."""
        return type(self), (self.code, self.message, self.line, self.column)


class TaskNotFoundError(QuantumTasksError):
    """No task has this id."""


class TaskFinishedError(QuantumTasksError):
    """The task has already ended in another way than the one asked for."""


class IdempotencyMismatchError(QuantumTasksError):
    """The idempotency key was used before, for another program or other options."""


class InvalidCursorError(QuantumTasksError):
    """A listing's cursor that no listing gave out, or that is too old."""


class QueueFullError(QuantumTasksError):
    """As many tasks wait as may wait; none was accepted."""


class StoreUnavailableError(QuantumTasksError):
    """The store cannot be reached or cannot write now. Whether the last write was done is not known."""
