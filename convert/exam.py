"""What a converted model is examined with, by kind: pictures that set its scales, and pictures that test it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convert.representative import Representative, choose
from edge_detect.card import Card
from edge_detect.detector import Detector
from edge_detect.errors import UsageError
from edge_detect.evaluation import metrics
from edge_detect.faces import decode_one, letterbox
from edge_detect.manifest import Sample, load_pictures, read_manifests
from edge_detect.matching import LEAST_SCORE, average_precision, match_scene
from edge_detect.network import Runnable
from edge_detect.scenes import Scene, load_scene, read_scenes


@dataclass(frozen=True)
class Answers:
    """How a network did: its figure of merit (0–1), and its raw logits on all pictures, flattened."""

    score: float
    logits: NDArray[np.float64]


class Exam(Protocol):
    """Pictures for one kind of model. measure: the name of its figure of merit; pictures: how many it sits."""

    measure: str
    pictures: int

    def representative(self, count: int, seed: int) -> Representative:
        """Training pictures that set the int8 scales."""

    def sit(self, network: Runnable) -> Answers:
        """Run a network, Keras or converted, over the validation pictures, by the same code for both."""


class ClassifierExam:
    """Labelled face crops: AUC on the split `val`."""

    measure = "AUC"

    def __init__(self, card: Card, data: list[Path]) -> None:
        """Raises UsageError when there is no manifest, or its split `val` lacks a class."""
        self._samples: list[Sample] = read_manifests(data)
        self._side = card.input_side
        chosen = [sample for sample in self._samples if sample.split == "val"]
        self._labels = [sample.label for sample in chosen]
        if len(set(self._labels)) < 2:
            raise UsageError("the gate needs real and fake pictures in the split 'val'")
        self._pixels = load_pictures(chosen, self._side)
        self.pictures = len(chosen)

    def representative(self, count: int, seed: int) -> Representative:
        """See `representative.choose`."""
        return choose(self._samples, count, self._side, seed)

    def sit(self, network: Runnable) -> Answers:
        """AUC, and a logit per picture."""
        detector = Detector(network)
        logits = np.array([detector.logit(picture) for picture in self._pixels])
        return Answers(metrics.auc(self._labels, logits), logits)


class FinderExam:
    """Pictures with labelled faces: average precision on the split `val`."""

    measure = "AP"

    def __init__(self, card: Card, data: list[Path]) -> None:
        """Raises UsageError when a folder holds no scenes, or none in the split `val`."""
        self._scenes: list[Scene] = [scene for folder in data for scene in read_scenes(folder)]
        self._side = card.input_side
        self._validation = [scene for scene in self._scenes if scene.split == "val"]
        if not self._validation:
            raise UsageError("the gate needs scenes in the split 'val'")
        self._frames = [letterbox(load_scene(scene), self._side) for scene in self._validation]
        self.pictures = len(self._validation)

    def representative(self, count: int, seed: int) -> Representative:
        """Frames of `count` training scenes, drawn without regard to what they show."""
        training = [scene for scene in self._scenes if scene.split == "train"]
        order = np.random.default_rng(seed).permutation(len(training))[:count]
        return Representative(np.stack([letterbox(load_scene(training[i]), self._side)[0] for i in order]), seed)

    def sit(self, network: Runnable) -> Answers:
        """Average precision, and the heat of every cell."""
        matches, scores, heats = [], [], []
        for scene, (frame, scale) in zip(self._validation, self._frames, strict=True):
            outputs = network.run(frame)
            boxes, sure = decode_one(outputs, LEAST_SCORE, scale)
            matches.append(match_scene(boxes, scene))
            scores.append(sure)
            heats.append(outputs["heat"].ravel())
        return Answers(average_precision(matches, scores), np.concatenate(heats).astype(np.float64))


EXAMS: dict[str, Callable[[Card, list[Path]], Exam]] = {"classifier": ClassifierExam, "finder": FinderExam}


class KerasNetwork:
    """A trained Keras model behind the runtime's interface, so that the same code examines both."""

    def __init__(self, model: Any, card: Card) -> None:
        self.card = card
        self._model = model

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for one picture, as `Network.run`."""
        outputs = self._model.predict_on_batch(pixels[None])
        return {name: np.asarray(values[0], np.float32) for name, values in outputs.items()}
