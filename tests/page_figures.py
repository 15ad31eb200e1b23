"""What the page weighs and how fast it is here, and how it looks.

    python tests/page_figures.py

Writes a table between the markers `page` of README.md, the table of `tests/parity.py` into docs/web.md, and pictures of
the page into docs/.
"""

import json
import sys
import tempfile
from pathlib import Path

import parity
import web
import web_pictures

from edge_detect.document import byline, check_markers, replace_between
from edge_detect.models import DEFAULT, FINDER, find_model
from edge_detect.table import table

README, DOCUMENT = web.ROOT / "README.md", web.ROOT / "docs" / "web.md"
MARKER = "page"


def figures_table(figures: dict[str, dict[str, float]]) -> str:
    """A row for each engine."""
    heading = ("engine", "MB over the wire", "s to the first verdict", "ms a webcam frame")
    rows = [
        (name, f"{one['bytes'] / 1e6:.1f}", f"{one['firstVerdict'] / 1000:.1f}", f"{one['frame']:.0f}")
        for name, one in figures.items()
    ]
    return f"{byline(find_model(DEFAULT), find_model(FINDER))}\n\n{table(heading, rows)}"


def main() -> int:
    """Measure, look, and write."""
    if reason := web.missing():
        sys.exit(reason)
    check_markers(README, MARKER)
    check_markers(DOCUMENT, parity.MARKER)
    with tempfile.TemporaryDirectory() as name:
        pictures = web_pictures.write(Path(name))
        given = {"EDGE_DETECT_PICTURES": pictures, "EDGE_DETECT_CLIP": pictures / web_pictures.CLIP}
        measured = pictures / "figures.json"
        for tool, told in (
            ("figures", {"EDGE_DETECT_FIGURES": measured}),
            ("screenshots", {"EDGE_DETECT_SCREENSHOTS": web.ROOT / "docs"}),
        ):
            done = web.run("playwright", "test", f"{tool}.spec", **given, **told)
            if done.returncode:
                print(done.stdout, done.stderr)
                return done.returncode
        replace_between(README, MARKER, figures_table(json.loads(measured.read_text())))
    return parity.into(DOCUMENT)


if __name__ == "__main__":
    raise SystemExit(main())
