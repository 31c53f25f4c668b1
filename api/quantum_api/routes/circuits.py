"""`/v1/circuits:check`: what is wrong with a program, without a task and without a simulator."""

import asyncio

from fastapi import APIRouter, HTTPException, Request
from quantum_qasm.check import check

from quantum_api.routes.answers import BAD_REQUEST, TOO_LARGE, UNAVAILABLE
from quantum_api.schemas import CheckedCircuit, Circuit
from quantum_api.strict_json import StrictJsonRoute

router = APIRouter(route_class=StrictJsonRoute, prefix="/v1", tags=["v1"])

MOST_WAITING = 16
"""Checks that may wait for another one: each has this process's Python for itself, up to some seconds."""


class Turns:
    """One check at a time, in a thread, so that other requests are answered meanwhile."""

    def __init__(self) -> None:
        self._one = asyncio.Semaphore(1)
        self._there = 0

    async def checked(self, qasm: str) -> CheckedCircuit:
        """Check a program. Raises HTTPException where too many are waiting."""
        if self._there > MOST_WAITING:
            raise HTTPException(503, "Too many programs are being checked. Try again later.", {"Retry-After": "1"})
        self._there += 1
        try:
            async with self._one:
                return CheckedCircuit.of(await asyncio.to_thread(check, qasm))
        finally:
            self._there -= 1


@router.post("/circuits:check", responses={**BAD_REQUEST, **TOO_LARGE, **UNAVAILABLE})
async def check_circuit(circuit: Circuit, request: Request) -> CheckedCircuit:
    """Say everything that is wrong with a program, and what may not be meant. Nothing is run, and nothing kept."""
    turns = request.app.state.turns
    assert isinstance(turns, Turns)  # noqa: S101 - create_app put it there
    return await turns.checked(circuit.qasm)
