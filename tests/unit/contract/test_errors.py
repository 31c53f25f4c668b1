"""Errors that travel."""

import pickle

from quantum_tasks.errors import Code, ProgramError


def test_a_program_error_leads_with_its_place() -> None:
    """The text of an error with a place begins as a compiler's does."""
    assert str(ProgramError(Code.SYNTAX, "unexpected end", 3, 7)) == "3:7: unexpected end"


def test_a_program_error_without_a_place_is_its_message() -> None:
    """The text of an error without a place is the message."""
    assert str(ProgramError(Code.NO_MEASUREMENT, "nothing is measured")) == "nothing is measured"


def test_a_program_error_survives_the_way_between_processes() -> None:
    """Pickling keeps code, message and place."""
    error = pickle.loads(pickle.dumps(ProgramError(Code.SYNTAX, "no", 1, 2)))  # noqa: S301 - our own bytes
    assert (error.code, error.message, error.line, error.column) == (Code.SYNTAX, "no", 1, 2)
