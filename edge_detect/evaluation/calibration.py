"""Whether scores are the probabilities they are said to be, and what is won by leaving the doubtful ones undecided.

A score of 0.5 means even odds where real and fake are equally frequent (see `Card.calibration`), so both classes weigh
alike here, however many pictures there are of each.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.card import Thresholds
from edge_detect.evaluation.rows import Split

BINS = 15
_POINTS = 60
"""Points of a risk–coverage curve."""


def reliability(split: Split, scores: NDArray[np.float64]) -> dict[str, Any] | None:
    """Expected calibration error, Brier score (Brier, 1950), and the reliability bins; None when a class is missing.

    The bins hold equal shares of the weight (adaptive binning: Nixon et al., 2019), so none is nearly empty, but
    pictures of one score are in one bin: of each, the mean score, the share of fakes, and the weight.
    """
    if not split.both:
        return None
    weights = class_weights(split)
    _, tied = np.unique(scores, return_inverse=True)
    masses = np.bincount(tied, weights)
    shares = np.cumsum(masses) - masses / 2
    bins = np.minimum((shares * BINS).astype(int), BINS - 1)[tied]
    found = []
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        weight = weights[inside].sum()
        mean, fakes = (float(weights[inside] @ values[inside] / weight) for values in (scores, split.fakes))
        found.append({"score": round(mean, 4), "fakes": round(fakes, 4), "weight": round(float(weight), 4)})
    error = sum(entry["weight"] * abs(entry["score"] - entry["fakes"]) for entry in found)
    brier = float(weights @ (scores - split.fakes) ** 2)
    return {"ece": round(error, 4), "brier": round(brier, 4), "bins": found}


def risk_coverage(split: Split, scores: NDArray[np.float64], thresholds: Thresholds) -> dict[str, Any] | None:
    """Error among the decided against the share that is decided (El-Yaniv and Wiener, 2010); None without a class.

    Pictures are decided in the order of their distance, in logits, from the middle of the card's uncertain band, so the
    card's own band is a point of the curve: coverage and error; those at one distance are decided at once. area: mean
    error over all coverages. curve: pairs of coverage and error.
    """
    if not split.both:
        return None
    weights = class_weights(split)
    middle = (_logit(thresholds.real) + _logit(thresholds.fake)) / 2
    distance = _logit(scores) - middle
    decided = (scores < thresholds.real) | (scores >= thresholds.fake)
    wrong = (distance >= 0) != split.fakes
    coverage = float(weights[decided].sum())
    _, tied = np.unique(-np.abs(distance), return_inverse=True)
    masses = np.bincount(tied, weights)
    reached = np.cumsum(masses)
    errors = np.cumsum(np.bincount(tied, weights * wrong)) / reached
    at = np.unique(np.linspace(0.02, 1, _POINTS) * (len(reached) - 1)).astype(int)
    return {
        "coverage": round(coverage, 4),
        "error": round(float(weights[decided & wrong].sum()) / coverage, 4) if coverage else None,
        "area": round(float(masses @ errors), 4),
        "curve": [[round(float(reached[i]), 4), round(float(errors[i]), 4)] for i in at],
    }


def class_weights(split: Split) -> NDArray[np.float64]:
    """Weights (n,) that give half of the sum, 1, to each class."""
    return np.asarray(np.where(split.fakes, 0.5 / split.fakes.sum(), 0.5 / split.reals.sum()))


def _logit(probability: "float | NDArray[np.float64]") -> NDArray[np.float64]:
    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))
