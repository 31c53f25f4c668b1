"""From the text of a program to a program that can be run, or to everything that is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from quantum_tasks.errors import Code

from quantum_qasm.compiling.statements import Statements
from quantum_qasm.diagnostics import Diagnostic
from quantum_qasm.ir import Call, Measure, Program, counted
from quantum_qasm.ir import Code as Instructions
from quantum_qasm.parsing.parser import parse
from quantum_qasm.spans import Lines, Span


@dataclass(frozen=True, slots=True)
class Checked:
    """A program, or None where there are errors; warnings apart.

    None without errors is a program that Qiskit's importer alone can read: by the specification it is wrong.
    """

    program: Program | None
    errors: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    may_be_qiskits: bool = True
    """Whether each statement is of a kind that Qiskit's importer knows."""


def check(text: str) -> Checked:
    """Read and compile any text. Raises nothing.

    Calibrations (`defcal`, `cal`, `defcalgrammar`) are mistakes, or left out with a warning where the program asks for
    that (see `quantum_qasm.pragmas`). A gate that only a calibration defines is undefined all the same.
    """
    compiled = Statements()
    try:
        parsed = parse(text)
        compiled.program(parsed.program.statements)
    except RecursionError:  # whoever calls is deep in it already
        whole = Span(Lines(text), 0, 0)
        return Checked(None, (Diagnostic(Code.NESTING, "The program is nested too deeply.", whole),))
    # what could not be read may have declared what is missed: such errors are told only if nothing else is
    errors = _in_order(parsed.errors or compiled.errors)
    warnings = _in_order(compiled.warnings)
    if errors and compiled.may_be_qiskits and all(one.is_tolerated for one in errors):
        tolerated = [replace(one, code=Code.TOLERATED) for one in errors]
        return Checked(None, warnings=_in_order([*compiled.warnings, *tolerated]))
    if errors:
        return Checked(None, errors, warnings)
    outputs = tuple(compiled.outputs)
    if not outputs and not compiled.registers and _measures(compiled.code):
        outputs = tuple(compiled.variables)  # as the specification has it where no output is declared
    registers = [register for output in outputs for register in counted(output)] if outputs else compiled.registers
    program = Program(compiled.code, compiled.qubits, tuple(registers), tuple(compiled.inputs), outputs)
    return Checked(program, warnings=warnings, may_be_qiskits=compiled.may_be_qiskits)


def _measures(code: Instructions) -> bool:
    """Whether there is a measurement in a row of instructions, or in a subroutine that is called there."""
    seen: set[int] = set()
    waiting = [code]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for instruction in one.instructions:
            if isinstance(instruction, Measure):
                return True
            if isinstance(instruction, Call):
                waiting.append(instruction.subroutine.code)
    return False


def _in_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once: what is compiled several times is wrong several times."""
    once = {(one.span.start, one.span.end, one.message): one for one in found}
    return tuple(one for _, one in sorted(once.items(), key=lambda item: item[0]))
