"""Each limit of the language: what is at it runs, and what is one beyond is refused by its code."""

import pytest
from quantum_qasm.check import check
from quantum_runner.engines import vm
from quantum_tasks.errors import Code, ProgramError
from support.language_limits import RUN, WRITTEN, Limit

MOST_BYTES = 2**20


def _codes(text: str) -> set[Code]:
    """What a program is refused for; nothing where it runs."""
    checked = check(text)
    if checked.program is None:
        return {found.code for found in checked.errors}
    try:
        vm.run(checked.program, 1, 1, most_bytes=MOST_BYTES)
    except ProgramError as refused:
        return {refused.code}
    return set()


@pytest.mark.parametrize(
    "limit", [limit for limit in (*WRITTEN, *RUN) if limit.program is not None], ids=lambda limit: limit.what
)
def test_a_limit_is_where_it_is_said_to_be(limit: Limit) -> None:
    """To the last bracket, qubit and call."""
    assert limit.program
    assert _codes(limit.program(limit.value)) == set()
    assert _codes(limit.program(limit.value + 1)) == {limit.code}
