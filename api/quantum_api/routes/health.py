"""Probes: whether the process is alive, and whether it can accept a task now."""

from fastapi import APIRouter

from quantum_api.routes.answers import UNAVAILABLE
from quantum_api.routes.requests import Backend
from quantum_api.schemas.answers import Health

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> Health:
    """Say that the process is alive, whatever else is away."""
    return Health()


@router.get("/readyz", responses=UNAVAILABLE)
@router.get("/health", responses=UNAVAILABLE)
async def ready(backend: Backend) -> Health:
    """Say whether a task can be accepted now."""
    await backend.ready()
    return Health()
