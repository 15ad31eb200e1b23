"""What finding costs: whole photos, face found and scored, against crops of the same that were cut beforehand."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_detect.detector import Detector
from edge_detect.document import byline
from edge_detect.errors import PictureError, UsageError
from edge_detect.evaluation import metrics
from edge_detect.manifest import REAL, Sample, read_manifest
from edge_detect.scan import scan_files
from edge_detect.table import number, table


def compare(model: Path, crops: Path, photos: Path) -> str:
    """Which classifier it was, and a table of AUC per source on `test`, for pictures whose group is in both manifests.

    A photo without a face gets the lowest score. A source without real pictures is measured against all real ones
    that are compared. Raises UsageError when the manifests have no group in common, PictureError when one of their
    pictures cannot be read.
    """
    cut, whole = _pairs(read_manifest(crops), read_manifest(photos))
    if not cut:
        raise UsageError(f"{crops} and {photos} have no group of the split 'test' in common")
    before = _scores(model, cut, whole_image=True)
    after = _scores(model, whole, whole_image=False)
    missed = np.isnan(after)
    after = np.where(missed, 0.0, after)
    sources = np.array([sample.source for sample in cut])
    labels = np.array([sample.label for sample in cut])
    rows = []
    for source in ["all", *sorted(set(sources))]:
        chosen = (sources == source) | (source == "all")
        reals = chosen & (labels == REAL)
        if not (labels[chosen] != REAL).any():
            continue
        either = (chosen & (labels != REAL)) | (reals if reals.any() else labels == REAL)
        rows.append(_row(source, labels[either], before[either], after[either], int(missed[chosen].sum())))
    heading = ("source", "real", "fake", "AUC of crops", "AUC of photos", "difference", "no face found")
    return f"{byline(model)}\n\n{table(heading, rows)}"


def _scores(model: Path, samples: list[Sample], *, whole_image: bool) -> NDArray[np.float64]:
    """Scores (n,) of pictures; nan of those without a face."""
    detectors = [Detector.load(model, whole_image=whole_image) for _ in range(os.cpu_count() or 1)]
    results = list(scan_files([str(sample.path) for sample in samples], detectors))
    for result in results:
        if result.error:
            raise PictureError(f"{result.path}: {result.error}")
    return np.array([np.nan if result.score is None else result.score for result in results])


def _pairs(crops: list[Sample], photos: list[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Crops of the split `test` and their photos, by group; groups of several pictures are left out."""
    by_group: dict[str, list[Sample]] = {}
    for photo in photos:
        by_group.setdefault(photo.group, []).append(photo)
    tests = [crop for crop in crops if crop.split == "test" and len(by_group.get(crop.group, ())) == 1]
    sizes = Counter(crop.group for crop in tests)
    alone = [crop for crop in tests if sizes[crop.group] == 1]
    return alone, [by_group[crop.group][0] for crop in alone]


def _row(
    source: str, labels: NDArray[np.int64], before: NDArray[np.float64], after: NDArray[np.float64], missed: int
) -> list[str]:
    crops, photos = metrics.auc(labels, before), metrics.auc(labels, after)
    counts = (int((labels == REAL).sum()), int((labels != REAL).sum()))
    return [source, *map(str, counts), number(crops), number(photos), f"{photos - crops:+.3f}", str(missed)]
