"""Tables in Markdown, for the terminal and for documents alike."""

from collections.abc import Sequence


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, all columns but the first aligned right."""
    lines = [heading, ["---", *["--:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float | None) -> str:
    """A figure to three digits; nothing where it could not be measured."""
    return "" if value is None else f"{value:.3f}"
