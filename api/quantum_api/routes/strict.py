"""`Prefer: handling=strict`: a program is checked before its task is made, and refused at once for what is wrong."""

from collections.abc import Iterable, Mapping

from fastapi import Request, Response
from quantum_qasm.diagnostics import Diagnostic

from quantum_api.prefer import is_strict
from quantum_api.problems import WrongProgramError, wrong_program
from quantum_api.routes.circuits import turns_of

_APPLIED = "Preference-Applied"
_STRICT = "handling=strict"


async def require_right(qasm: str, name: str, *, request: Request, response: Response) -> None:
    """Check the program that a body has under this name, if that is asked for. Raises WrongProgramError."""
    errors = (await errors_of([qasm], request=request, response=response)).get(qasm)
    if errors:
        raise WrongProgramError(wrong_program(errors, "body", name), {_APPLIED: _STRICT})


async def errors_of(
    programs: Iterable[str], *, request: Request, response: Response
) -> Mapping[str, tuple[Diagnostic, ...]]:
    """What is wrong with each of some programs, if that is asked for, and nothing otherwise."""
    if not is_strict(request.headers.getlist("prefer")):
        return {}
    applied = response.headers.get(_APPLIED)
    response.headers[_APPLIED] = f"{applied}, {_STRICT}" if applied else _STRICT
    return await turns_of(request).errors_of(programs)
