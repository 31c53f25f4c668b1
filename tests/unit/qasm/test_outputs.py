"""Values of a program as JSON has them."""

from math import inf, nan, pi

import pytest
from quantum_qasm.outputs import shown
from quantum_qasm.types import BIT, BOOL, COMPLEX, DURATION, FLOAT, Angle, Array, Bits, Int, Type, Uint
from quantum_qasm.values import Time, Value
from quantum_tasks.task import Json


@pytest.mark.parametrize(
    ("value", "kind", "json"),
    [
        (1, BOOL, True),
        (0, BOOL, False),
        (1, BIT, 1),
        (5, Bits(4), "0101"),
        (-3, Int(8), -3),
        (2**63, Uint(64), 2**63),
        (0.5, FLOAT, 0.5),
        (inf, FLOAT, "inf"),
        (-inf, FLOAT, "-inf"),
        (nan, FLOAT, "nan"),
        (8, Angle(4), pi),
        (1 - 2j, COMPLEX, [1.0, -2.0]),
        (complex(0, inf), COMPLEX, [0.0, "inf"]),
        (Time(seconds=1e-7), DURATION, "100ns"),
        (Time(cycles=16), DURATION, "16dt"),
        ((1, 2, 3, 4, 5, 6), Array(Int(8), (2, 3)), [[1, 2, 3], [4, 5, 6]]),
        ((1, 0), Array(BOOL, (2,)), [True, False]),
    ],
)
def test_each_type_has_its_form(value: Value, kind: Type, json: Json) -> None:
    """A value is shown by its type, and so 1 may be true."""
    found = shown(value, kind)
    assert (found, type(found)) == (json, type(json))
