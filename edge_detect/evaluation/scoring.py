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
    damages: Sequence[tuple[Damage, ...]],
    advance: Callable[[], None],
) -> list[Scored]:
    """Score pictures with each model; workers: for each thread, a detector of each model, that finds no faces.

    damages: of each model; one of them has all that any other has. advance is called for each picture. Raises
    PictureError, which names the file, when one cannot be read.
    """
    found = [np.empty((len(samples), 2, 1 + len(mine))) for mine in damages]
    for at, answers in enumerate(in_order(samples, workers, partial(_score, damages=damages))):
        for values, answer in zip(found, answers, strict=True):
            values[at] = answer
        advance()
    both = (np.moveaxis(values, 0, -1) for values in found)
    return [Scored(scores, verdicts.astype(np.int8)) for scores, verdicts in both]


def _score(
    detectors: Sequence[Detector], sample: Sample, damages: Sequence[tuple[Damage, ...]]
) -> list[NDArray[np.float64]]:
    """Scores and verdicts of a picture: (2, conditions) for each model."""
    every = max(damages, key=len)
    try:
        data = sample.path.read_bytes()
        states = dict(zip(every, damaged(data, every) if every else (), strict=True))
    except (OSError, PictureError) as error:
        raise PictureError(f"{sample.path}: {getattr(error, 'strerror', None) or error}") from error
    answers = []
    for detector, mine in zip(detectors, damages, strict=True):
        results = [detector.detect(state, name=str(sample.path)) for state in (data, *map(states.__getitem__, mine))]
        for result in results:
            if result.score is None:
                raise PictureError(f"{sample.path}: {result.error}")
        answers.append(
            np.array([[one.score for one in results], [VERDICTS.index(one.verdict) for one in results]], float)
        )
    return answers
