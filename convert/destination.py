"""Where converted models go: what they are called, and what they may replace."""

from pathlib import Path

from convert import tfjs
from convert.recipes import TFJS
from edge_detect.card import Card, read_packed
from edge_detect.errors import ModelError, UsageError

LONGEST = 200
"""Bytes that a name may have: 255 are what file systems allow, and a recipe and suffixes follow."""


def check_name(name: str, whence: str) -> None:
    """Raise UsageError when files cannot be called by a model's name. whence: who says the name, to begin the error."""
    if name and name.isprintable() and not name.startswith(".") and not {"/", "\\"} & {*name}:
        if len(name.encode()) <= LONGEST:
            return
        wrong = f"is longer than {LONGEST} bytes"
    else:
        wrong = "cannot be part of a file's name"
    raise UsageError(f"{whence} {name!r} {wrong}: letters, digits, dashes and dots, with none in front, will do")


def place(out: Path, name: str, recipe: str) -> Path:
    """The file of a model by a recipe, or the folder of one for TensorFlow.js."""
    return out / (f"{name}-{recipe}" if recipe == TFJS else f"{name}-{recipe}.tflite")


def check_replaced(path: Path, card: Card) -> bool:
    """Whether what a model with this card will replace was calibrated; False where there is nothing.

    A model replaces older ones of its name: one with a card of its own any version, one without what was made of the
    very same file. Raises UsageError for a file or folder that holds anything else.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    try:
        old = tfjs.read_card(path) if path.is_dir() else read_packed(path)[1]
    except ModelError as error:
        raise UsageError(
            f"{path} would be replaced, and is no model that can be read: move it away, or choose another --out "
            f"({error})"
        ) from error
    if (old.name, _origin(old)) != (card.name, _origin(card)):
        raise UsageError(
            f"{path} would be replaced, and was made of another model: move it away, or choose another --out, or "
            "another --name where the model has no card"
        )
    return bool(old.calibration.fitted_on or old.thresholds.chosen_on)


def _origin(card: Card) -> object:
    """Hash of the file that a model without a card came from; None of a model with one."""
    origin = card.training.get("from")
    return origin.get("sha256") if isinstance(origin, dict) else None
