"""Models measured on labelled face crops: which pictures, which models, and everything that is measured."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edge_detect.card import Card
from edge_detect.detector import Detector
from edge_detect.errors import UsageError
from edge_detect.evaluation.bootstrap import COVERAGE, REPLICATES
from edge_detect.evaluation.calibration import reliability, risk_coverage
from edge_detect.evaluation.comparison import differences, twins
from edge_detect.evaluation.cost import costs
from edge_detect.evaluation.cross_source import cross_source, real_against_real
from edge_detect.evaluation.damage import DAMAGES, Damage
from edge_detect.evaluation.floors import file_floors
from edge_detect.evaluation.robustness import robustness
from edge_detect.evaluation.roc import Figure
from edge_detect.evaluation.rows import Split, check_names, picture_sides, split_figures
from edge_detect.evaluation.scoring import Scored, score
from edge_detect.evaluation.verdicts import operating_points, verdict_shares
from edge_detect.extras import require
from edge_detect.manifest import Sample
from edge_detect.progress import progress

SCHEMA_VERSION = 1
REPORTED = ("test", "unseen")
"""The splits that neither training nor calibration sees, measured where no others are asked for."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    figures: all of it, ready for JSON; splits and scored: what it was measured from, by split, and by split and model.
    """

    figures: dict[str, Any]
    splits: dict[str, Split]
    scored: dict[str, dict[str, Scored]]


def evaluate(
    paths: Sequence[Path],
    samples: Sequence[Sample],
    *,
    splits: Sequence[str] = (),
    together: Sequence[Sequence[str]] = (),
    damages: tuple[Damage, ...] = DAMAGES,
    fewer: Mapping[Path, tuple[Damage, ...]] = MappingProxyType({}),
    workers: int | None = None,
    quiet: bool = False,
) -> Evaluation:
    """Measure packed classifiers on samples; the first model is the one that is asked about.

    splits: default, those of REPORTED that have pictures; together: sources that are also measured as one; fewer: some
    of these damages, for models that are not measured under all; workers: threads, default one per core. Raises
    UsageError when a split has no pictures, a source is not there or two rows would have one name, ModelError when a
    model is no classifier, PictureError when a picture cannot be read, MissingExtraError without scikit-learn.
    """
    require("evaluation", "evaluate", "sklearn")
    chosen = choose(samples, splits)
    _check_sources(chosen, together)
    detectors = [
        [Detector.load(path, whole_image=True) for path in paths] for _ in range(workers or os.cpu_count() or 1)
    ]
    cards = [detector.card for detector in detectors[0]]
    names = _names(paths, cards)
    each = [fewer.get(path, damages) for path in paths]
    parts = {name: Split(part, picture_sides(part)) for name, part in chosen.items()}
    for split in parts.values():
        check_names(split, together)
    scored = {}
    with progress(sum(map(len, chosen.values())), "scoring", hidden=quiet) as advance:
        for name, part in chosen.items():
            scored[name] = dict(zip(names, score(part, detectors, each, advance), strict=True))
    about = [_about(path, card) for path, card in zip(paths, cards, strict=True)]
    spent = costs(paths, detectors, [sample for part in chosen.values() for sample in part])
    figures: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "intervals": {"coverage": COVERAGE, "draws": REPLICATES, "clustered_by": "group"},
        "models": {name: {**one, **two} for name, one, two in zip(names, about, spent, strict=True)},
        "splits": {},
        "int8_against_float32": {int8: {"float32": float32, "splits": {}} for int8, float32 in twins(names, cards)},
    }
    for name, split in parts.items():
        measured, draws = {}, {}
        for model, card, mine in zip(names, cards, each, strict=True):
            measured[model], draws[model] = _measure(split, scored[name][model], card, together, mine)
        figures["splits"][name] = {**_counts(split), "file_floors": file_floors(split), "models": measured}
        for int8, entry in figures["int8_against_float32"].items():
            pair = (int8, entry["float32"])
            entry["splits"][name] = differences(*(measured[model] for model in pair), *(draws[model] for model in pair))
    return Evaluation(figures, parts, scored)


def choose(samples: Sequence[Sample], splits: Sequence[str]) -> dict[str, list[Sample]]:
    """The samples of each split to measure: of REPORTED, where none is named.

    Raises UsageError, which names the splits there are, when one has no pictures.
    """
    there = {sample.split for sample in samples}
    wanted = splits or [split for split in REPORTED if split in there]
    if not wanted:
        raise UsageError(f"no picture is in {' or '.join(REPORTED)}; --split takes {' or '.join(sorted(there))} here")
    for split in wanted:
        if split not in there:
            raise UsageError(f"no picture is in the split {split!r}; there are pictures in {', '.join(sorted(there))}")
    return {split: [sample for sample in samples if sample.split == split] for split in dict.fromkeys(wanted)}


def _check_sources(chosen: dict[str, list[Sample]], together: Sequence[Sequence[str]]) -> None:
    there = {sample.source for part in chosen.values() for sample in part}
    for source in (source for sources in together for source in sources):
        if source not in there:
            raise UsageError(f"there is no source {source!r} to take together; there are {', '.join(sorted(there))}")


def _names(paths: Sequence[Path], cards: Sequence[Card]) -> list[str]:
    """What each model is called: name and precision, or its path where two would share that."""
    short = [f"{card.name}-{card.precision}" for card in cards]
    names = [name if short.count(name) == 1 else str(path) for name, path in zip(short, paths, strict=True)]
    if len(set(names)) < len(names):
        raise UsageError("a model is named twice; name each once")
    return names


def _about(path: Path, card: Card) -> dict[str, Any]:
    thresholds = {"real": card.thresholds.real, "fake": card.thresholds.fake}
    identity = {"name": card.name, "version": card.version, "precision": card.precision, "sha256": card.sha256}
    return {"file": path.name, **identity, "thresholds": thresholds}


def _counts(split: Split) -> dict[str, int]:
    groups, sources = len({sample.group for sample in split.samples}), len(set(split.sources.tolist()))
    return {"real": int(split.reals.sum()), "fake": int(split.fakes.sum()), "groups": groups, "sources": sources}


def _measure(
    split: Split, scored: Scored, card: Card, together: Sequence[Sequence[str]], damages: tuple[Damage, ...]
) -> tuple[dict[str, Any], dict[str, Figure]]:
    """All figures of one model on one split, and the AUC draws of its rows."""
    scores = scored.scores[0]
    rows, draws = split_figures(split, scores, scored.flagged[0], together)
    return {
        **rows,
        "verdicts": verdict_shares(split, scored.verdicts[0]),
        "operating_points": operating_points(split, scores, card.thresholds),
        "calibration": reliability(split, scores),
        "risk_coverage": risk_coverage(split, scores, card.thresholds),
        "robustness": robustness(split, scored, damages) if damages else None,
        "cross_source": cross_source(split, scores),
        "real_against_real": real_against_real(split, scores),
    }, draws
