"""Experiments: variants of a recipe, trained alike and measured alike, in one table.

An experiment is a TOML file: `recipe`, `seeds`, `changes` to the recipe for all, and a `[[variant]]` for each table
column with its `name` and what it changes. Others are held to the first variant.
"""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_detect.card import read_packed
from edge_detect.detector import Detector
from edge_detect.errors import EdgeDetectError, UsageError
from edge_detect.evaluation.bootstrap import interval
from edge_detect.evaluation.evaluate import REPORTED
from edge_detect.evaluation.roc import roc
from edge_detect.evaluation.rows import Row, Split, rows
from edge_detect.evaluation.scoring import score
from edge_detect.manifest import read_manifests
from edge_detect.progress import progress
from edge_detect.table import bounds, signed, table, with_interval
from training.feed import end_with_parent
from training.recipe import Recipe, make_recipe, read_toml

SPLITS = ("val", *REPORTED)


@dataclass(frozen=True)
class Experiment:
    """The recipe of each variant for each seed; and which question they answer."""

    question: str
    variants: dict[str, dict[int, Recipe]]


@dataclass(frozen=True)
class Measured:
    """AUC of one variant by row of the table, as the mean over its seeds; the same in each bootstrap draw."""

    auc: dict[str, float] = field(default_factory=dict)
    draws: dict[str, NDArray[np.float64]] = field(default_factory=dict)


def read_experiment(path: Path) -> Experiment:
    """Read an experiment. Raises UsageError for a missing file, wrong TOML, missing, unknown or repeated entries."""
    values = read_toml(path)
    try:
        question, seeds, variants = values.pop("question"), values.pop("seeds", [1]), values.pop("variant")
        base = {**read_toml(Path(values.pop("recipe"))), **values.pop("changes", {})}
        named = {entry.pop("name"): entry for entry in variants}
    except KeyError as error:
        raise UsageError(f"{path} lacks the key {error}") from error
    if values:
        raise UsageError(f"{path}: unknown keys {', '.join(sorted(values))}")
    if len(named) < len(variants):
        raise UsageError(f"{path}: two variants share a name")
    return Experiment(
        question,
        {
            name: {seed: make_recipe({**base, **changes, "seed": seed}, path) for seed in seeds}
            for name, changes in named.items()
        },
    )


def run(experiment: Experiment, out: Path) -> dict[str, list[Path]]:
    """Train and convert what is not there yet, below `out`; returns each variant's float32 models, one a seed.

    Every run has a process of its own. An interrupted one goes on when this is called again. Raises EdgeDetectError
    when a model cannot be converted.
    """
    models: dict[str, list[Path]] = {}
    for seed in next(iter(experiment.variants.values())):
        for name, recipes in experiment.variants.items():
            folder = out / f"{name.replace(' ', '-')}-{seed}"
            with ProcessPoolExecutor(1, get_context("spawn"), end_with_parent) as process:
                best = process.submit(_fit, recipes[seed], folder).result()
            models.setdefault(name, []).append(_convert(best, recipes[seed]))
    return models


def _fit(recipe: Recipe, folder: Path) -> Path:
    from training.fit import fit

    return fit(recipe, folder, resume=True)


def _convert(best: Path, recipe: Recipe) -> Path:
    """The float32 model beside a trained one, made by the command, since the converter is a neighbour."""
    converted = best.with_name(f"{recipe.name}-float32.tflite")
    if not converted.exists() or converted.stat().st_mtime < best.stat().st_mtime:
        data = [option for root in recipe.manifests for option in ("--data", str(root))]
        command = [sys.executable, "-m", "convert", str(best), "--to", "float32", "--out", str(best.parent), *data]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
            raise EdgeDetectError(f"{best} could not be converted: {' '.join(command)}")
    return converted


def measure(models: dict[str, list[Path]], data: list[Path]) -> dict[str, Measured]:
    """AUC of variants on the splits of manifests: over all pictures, and of each source that has fakes."""
    samples = read_manifests(data)
    paths = [path for seeds in models.values() for path in seeds]
    detectors = [Detector.load(path, whole_image=True) for path in paths]
    found = {name: Measured() for name in models}
    chosen = {split: [sample for sample in samples if sample.split == split] for split in SPLITS}
    with progress(sum(map(len, chosen.values())), "scoring") as advance:
        for split_name, part in chosen.items():
            split = Split(part)
            scores = dict(zip(paths, (one.scores[0] for one in score(part, [detectors], (), advance)), strict=True))
            for row in rows(split):
                if row.kind in ("all", "sources") and row.fakes.any():
                    for name, seeds in models.items():
                        point, draws = zip(*(_auc(split, row, scores[path]) for path in seeds), strict=True)
                        found[name].auc[f"{split_name}: {row.name}"] = float(np.mean(point))
                        found[name].draws[f"{split_name}: {row.name}"] = np.mean(draws, axis=0)
    return found


def _auc(split: Split, row: Row, scores: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """AUC of a row, and in each draw of the split's groups."""
    either = row.reals | row.fakes
    labels, values = split.labels[either], scores[either]
    draws = [roc(labels, values, weights).auc() for weights in split.bootstrap.weights(either)]
    return float(roc(labels, values).auc()), np.concatenate(draws)


def tabulate(experiment: Experiment, models: dict[str, list[Path]], found: dict[str, Measured]) -> str:
    """The table: a row per source, a column per variant, with what the others gain over the first."""
    trained = {name: [read_packed(path)[1].training for path in paths] for name, paths in models.items()}
    first, *others = found
    heading = ["AUC (95%)", *found, *(f"{name}: gain" for name in others)]
    lines = []
    for row in found[first].auc:
        gains = []
        for name in others:
            gain = found[name].auc[row] - found[first].auc[row]
            sure = bounds(interval(found[name].draws[row] - found[first].draws[row]))
            gains.append(signed(gain) + (f" ({sure})" if sure else ""))
        cells = [with_interval(one.auc[row], interval(one.draws[row])) for one in found.values()]
        lines.append([row, *cells, *gains])
    blank = [""] * len(others)
    for words, key, form in (
        ("training pictures", "pictures", lambda value: f"{value['train']}"),
        ("crops seen", "crops_seen", lambda value: f"{value / 1e6:.2f} M"),
        ("hours", "hours", lambda value: f"{value:.2f}"),
    ):
        lines.append([words, *(", ".join(form(one[key]) for one in trained[name]) for name in found), *blank])
    return f"{experiment.question}\n\n{table(heading, lines)}"
