"""Training crops for the classifier: which pictures, which part of them, which damage.

Worker processes import this file, so it stays free of Keras.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.errors import PictureError
from edge_detect.manifest import Sample
from training.degrade import degrade
from training.feed import Batch
from training.recipe import Recipe


@dataclass
class CropMaker:
    """Makes batches of augmented crops and their labels from (seed, number)."""

    samples: list[Sample]
    recipe: Recipe
    _encoded: list[bytes] = field(default_factory=list)

    def load(self) -> None:
        """Read all encoded pictures into memory."""
        self._encoded = [sample.path.read_bytes() for sample in self.samples]
        self._labels = np.array([sample.label for sample in self.samples], np.float32)
        self._chances = probabilities(self.samples, self.recipe.balance)

    def make(self, number: int) -> Batch:
        """Batch `number`: which samples, which crops, which damage.

        Raises PictureError, which names the file, when a picture cannot be decoded.
        """
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, number))
        side = int(rng.choice(recipe.crop_sides))
        strength = recipe.strength * min(1.0, number * recipe.batch / max(1, recipe.ramp))
        chosen = rng.choice(len(self._encoded), recipe.batch, p=self._chances)
        pixels = np.empty((recipe.batch, side, side, 3), np.uint8)
        for i, index in enumerate(chosen):
            try:
                picture = image.load_whole(self._encoded[index], recipe.input_side)
            except PictureError as error:
                raise PictureError(f"{self.samples[index].path}: {error}") from error
            pixels[i] = degrade(random_crop(picture, side, rng), rng, strength)
        labels = self._labels[chosen, None]
        return pixels, {"logit": labels, "probability": labels}


def probabilities(samples: list[Sample], balance: float) -> NDArray[np.float64]:
    """How likely each sample is drawn: real and fake half and half, sources by size ** (1 - balance)."""
    keys = [(sample.label, sample.source) for sample in samples]
    sizes = {key: keys.count(key) for key in set(keys)}
    weights = np.array([sizes[key] ** -balance for key in keys])
    labels = np.array([sample.label for sample in samples])
    for label in set(labels):
        weights[labels == label] /= weights[labels == label].sum()
    return weights / weights.sum()


def random_crop(picture: image.Picture, side: int, rng: Generator) -> image.Picture:
    """A side × side crop at a random place, mirrored half of the time, one in five also turned and zoomed."""
    room = picture.shape[0] - side
    left, top = (int(value) for value in rng.integers(0, room + 1, 2))
    if rng.random() < 0.2:
        centre = (left + side / 2, top + side / 2)
        matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-12, 12), rng.uniform(0.85, 1.3))
        matrix[:, 2] -= (left, top)
        crop = cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    else:
        crop = picture[top : top + side, left : left + side]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)
