"""What a converted model is examined with, by kind: pictures that set its scales, and pictures that test it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
from edge_detect.labeller import shares
from edge_detect.manifest import LABELS, Sample, load_pictures, read_manifests
from edge_detect.matching import LEAST_SCORE, average_precision, match_scene
from edge_detect.network import Runnable
from edge_detect.results import Verdict
from edge_detect.scenes import Scene, load_scene, read_scenes

_VERDICTS = tuple(Verdict)


@dataclass(frozen=True)
class Answers:
    """How a network did on all pictures: its figure of merit (0–1), and what it answered.

    raw: its logits (or a labeller's probabilities), flattened; scores: the same as scores (0–1); calls: what it makes
    of each picture, as a number, or nothing where it is not asked for one answer a picture.
    """

    score: float
    raw: NDArray[np.float64]
    scores: NDArray[np.float64]
    calls: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


class Exam(Protocol):
    """Pictures for one kind of model. measure: the name of its figure of merit; chance: what guessing would score."""

    measure: str
    chance: float
    pixels: NDArray[np.uint8]

    def representative(self, count: int, seed: int) -> Representative:
        """Training pictures that set the integer scales."""

    def sit(self, network: Runnable) -> Answers:
        """Run a network, Keras or converted, over the validation pictures, by the same code for both."""


class _Labelled:
    """Labelled pictures, scored whole."""

    def __init__(self, card: Card, data: list[Path], labels: Sequence[str]) -> None:
        """Raises UsageError when there is no manifest, or its split `val` lacks a label."""
        self._samples: list[Sample] = read_manifests(data, labels)
        self._side, self._names = card.input_side, labels
        chosen = [sample for sample in self._samples if sample.split == "val"]
        self.truth = np.array([sample.label for sample in chosen], np.int64)
        missing = [label for at, label in enumerate(labels) if at not in self.truth]
        if missing:
            raise UsageError(
                f"the gate needs pictures of {' and '.join(map(repr, labels))} in the split 'val'; there is no "
                f"{' and no '.join(map(repr, missing))} (of a folder for each label, a hash puts one picture in ten "
                "there: add pictures, or say each one's split in a labels.csv)"
            )
        self.pixels = load_pictures(chosen, self._side)

    def representative(self, count: int, seed: int) -> Representative:
        """See `representative.choose`."""
        return choose(self._samples, count, self._side, seed, self._names)


class ClassifierExam(_Labelled):
    """Labelled face crops: AUC on the split `val`, and verdicts by the card's thresholds."""

    measure, chance = "AUC", 0.5

    def __init__(self, card: Card, data: list[Path]) -> None:
        """Raises UsageError when there is no manifest, or its split `val` lacks a class."""
        super().__init__(card, data, LABELS)

    def sit(self, network: Runnable) -> Answers:
        """AUC, and a logit and a verdict per picture."""
        detector = Detector(network)
        logits = np.array([detector.logit(picture) for picture in self.pixels])
        scores = np.array([detector.card.calibration.probability(logit) for logit in logits])
        calls = np.array([_VERDICTS.index(detector.verdict(score)) for score in scores])
        return Answers(metrics.auc(self.truth, logits), logits, scores, calls)


class LabellerExam(_Labelled):
    """Pictures with a model's own labels: top-1 accuracy on the split `val`."""

    measure = "top-1"

    def __init__(self, card: Card, data: list[Path]) -> None:
        """Raises UsageError when there is no manifest, or its split `val` lacks a label."""
        super().__init__(card, data, card.labels)
        self.chance = float(np.bincount(self.truth).max() / len(self.truth))

    def sit(self, network: Runnable) -> Answers:
        """Top-1 accuracy, and the scores of all labels per picture."""
        card = network.card
        raw = np.stack([network.run(picture)[card.output].ravel() for picture in self.pixels])
        scores = np.stack([shares(answers, card.output, card.name) for answers in raw])
        calls = scores.argmax(axis=1)
        return Answers(float((calls == self.truth).mean()), raw.ravel().astype(np.float64), scores, calls)


class FinderExam:
    """Pictures with labelled faces: average precision on the split `val`."""

    measure, chance = "AP", 0.0

    def __init__(self, card: Card, data: list[Path]) -> None:
        """Raises UsageError when a folder holds no scenes, or none in the split `val`."""
        self._scenes: list[Scene] = [scene for folder in data for scene in read_scenes(folder)]
        self._side = card.input_side
        self._validation = [scene for scene in self._scenes if scene.split == "val"]
        if not self._validation:
            raise UsageError("the gate needs scenes in the split 'val'")
        frames = [letterbox(load_scene(scene), self._side) for scene in self._validation]
        self.pixels = np.stack([frame for frame, _ in frames])
        self._scales = [scale for _, scale in frames]

    def representative(self, count: int, seed: int) -> Representative:
        """Frames of `count` training scenes, drawn without regard to what they show.

        Raises UsageError when there is none.
        """
        training = [scene for scene in self._scenes if scene.split == "train"]
        if not training:
            raise UsageError("calibration needs scenes in the split 'train', and there is none")
        order = np.random.default_rng(seed).permutation(len(training))[:count]
        return Representative(np.stack([letterbox(load_scene(training[i]), self._side)[0] for i in order]), seed)

    def sit(self, network: Runnable) -> Answers:
        """Average precision, and the heat of every cell."""
        matches, sure, heats = [], [], []
        for scene, frame, scale in zip(self._validation, self.pixels, self._scales, strict=True):
            outputs = network.run(frame)
            boxes, scores = decode_one(outputs, LEAST_SCORE, scale)
            matches.append(match_scene(boxes, scene))
            sure.append(scores)
            heats.append(outputs["heat"].ravel())
        raw = np.concatenate(heats).astype(np.float64)
        return Answers(average_precision(matches, sure), raw, 1 / (1 + np.exp(-np.clip(raw, -60, 60))))


EXAMS: dict[str, Callable[[Card, list[Path]], Exam]] = {
    "classifier": ClassifierExam,
    "finder": FinderExam,
    "labeller": LabellerExam,
}


class KerasNetwork:
    """A trained Keras model behind the runtime's interface, so that the same code examines both."""

    def __init__(self, model: Any, card: Card) -> None:
        self.card = card
        self._model = model

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for one picture, as `Network.run`."""
        outputs = self._model.predict_on_batch(pixels[None])
        return {name: np.asarray(values[0], np.float32) for name, values in outputs.items()}
