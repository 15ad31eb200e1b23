"""The gate: a converted model may ship only while it still tells real from fake as well as its float32 form."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from edge_detect import image
from edge_detect.card import Card
from edge_detect.detector import Detector
from edge_detect.errors import UsageError
from edge_detect.manifest import Sample
from edge_detect.network import Network


@dataclass(frozen=True)
class Comparison:
    """How a converted model differs from the float32 reference on the same pictures.

    auc and reference_auc: on the validation pictures; error: mean and largest difference of the logit.
    """

    pictures: int
    auc: float
    reference_auc: float
    mean_error: float
    max_error: float

    @property
    def drop(self) -> float:
        """AUC lost by the conversion; negative when it gained."""
        return self.reference_auc - self.auc

    def __str__(self) -> str:
        return (
            f"AUC {self.auc:.4f} against {self.reference_auc:.4f} in float32 (drop {self.drop:+.4f}), "
            f"logit error mean {self.mean_error:.3f}, max {self.max_error:.3f}, on {self.pictures} pictures"
        )


def validation_pictures(samples: list[Sample], side: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels (n, side, side, 3) and labels (n,) of the split `val`. Raises UsageError when a class is missing."""
    chosen = [sample for sample in samples if sample.split == "val"]
    if len({sample.label for sample in chosen}) < 2:
        raise UsageError("the gate needs real and fake pictures in the split 'val'")
    pictures = (image.decode(sample.path.read_bytes()).pixels for sample in chosen)
    pixels = np.stack([image.resize(image.whole(picture), side) for picture in pictures])
    return pixels, np.array([sample.label for sample in chosen])


def logits(flatbuffer: bytes, card: Card, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits (n,) of a converted model, through the runtime that will run it."""
    detector = Detector(Network(flatbuffer, card))
    return np.array([detector.logit(picture) for picture in pixels])


def compare(scores: NDArray[np.float64], reference: NDArray[np.float64], labels: NDArray[np.int64]) -> Comparison:
    """Compare logits (n,) with those of the reference, for labels (n,) of 0 and 1."""
    error = np.abs(scores - reference)
    return Comparison(
        len(labels),
        float(roc_auc_score(labels, scores)),
        float(roc_auc_score(labels, reference)),
        float(error.mean()),
        float(error.max()),
    )
