"""`python -m quantum_runner check`: reads programs as lines of JSON, answers what each needs, and runs none of them.

The operator keeps one such process, asks it about one program at a time, and ends it when an answer takes too long: it
never reads a stranger's program itself.

    asked     {"qasm": ..., "shots": 1024, "method": "automatic", "frontend": "automatic", "inputs": {},
               "memory_bytes": 8589934592}
    answered  {"qubits": 2, "method": "statevector", "container_bytes": 268435456}
          or  {"code": "syntax.invalid", "message": ..., "line": 5, "column": 1, "reason": "InvalidProgram"}
"""

import json
import os
import sys
from typing import Any

from qiskit.circuit import QuantumCircuit
from quantum_qasm.inputs import values_of
from quantum_qasm.ir import Program
from quantum_qasm.straight import reader
from quantum_tasks.errors import ProgramError
from quantum_tasks.task import Frontend, Method, Options

from quantum_runner import by_lowering, container, language, methods, report
from quantum_runner.by_aer import require_measurement
from quantum_runner.child import prepare
from quantum_runner.circuits import circuit_of
from quantum_runner.counts import bytes_of_counts
from quantum_runner.frontend import load


def needs(program: str, options: Options, memory_bytes: int) -> dict[str, Any]:
    """What a program needs: its qubits, the method that will run it, and the memory of its container.

    Raises ProgramError as the run would, with `memory_bytes` as the largest memory that a container may have.
    """
    most = container.memory_for_one_simulation(memory_bytes)
    try:
        circuit = _circuit(program, options)
    except ProgramError as refusal:
        if options.frontend is Frontend.QISKIT:
            raise
        return _needs_of_compiled(language.compiled(program, refusal), options, most)
    require_measurement(circuit)
    plan = methods.choose(circuit, options.method, most, options.shots)
    counts = bytes_of_counts(plan.circuit.num_clbits, options.shots, most)
    return {
        "qubits": circuit.num_qubits,
        "method": plan.method,
        "container_bytes": container.memory_around_a_simulation(max(plan.memory_bytes, counts)),
    }


def _needs_of_compiled(program: Program, options: Options, most: int) -> dict[str, Any]:
    chosen = by_lowering.choose(program, options, most)
    if chosen is not None:
        return {
            "qubits": program.qubits,
            "method": chosen.plan.method,
            "container_bytes": container.memory_around_a_simulation(chosen.memory_bytes),
        }
    language.require_method(options.method)
    values_of(program.inputs, options.inputs)
    needed = max(language.bytes_of(program, most), bytes_of_counts(program.bits, options.shots, most))
    return {
        "qubits": program.qubits,
        "method": Method.STATEVECTOR,
        "container_bytes": container.memory_around_a_simulation(needed),
    }


def _circuit(program: str, options: Options) -> QuantumCircuit:
    plain = None if options.inputs else reader.read(program)
    return circuit_of(plain) if plain else load(program, options)


def serve() -> int:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    prepare(quiet=True)
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
    return 0


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    options = Options(
        shots=asked["shots"],
        method=Method(asked["method"]),
        frontend=Frontend(asked["frontend"]),
        inputs=asked["inputs"],
    )
    try:
        return needs(asked["qasm"], options, asked["memory_bytes"])
    except ProgramError as refusal:
        return {
            "code": refusal.code,
            "message": refusal.message,
            "line": refusal.line,
            "column": refusal.column,
            "reason": report.reason_of(refusal.code),
        }
