"""Counts as horizontal bars. Pure text; the table puts them on the screen."""

from collections.abc import Mapping

MOST_ROWS = 8
_EIGHTHS = " ▏▎▍▌▋▊▉"


def rows(counts: Mapping[str, int], bar_width: int, *, ascii_only: bool = False, most: int = MOST_ROWS) -> list[str]:
    """One line for each of the `most` largest counts, and one for how many more there are.

    A bar of `bar_width` cells is all shots; lines are `bits bar count percentage`, in columns.
    """
    shots = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked[:most]
    digits = len(str(max(counts.values(), default=0)))
    bit_width = max((len(bits) for bits, _ in shown), default=0)
    lines = [
        f"{bits:>{bit_width}} {bar(count / shots, bar_width, ascii_only=ascii_only)} {count:>{digits}} "
        f"{100 * count / shots:5.1f} %"
        for bits, count in shown
    ]
    if len(ranked) > most:
        lines.append(f"{'...' if ascii_only else '…'} {len(ranked) - most} more")
    return lines


def bar(fraction: float, width: int, *, ascii_only: bool = False) -> str:
    """A bar that fills `fraction` of `width` cells, in eighths of a cell where the terminal has them."""
    eighths = round(min(max(fraction, 0.0), 1.0) * width * 8)
    if ascii_only:
        return ("#" * round(eighths / 8)).ljust(width)
    full, part = divmod(eighths, 8)
    return ("█" * full + _EIGHTHS[part] * bool(part)).ljust(width)


def last_register(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts of the last declared register alone, with `*` for each bit of the others.

    Counts of a program with one register are returned as they are.
    """
    sums: dict[str, int] = {}
    for bits, count in counts.items():
        last, space, others = bits.partition(" ")
        key = f"{last}{space}{''.join(' ' if bit == ' ' else '*' for bit in others)}"
        sums[key] = sums.get(key, 0) + count
    return sums
