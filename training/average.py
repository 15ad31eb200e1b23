"""One model from several that descend from the same weights, or from those and themselves (Wortsman et al., 2022)."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_detect.card import Card
from edge_detect.errors import UsageError
from training import history
from training.fit import save_model


def average_models(models: list[Path], out: Path, version: str) -> Path:
    """Write the mean of trained `.keras` models (cards and histories beside them) into `out`, as training leaves one.

    All descend from the same weights (by `begin_from` in their recipes), which may take part themselves. A model that
    is named twice weighs double. version: of the mean. The card counts the crops and hours of all of them. Raises
    UsageError when there are fewer than two, a file is missing, or they have no weights to descend from in common.
    """
    if len(models) < 2:
        raise UsageError("a mean needs two models or more")
    try:
        parts = [{**_card(path).training, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in models]
        loaded = [keras.models.load_model(path, compile=False) for path in models]
        curves = {path.parent: history.read(path.parent / "history.csv") for path in models}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"each model needs its card and history beside it, as training leaves them: {error}"
        ) from error
    provenance = _provenance(parts)
    mean = loaded[0]
    for variable, *weights in zip(mean.weights, *(model.get_weights() for model in loaded), strict=True):
        variable.assign(np.mean(weights, axis=0))
    out.mkdir(parents=True, exist_ok=True)
    card = dataclasses.replace(_card(models[-1]), version=version, training=provenance)
    save_model(mean, card, out)
    history.join({folder.name: rows for folder, rows in curves.items()}, out / "history.csv")
    return out / "best.keras"


def _card(path: Path) -> Card:
    return Card.from_dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def _provenance(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """What the parts have in common, the crops and hours of all of them, and each part's own record.

    Raises UsageError when they do not descend from the same weights.
    """
    lines = [_descent(part) for part in parts]
    shared = set.intersection(*({one["sha256"] for one in line} for line in lines))
    passed = {one["sha256"] for line in lines for one in line[1:]}
    ends = {part["sha256"]: part for part in parts if part["sha256"] not in passed}
    if not shared or shared & ends.keys():
        raise UsageError("only models that descend from the same weights have a mean: train them with begin_from")
    start = next(one for one in lines[0] if one["sha256"] in shared)
    spent = {key: start[key] + sum(part[key] - start[key] for part in ends.values()) for key in ("crops_seen", "hours")}
    common = {key: value for key, value in parts[-1].items() if all(part.get(key) == value for part in ends.values())}
    return {**common, **spent, "hours": round(spent["hours"], 2), "begun_from": _weights(start), "mean_of": parts}


def _descent(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A model's record, that of the weights it began from, that of theirs, and so on."""
    line = [part]
    while "begun_from" in line[-1]:
        line.append(line[-1]["begun_from"])
    return line


def _weights(record: dict[str, Any]) -> dict[str, Any]:
    """What `begun_from` says of weights."""
    return {key: record[key] for key in ("sha256", "crops_seen", "hours", "begun_from") if key in record}
