"""Real and fake crops of one source that are of the same sizes, where a size would give the label away."""

from collections import defaultdict
from typing import Any

BIN = 4
"""Pixels of a crop's own side within which two count as alike."""
UNMATCHED = "unmatched size"


def unmatched(rows: list[dict[str, Any]]) -> set[str]:
    """Files of a source's table that are to go, so that as many real as fake crops of each size are left.

    rows: with file, label and native_side. Which of them go depends on the files' names alone.
    """
    alike: dict[int, dict[str, list[str]]] = defaultdict(lambda: {"real": [], "fake": []})
    for row in rows:
        alike[int(row["native_side"]) // BIN][row["label"]].append(row["file"])
    return {
        file
        for files in alike.values()
        for names in files.values()
        for file in sorted(names)[min(map(len, files.values())) :]
    }
