"""From a picture to a result: decode, crop, classify, calibrate, decide."""

import math
import os
from pathlib import Path
from typing import Union

import numpy as np

from edge_detect import image
from edge_detect.card import Card
from edge_detect.errors import PictureError
from edge_detect.image import Decoded, Picture
from edge_detect.models import find_model
from edge_detect.network import Network
from edge_detect.results import Box, Face, ModelId, Result, Verdict

Source = Union[str, "os.PathLike[str]", bytes, Picture]
_LEAST = 1 / 512
"""Probabilities are kept this far from 0 and 1 before their logit is taken: half a step of an int8 sigmoid."""


class Detector:
    """A classifier with its calibration and thresholds. Use one per thread: `detect` is not re-entrant."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.card: Card = network.card
        self.model = ModelId(self.card.name, self.card.version, self.card.sha256)

    @classmethod
    def load(cls, model: "str | os.PathLike[str] | None" = None, *, threads: int = 1) -> "Detector":
        """Load a packed `.tflite` file, or the model shipped with the package.

        Raises ModelError when the file is missing, damaged, or carries no card.
        """
        return cls(Network.load(find_model(model), threads))

    def detect(self, source: Source, name: str | None = None) -> Result:
        """Score one picture: a path, the bytes of a picture file, or uint8 RGB pixels (height, width, 3).

        A picture that cannot be read gives a result with the verdict UNREADABLE and the reason, never an exception.
        `name` is what the result calls it (default: the path, "<bytes>" or "<array>").
        """
        label = name or _label(source)
        try:
            picture = self._picture(source)
        except PictureError as error:
            return Result(label, Verdict.UNREADABLE, self.model, error=str(error))
        face = self._score(picture)
        return Result(label, face.verdict, self.model, face.score, (face,))

    def logit(self, crop: Picture) -> float:
        """The classifier's raw logit of *fake* for a square crop of any size, before calibration."""
        outputs = self._network.run(image.resize(crop, self.card.input_side))
        value = float(outputs[self.card.output].reshape(-1)[0])
        if self.card.output == "probability":
            value = min(max(value, _LEAST), 1 - _LEAST)
            return math.log(value / (1 - value))
        return value

    def verdict(self, score: float) -> Verdict:
        """What the card's thresholds make of a score."""
        if score >= self.card.thresholds.fake:
            return Verdict.FAKE
        return Verdict.REAL if score < self.card.thresholds.real else Verdict.UNCERTAIN

    def _picture(self, source: Source) -> Decoded:
        if isinstance(source, np.ndarray):
            return Decoded(_checked(source), source.shape[1], source.shape[0])
        data = source if isinstance(source, bytes) else _read(Path(source))
        return image.decode(data, need=self.card.input_side)

    def _score(self, picture: Decoded) -> Face:
        crop = image.whole(picture.pixels)
        score = self.card.calibration.probability(self.logit(crop))
        square = image.centred_square(picture.width, picture.height)
        return Face(Box(square.left, square.top, square.right, square.bottom), score, self.verdict(score))


def _label(source: Source) -> str:
    if isinstance(source, np.ndarray):
        return "<array>"
    return "<bytes>" if isinstance(source, bytes) else os.fspath(source)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise PictureError("this is a folder, not a picture") from error
    except OSError as error:
        raise PictureError(f"the file cannot be read: {error.strerror}") from error


def _checked(pixels: Picture) -> Picture:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise PictureError(f"expected uint8 RGB pixels (height, width, 3), not {pixels.dtype} {pixels.shape}")
    return pixels
