"""docs/openqasm.md says what the tests show."""

from pathlib import Path

from support import features, refusals, specification
from support.openqasm_page import page

PAGE = Path(__file__).parents[3] / "docs" / "openqasm.md"


def test_the_page_is_what_the_programs_make_of_it() -> None:
    """`make generate` writes it anew."""
    assert PAGE.read_text() == page()


def test_every_section_of_the_specification_has_a_program() -> None:
    """Each of which is among those that run or those that are refused."""
    known = features.EXACT.keys() | {body for body, *_ in refusals.REFUSED}
    assert len(specification.SECTIONS) > 50
    for section, shown in specification.SECTIONS.items():
        assert shown, section
        assert known.issuperset(shown), section
