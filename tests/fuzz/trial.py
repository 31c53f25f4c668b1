"""One program, from its text to its counts: what must hold of any text, and what a run of it has shown."""

import json
import re
from collections.abc import Iterator

from quantum_qasm.check import Checked, check
from quantum_qasm.compiling import typed
from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.ir import Apply, Program
from quantum_qasm.outputs import shown
from quantum_runner.engines import vm
from quantum_tasks.errors import Code as ErrorCode
from quantum_tasks.errors import ProgramError

SHOTS = 50
MOST_BYTES = 2**20
MOST_STEPS = 20_000

_PARTICULARS = re.compile(r"'[^']*'|-?[0-9][0-9.e+-]*")
"""What differs between two messages that say the same."""


def tried(text: str) -> frozenset[str]:
    """Check a program and run it, and give what it has shown: codes, messages, instructions, operators.

    Raises AssertionError where something does not hold that must, and whatever else should never have been raised.
    """
    checked = check(text)
    found = set(_of_checked(text, checked))
    if checked.program is not None:
        found |= {*_of_program(checked.program), _of_run(text, checked.program)}
    return frozenset(found)


def _of_checked(text: str, checked: Checked) -> Iterator[str]:
    tolerated = any(found.code is ErrorCode.TOLERATED for found in checked.warnings)
    assert (checked.program is None) == bool(checked.errors or tolerated)
    lines = text.count("\n") + 1
    for found in (*checked.errors, *checked.warnings):
        _require_place(found, len(text), lines)
        yield _told(found.code, found.message)


def _require_place(found: Diagnostic, characters: int, lines: int) -> None:
    span = found.span
    assert found.message
    assert (1, 0) <= (span.start_line, span.start_column) <= (span.end_line, span.end_column)
    assert span.end_line <= lines
    assert 0 <= span.start <= span.end <= characters


def _of_program(program: Program) -> Iterator[str]:
    pieces, seen = [program.code], set[int]()
    while pieces:
        code = pieces.pop()
        if id(code) not in seen:
            seen.add(id(code))
            for instruction in code.instructions:
                yield _kind(instruction)
                subroutine = getattr(instruction, "subroutine", None)
                if subroutine is not None:
                    pieces.append(subroutine.code)


def _kind(instruction: object) -> str:
    """What an instruction is, with what it does to values of which types."""
    found = [type(instruction).__name__]
    if isinstance(instruction, Apply):
        found += [instruction.gate.name, *(one.name for one in instruction.modifiers)]
        found += [type(one).__name__ for one in instruction.operands]
    value = getattr(instruction, "value", None)
    if value is not None:
        parts = getattr(value, "arguments", ())
        found += [type(value).__name__, type(value.type).__name__, *(type(part.type).__name__ for part in parts)]
    return " ".join(found)


def _of_run(text: str, program: Program) -> str:
    inputs = {one.name: typed.zero(one.type, one.span).evaluate([]) for one in program.inputs}
    try:
        ends = vm.run_with_outputs(program, SHOTS, 1, inputs=inputs, most_bytes=MOST_BYTES, most_steps=MOST_STEPS)
    except ProgramError as refused:
        return _of_refusal(text, refused)
    assert ends.counts.total() == SHOTS
    for values in ends.outputs:
        json.dumps([shown(value, one.type) for value, one in zip(values, program.outputs, strict=True)])
    return f"ran to {min(len(ends.counts), 3)} outcomes and {min(len(ends.outputs), 3)} outputs"


def _of_refusal(text: str, refused: ProgramError) -> str:
    assert refused.message
    assert refused.code is not ErrorCode.ENGINE_FAILED
    assert refused.line is not None
    assert refused.column is not None
    assert 1 <= refused.line <= text.count("\n") + 1
    assert refused.column >= 1
    return _told(refused.code, refused.message)


def _told(code: ErrorCode, message: str) -> str:
    return f"{code} {_PARTICULARS.sub('_', message)[:80]}"
