"""The task of the finder: composed frames in, a grid of face centres, sizes and offsets out."""

import keras
import numpy as np
from keras import ops

from edge_detect.errors import UsageError
from edge_detect.faces import decode_one, letterbox
from edge_detect.manifest import read_manifests
from edge_detect.matching import LEAST_SCORE, average_precision, match_scene
from edge_detect.scenes import load_scene, read_scenes, scenes_hash
from training.compose import FrameMaker
from training.recipe import Recipe


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
        crops = [s for s in read_manifests(recipe.manifests) if s.split == "train" and s.box is not None]
        self.maker = FrameMaker(self.training, crops, recipe)
        self._crops = len(crops)
        self._pictures = [load_scene(scene) for scene in self.validation]
        self._side = recipe.input_side

    def losses(self, _model: keras.Model) -> dict[str, object]:
        """The loss of each output."""
        return {"heat": focal_loss, "size": masked_distance, "offset": masked_distance}

    def validate(self, model: keras.Model) -> tuple[float, dict[str, float]]:
        """Average precision at an intersection over union of 0.5, and the recall at score 0.5."""
        frames, scales = zip(*(letterbox(picture, self._side) for picture in self._pictures), strict=True)
        matches, scores, hits = [], [], []
        for start in range(0, len(frames), 32):
            outputs = model.predict_on_batch(np.stack(frames[start : start + 32]))
            for i in range(len(outputs["heat"])):
                one = {name: np.asarray(values[i], np.float32) for name, values in outputs.items()}
                boxes, sure = decode_one(one, LEAST_SCORE, scales[start + i])
                scene = self.validation[start + i]
                matches.append(match_scene(boxes, scene))
                scores.append(sure)
                hits.append(match_scene(boxes[sure >= 0.5], scene).hit)
        return average_precision(matches, scores), {"recall": float(np.concatenate(hits).mean())}

    def provenance(self) -> dict[str, object]:
        """The data by hash and size."""
        return {
            "data_sha256": scenes_hash(self.training + self.validation),
            "pictures": {"train": len(self.training), "val": len(self.validation), "pasted crops": self._crops},
            "sources": sorted({scene.source for scene in self.training}),
        }


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
