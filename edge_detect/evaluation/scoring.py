"""The scores of labelled pictures, undamaged and damaged, of several models in one pass over the files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_detect.detector import Detector
from edge_detect.errors import PictureError
from edge_detect.evaluation.damage import Damage, damaged
from edge_detect.manifest import Sample
from edge_detect.pool import in_order
from edge_detect.results import Verdict

VERDICTS = (Verdict.REAL, Verdict.UNCERTAIN, Verdict.FAKE)
"""What an index in `Scored.verdicts` stands for."""


@dataclass(frozen=True)
class Scored:
    """Scores and verdicts of n pictures under 1 + d conditions, of which the first is "undamaged": (1 + d, n) each."""

    scores: NDArray[np.float64]
    verdicts: NDArray[np.int8]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Whether each picture was called fake under each condition."""
        return np.asarray(self.verdicts == VERDICTS.index(Verdict.FAKE))


def score(
    samples: Sequence[Sample],
    workers: Sequence[Sequence[Detector]],
    damages: tuple[Damage, ...],
    advance: Callable[[], None],
) -> list[Scored]:
    """Score pictures with each model; workers: for each thread, a detector of each model, that finds no faces.

    advance is called for each picture. Raises PictureError, which names the file, when one cannot be read.
    """
    found = np.empty((len(samples), 2, len(workers[0]), 1 + len(damages)))
    for at, answer in enumerate(in_order(samples, workers, partial(_score, damages=damages))):
        found[at] = answer
        advance()
    scores, verdicts = np.moveaxis(found, 0, -1)
    return [Scored(one, two.astype(np.int8)) for one, two in zip(scores, verdicts, strict=True)]


def _score(detectors: Sequence[Detector], sample: Sample, damages: tuple[Damage, ...]) -> NDArray[np.float64]:
    """Score and verdict of a picture: (2, models, conditions)."""
    try:
        data = sample.path.read_bytes()
        states = [data, *(damaged(data, damages) if damages else ())]
    except (OSError, PictureError) as error:
        raise PictureError(f"{sample.path}: {getattr(error, 'strerror', None) or error}") from error
    found = np.empty((2, len(detectors), len(states)))
    for at, detector in enumerate(detectors):
        for to, state in enumerate(states):
            result = detector.detect(state, name=str(sample.path))
            if result.score is None:
                raise PictureError(f"{sample.path}: {result.error}")
            found[:, at, to] = result.score, VERDICTS.index(result.verdict)
    return found
