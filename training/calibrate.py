"""What a model's output means: a probability and thresholds, from the split `val` and nothing else."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from edge_detect.card import Calibration, Card, Thresholds, read_packed, write_packed
from edge_detect.detector import Detector
from edge_detect.errors import UsageError
from edge_detect.face_evaluation import as_arrays
from edge_detect.faces import FaceFinder
from edge_detect.false_alarms import RATES, choose_thresholds
from edge_detect.manifest import REAL, Sample, load_pictures, read_manifests
from edge_detect.matching import LEAST_SCORE, match
from edge_detect.network import Network
from edge_detect.scenes import Scene, load_scene, read_scenes

FALSE_ALARMS = 0.01
"""Share of real pictures called fake unless asked otherwise: to call a real photo fake is the worse mistake."""
FALSE_BOXES = 0.02
"""Boxes per validation picture where no face is."""


def calibrate(path: Path, data: list[Path]) -> Card:
    """Fit a packed model's calibration and thresholds on the split `val` of `data`, write and return its card.

    Of a classifier, `data` are manifests; of a finder, folders of scenes. Figures that were measured at other
    thresholds are dropped from the card. Raises UsageError when there is nothing to fit on.
    """
    flatbuffer, card = read_packed(path)
    network = Network(flatbuffer, card)
    if card.kind == "finder":
        scenes = [scene for folder in data for scene in read_scenes(folder)]
        card = dataclasses.replace(card, thresholds=face_thresholds(FaceFinder(network), scenes), metrics={})
    else:
        calibration, thresholds = platt_and_thresholds(Detector(network), read_manifests(data))
        card = dataclasses.replace(card, calibration=calibration, thresholds=thresholds, metrics={})
    write_packed(path, flatbuffer, card)
    return card


def platt_and_thresholds(detector: Detector, samples: list[Sample]) -> tuple[Calibration, Thresholds]:
    """Fit Platt scaling and choose thresholds on the `val` samples.

    Real and fake weigh alike in the fit, however many there are of each, so a score of 0.5 means even odds when both
    are equally frequent; within each class every picture weighs alike, whatever its source.
    Raises UsageError when a class is missing, or fakes have no higher logits than reals.
    """
    chosen = [sample for sample in samples if sample.split == "val"]
    labels = np.array([sample.label for sample in chosen])
    if len(set(labels)) < 2:
        raise UsageError("calibration needs real and fake pictures in the split 'val'")
    logits = raw_logits(detector, chosen)

    fitted = LogisticRegression(C=np.inf, class_weight="balanced").fit(logits[:, None], labels)
    if fitted.coef_[0, 0] <= 0:
        raise UsageError(
            "fakes of the split 'val' score no higher than reals: are the labels, or the outputs, swapped?"
        )
    note = f"{len(labels)} pictures of the split 'val', {int(sum(labels == REAL))} of them real"
    calibration = Calibration(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]), f"Platt scaling on {note}")
    scores = np.array([calibration.probability(float(logit)) for logit in logits])
    return calibration, choose_thresholds(scores[labels == REAL].tolist(), FALSE_ALARMS, RATES, note)


def face_thresholds(finder: FaceFinder, scenes: list[Scene]) -> Thresholds:
    """The lowest scores, without and with tiles, at which a finder makes at most FALSE_BOXES per `val` picture.

    Raises UsageError when there is no such picture.
    """
    chosen = [scene for scene in scenes if scene.split == "val"]
    if not chosen:
        raise UsageError("calibration needs scenes in the split 'val'")
    lowest = []
    for small_faces in (False, True):
        false: list[float] = []
        for scene in chosen:
            found = finder.find(load_scene(scene), small_faces=small_faces, threshold=LEAST_SCORE)
            boxes, scores = as_arrays(found)
            false += scores[match(boxes, scene.boxes, scene.certain).false].tolist()
        lowest.append(_just_above(sorted(false, reverse=True)[int(FALSE_BOXES * len(chosen)) :]))
    note = f"at most {FALSE_BOXES} false boxes a picture, each search for itself, on {len(chosen)} pictures of 'val'"
    return Thresholds(face=lowest[0], face_tiles=lowest[1], chosen_on=note)


def _just_above(scores: list[float]) -> float:
    """The least score, in the runtime's precision, that excludes the first of these; LEAST_SCORE when there is none."""
    return float(np.nextafter(np.float32(scores[0]), np.float32(1))) if scores else LEAST_SCORE


def raw_logits(detector: Detector, samples: list[Sample]) -> NDArray[np.float64]:
    """Uncalibrated logits (n,) of whole pictures, through the runtime."""
    return np.array([detector.logit(picture) for picture in load_pictures(samples, detector.card.input_side)])
