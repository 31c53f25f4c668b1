"""One program by two engines: by the machine, and as a circuit on Aer, if it can be one."""

from quantum_qasm.check import check
from quantum_qasm.compiling import typed
from quantum_qasm.ir import Program
from quantum_qasm.values import Value
from quantum_runner import engine, methods
from quantum_runner.engines import vm
from quantum_runner.engines.circuit.lower import Lowered, lower
from quantum_runner.engines.circuit.symbolic import NotLowerableError
from quantum_tasks.errors import Code, ProgramError
from quantum_tasks.task import Method
from support.distributions import agreement

SHOTS = 200
MEMORY_BYTES = 2**26
MOST_STEPS = 20_000
MOST_QUBITS, MOST_GATES = 12, 500
"""Of a circuit that is run; of a larger one it is only seen whether it can be made."""

FALSE_ALARM = 1e-10
"""Of a million programs one in ten thousand times one would be said to differ."""


def tried(text: str) -> frozenset[str]:
    """Run a program by both, and give what that has shown.

    Raises AssertionError where they draw from different distributions, and whatever else should never have been raised.
    """
    program = check(text).program
    if program is None:
        return frozenset()
    inputs = {one.name: typed.zero(one.type, one.span).evaluate([]) for one in program.inputs}
    try:
        ours = vm.run_with_outputs(program, SHOTS, 1, inputs=inputs, most_bytes=MEMORY_BYTES, most_steps=MOST_STEPS)
    except ProgramError as refused:
        if refused.code is Code.OPERATIONS:
            return frozenset({"endless"})
        _lowered(program, inputs)
        return frozenset({f"refused {refused.code}"})
    lowered = _lowered(program, inputs)
    if lowered is None:
        return frozenset({"not lowerable"})
    theirs = _ends(lowered)
    if theirs is None:
        return frozenset({"too large or refused"})
    assert agreement(ours.counts, theirs.counts) > FALSE_ALARM
    return frozenset({f"{one.operation.name} {len(one.qubits)}" for one in lowered.circuit.data})


def _lowered(program: Program, inputs: dict[str, Value]) -> Lowered | None:
    try:
        return lower(program, inputs)
    except (NotLowerableError, ProgramError):
        return None


def _ends(lowered: Lowered) -> vm.Ends | None:
    circuit = lowered.circuit
    if circuit.num_qubits > MOST_QUBITS or circuit.size() > MOST_GATES:
        return None
    try:
        if not circuit.num_clbits:
            return lowered.ends({"": SHOTS})
        plan = methods.choose(circuit, Method.AUTOMATIC, MEMORY_BYTES, SHOTS)
        records = engine.run(plan.circuit, plan.method, shots=SHOTS, seed=1, memory_bytes=MEMORY_BYTES, threads=1)
        return lowered.ends(records)
    except ProgramError as refused:
        if refused.code is Code.ENGINE_FAILED:
            raise
        return None
