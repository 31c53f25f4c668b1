"""Programs for the machine of `engines.vm`: those that it has sooner than Aer, and those that Qiskit cannot read.

What the importer refuses is compiled here, and run if it can be. If not, that is said in the words of the front end
where the importer merely lacks something, and in the importer's where it has found a mistake.
"""

import json
import re
from collections import Counter
from dataclasses import replace

from quantum_qasm.check import Checked, check
from quantum_qasm.inputs import values_of
from quantum_qasm.ir import Apply, Branch, Measure, Program
from quantum_qasm.outputs import shown
from quantum_qasm.plans import CLIFFORD
from quantum_qasm.values import Value
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Engine, Frontend, Method, Options, Outcome, Output

from quantum_runner.counts import MAX_RESULT_BYTES, bytes_of_counts, checked_size
from quantum_runner.engines import vm
from quantum_runner.engines.state import bytes_with
from quantum_runner.machine import Machine

MOST_BYTES = 2**31
"""For the vectors of one program: how many of its qubits are entangled at a time is known only when it has run."""

QUICK_BYTES = 2**26
"""As much as is surely there, whatever the container was made for."""

STEPS_OF_AER = 50
"""How many instructions of a shot Aer does in the time of one step of the machine, and more: that may be in vain."""

AMPLITUDES_OF_AER = 2048
"""How many amplitudes take Aer about as long as everything else of an instruction."""

LEAST_STEPS, MOST_STEPS = 500, 500_000

_WIDEST = 24

_NOT_QISKITS = frozenset({Code.SEMANTIC, Code.UNSUPPORTED, Code.UNDEFINED})
"""What the importer says of programs that are right, among others."""


_WORDS = re.compile(r"\b(?:if|for|while|switch|input|output)\b")
"""One of which such programs have."""


def quickly(program: str, options: Options, machine: Machine, seed: int) -> Outcome | None:
    """The outcome of a program with control flow, if the machine has it sooner than Aer, which runs shot by shot.

    Also of one with inputs or outputs, if it is small. None for others, or where there is anything to be refused.
    """
    if options.frontend is Frontend.QISKIT or _WORDS.search(program) is None:
        return None
    found = check(program).program
    if found is None or not (found.inputs or found.outputs or _branches_on_measurements(found)):
        return None
    try:
        small = replace(machine, memory_bytes=min(QUICK_BYTES, machine.memory_bytes))
        return run(found, options, small, seed, most_steps=_worthwhile(found, options.shots))
    except (ProgramError, MemoryError):
        return None


def _worthwhile(program: Program, shots: int) -> int:
    """How many steps of the machine are surely less than Aer's work, shot by shot."""
    instructions = program.code.instructions
    gates = [one for one in instructions if isinstance(one, Apply)]
    weight = 1
    if any(one.gate.name not in CLIFFORD or one.modifiers for one in gates):  # else stabilizers may do
        weight += (1 << min(program.qubits, _WIDEST)) // AMPLITUDES_OF_AER
    return min(max(LEAST_STEPS, shots * len(instructions) * weight // STEPS_OF_AER), MOST_STEPS)


def _branches_on_measurements(program: Program) -> bool:
    kinds = {type(instruction) for instruction in program.code.instructions}
    return Branch in kinds and Measure in kinds and bool(program.registers)


def compiled(program: str, refusal: ProgramError) -> Program:
    """A program that the importer has refused.

    Raises what is wrong with it as the specification has it: in the refusal's words, if it is about the same place.
    """
    if refusal.code not in _NOT_QISKITS:
        raise refusal
    found = check(program)
    if found.errors and (refusal.code is Code.UNSUPPORTED or (refusal.line, refusal.column) not in _places(found)):
        first = found.errors[0]
        message = f"{first.message} {first.hint}" if first.hint else first.message
        raise ProgramError(first.code, message, first.span.start_line, first.span.start_column + 1) from refusal
    if found.program is None or not (found.program.registers or found.program.outputs):
        raise refusal
    return found.program


def _places(found: Checked) -> set[tuple[int, int]]:
    """Where something is wrong."""
    return {(one.span.start_line, one.span.start_column + 1) for one in found.errors}


def bytes_of(program: Program, memory_bytes: int) -> int:
    """What its vectors may take."""
    return min(bytes_with(program.qubits), MOST_BYTES, memory_bytes)


def fits(program: Program, memory_bytes: int) -> bool:
    """Whether there is the memory for its qubits, even if all are entangled."""
    return bytes_with(program.qubits) <= min(MOST_BYTES, memory_bytes)


def run(program: Program, options: Options, machine: Machine, seed: int, most_steps: int = vm.MAX_STEPS) -> Outcome:
    """Run a program with this seed. Raises ProgramError."""
    require_method(options.method)
    inputs = values_of(program.inputs, options.inputs)
    bytes_of_counts(program.bits, options.shots, machine.memory_bytes)
    most_bytes = min(MOST_BYTES, machine.memory_bytes)
    ends = vm.run_with_outputs(
        program, options.shots, seed, inputs=inputs, most_bytes=most_bytes, most_steps=most_steps
    )
    return outcome(program, ends, options, seed, method=Method.STATEVECTOR, engine=Engine.MACHINE)


def outcome(program: Program, ends: vm.Ends, options: Options, seed: int, *, method: Method, engine: Engine) -> Outcome:
    """What comes of a program by how its shots have ended. Raises ProgramError with RESULT_BYTES."""
    return Outcome(
        counts=checked_size(dict(ends.counts)),
        shots=options.shots,
        seed=seed,
        qubits=program.qubits,
        method=method,
        engine=engine,
        outputs=_outputs(program, ends.outputs),
    )


def _outputs(program: Program, found: Counter[tuple[Value, ...]]) -> tuple[Output, ...]:
    """The values of the outputs, the most frequent ones first. Raises ProgramError with RESULT_BYTES."""
    rows = []
    size = 0
    for values, count in found.most_common():
        named = zip(program.outputs, values, strict=True)
        rows.append(Output(count, {output.name: shown(value, output.type) for output, value in named}))
        size += len(json.dumps(rows[-1].values))
        if size > MAX_RESULT_BYTES:
            message = f"The outputs take more than {MAX_RESULT_BYTES} bytes: declare less, or run with fewer shots."
            raise ProgramError(Code.RESULT_BYTES, message)
    return tuple(rows)


def require_method(method: Method) -> None:
    """Refuse a method that is not the machine's. Raises ProgramError with METHOD."""
    if method not in (Method.AUTOMATIC, Method.STATEVECTOR):
        message = f"Programs that compute with what they measure run as state vectors only, and not by {method}."
        raise ProgramError(Code.METHOD, message)
