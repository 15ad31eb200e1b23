"""Figures on disk: metrics.json, and what puts tables into documents."""

import json
from pathlib import Path
from typing import Any

from edge_detect.document import check_markers, replace_between

__all__ = ["check_markers", "replace_between", "update_metrics"]


def update_metrics(path: Path, entries: dict[str, Any]) -> dict[str, Any]:
    """Merge entries into a metrics.json and return all that it holds now.

    Older entries stay only where they were measured on the same pictures.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pictures = {entry["data_sha256"] for entry in entries.values()}
    merged = {name: entry for name, entry in known.items() if entry["data_sha256"] in pictures} | entries
    path.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    return merged
