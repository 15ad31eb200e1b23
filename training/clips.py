"""Whole clips: does a manipulated one score above the original it was made from?"""

import csv
from pathlib import Path
from typing import NamedTuple

from edge_detect.detector import Detector
from edge_detect.document import byline
from edge_detect.errors import UsageError
from edge_detect.live.events import Summary
from edge_detect.live.watcher import watch
from edge_detect.table import number, table


class Pair(NamedTuple):
    """A fake clip beside its original: its method, and the score (0–1) of each, None where no face was judged."""

    fake: str
    method: str
    score: float | None
    original: float | None

    @property
    def above(self) -> bool:
        """Whether the fake scores above its original; where either was not judged, it does not."""
        return self.score is not None and self.original is not None and self.score > self.original


def compare(model: Path, folder: Path) -> str:
    """By whom, how many fake clips of a folder with `labels.csv` (file, label, method, target) score higher, and each.

    Raises UsageError when the folder has no such file or no fake clip with its original, SourceError when a clip cannot
    be read.
    """
    pairs = measure(Detector.load(model), folder)
    higher = sum(pair.above for pair in pairs)
    rows = [
        [pair.fake, pair.method, number(pair.score), number(pair.original), "yes" if pair.above else "no"]
        for pair in pairs
    ]
    heading = ("clip", "method", "score", "its original", "above")
    found = f"{byline(model)} {higher} of {len(pairs)} fake clips score above their original."
    return f"{found}\n\n{table(heading, rows)}"


def measure(detector: Detector, folder: Path) -> list[Pair]:
    """Each fake clip of a folder beside its original, scored as `edge-detect watch` does. Raises as `compare` does."""
    rows = _rows(folder)
    scores = {row["file"]: _score(detector, folder / row["file"]) for row in rows}
    originals = {row["target"]: scores[row["file"]] for row in rows if row["label"] == "real"}
    pairs = [
        Pair(row["file"], row["method"], scores[row["file"]], originals[row["target"]])
        for row in rows
        if row["label"] != "real" and row["target"] in originals
    ]
    if not pairs:
        raise UsageError(f"{folder} has no fake clip beside its original")
    return pairs


def _rows(folder: Path) -> list[dict[str, str]]:
    labels = folder / "labels.csv"
    if not labels.is_file():
        raise UsageError(f"{folder} has no labels.csv")
    with labels.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"file", "label", "method", "target"} <= rows[0].keys():
        raise UsageError(f"{labels} needs the columns file, label, method, target")
    return rows


def _score(detector: Detector, clip: Path) -> float | None:
    *_, summary = watch(clip, detector)
    assert isinstance(summary, Summary)
    return summary.score
