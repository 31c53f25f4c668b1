"""`Prefer: handling=strict`: a program is checked before its task is made, and refused at once for what is wrong."""

from collections.abc import Mapping
from typing import TypeVar

from fastapi import Request, Response
from quantum_qasm.diagnostics import Diagnostic
from quantum_tasks.task import Frontend, Options

from quantum_api.prefer import is_strict
from quantum_api.problems import WrongProgramError, wrong_program
from quantum_api.routes.circuits import turns_of

K = TypeVar("K")

_APPLIED = "Preference-Applied"
_STRICT = "handling=strict"


async def require_right(qasm: str, options: Options, name: str, *, request: Request, response: Response) -> None:
    """Check the program that a body has under this name, if that is asked for. Raises WrongProgramError."""
    found = await errors_of({name: (qasm, options)}, request=request, response=response)
    if found:
        raise WrongProgramError(wrong_program(found[name], "body", name), {_APPLIED: _STRICT})


async def errors_of(
    asked: Mapping[K, tuple[str, Options]], *, request: Request, response: Response
) -> dict[K, tuple[Diagnostic, ...]]:
    """What is wrong with those of some programs that are wrong, if it is asked for that they be checked.

    Where Qiskit's importer is to read a program as it will, only that can tell.
    """
    if not is_strict(request.headers.getlist("prefer")):
        return {}
    ours = {key: qasm for key, (qasm, options) in asked.items() if options.frontend is not Frontend.QISKIT}
    if asked and not ours:
        return {}
    applied = response.headers.get(_APPLIED)
    response.headers[_APPLIED] = f"{applied}, {_STRICT}" if applied else _STRICT
    found = await turns_of(request).errors_of(ours.values())
    return {key: found[qasm] for key, qasm in ours.items() if found[qasm]}
