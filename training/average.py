"""One model from several that went on from the same weights: the mean of theirs (Wortsman et al., 2022)."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_detect.card import Card
from edge_detect.errors import UsageError
from training.fit import save_model


def average_models(models: list[Path], out: Path) -> Path:
    """Write the mean of trained `.keras` models (their cards beside them) as best.keras and best.json into `out`.

    The card counts the crops and hours of all of them. Raises UsageError when there are fewer than two, a file is
    missing, or they did not go on from the same weights of the same network.
    """
    if len(models) < 2:
        raise UsageError("a mean needs two models or more")
    try:
        loaded = [keras.models.load_model(path, compile=False) for path in models]
        cards = [Card.from_dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))) for path in models]
    except (OSError, ValueError) as error:
        raise UsageError(f"each model needs its card beside it, as training leaves them: {error}") from error
    origins = [card.training.get("begun_from") for card in cards]
    if None in origins or any(origin != origins[0] for origin in origins):
        raise UsageError("only models that went on from the same weights have a mean: train them with begin_from")
    mean = loaded[0]
    for name, *weights in zip(mean.weights, *(model.get_weights() for model in loaded), strict=True):
        name.assign(np.mean(weights, axis=0))
    out.mkdir(parents=True, exist_ok=True)
    save_model(mean, dataclasses.replace(cards[0], training=_provenance(models, cards)), out)
    return out / "best.keras"


def _provenance(models: list[Path], cards: list[Card]) -> dict[str, Any]:
    """What the parts have in common, their crops and hours together, and each part's own record."""
    parts = [
        {**card.training, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path, card in zip(models, cards, strict=True)
    ]
    start = parts[0]["begun_from"]
    spent = {key: start[key] + sum(part[key] - start[key] for part in parts) for key in ("crops_seen", "hours")}
    common = {key: value for key, value in parts[0].items() if all(part.get(key) == value for part in parts)}
    return {**common, **spent, "hours": round(spent["hours"], 2), "mean_of": parts}
