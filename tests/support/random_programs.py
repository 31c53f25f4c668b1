"""How many random programs the tests go through: `RANDOM_PROGRAMS=1000 make test`, or less, or as many as is usual."""

import os


def how_many(usually: int) -> int:
    """As many as the environment asks for."""
    return int(os.environ.get("RANDOM_PROGRAMS", usually))
