"""What is wrong with a program, as compilers tell it: the place, the line, a caret under the column."""

from collections.abc import Iterator, Mapping

from quantum_qasm.check import Checked, check
from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.figures import figures_of
from quantum_qasm.plans import plan_of

_TAB = 4
_GATES = 8
"""How many gates are told of by their names."""


def report(name: str, text: str) -> tuple[str, bool]:
    """All that is to be told of a program, and whether it is right."""
    checked = check(text)
    told = [("error", found) for found in checked.errors] + [("warning", found) for found in checked.warnings]
    told.sort(key=lambda one: one[1].span.start)
    lines = [line for kind, found in told for line in _told(name, text, kind, found)]
    if not checked.errors:
        qubits = "" if checked.program is None else f", {checked.program.qubits} qubits"
        lines += [f"{name}: no error{qubits}", *_figures(text, checked)]
    return "\n".join(lines) + "\n", not checked.errors


def _figures(text: str, checked: Checked) -> Iterator[str]:
    """What is known of the program before it runs."""
    if checked.program is None:
        return
    figures = figures_of(checked.program)
    told = [f"{checked.program.bits} bits"]
    if figures is not None:
        told += [f"depth {figures.depth}", *(f"{count} {gate}" for gate, count in _first(figures.gates))]
    yield "    " + ", ".join(told)
    plan = plan_of(text, checked, figures)
    size = None if plan.memory_bytes is None else f"{plan.memory_bytes} bytes"
    known = [part for part in (plan.engine, plan.method, size) if part is not None]
    if known:
        yield f"    runs by: {', '.join(known)}"


def _first(gates: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent gates, and how many others there are."""
    most = sorted(gates.items(), key=lambda gate: -gate[1])
    others = sum(count for _, count in most[_GATES:])
    return most[:_GATES] + ([("others", others)] if others else [])


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
