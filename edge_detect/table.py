"""Tables for documents (Markdown) and for the terminal, and how figures are written in them."""

import math
from collections.abc import Sequence


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, all columns but the first aligned right."""
    lines = [heading, ["---", *["--:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float | None) -> str:
    """A figure to three digits; nothing where it could not be measured."""
    return "" if value is None else f"{value:.3f}"


def limit(threshold: float) -> str:
    """A threshold (0–1) to three digits, or to as many as tell it from 1."""
    digits = 3 if threshold >= 1 else -math.floor(math.log10(1 - threshold))
    return f"{threshold:.{max(3, digits)}f}"


def aligned(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of padded columns for the terminal, all but the first aligned right."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    lines = [
        "  ".join(
            [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        )
        for cells in (heading, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def with_interval(value: float | None, interval: Sequence[float] | None) -> str:
    """A figure to three digits with its interval, as in 0.884 (0.86–0.91); nothing where it could not be measured.

    The bounds get a third digit where two would leave the figure outside.
    """
    if value is None or not interval:
        return number(value)
    digits = 2 if round(interval[0], 2) <= value <= round(interval[1], 2) else 3
    return f"{value:.3f} ({interval[0]:.{digits}f}–{interval[1]:.{digits}f})"


def percent(value: float | None) -> str:
    """A share in percent, to a tenth; nothing where it could not be measured."""
    return "" if value is None else f"{value:.1%}"


def percent_with_interval(share: float, interval: Sequence[float] | None) -> str:
    """A share in percent with its interval, as in 1.2% (0.5–1.9%)."""
    return percent(share) + (f" ({100 * interval[0]:.1f}–{100 * interval[1]:.1f}%)" if interval else "")


def signed(value: float) -> str:
    """A difference to three digits with its sign; what rounds to nothing is +0.000."""
    return f"{round(value, 3) + 0.0:+.3f}"


def bounds(interval: Sequence[float] | None) -> str:
    """The interval of a difference, as in -0.005 to +0.004; nothing where it could not be measured."""
    return f"{signed(interval[0])} to {signed(interval[1])}" if interval else ""
