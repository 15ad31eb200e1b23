"""A trained model on disk: a `.keras` file of stock layers, and its card beside it."""

import hashlib
import json
from pathlib import Path

import keras

from edge_detect.card import Card
from edge_detect.errors import UsageError
from training.precision import in_float32


def check_free(out: Path) -> None:
    """Raise UsageError when a folder holds a trained model: it may have taken days."""
    for file in ("checkpoint.npz", "best.keras"):
        if (out / file).exists():
            raise UsageError(f"{out} holds a trained model already ({file}): choose another --out")


def save_model(model: keras.Model, card: Card, out: Path) -> None:
    """Write best.keras and its card best.json, each aside and renamed."""
    model.save(out / "aside.keras")
    (out / "aside.json").write_text(json.dumps(card.to_dict(), indent=2) + "\n", encoding="utf-8")
    (out / "aside.keras").replace(out / "best.keras")
    (out / "aside.json").replace(out / "best.json")


def trained_card(path: Path) -> Card:
    """The card beside a trained `.keras` model. Raises OSError or ValueError when there is none."""
    return Card.from_dict(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def load_trained(path: Path) -> keras.Model:
    """A trained model, in float32. Raises OSError or ValueError when there is none."""
    with in_float32():
        return keras.models.load_model(path, compile=False)


def trained_hash(path: Path) -> str:
    """SHA-256 of a trained model's file. Raises UsageError when there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"there is no {path}") from error
