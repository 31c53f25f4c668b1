"""Fields that several schemas have, and what their examples show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from quantum_qasm.inputs import literal
from quantum_tasks.task import MAX_INPUT_CHARACTERS, MAX_PROGRAM_BYTES, MAX_SEED, MAX_SHOTS, Json
from typing_extensions import TypeAliasType

BELL = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
"""The program of the examples."""


EXAMPLE_ID = "2f1f2f3c-8a58-4f0e-9b1e-6f6c0f6f2a11"


EXAMPLE_COUNTS: dict[str, JsonValue] = {"00": 498, "11": 526}


def _program_size(program: str) -> str:
    try:
        size = len(program.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"The program has half of a surrogate pair at position {error.start}") from None
    if size > MAX_PROGRAM_BYTES:
        raise ValueError(f"The program has {size} bytes, more than {MAX_PROGRAM_BYTES}")
    return program


def _not_blank(program: str) -> str:
    if not program.strip():
        raise ValueError("The program is empty")
    return program


Program = Annotated[
    StrictStr,
    AfterValidator(_not_blank),
    AfterValidator(_program_size),
    Field(
        min_length=1,
        max_length=MAX_PROGRAM_BYTES,
        description="An OpenQASM 3 program",
        examples=[BELL],
        json_schema_extra={"pattern": r"\S"},
    ),
]


def _integral(value: object) -> object:
    # in JSON Schema 5.0 is an integer, too
    return int(value) if isinstance(value, float) and value.is_integer() else value


Shots = Annotated[
    Annotated[StrictInt, Field(ge=1, le=MAX_SHOTS)],
    BeforeValidator(_integral),
    Field(description="How often the circuit is run and measured"),
]


Seed = Annotated[
    Annotated[StrictInt, Field(ge=0, le=MAX_SEED), BeforeValidator(_integral)] | None,
    Field(description="Equal seeds give equal counts; null draws one"),
]


Time = Annotated[datetime, PlainSerializer(lambda time: time.isoformat(timespec="milliseconds").replace("+00:00", "Z"))]


InputValue = TypeAliasType(
    "InputValue",
    # an integer that is larger is a float here; as text it may have any size
    "StrictBool | Annotated[StrictInt, Field(ge=-(2**63), lt=2**64)] "
    "| Annotated[StrictFloat, Field(allow_inf_nan=False)] "
    "| Annotated[StrictStr, Field(max_length=MAX_INPUT_CHARACTERS)] "
    "| Annotated[list[InputValue], Field(max_length=MAX_INPUT_CHARACTERS)]",
)


def literals(inputs: Mapping[str, Json]) -> dict[str, str]:
    """The values as text of the language. Raises ValueError for one that is too long."""
    found = {name: literal(value) for name, value in inputs.items()}
    for name, text in found.items():
        if len(text) > MAX_INPUT_CHARACTERS:
            raise ValueError(f"The input {name!r} takes {len(text)} characters, more than {MAX_INPUT_CHARACTERS}")
    return found
