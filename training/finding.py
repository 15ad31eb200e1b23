"""The task of the finder: composed frames in, a grid of face centres, sizes and offsets out."""

import keras
import numpy as np
from keras import ops

from edge_detect.errors import UsageError
from edge_detect.faces import decode_one, letterbox
from edge_detect.manifest import Sample, data_hash, read_manifests, samples_hash
from edge_detect.matching import LEAST_SCORE, LEAST_SIZE, average_precision, match
from edge_detect.scenes import Scene, load_scene, read_scenes, scenes_hash
from training.compose import Frame, FrameMaker
from training.recipe import Recipe

COMPOSED = 1000
"""Composed frames in a validation, beside the scenes."""


class FinderTask:
    """What `fit` needs to know of a finder: batches, losses, validation, provenance."""

    kind = "finder"
    labels = ("nothing", "face")
    crop = "the whole picture, its longer side scaled to the input, on black"

    def __init__(self, recipe: Recipe) -> None:
        if recipe.scenes is None:
            raise UsageError("a finder's recipe needs the key 'scenes': a folder of pictures with face boxes")
        scenes = read_scenes(recipe.scenes)
        self.training = [scene for scene in scenes if scene.split == "train"]
        self.validation = [scene for scene in scenes if scene.split == "val"]
        crops = [sample for sample in read_manifests(recipe.manifests) if sample.box is not None]
        train, val = ([crop for crop in crops if crop.split == split] for split in ("train", "val"))
        if not train or not val or not self.validation:
            raise UsageError("a finder learns from scenes and from face crops with boxes, in the splits train and val")
        self.maker = FrameMaker(self.training, train, recipe)
        self._crops = {"crops_sha256": data_hash([*train, *val]), "samples_sha256": samples_hash(train)}
        self._pasted = len(train)
        self._frames = [*_letterboxed(self.validation, recipe.input_side), *_composed(self.validation, val, recipe)]

    def losses(self, _model: keras.Model) -> dict[str, object]:
        """The loss of each output."""
        return {"heat": focal_loss, "size": masked_distance, "offset": masked_distance}

    def validate(self, model: keras.Model) -> tuple[float, dict[str, float]]:
        """Average precision at an intersection over union of 0.5: over all frames; of scenes and composed ones alone.

        The scenes alone are too few to tell one validation from the next.
        """
        matches, scores = [], []
        for start in range(0, len(self._frames), 32):
            frames = self._frames[start : start + 32]
            outputs = model.predict_on_batch(np.stack([frame.pixels for frame in frames]))
            for i, frame in enumerate(frames):
                one = {name: np.asarray(values[i], np.float32) for name, values in outputs.items()}
                boxes, sure = decode_one(one, LEAST_SCORE, 1.0)
                matches.append(match(boxes, frame.boxes, frame.certain))
                scores.append(sure)
        count = len(self.validation)
        scenes = average_precision(matches[:count], scores[:count])
        composed = average_precision(matches[count:], scores[count:])
        return average_precision(matches, scores), {"scenes": scenes, "composed": composed}

    def provenance(self) -> dict[str, object]:
        """The data by hash and size."""
        return {
            "data_sha256": scenes_hash(self.training + self.validation),
            **self._crops,
            "pictures": {"train": len(self.training), "val": len(self.validation), "pasted crops": self._pasted},
            "sources": sorted({scene.source for scene in self.training}),
        }


def _letterboxed(scenes: list[Scene], side: int) -> list[Frame]:
    """Scenes as the finder sees them."""
    frames = []
    for scene in scenes:
        pixels, scale = letterbox(load_scene(scene), side)
        frames.append(Frame(pixels, scene.boxes * np.float32(scale), scene.certain & (scene.sizes >= LEAST_SIZE)))
    return frames


def _composed(scenes: list[Scene], crops: list[Sample], recipe: Recipe) -> list[Frame]:
    """Frames laid out and damaged as in training, from scenes and crops that are not trained on: always the same."""
    maker = FrameMaker(scenes, crops, recipe)
    maker.load()
    rng = np.random.default_rng(recipe.seed)
    frames = [maker.frame(rng, recipe.strength) for _ in range(COMPOSED)]
    for frame in frames:
        longer = np.max(frame.boxes[:, 2:] - frame.boxes[:, :2], axis=1, initial=0)
        frame.certain &= longer >= LEAST_SIZE * recipe.input_side
    return frames


@keras.saving.register_keras_serializable("edge_detect")
def focal_loss(answers, logits):
    """Penalty-reduced focal loss (Law & Deng, 2018; Zhou et al., 2019) over (n, g, g, 1), per face.

    answers (n, g, g, 2): the wanted heat and its weight.
    """
    wanted, weight = answers[..., :1], answers[..., 1:]
    chance = ops.sigmoid(logits)
    is_centre = ops.cast(wanted >= 1.0, "float32")
    hits = is_centre * (1 - chance) ** 2 * ops.softplus(-logits)
    alarms = (1 - is_centre) * (1 - wanted) ** 4 * chance**2 * ops.softplus(logits)
    return ops.sum(weight * (hits + alarms)) / ops.maximum(ops.sum(weight * is_centre), 1.0)


@keras.saving.register_keras_serializable("edge_detect")
def masked_distance(answers, values):
    """Mean absolute difference over (n, g, g, 2) where the third channel of answers (n, g, g, 3) is 1."""
    weight = answers[..., 2:]
    return ops.sum(weight * ops.abs(answers[..., :2] - values)) / ops.maximum(ops.sum(weight), 1.0)
