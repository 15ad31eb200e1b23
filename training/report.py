"""Figures on disk: metrics.json, and tables between marker comments, so that none is ever typed in by hand."""

import json
import re
from pathlib import Path
from typing import Any

from edge_detect.errors import UsageError


def update_metrics(path: Path, entries: dict[str, Any]) -> dict[str, Any]:
    """Merge entries into a metrics.json and return all that it holds now.

    Older entries stay only where they were measured on the same pictures.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pictures = {entry["data_sha256"] for entry in entries.values()}
    merged = {name: entry for name, entry in known.items() if entry["data_sha256"] in pictures} | entries
    path.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    return merged


def check_markers(path: Path, *names: str) -> None:
    """Raise UsageError when a file lacks `<!-- name -->` or `<!-- /name -->`, which say where figures go."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for name in names:
        if len(re.findall(f"<!-- {name} -->.*?<!-- /{name} -->", text, re.DOTALL)) != 1:
            raise UsageError(f"{path} must hold the markers <!-- {name} --> and <!-- /{name} --> once")


def replace_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->` in a file; raises UsageError without them."""
    check_markers(path, name)
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = path.read_text(encoding="utf-8")
    path.write_text(re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{text}\n{end}", old, flags=re.DOTALL), "utf-8")
