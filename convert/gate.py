"""The gate: a converted model may ship only while it answers as well as the Keras model does."""

from dataclasses import dataclass

import numpy as np

from convert.exam import Answers

FLOAT_ERROR = 1e-3
"""Largest difference of a logit that float32 arithmetic may make; more means that weights were lost on the way."""


@dataclass(frozen=True)
class Comparison:
    """How a converted model differs from the Keras model on the same pictures.

    measure: the figure of merit's name ("AUC", or "AP" of a finder); score and keras_score: its values on the
    validation pictures; mean_error and max_error: difference of the logits.
    """

    pictures: int
    measure: str
    score: float
    keras_score: float
    mean_error: float
    max_error: float

    @property
    def drop(self) -> float:
        """Score lost by the conversion; negative when it gained."""
        return self.keras_score - self.score

    def passes(self, max_drop: float, *, exact: bool) -> bool:
        """Whether the score dropped by at most `max_drop` and, where arithmetic is `exact`, no logit changed."""
        return self.drop <= max_drop and not (exact and self.max_error > FLOAT_ERROR)

    def __str__(self) -> str:
        return (
            f"{self.measure} {self.score:.4f} against {self.keras_score:.4f} in Keras (drop {self.drop:+.4f}), "
            f"logit error mean {self.mean_error:.3f}, max {self.max_error:.3f}, on {self.pictures} pictures"
        )


def compare(answers: Answers, reference: Answers, measure: str, pictures: int) -> Comparison:
    """Compare a converted model's answers with those of the Keras model."""
    error = np.abs(answers.logits - reference.logits)
    return Comparison(pictures, measure, answers.score, reference.score, float(error.mean()), float(error.max()))
