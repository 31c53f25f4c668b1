"""Why the local stack cannot run, in words for the person who started it."""

from quantum_tasks.errors import QuantumTasksError


class LocalStackError(QuantumTasksError):
    """The local stack cannot start or go on. The message says why and, where possible, what to do."""
