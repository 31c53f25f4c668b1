"""A task: what was asked for, and what came of it. Frozen values; nothing here does I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quantum_tasks.errors import Code
from quantum_tasks.states import Phase, Reason, State

MAX_PROGRAM_BYTES = 512 * 1024
"""The largest OpenQASM program, in bytes of UTF-8."""

MAX_SHOTS = 1_000_000
DEFAULT_SHOTS = 1024
MAX_SEED = 2**31 - 1

MAX_INPUTS = 64
MAX_INPUT_CHARACTERS = 1024
"""Of one input's value."""


class Method(StrEnum):
    """How the circuit is simulated: AerSimulator's own names."""

    AUTOMATIC = "automatic"
    STATEVECTOR = "statevector"
    DENSITY_MATRIX = "density_matrix"
    STABILIZER = "stabilizer"
    MATRIX_PRODUCT_STATE = "matrix_product_state"


class Frontend(StrEnum):
    """Who reads the program."""

    AUTOMATIC = "automatic"
    """Whoever can, in the specification's sense."""
    QISKIT = "qiskit"
    """Qiskit's importer alone, as it is: what it cannot read is refused."""


class Engine(StrEnum):
    """What ran the program."""

    DIRECT = "direct"
    """State vectors of this project, for small programs without control flow."""
    MACHINE = "machine"
    """This project's machine, which goes several ways where a measurement may."""
    AER = "aer"
    """AerSimulator."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run a program.

    `shots` is in 1..MAX_SHOTS, `seed` in 0..MAX_SEED; None draws a seed, which the outcome names. `inputs` has the
    values of the program's `input`s by their names, each written as a constant of the language.
    """

    shots: int = DEFAULT_SHOTS
    seed: int | None = None
    method: Method = Method.AUTOMATIC
    frontend: Frontend = Frontend.AUTOMATIC
    inputs: Mapping[str, str] = field(default_factory=dict)


Json = bool | int | float | str | list["Json"]
"""The value of an `output`: see `quantum_qasm.outputs`."""


@dataclass(frozen=True, slots=True)
class Output:
    """Values of a program's `output`s by their names, and how many of the shots gave them together."""

    count: int
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation gave.

    `counts` maps a bit string to how many of the shots gave it. The string joins the classical registers with a
    space, the last declared one first, and within a register bit 0 is rightmost (Qiskit's order). Where a program
    declares `output`s, these take the place of the registers, and `outputs` has their values.
    """

    counts: Mapping[str, int]
    shots: int
    seed: int
    qubits: int
    method: Method
    """The method that ran, never `automatic`."""
    engine: Engine | None = None
    """None in outcomes of releases that did not say."""
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed: for a program by its `code`, for a person by its `message`.

    `line` and `column` count from 1 and are there when the cause has a place in the program.
    """

    code: Code
    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A task as the store knows it.

    `qasm` is None unless the program was asked for, and `outcome` is None in listings. `message` says more about the
    reason, where there is more to say.
    """

    id: str
    options: Options
    state: State
    reason: Reason
    attempts: int
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: Failure | None = None
    outcome: Outcome | None = None
    qasm: str | None = field(default=None, repr=False)
    message: str | None = None
    outcome_bytes: int = field(default=0, compare=False)
    """How long the outcome is as Redis keeps it; 0 where it was not read there."""

    @property
    def is_outcome_left_out(self) -> bool:
        """Whether there is an outcome that was not given with the task, because it is large."""
        return self.outcome is None and self.outcome_bytes > 0

    @property
    def phase(self) -> Phase:
        """The resource's word for where the task is."""
        held = self.state is State.QUEUED and self.reason is Reason.SUSPENDED
        return Phase.SUSPENDED if held else self.state.phase
