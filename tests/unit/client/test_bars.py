"""Counts as bars."""

import pytest
from quantum_client import bars


@pytest.mark.parametrize(
    ("fraction", "width", "expected"),
    [
        (0.0, 4, "    "),
        (0.5, 4, "██  "),
        (1.0, 4, "████"),
        (1 / 32, 4, "▏   "),
        (7 / 32, 4, "▉   "),
        (2.0, 4, "████"),
        (-1.0, 4, "    "),
    ],
)
def test_a_bar_fills_its_fraction_in_eighths_of_a_cell(fraction: float, width: int, expected: str) -> None:
    """A bar is as wide as its fraction of the cells, to an eighth, and never outside of them."""
    assert bars.bar(fraction, width) == expected


def test_a_bar_can_do_without_block_letters() -> None:
    """Where the output takes ASCII alone, bars are made of it."""
    assert bars.bar(0.5, 4, ascii_only=True) == "##  "


def test_rows_are_ranked_and_stand_in_columns() -> None:
    """The largest count comes first, equal ones by their bits, and every line is as wide as the others."""
    assert bars.rows({"01": 6, "00": 6, "11": 988}, 8) == [
        "11 ███████▉ 988  98.8 %",
        "00            6   0.6 %",
        "01            6   0.6 %",
    ]


def test_rows_beyond_the_most_are_counted() -> None:
    """At most so many rows are shown, and a last line says how many more there are."""
    counts = {f"{number:04b}": 100 - number for number in range(16)}
    shown = bars.rows(counts, 8)
    assert len(shown) == bars.MOST_ROWS + 1
    assert shown[-1] == "… 8 more"
    assert bars.rows(counts, 8, ascii_only=True)[-1] == "... 8 more"


def test_no_counts_have_no_rows() -> None:
    """A result without counts is no error."""
    assert bars.rows({}, 8) == []


def test_the_last_register_is_summed_over_the_others() -> None:
    """With several registers the last declared one, leftmost, keeps its bits and the others count as either."""
    assert bars.last_register({"1 00 1": 1, "1 01 0": 2, "0 11 1": 4}) == {"1 ** *": 3, "0 ** *": 4}


def test_one_register_is_left_as_it_is() -> None:
    """Counts of a single register are not touched."""
    assert bars.last_register({"00": 1, "11": 2}) == {"00": 1, "11": 2}
