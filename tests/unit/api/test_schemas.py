"""Requests, as they are read from JSON."""

import pytest
from pydantic import ValidationError
from quantum_api.schemas.fields import BELL
from quantum_api.schemas.requests import Submission
from quantum_tasks.task import MAX_PROGRAM_BYTES, Method, Options


def test_a_program_alone_has_the_defaults() -> None:
    """Without options a program is run 1024 times, with a seed that is drawn and a method that is chosen."""
    assert Submission.model_validate({"qc": BELL}).options == Options(1024, None, Method.AUTOMATIC)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"shots": 1}, Options(shots=1)),
        ({"shots": 5.0}, Options(shots=5)),
        ({"seed": None}, Options()),
        ({"seed": 0}, Options(seed=0)),
        ({"seed": 2147483647.0}, Options(seed=2147483647)),
        ({"method": "stabilizer"}, Options(method=Method.STABILIZER)),
    ],
)
def test_options_are_read(given: dict[str, object], options: Options) -> None:
    """An option within its bounds is taken, an integer also in the form that JSON Schema allows."""
    assert Submission.model_validate({"qc": BELL, **given}).options == options


@pytest.mark.parametrize(
    "given",
    [
        {"shots": 0},
        {"shots": 1_000_001},
        {"shots": 1.5},
        {"shots": "5"},
        {"shots": True},
        {"shots": None},
        {"shots": float("inf")},
        {"seed": -1},
        {"seed": 2**31},
        {"method": "gpu"},
        {"method": None},
        {"qc": ""},
        {"qc": " \n"},
        {"qc": 5},
        {"qc": "x" * (MAX_PROGRAM_BYTES + 1)},
        {"qc": "é" * (MAX_PROGRAM_BYTES // 2 + 1)},
        {"qc": "\ud800"},
        {"shot": 5},
    ],
)
def test_what_is_out_of_bounds_is_refused(given: dict[str, object]) -> None:
    """A value of another type or out of its bounds, and an unknown name, are validation errors."""
    with pytest.raises(ValidationError):
        Submission.model_validate({"qc": BELL, **given})
