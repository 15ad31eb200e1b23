"""The task of the classifier: random crops of labelled faces in, one logit of *fake* out."""

import sys

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edge_detect.card import Card
from edge_detect.errors import UsageError
from edge_detect.evaluation import metrics
from edge_detect.manifest import FAKE, REAL, Sample, data_hash, load_pictures, read_manifests, samples_hash
from training.crops import CropMaker
from training.recipe import Recipe


class ClassifierTask:
    """What `fit` needs to know of a classifier: batches, losses, validation, provenance."""

    kind = "classifier"
    labels = ("real", "fake")
    crop = Card.crop

    def __init__(self, recipe: Recipe) -> None:
        samples = read_manifests(recipe.manifests)
        self.training = of_split(samples, "train")
        self.validation = of_split(samples, "val")
        _tell_absent(recipe, self.training)
        self.maker = CropMaker(self.training, recipe)
        self._recipe = recipe
        self._pictures = load_pictures(self.validation, recipe.input_side)

    def losses(self, model: keras.Model) -> dict[str, keras.losses.Loss]:
        """The loss of the trained output, and that of its patches where the recipe weighs them.

        Raises UsageError when the network has no patches to weigh, or patches that would learn nothing.
        """
        name, smoothing = output_name(model), self._recipe.smoothing
        options = {"from_logits": name == "logit", "label_smoothing": smoothing}
        if focus := self._recipe.focus:  # hard crops weigh more (Lin et al., 2017)
            losses = {name: keras.losses.BinaryFocalCrossentropy(gamma=focus, **options)}
        else:
            losses = {name: keras.losses.BinaryCrossentropy(**options)}
        if self._recipe.patch_weight:
            if "patches" not in model.output:
                raise UsageError(f"the network {model.name!r} has no patches; leave patch_weight out of its recipe")
            losses["patches"] = PatchLoss(self._recipe.patch_weight, smoothing)
        elif "patches" in model.output and model.get_layer(name).weights:
            raise UsageError(
                "patches of a network that pools features learn by patch_weight alone; give the recipe one"
            )
        return losses

    def validate(self, model: keras.Model) -> tuple[float, dict[str, float]]:
        """AUC over all validation pictures, and that of each source with both classes."""
        scores = predict(model, self._pictures)
        labels = [sample.label for sample in self.validation]
        return metrics.auc(labels, scores), metrics.auc_by_source(self.validation, scores)

    def provenance(self) -> dict[str, object]:
        """The data by hash, size and source."""
        return {
            "data_sha256": data_hash(self.training + self.validation),
            "samples_sha256": samples_hash(self.training),
            "pictures": {"train": len(self.training), "val": len(self.validation)},
            "sources": sorted({sample.source for sample in self.training}),
        }


class PatchLoss(keras.losses.Loss):
    """Weighted binary cross-entropy over the patch logits (n, g, g, 1) whose answer (0–1) is known, not negative."""

    def __init__(self, weight: float, smoothing: float) -> None:
        super().__init__(name="patches", reduction="none")
        self._weight = weight
        self._smoothing = smoothing

    def call(self, answers, logits):
        """The loss of a batch, one number: the mean over the patches that are known."""
        known = ops.cast(answers >= 0, "float32")
        wanted = answers * (1 - self._smoothing) + self._smoothing / 2
        losses = ops.softplus(logits) - wanted * logits
        return self._weight * ops.sum(known * losses) / ops.maximum(ops.sum(known), 1.0)


def _tell_absent(recipe: Recipe, training: list[Sample]) -> None:
    """Say which sources a recipe names without effect: a typing error, or a source that was not built."""
    if absent := sorted({*recipe.favoured, *recipe.partial} - {sample.source for sample in training}):
        print(f"the recipe names sources that have no training pictures here: {', '.join(absent)}", file=sys.stderr)


def of_split(samples: list[Sample], split: str) -> list[Sample]:
    """The samples of one split. Raises UsageError when it lacks real or fake pictures."""
    chosen = [sample for sample in samples if sample.split == split]
    for name, label in (("real", REAL), ("fake", FAKE)):
        if not any(sample.label == label for sample in chosen):
            raise UsageError(f"training needs {name} pictures in the split {split!r}")
    return chosen


def predict(model: keras.Model, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The trained output for pictures (n, side, side, 3), as shape (n,)."""
    return outputs(model, pictures)[output_name(model)][:, 0]


def outputs(model: keras.Model, pictures: NDArray[np.uint8], batch: int = 32) -> dict[str, NDArray[np.float32]]:
    """All outputs of a classifier for pictures (n, side, side, 3), by name; n is their first axis."""
    parts = [model.predict_on_batch(pictures[i : i + batch]) for i in range(0, len(pictures), batch)]
    return {name: np.concatenate([np.asarray(part[name]) for part in parts]) for name in model.output}


def output_name(model: keras.Model) -> str:
    """Which output is trained: "logit", or "probability" in a network that ends in a sigmoid."""
    return "logit" if "logit" in model.output else "probability"
