"""The gate: a converted model may ship only while it still tells real from fake as well as the Keras model does."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from edge_detect.card import Card
from edge_detect.detector import Detector, raw_logit
from edge_detect.errors import UsageError
from edge_detect.manifest import Sample, load_pictures
from edge_detect.network import Network

FLOAT_ERROR = 1e-3
"""Largest difference of a logit that float32 arithmetic may make; more means that weights were lost on the way."""


@dataclass(frozen=True)
class Comparison:
    """How a converted model differs from the Keras model on the same pictures.

    auc and keras_auc: on the validation pictures; mean_error and max_error: difference of the logits.
    """

    pictures: int
    auc: float
    keras_auc: float
    mean_error: float
    max_error: float

    @property
    def drop(self) -> float:
        """AUC lost by the conversion; negative when it gained."""
        return self.keras_auc - self.auc

    def passes(self, max_drop: float, *, exact: bool) -> bool:
        """Whether the AUC dropped by at most `max_drop` and, where arithmetic is `exact`, no logit changed."""
        return self.drop <= max_drop and not (exact and self.max_error > FLOAT_ERROR)

    def __str__(self) -> str:
        return (
            f"AUC {self.auc:.4f} against {self.keras_auc:.4f} in Keras (drop {self.drop:+.4f}), "
            f"logit error mean {self.mean_error:.3f}, max {self.max_error:.3f}, on {self.pictures} pictures"
        )


def validation_pictures(samples: list[Sample], side: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels (n, side, side, 3) and labels (n,) of the split `val`. Raises UsageError when a class is missing."""
    chosen = [sample for sample in samples if sample.split == "val"]
    if len({sample.label for sample in chosen}) < 2:
        raise UsageError("the gate needs real and fake pictures in the split 'val'")
    return load_pictures(chosen, side), np.array([sample.label for sample in chosen])


def keras_logits(model: Any, card: Card, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits (n,) of the model that was trained."""
    outputs = [model.predict_on_batch(pixels[i : i + 32])[card.output] for i in range(0, len(pixels), 32)]
    return np.array([raw_logit(float(value), card) for value in np.concatenate(outputs)[:, 0]])


def logits(flatbuffer: bytes, card: Card, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits (n,) of a converted model, through the runtime that will run it."""
    detector = Detector(Network(flatbuffer, card))
    return np.array([detector.logit(picture) for picture in pixels])


def compare(scores: NDArray[np.float64], reference: NDArray[np.float64], labels: NDArray[np.int64]) -> Comparison:
    """Compare logits (n,) with those of the Keras model, for labels (n,) of 0 and 1."""
    error = np.abs(scores - reference)
    return Comparison(
        len(labels),
        float(roc_auc_score(labels, scores)),
        float(roc_auc_score(labels, reference)),
        float(error.mean()),
        float(error.max()),
    )
