"""HTML pages of ours: one file with everything inside, no script, and nothing loaded from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

_TEMPLATE = Path(__file__).with_name("report.html")


def page(title: str, about: str, contents: str, body: str) -> str:
    """A whole page; title and about are text, contents (links) and body are HTML."""
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(title=escape(title), about=escape(about), contents=contents, body=body)


def section(heading: str, inside: str, name: str = "") -> str:
    """A part of a page, with an anchor where it has a name."""
    named = f' id="{anchor(name)}"' if name else ""
    return f"<section{named}>\n<h2>{escape(heading)}</h2>\n{inside}\n</section>"


def table(caption: str, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text; its first column names the rows."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in heading)
    lines = [f'<tr><th scope="row">{escape(cells[0])}</th>{"".join(map(_cell, cells[1:]))}</tr>' for cells in rows]
    inside = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="scroll" tabindex="0"><table>{inside}</table></div>'


def figure(caption: str, drawing: str) -> str:
    """A drawing or picture, given as HTML, under its caption."""
    return f"<figure><figcaption>{escape(caption)}</figcaption>{drawing}</figure>"


def _cell(text: str) -> str:
    """A figure, and in small print its interval."""
    number, space, bounds = escape(text).partition(" (")
    return f"<td>{number}{f' <small>({bounds}</small>' if space else ''}</td>"


def anchor(split: str) -> str:
    """What links call the section of a split."""
    return f"split-{split}"
