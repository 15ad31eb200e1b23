"""A trained model that teaches another: it says of each crop how sure it would be (Hinton et al., 2015)."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import UsageError
from training import networks
from training.feed import Answers, Batch
from training.trained import load_trained, trained_card


class Teacher:
    """A trained classifier whose answers are mixed into those of the data."""

    def __init__(self, path: Path, share: float) -> None:
        """path: a trained `.keras` classifier, its card beside it; share (0–1): how much its word counts.

        Raises UsageError when a file is missing or is of no classifier that training made, or for another share.
        """
        if not 0 <= share <= 1:
            raise UsageError(f"taught is how much a teacher counts, from 0 to 1, not {share:g}")
        try:
            recipe = trained_card(path).training["recipe"]
            model: keras.Model = networks.deployable(recipe["network"], **recipe["options"])
            model.set_weights(load_trained(path).get_weights())  # it computes in the precision that is set here
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path} and its card beside it are of no model that could teach: {error}") from error
        if "logit" not in model.output:
            raise UsageError(f"{path} has no logit to teach with")
        self._model, self._share = model, share

    def teach(self, stream: Generator[Batch, None, None]) -> Generator[Batch, None, None]:
        """Batches with the teacher's answers mixed in; closing this closes the stream."""
        with closing(stream):
            for pixels, answers in stream:
                yield pixels, self.mixed(pixels, answers)

    def mixed(self, pixels: NDArray[np.uint8], answers: Answers) -> Answers:
        """The answers of a batch, the teacher's mixed in. Of patches that nothing is known of, it alone tells."""
        said = self._model.predict_on_batch(pixels)
        logits = {"logit": said["logit"], "probability": said["logit"], "patches": said.get("patches")}
        return {
            name: known if logits.get(name) is None else self._mix(known, np.asarray(logits[name], np.float32))
            for name, known in answers.items()
        }

    def _mix(self, known: NDArray[np.float32], logits: NDArray[np.float32]) -> NDArray[np.float32]:
        taught = 1 / (1 + np.exp(-logits))
        return np.where(known < 0, taught, (1 - self._share) * known + self._share * taught)
