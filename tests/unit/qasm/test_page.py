"""docs/openqasm.md says what the tests show."""

from pathlib import Path

from support.openqasm_page import page

PAGE = Path(__file__).parents[3] / "docs" / "openqasm.md"


def test_the_page_is_what_the_programs_make_of_it() -> None:
    """`make generate` writes it anew."""
    assert PAGE.read_text() == page()
