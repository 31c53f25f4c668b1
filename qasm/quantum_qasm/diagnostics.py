"""What is wrong with a program, and where."""

from dataclasses import dataclass

from quantum_tasks.errors import Code

from quantum_qasm.spans import Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong, or worth a warning. `hint` is what may be meant instead.

    `is_tolerated` is of what is wrong by the specification, while Qiskit's importer reads and runs it.
    """

    code: Code
    message: str
    span: Span
    hint: str = ""
    is_tolerated: bool = False


class SourceError(Exception):
    """A part of a program that cannot be read, with the diagnostic that says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
