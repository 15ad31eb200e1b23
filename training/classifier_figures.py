"""The figures of a released classifier, from the command its users run: `edge-detect scan --whole-image --jsonl`."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.card import read_packed, write_packed
from edge_detect.errors import EdgeDetectError, ExitCode
from edge_detect.evaluation import metrics
from edge_detect.manifest import FAKE, REAL, Sample, data_hash, read_manifests
from edge_detect.results import Verdict
from edge_detect.table import table

SPLITS = ("test", "unseen")
_HEADINGS = ("", "real", "fake", "AUC", "AP", "EER", "TPR at 1% FPR", "balanced accuracy", "false alarms", "hits")
_KEYS = ("auc", "ap", "eer", "tpr_at_1pct_fpr", "balanced_accuracy", "false_alarms", "hits")


def measure(path: Path, data: list[Path]) -> dict[str, Any]:
    """Score the splits `test` and `unseen` of manifests with a packed model; return its entry for metrics.json.

    The entry holds, for each split, the figures over all pictures, for each source, and for each method of
    manipulation. A short form of it is written into the model's card.
    """
    flatbuffer, card = read_packed(path)
    samples = read_manifests(data)
    entry: dict[str, Any] = {
        "threshold": card.thresholds.fake,
        "data_sha256": data_hash([sample for sample in samples if sample.split in SPLITS]),
        "splits": {},
    }
    for split in SPLITS:
        chosen = [sample for sample in samples if sample.split == split]
        if chosen:
            entry["splits"][split] = split_figures(chosen, *scan(path, chosen, "--whole-image"))
    short = {split: figures["all"] for split, figures in entry["splits"].items()}
    write_packed(path, flatbuffer, dataclasses.replace(card, metrics=short))
    return entry


def scan(model: Path, samples: list[Sample], *options: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores (n,) and whether each picture was called fake (n,), as `edge-detect scan` prints them.

    options: more of them, such as "--whole-image". The score of a picture without a face is nan. Raises EdgeDetectError
    when a picture cannot be read.
    """
    command = [sys.executable, "-m", "edge_detect", "scan", *options, "--jsonl", "--files-from", "-"]
    names = [str(sample.path) for sample in samples]
    listed = "\0".join(names)
    run = subprocess.run([*command, "--model", str(model)], input=listed, capture_output=True, text=True, check=False)
    if run.returncode not in (ExitCode.OK, ExitCode.FLAGGED):
        raise EdgeDetectError(f"scan ended with {run.returncode}: {run.stderr.strip() or run.stdout[-500:]}")
    records = [json.loads(line) for line in run.stdout.splitlines()]
    if [record["path"] for record in records] != names:
        raise EdgeDetectError("scan did not answer for the pictures it was given, in their order")
    return (
        np.array([record["score"] for record in records], np.float64),
        np.array([record["verdict"] == Verdict.FAKE for record in records]),
    )


def split_figures(samples: list[Sample], scores: NDArray[np.float64], flagged: NDArray[np.bool_]) -> dict[str, Any]:
    """Figures over all samples of a split, per source, and per method.

    A source or method without real pictures is measured against all real pictures of the split; a source without
    fakes gets its share of false alarms only.
    """
    labels = np.array([sample.label for sample in samples])
    sources = np.array([sample.source for sample in samples])
    methods = np.array([sample.method for sample in samples])
    all_reals = labels == REAL

    def against(reals: NDArray[np.bool_], fakes: NDArray[np.bool_]) -> dict[str, Any]:
        either = fakes | reals
        return figures(labels[either], scores[either], flagged[either])

    by_source, by_method = {}, {}
    for source in sorted(set(sources)):
        reals, fakes = (sources == source) & all_reals, (sources == source) & ~all_reals
        own = reals if reals.any() else all_reals
        by_source[source] = against(own if fakes.any() else reals, fakes)
        for method in sorted(set(methods[fakes])):
            by_method[f"{source}/{method}"] = against(own, fakes & (methods == method))
    return {"all": against(all_reals, ~all_reals), "sources": by_source, "methods": by_method}


def figures(labels: NDArray[np.int64], scores: NDArray[np.float64], flagged: NDArray[np.bool_]) -> dict[str, Any]:
    """Figures of merit for one set of pictures, rounded to four digits; without fakes, only the false alarms."""
    reals, fakes = labels == REAL, labels == FAKE
    values = {"false_alarms": float(flagged[reals].mean())}
    if fakes.any():
        values |= {
            "hits": float(flagged[fakes].mean()),
            "balanced_accuracy": float(((~flagged[reals]).mean() + flagged[fakes].mean()) / 2),
            "auc": metrics.auc(labels, scores),
            "ap": metrics.average_precision(labels, scores),
            "eer": metrics.equal_error_rate(labels, scores),
            "tpr_at_1pct_fpr": metrics.hits_at_false_alarms(labels, scores, 0.01),
        }
    counts = {"real": int(reals.sum()), "fake": int(fakes.sum())}
    return counts | {name: round(value, 4) for name, value in values.items()}


def overview(metrics: dict[str, Any]) -> str:
    """One row per model: size, latency, and AUC over each split and each source that has both classes."""
    first = next(iter(metrics.values()))["splits"]
    columns = [(split, "all") for split in first]
    columns += [
        (split, source)
        for split, figures in first.items()
        for source, values in figures["sources"].items()
        if values["fake"] and values["real"] < figures["all"]["real"]
    ]

    def auc(entry: dict[str, Any], split: str, source: str) -> float:
        figures = entry["splits"][split]
        return (figures["all"] if source == "all" else figures["sources"][source])["auc"]

    heading = ["model", "kB", "ms a crop", "crops seen", "hours", *(f"{split}: {source}" for split, source in columns)]
    rows = [
        [
            name,
            f"{entry['bytes'] / 1000:.0f}",
            f"{entry['ms_p50']:.2f}",
            f"{entry['crops_seen'] / 1e6:.2f} M",
            f"{entry['hours']:.1f}",
            *(f"{auc(entry, *column):.3f}" for column in columns),
        ]
        for name, entry in sorted(metrics.items())
    ]
    return table(heading, rows)


def details(entry: dict[str, Any]) -> str:
    """All figures of one model: a table per split, with a row over all, per source, and per method."""
    parts = []
    for split, figures in entry["splits"].items():
        rows = [_row("**all**", figures["all"])]
        rows += [_row(source, values) for source, values in figures["sources"].items()]
        rows += [_row(f"· {method}", values) for method, values in figures["methods"].items()]
        parts.append(f"Split `{split}`:\n\n{table(_HEADINGS, rows)}")
    return "\n\n".join(parts)


def _row(label: str, values: dict[str, Any]) -> list[str]:
    cells = [f"{values[key]:.3f}" if key in values else "" for key in _KEYS]
    return [label, str(values["real"]), str(values["fake"]), *cells]
