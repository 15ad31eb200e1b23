"""From a picture to one of several labels, with a model of somebody's own: scored whole, without verdicts."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.card import read_packed
from edge_detect.detector import Detector, Inspection
from edge_detect.errors import ModelError, PictureError, UsageError
from edge_detect.image import Picture
from edge_detect.models import find_model
from edge_detect.network import Network, Runnable
from edge_detect.reading import Source, name_of, read_picture
from edge_detect.results import ModelId, Result, Verdict


class Labeller:
    """A model that gives each label a score. Use one per thread."""

    def __init__(self, network: Runnable) -> None:
        """Raises ModelError when the network is no labeller."""
        card = network.card
        card.require("labeller")
        self._network = network
        self.card = card
        self.model = ModelId(card.name, card.version, card.sha256, card.thresholds.real, card.thresholds.fake)

    def inspect(self, source: Source, name: str | None = None) -> Inspection:
        """Label the centred square of a picture; takes and answers unreadable pictures as `Detector.inspect` does."""
        title = name or name_of(source)
        try:
            picture = read_picture(source, shorter=image.SPARE * self.card.input_side)
        except PictureError as error:
            return Inspection(Result(title, Verdict.UNREADABLE, self.model, error=str(error)))
        crop = image.resize(image.whole(picture.pixels), self.card.input_side)
        shares = self.scores(crop)
        scores = dict(zip(self.card.labels, shares.tolist(), strict=True))
        result = Result(title, None, self.model, label=self.card.labels[int(shares.argmax())], scores=scores)
        return Inspection(result, picture, (crop,))

    def scores(self, crop: Picture) -> NDArray[np.float64]:
        """A score (0–1) for each label, adding up to 1, for a square crop of any size.

        Raises ModelError when the model answers what is no finite number.
        """
        outputs = self._network.run(image.resize(crop, self.card.input_side))
        return shares(outputs[self.card.output].reshape(-1), self.card.output, self.card.name)


def shares(answers: NDArray[np.float32], output: str, name: str) -> NDArray[np.float64]:
    """What a labeller's output stands for: probabilities as they are (rounded ones add up again), logits by softmax."""
    values = answers.astype(np.float64)
    if not np.isfinite(values).all():
        raise ModelError(f"the model {name!r} answers {values}: it is damaged or was badly converted")
    if output == "logits":
        values = np.exp(values - values.max())
    values = np.maximum(values, 0)
    total = values.sum()
    return np.asarray(values / total if total else np.full_like(values, 1 / len(values)))


def load_inspector(model: "str | os.PathLike[str] | None", **options: Any) -> "Detector | Labeller":
    """The detector or labeller that a model's card asks for; options are those of `Detector.load`.

    Raises UsageError when a labeller is asked for what only a detector can do; else as `Detector.load`.
    """
    path = find_model(model)
    flatbuffer, card = read_packed(path)
    if card.kind != "labeller":
        return Detector.load(path, **options)
    if not options["whole_image"] or options["fpr"] is not None:
        raise UsageError(
            f"{card.name!r} gives labels of its own ({', '.join(card.labels)}), not verdicts on faces: "
            "scan with --whole-image, and without --fpr"
        )
    return Labeller(Network(flatbuffer, card))
