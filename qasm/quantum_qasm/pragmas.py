"""What a program may ask of this implementation, by pragmas that begin with its name; all others are for others."""

from dataclasses import dataclass

NAME = "quantum-tasks"

FORMS = {
    f"pragma {NAME} ignore calibrations": "`defcal`, `cal` and `defcalgrammar` after it are left out, with a warning",
    f"pragma {NAME} bind f parity": "the extern `f` of the program is the function `parity` of those below",
}
"""Each form by an example, and what it does."""


@dataclass(frozen=True, slots=True)
class IgnoreCalibrations:
    """Calibrations are left out from here on: gates are ideal."""


@dataclass(frozen=True, slots=True)
class Bind:
    """An extern, by the name that the program declares, is a function of `quantum_qasm.externs`."""

    extern: str
    function: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It is for this implementation, which knows nothing of the kind."""


Asked = IgnoreCalibrations | Bind | Unknown


def asked(command: str) -> Asked | None:
    """What is asked for by the words after `pragma`; None where that is for others."""
    match command.split():
        case [first, *_] if first != NAME:
            return None
        case [_, "ignore", "calibrations"]:
            return IgnoreCalibrations()
        case [_, "bind", extern, function]:
            return Bind(extern, function)
        case [_, *_]:
            return Unknown()
    return None
