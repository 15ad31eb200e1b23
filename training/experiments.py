"""Experiments: variants of a recipe, trained alike and measured alike, in one table.

An experiment is a TOML file: `recipe`, `seeds`, `changes` to the recipe for all, and a `[[variant]]` for each table
column with its `name` and what it changes. Others are held to the first variant. Models are measured in float32, or,
with `int8 = true`, as a device would run them, with what that costs.
"""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_detect.bench import bench, inference
from edge_detect.card import read_packed
from edge_detect.detector import Detector
from edge_detect.errors import EdgeDetectError, UsageError
from edge_detect.evaluation.bootstrap import interval
from edge_detect.evaluation.cost import multiply_adds
from edge_detect.evaluation.evaluate import REPORTED
from edge_detect.evaluation.roc import roc
from edge_detect.evaluation.rows import Row, Split, known_draws, rows
from edge_detect.evaluation.scoring import score
from edge_detect.manifest import read_manifests
from edge_detect.network import Network
from edge_detect.progress import progress
from edge_detect.table import bounds, signed, table, with_interval
from training.feed import end_with_parent
from training.recipe import Recipe, make_recipe, read_toml

SPLITS = ("val", *REPORTED)
_ANY_LOSS = ["--max-drop", "1", "--max-mean-error", "1", "--max-error", "1", "--max-flips", "1"]
"""Options of the converter."""


@dataclass(frozen=True)
class Experiment:
    """The recipe of each variant for each seed; which question they answer; and whether by their int8 models."""

    question: str
    variants: dict[str, dict[int, Recipe]]
    int8: bool = False


@dataclass(frozen=True)
class Measured:
    """AUC of one variant by row of the table, as the mean over its seeds; the same in each bootstrap draw."""

    auc: dict[str, float] = field(default_factory=dict)
    draws: dict[str, NDArray[np.float64]] = field(default_factory=dict)


def read_experiment(path: Path, manifests: Sequence[Path] = ()) -> Experiment:
    """Read an experiment; manifests: data folders instead of those that it names.

    Raises UsageError for a missing file, wrong TOML, missing, unknown or repeated entries.
    """
    values = read_toml(path)
    try:
        question, seeds, variants = values.pop("question"), values.pop("seeds", [1]), values.pop("variant")
        int8 = values.pop("int8", False)
        base = {**read_toml(Path(values.pop("recipe"))), **values.pop("changes", {})}
        given = {"manifests": list(manifests)} if manifests else {}
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
            name: {seed: make_recipe({**base, **changes, **given, "seed": seed}, path) for seed in seeds}
            for name, changes in named.items()
        },
        int8,
    )


def run(experiment: Experiment, out: Path) -> dict[str, list[Path]]:
    """Train and convert what is not there yet, below `out`; returns each variant's models, one a seed.

    Every run has a process of its own. An interrupted one goes on when this is called again. Raises EdgeDetectError
    when a model cannot be converted.
    """
    models: dict[str, list[Path]] = {}
    for seed in next(iter(experiment.variants.values())):
        for name, recipes in experiment.variants.items():
            folder = out / f"{name.replace(' ', '-')}-{seed}"
            with ProcessPoolExecutor(1, get_context("spawn"), end_with_parent) as process:
                best = process.submit(_fit, recipes[seed], folder).result()
            models.setdefault(name, []).append(_convert(best, recipes[seed], experiment.int8))
    return models


def _fit(recipe: Recipe, folder: Path) -> Path:
    from training.fit import fit

    return fit(recipe, folder, resume=True)


def _convert(best: Path, recipe: Recipe, int8: bool) -> Path:
    """The float32 or int8 model beside a trained one, made by the command, since the converter is a neighbour.

    Of int8 models, whatever they lost may pass: it is seen in the table.
    """
    kind = "int8" if int8 else "float32"
    converted = best.with_name(f"{recipe.name}-{kind}.tflite")
    if not converted.exists() or converted.stat().st_mtime < best.stat().st_mtime:
        options = [option for root in recipe.manifests for option in ("--data", str(root))]
        options += _ANY_LOSS if int8 else []
        command = [sys.executable, "-m", "convert", str(best), "--to", kind, "--out", str(best.parent), *options]
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
            scores = dict(
                zip(paths, (one.scores[0] for one in score(part, [detectors], [()] * len(paths), advance)), strict=True)
            )
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
    return float(roc(labels, values).auc()), known_draws(split, row, np.concatenate(draws))


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
    if experiment.int8:
        lines += [[*row, *blank] for row in _costs(models)]
    return f"{experiment.question}\n\n{table(heading, lines)}"


def _costs(models: dict[str, list[Path]]) -> list[list[str]]:
    """Rows of what each variant's first model costs: its size, the work of a look, and milliseconds, taken in turns."""
    networks = {str(paths[0]): Network.load(paths[0]) for paths in models.values()}
    work = [multiply_adds(read_packed(Path(path))[0]) for path in networks]
    latencies = bench({path: inference(network) for path, network in networks.items()})
    looks = "two looks" if next(iter(networks.values())).card.mirrored else "one look"
    return [
        ["kB", *(f"{Path(path).stat().st_size / 1000:.0f}" for path in networks)],
        ["M mult-adds a look", *("" if count is None else f"{count / 1e6:.0f}" for count in work)],
        [f"ms a crop, {looks}, one thread", *(f"{latency.p50:.2f}" for latency in latencies)],
    ]
