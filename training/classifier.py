"""The task of the classifier: random crops of labelled faces in, one logit of *fake* out."""

from dataclasses import dataclass, field

import cv2
import keras
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.errors import PictureError, UsageError
from edge_detect.manifest import Sample, data_hash, read_manifests
from training import metrics
from training.degrade import degrade
from training.feed import Batch
from training.recipe import Recipe


class ClassifierTask:
    """What `fit` needs to know of a classifier: batches, losses, validation, provenance."""

    kind = "classifier"

    def __init__(self, recipe: Recipe) -> None:
        samples = read_manifests(recipe.manifests)
        self.training = of_split(samples, "train")
        self.validation = of_split(samples, "val")
        self.maker = CropMaker(self.training, recipe)
        self.smoothing = recipe.smoothing
        self._pictures = load_pictures(self.validation, recipe.input_side)

    def losses(self, model: keras.Model) -> dict[str, keras.losses.Loss]:
        """The loss of the trained output."""
        name = output_name(model)
        from_logits = name == "logit"
        return {name: keras.losses.BinaryCrossentropy(from_logits=from_logits, label_smoothing=self.smoothing)}

    def validate(self, model: keras.Model) -> tuple[float, dict[str, float]]:
        """AUC over all validation pictures, and that of each source with both classes."""
        scores = predict(model, self._pictures)
        labels = [sample.label for sample in self.validation]
        return metrics.auc(labels, scores), metrics.auc_by_source(self.validation, scores)

    def provenance(self) -> dict[str, object]:
        """The data by hash, size and source."""
        return {
            "data_sha256": data_hash(self.training + self.validation),
            "pictures": {"train": len(self.training), "val": len(self.validation)},
            "sources": sorted({sample.source for sample in self.training}),
        }


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
                picture = image.whole(image.decode(self._encoded[index]).pixels)
            except PictureError as error:
                raise PictureError(f"{self.samples[index].path}: {error}") from error
            crop = random_crop(image.resize(picture, recipe.input_side), side, rng)
            pixels[i] = degrade(crop, rng, strength)
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


def of_split(samples: list[Sample], split: str) -> list[Sample]:
    """The samples of one split. Raises UsageError when it is empty."""
    chosen = [sample for sample in samples if sample.split == split]
    if not chosen:
        raise UsageError(f"training needs pictures in the split {split!r}")
    return chosen


def load_pictures(samples: list[Sample], side: int) -> NDArray[np.uint8]:
    """Whole pictures brought to side × side as at inference, (n, side, side, 3)."""
    pictures = (image.decode(sample.path.read_bytes()).pixels for sample in samples)
    return np.stack([image.resize(image.whole(picture), side) for picture in pictures])


def predict(model: keras.Model, pictures: NDArray[np.uint8], batch: int = 32) -> NDArray[np.float32]:
    """The trained output for pictures (n, side, side, 3), as shape (n,)."""
    name = output_name(model)
    parts = [np.asarray(model.predict_on_batch(pictures[i : i + batch])[name]) for i in range(0, len(pictures), batch)]
    return np.concatenate(parts)[:, 0]


def output_name(model: keras.Model) -> str:
    """Which output is trained: "logit", or "probability" in a network that ends in a sigmoid."""
    return "logit" if "logit" in model.output else "probability"
