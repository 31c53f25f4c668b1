"""`/v1/circuits:check`: what is wrong with a program, without a task and without a simulator."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, HTTPException, Request
from quantum_qasm.check import Checked, check
from quantum_qasm.diagnostics import Diagnostic

from quantum_api.routes.answers import BAD_REQUEST, TOO_LARGE, UNAVAILABLE
from quantum_api.schemas.checks import CheckedCircuit
from quantum_api.schemas.requests import Circuit
from quantum_api.strict_json import StrictJsonRoute

router = APIRouter(route_class=StrictJsonRoute, prefix="/v1", tags=["v1"])

T = TypeVar("T")

MOST_WAITING = 16
"""Requests whose checks may wait for another one: each has this process's Python for itself, up to some seconds."""


class Turns:
    """One check at a time, in a thread, so that other requests are answered meanwhile."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._there = 0

    async def checked(self, qasm: str) -> CheckedCircuit:
        """Check a program. Raises HTTPException where too many are waiting."""
        with self._admitted():
            return await self._turn(qasm, partial(CheckedCircuit.of, qasm))

    async def errors_of(self, programs: Iterable[str]) -> dict[str, tuple[Diagnostic, ...]]:
        """What is wrong with each of some programs, which wait as one. Raises HTTPException as `checked` does."""
        with self._admitted():
            return {qasm: await self._turn(qasm, _errors) for qasm in dict.fromkeys(programs)}

    async def done(self, work: Callable[[], T]) -> T:
        """Do something else that may take as long as a check. Raises HTTPException as `checked` does."""
        with self._admitted():
            async with self._one:
                return await asyncio.to_thread(work)

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        if self._there > MOST_WAITING:
            raise HTTPException(503, "Too many programs are being checked. Try again later.", {"Retry-After": "1"})
        self._there += 1
        try:
            yield
        finally:
            self._there -= 1

    async def _turn(self, qasm: str, told: Callable[[Checked], T]) -> T:
        async with self._one:
            return await asyncio.to_thread(lambda: told(check(qasm)))


def turns_of(request: Request) -> Turns:
    """The turns of the application that serves a request."""
    turns = request.app.state.turns
    assert isinstance(turns, Turns)  # noqa: S101 - create_app put it there
    return turns


def _errors(checked: Checked) -> tuple[Diagnostic, ...]:
    return checked.errors


@router.post("/circuits:check", responses={**BAD_REQUEST, **TOO_LARGE, **UNAVAILABLE})
async def check_circuit(circuit: Circuit, request: Request) -> CheckedCircuit:
    """Say everything that is wrong with a program, what may not be meant, and what it takes to run it.

    Nothing is run, and nothing kept. Figures that depend on what is measured or on inputs are null.
    """
    return await turns_of(request).checked(circuit.qasm)
