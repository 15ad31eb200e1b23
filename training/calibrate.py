"""What a model's logit means: a probability and two thresholds, from the split `val` and nothing else."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from edge_detect.card import Calibration, Thresholds, read_packed, write_packed
from edge_detect.detector import Detector
from edge_detect.errors import UsageError
from edge_detect.manifest import REAL, Sample, load_pictures
from edge_detect.network import Network
from training.metrics import threshold_at_false_alarms

FALSE_ALARMS_FAKE, FALSE_ALARMS_UNCERTAIN = 0.05, 0.20
"""Shares of real validation pictures that are called fake, and that are called fake or uncertain."""


def calibrate(path: Path, samples: list[Sample]) -> tuple[Calibration, Thresholds]:
    """Fit Platt scaling and choose thresholds for a packed model on the `val` samples; write both into its card.

    Real and fake count alike in the fit, so a score of 0.5 means even odds when both are equally frequent.
    Raises UsageError when a class is missing.
    """
    chosen = [sample for sample in samples if sample.split == "val"]
    labels = np.array([sample.label for sample in chosen])
    if len(set(labels)) < 2:
        raise UsageError("calibration needs real and fake pictures in the split 'val'")
    flatbuffer, card = read_packed(path)
    logits = raw_logits(Detector(Network(flatbuffer, card)), chosen)

    fitted = LogisticRegression(C=np.inf, class_weight="balanced").fit(logits[:, None], labels)
    note = f"{len(labels)} pictures of the split 'val', {int(sum(labels == REAL))} of them real"
    calibration = Calibration(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]), f"Platt scaling on {note}")
    scores = np.array([calibration.probability(float(logit)) for logit in logits])
    reals = scores[labels == REAL]
    thresholds = Thresholds(
        real=threshold_at_false_alarms(reals, FALSE_ALARMS_UNCERTAIN),
        fake=threshold_at_false_alarms(reals, FALSE_ALARMS_FAKE),
        chosen_on=f"{FALSE_ALARMS_FAKE:.0%} of the real pictures at or above 'fake', "
        f"{FALSE_ALARMS_UNCERTAIN:.0%} at or above 'real'; {note}",
    )
    # Figures that were measured at other thresholds would be wrong now.
    card = dataclasses.replace(card, calibration=calibration, thresholds=thresholds, metrics={})
    write_packed(path, flatbuffer, card)
    return calibration, thresholds


def raw_logits(detector: Detector, samples: list[Sample]) -> NDArray[np.float64]:
    """Uncalibrated logits (n,) of whole pictures, through the runtime."""
    return np.array([detector.logit(picture) for picture in load_pictures(samples, detector.card.input_side)])
