"""Two models side by side on the same pictures: size, latency, accuracy, and where they disagree."""

import base64
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.bench import Latency, bench, inference
from edge_detect.card import Card, read_packed
from edge_detect.detector import Detector
from edge_detect.errors import PictureError, UsageError
from edge_detect.evaluation import metrics
from edge_detect.evaluation.page import figure, page, section, table
from edge_detect.labeller import Labeller, load_inspector
from edge_detect.manifest import Sample
from edge_detect.network import Network
from edge_detect.pool import in_order
from edge_detect.results import Result
from edge_detect.table import aligned

SCHEMA_VERSION = 1
SHOWN = 12
"""Disagreements that a page shows."""
_THUMB = 192
_OPTIONS = {"finder": None, "whole_image": True, "small_faces": False, "fpr": None}
_HEADING = ("", "A", "B")
Pair = tuple["Detector | Labeller", "Detector | Labeller"]


@dataclass(frozen=True)
class Side:
    """One of the two models: its file, and what it made of n pictures.

    scores: (n, labels), each 0–1; calls: its verdict or label in words.
    """

    path: Path
    card: Card
    latency: Latency
    scores: NDArray[np.float64]
    calls: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two models and the pictures they were asked about."""

    a: Side
    b: Side
    samples: tuple[Sample, ...]

    @property
    def differences(self) -> NDArray[np.float64]:
        """Largest difference of a score (0–1), by picture."""
        return np.asarray(np.abs(self.a.scores - self.b.scores).max(axis=1))

    @property
    def worst(self) -> list[int]:
        """Pictures by how much the models disagree, most first."""
        return [int(at) for at in np.argsort(-self.differences, kind="stable")]

    def figures(self) -> dict[str, Any]:
        """All figures, ready for JSON; shares and scores are 0–1."""
        calls = zip(self.a.calls, self.b.calls, strict=True)
        return {
            "schema_version": SCHEMA_VERSION,
            "pictures": len(self.samples),
            "models": {key: self._side(side) for key, side in (("a", self.a), ("b", self.b))},
            "disagreement": {
                "mean": round(float(self.differences.mean()), 6),
                "max": round(float(self.differences.max()), 6),
                "calls": round(float(np.mean([one != two for one, two in calls])), 6),
                "worst": [
                    {"path": str(self.samples[at].path), "difference": round(float(self.differences[at]), 6)}
                    for at in self.worst[:SHOWN]
                ],
            },
        }

    def _side(self, side: Side) -> dict[str, Any]:
        return {
            "file": str(side.path),
            "precision": side.card.precision,
            "bytes": side.path.stat().st_size,
            "ms_p50": round(side.latency.p50, 3),
            "ms_p95": round(side.latency.p95, 3),
            "measure": "AUC" if side.card.kind == "classifier" else "top-1",
            "scores": {
                split: _merit(side, self.samples, split)
                for split in dict.fromkeys(sample.split for sample in self.samples)
            },
        }


def compare(
    paths: tuple[Path, Path], samples: Sequence[Sample], workers: int | None, advance: Callable[[], None]
) -> Comparison:
    """Ask two models of the same labels about the same pictures, scored whole, and time them in turns.

    advance is called for each picture. Raises UsageError when their labels differ, PictureError, which names the file,
    when a picture cannot be read, ModelError when a model cannot be used.
    """
    cards = [read_packed(path)[1] for path in paths]
    if cards[0].labels != cards[1].labels or cards[0].kind != cards[1].kind:
        raise UsageError(
            f"the models answer different questions: {', '.join(cards[0].labels)} and {', '.join(cards[1].labels)}"
        )
    one, two = paths
    crew: list[Pair] = [
        (load_inspector(one, **_OPTIONS), load_inspector(two, **_OPTIONS))
        for _ in range(workers or os.cpu_count() or 1)
    ]
    results = []
    for pair in in_order(samples, crew, _ask):
        results.append(pair)
        advance()
    times = bench({"a": inference(Network.load(one)), "b": inference(Network.load(two))})
    sides = [
        Side(
            paths[at],
            cards[at],
            times[at],
            np.array([_scores(pair[at]) for pair in results]),
            tuple(pair[at].label or str(pair[at].verdict) for pair in results),
        )
        for at in (0, 1)
    ]
    return Comparison(sides[0], sides[1], tuple(samples))


def _ask(pair: Pair, sample: Sample) -> tuple[Result, Result]:
    one, two = (inspector.inspect(str(sample.path)).result for inspector in pair)
    if one.error:
        raise PictureError(f"{sample.path}: {one.error}")
    return one, two


def _scores(result: Result) -> list[float]:
    if result.label is not None:
        return list(result.scores.values())
    return [1 - (result.score or 0), result.score or 0]


def _merit(side: Side, samples: Sequence[Sample], split: str) -> float | None:
    """AUC of a classifier, None where there is one class only; top-1 accuracy of a labeller."""
    inside = [sample.split == split for sample in samples]
    truth, scores = np.array([sample.label for sample in samples])[inside], side.scores[inside]
    if side.card.kind == "classifier":
        value = metrics.auc(truth, scores[:, 1])
        return None if np.isnan(value) else round(value, 6)
    return round(float((scores.argmax(axis=1) == truth).mean()), 6)


def text(found: Comparison) -> str:
    """The comparison for the terminal."""
    return aligned(_HEADING, _rows(found)) + "\n" + _disagreement(found)


def report(found: Comparison) -> str:
    """The comparison as a page, with the pictures on which the models disagree most."""
    drawings = "\n".join(_picture(found, at) for at in found.worst[:SHOWN])
    names = " and ".join(f"{side.card.name} ({side.card.precision})" for side in (found.a, found.b))
    body = [
        section("Side by side", table("Times are of one crop on one thread of this machine", _HEADING, _rows(found))),
        section("Where they disagree most", f'<div class="plots">{drawings}</div>'),
    ]
    return page(f"{names}, side by side", _disagreement(found), "", "\n".join(body))


def _rows(found: Comparison) -> list[tuple[str, ...]]:
    one, two = found.figures()["models"].values()
    merits = [
        (f"{one['measure']} on {split}", *(_merit_in_words(side["scores"][split]) for side in (one, two)))
        for split in one["scores"]
    ]
    return [
        ("file", found.a.path.name, found.b.path.name),
        ("size, kB", f"{one['bytes'] / 1000:.0f}", f"{two['bytes'] / 1000:.0f}"),
        ("ms a crop, p50", f"{one['ms_p50']:.2f}", f"{two['ms_p50']:.2f}"),
        ("ms a crop, p95", f"{one['ms_p95']:.2f}", f"{two['ms_p95']:.2f}"),
        *merits,
    ]


def _merit_in_words(value: float | None) -> str:
    return "one class only" if value is None else f"{value:.4f}"


def _disagreement(found: Comparison) -> str:
    figures = found.figures()["disagreement"]
    return (
        f"On {len(found.samples)} pictures their scores differ by {figures['mean']:.4f} on average, by "
        f"{figures['max']:.3f} at most, and {figures['calls']:.1%} of the verdicts or labels differ."
    )


def _picture(found: Comparison, at: int) -> str:
    sample = found.samples[at]
    crop = image.load_whole(sample.path.read_bytes(), _THUMB)
    data = base64.b64encode(image.encode(crop, ".jpg")).decode()
    said = " against ".join(
        f"{side.calls[at]} ({side.scores[at].max() if side.card.kind == 'labeller' else side.scores[at][1]:.3f})"
        for side in (found.a, found.b)
    )
    caption = f"{said}; it is {found.a.card.labels[sample.label]}: {sample.path.name}"
    return figure(caption, f'<img src="data:image/jpeg;base64,{data}" width="{_THUMB}" height="{_THUMB}" alt="">')
