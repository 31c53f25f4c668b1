"""What is wrong with a program, as compilers tell it: the place, the line, a caret under the column."""

from collections.abc import Iterator

from quantum_qasm.check import check
from quantum_qasm.diagnostics import Diagnostic

_TAB = 4


def report(name: str, text: str) -> tuple[str, bool]:
    """All that is to be told of a program, and whether it is right."""
    checked = check(text)
    told = [("error", found) for found in checked.errors] + [("warning", found) for found in checked.warnings]
    told.sort(key=lambda one: one[1].span.start)
    lines = [line for kind, found in told for line in _told(name, text, kind, found)]
    if not checked.errors:
        qubits = "" if checked.program is None else f", {checked.program.qubits} qubits"
        lines.append(f"{name}: no error{qubits}")
    return "\n".join(lines) + "\n", not checked.errors


def _told(name: str, text: str, kind: str, found: Diagnostic) -> Iterator[str]:
    span = found.span
    yield f"{name}:{span.start_line}:{span.start_column + 1}: {kind}: {found.message} [{found.code}]"
    lines = text.split("\n")
    line = lines[span.start_line - 1] if span.start_line <= len(lines) else ""
    before = line[: span.start_column].replace("\t", " " * _TAB)
    last = span.end_column if span.end_line == span.start_line else len(line)
    marked = line[span.start_column : last].replace("\t", " " * _TAB)
    yield f"    {line.replace(chr(9), ' ' * _TAB)}".rstrip()
    yield f"    {' ' * len(before)}^{'~' * (len(marked) - 1)}"
    if found.hint:
        yield f"    {' ' * len(before)}{found.hint}"
