"""From a picture to a result: decode, find faces, crop, classify, calibrate, decide."""

import dataclasses
import math
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.card import Card
from edge_detect.errors import ModelError, PictureError, UsageError
from edge_detect.faces import FaceFinder
from edge_detect.image import Decoded, Picture, Square
from edge_detect.models import FINDER, find_model
from edge_detect.network import Network, Runnable
from edge_detect.reading import Source, check_pixels, name_of, read_picture
from edge_detect.results import TOO_SMALL, Box, Face, ModelId, Result, Verdict

SMALLEST_FACE = 48
"""Faces with a longer side below this many pixels get no verdict: too little of them is left to judge."""
SMALLEST_SHARE = 0.08
"""A JPEG is decoded large enough for the crop of a face of this share of its longer side."""
_LEAST = 1 / 512
"""Probabilities are kept this far from 0 and 1 before their logit is taken: half a step of an int8 sigmoid."""


@dataclass(frozen=True)
class Inspection:
    """A result with what it was made from: the decoded picture (None when unreadable), and each face's crop.

    squares: where in the decoded pixels the crops were cut.
    """

    result: Result
    picture: Decoded | None = None
    crops: tuple[Picture, ...] = ()
    squares: tuple[Square, ...] = ()


class Detector:
    """A classifier with its calibration and thresholds, and a face finder. Use one per thread."""

    PATCHES = "patches"
    """The output of a classifier that holds the logits of patches, where it has one."""

    def __init__(
        self,
        classifier: Runnable,
        finder: FaceFinder | None = None,
        *,
        small_faces: bool = False,
        fpr: float | None = None,
    ) -> None:
        """Without a finder, the centred square of each picture is scored as one face crop.

        Raises ModelError when the network is no classifier, UsageError when its card has no threshold for `fpr`.
        """
        card = classifier.card
        card.require("classifier")
        thresholds = card.thresholds if fpr is None else card.thresholds.at(fpr)
        self._classifier = classifier
        self._finder = finder
        self._small_faces = small_faces
        self.card: Card = dataclasses.replace(card, thresholds=thresholds)
        self.model = ModelId(card.name, card.version, card.sha256, thresholds.real, thresholds.fake)

    @classmethod
    def load(
        cls,
        model: "str | os.PathLike[str] | None" = None,
        *,
        finder: "str | os.PathLike[str] | None" = None,
        whole_image: bool = False,
        small_faces: bool = False,
        fpr: float | None = None,
        threads: int = 1,
    ) -> "Detector":
        """Load a packed `.tflite` classifier and a finder (default: those shipped with the package).

        whole_image: score the centred square of each picture as one face crop, without the finder; small_faces: search
        pictures again in tiles; fpr: call fake what the card says this share (0–1) of real pictures reaches, instead of
        its default. Raises ModelError when a file is missing, damaged, or carries no card, and UsageError when the card
        has no threshold for that share, or a search is asked for that `whole_image` leaves out.
        """
        if whole_image and (small_faces or finder is not None):
            raise UsageError("whole_image scores pictures without searching them: leave out small_faces and finder")
        classifier = Network.load(find_model(model), threads)
        faces = None if whole_image else FaceFinder(Network.load(find_model(finder or FINDER), threads))
        return cls(classifier, faces, small_faces=small_faces, fpr=fpr)

    def detect(self, source: Source, name: str | None = None) -> Result:
        """Score one picture: a path, the bytes of a picture file, or uint8 RGB pixels (height, width, 3).

        A picture that cannot be read gives a result with the verdict UNREADABLE and the reason, never an exception.
        `name` is what the result calls it (default: the path, "<bytes>" or "<array>").
        """
        return self.inspect(source, name).result

    def inspect(self, source: Source, name: str | None = None) -> Inspection:
        """As `detect`, with the decoded picture and the crops that the classifier saw."""
        label = name or name_of(source)
        try:
            picture = self._picture(source)
        except PictureError as error:
            return Inspection(Result(label, Verdict.UNREADABLE, self.model, error=str(error)))
        width, height = picture.pixels.shape[1], picture.pixels.shape[0]
        if self._finder is None:
            whole = image.centred_square(width, height)
            squares, boxes = [whole], [Box(whole.left, whole.top, whole.right, whole.bottom)]
            confidences: list[float | None] = [None]
        else:
            found = self._finder.find(picture.pixels, small_faces=self._small_faces)
            boxes, confidences = [face.box for face in found], [face.score for face in found]
            squares = [image.face_square((box.x0, box.y0, box.x1, box.y1), width, height) for box in boxes]
        crops = tuple(image.resize(image.cut(picture.pixels, square), self.card.input_side) for square in squares)
        scale_x, scale_y = picture.width / width, picture.height / height
        faces = tuple(
            self._face(box.scaled(scale_x, scale_y), crop, confidence)
            for box, crop, confidence in zip(boxes, crops, confidences, strict=True)
        )
        return Inspection(self._result(label, faces), picture, crops, tuple(squares))

    def logit(self, crop: Picture) -> float:
        """The classifier's raw logit of *fake* for a square uint8 RGB crop of any size, before calibration.

        Raises PictureError when the crop is something else.
        """
        answers = views(self._classifier, self._input(crop))
        logits = [raw_logit(float(outputs[self.card.output].reshape(-1)[0]), self.card) for outputs in answers]
        return sum(logits) / len(logits)

    def patches(self, crop: Picture) -> NDArray[np.float32]:
        """How much (0–1) each patch of a square crop speaks for *fake*, in rows and columns: its logit, calibrated.

        Raises ModelError when the classifier has no such output, PictureError as `logit` does.
        """
        if self.PATCHES not in self.card.outputs:
            raise ModelError(f"the model {self.card.name!r} says nothing of patches; convert one that has this output")
        seen, *mirrored = views(self._classifier, self._input(crop))
        if seen[self.PATCHES].shape[2:] != (1,):
            raise ModelError(f"the model {self.card.name!r} answers no logits in rows and columns; convert it again")
        maps = [seen[self.PATCHES], *(outputs[self.PATCHES][:, ::-1] for outputs in mirrored)]
        logits = np.mean(maps, axis=0)[..., 0]
        return np.asarray(np.vectorize(self.card.calibration.probability)(logits), np.float32)

    def verdict(self, score: float) -> Verdict:
        """What the card's thresholds make of a score."""
        if score >= self.card.thresholds.fake:
            return Verdict.FAKE
        return Verdict.REAL if score < self.card.thresholds.real else Verdict.UNCERTAIN

    def _input(self, crop: Picture) -> Picture:
        """A crop as large as the classifier's input."""
        if check_pixels(crop).shape[0] != crop.shape[1]:
            raise PictureError(f"a crop is square, this one is {crop.shape[1]} × {crop.shape[0]} pixels")
        return image.resize(crop, self.card.input_side)

    def _picture(self, source: Source) -> Decoded:
        side = self.card.input_side
        if self._finder is None:
            return read_picture(source, shorter=image.SPARE * side)
        if self._small_faces:
            return read_picture(source)
        return read_picture(source, longer=round(side / (image.CROP_MARGIN * SMALLEST_SHARE)))

    def _face(self, box: Box, crop: Picture, confidence: float | None) -> Face:
        score = self.card.calibration.probability(self.logit(crop))
        if self._finder is not None and box.size < SMALLEST_FACE:
            return Face(box, score, Verdict.UNCERTAIN, confidence, TOO_SMALL)
        return Face(box, score, self.verdict(score), confidence)

    def _result(self, label: str, faces: tuple[Face, ...]) -> Result:
        if not faces:
            return Result(label, Verdict.NO_FACE, self.model)
        worst = max(faces, key=lambda face: face.suspicion)
        return Result(label, worst.verdict, self.model, worst.score, faces)


def views(classifier: Runnable, crop: Picture) -> list[dict[str, NDArray[np.float32]]]:
    """A classifier's outputs for a crop of its input's side and, where its card asks for it, for the mirror image."""
    pictures = [crop, np.ascontiguousarray(crop[:, ::-1])] if classifier.card.mirrored else [crop]
    return [classifier.run(picture) for picture in pictures]


def raw_logit(output: float, card: Card) -> float:
    """The logit that a model's output stands for: itself, or that of a probability.

    Raises ModelError when it is no finite number.
    """
    if not math.isfinite(output):
        raise ModelError(f"the model {card.name!r} answers {output}: it is damaged or was badly converted")
    if card.output != "probability":
        return output
    kept = min(max(output, _LEAST), 1 - _LEAST)
    return math.log(kept / (1 - kept))
