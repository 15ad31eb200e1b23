"""The ROC of weighted scores, for one weighting or many at once: what all figures of merit are read from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge_detect.manifest import FAKE

Figure = NDArray[np.float64]
"""A figure of merit for each weighting, of shape () or (b,); nan where a class has no weight."""


@dataclass(frozen=True)
class Roc:
    """Weights of reals and fakes at or above each threshold, strictest first, of shape (k,) or (b, k).

    The first threshold lies above all scores, the last at the lowest one, so the last column holds the totals.
    """

    false_alarms: Figure
    hits: Figure

    @property
    def fpr(self) -> Figure:
        """False-positive rate at each threshold."""
        return _share(self.false_alarms, self.false_alarms[..., -1:])

    @property
    def tpr(self) -> Figure:
        """True-positive rate at each threshold."""
        return _share(self.hits, self.hits[..., -1:])

    def auc(self) -> Figure:
        """Area under the curve: the chance that a fake scores higher than a real picture, ties counting half."""
        pairs = np.diff(self.false_alarms) * (self.hits[..., 1:] + self.hits[..., :-1])
        return _share(pairs.sum(-1) / 2, self.false_alarms[..., -1] * self.hits[..., -1])

    def average_precision(self) -> Figure:
        """Precision at each threshold, weighted by the recall it adds; nan where reals or fakes have no weight."""
        precision = np.nan_to_num(_share(self.hits, self.hits + self.false_alarms)[..., 1:])
        value = _share((np.diff(self.hits) * precision).sum(-1), self.hits[..., -1])
        return np.where(self.false_alarms[..., -1] > 0, value, np.nan)

    def equal_error_rate(self) -> Figure:
        """The error rate where false alarms and misses are equally frequent (linear between ROC points)."""
        fpr = self.fpr
        excess = fpr - (1 - self.tpr)
        after = np.maximum(np.argmax(excess >= 0, axis=-1), 1)[..., None]
        low, high = (np.take_along_axis(excess, at, -1)[..., 0] for at in (after - 1, after))
        start, end = (np.take_along_axis(fpr, at, -1)[..., 0] for at in (after - 1, after))
        return start - low * _share(end - start, high - low)

    def tpr_at(self, rate: float) -> Figure:
        """True-positive rate at the lowest threshold whose false-positive rate is at most `rate`."""
        fpr = self.fpr
        at = np.maximum((fpr <= rate + 1e-12).sum(-1, keepdims=True) - 1, 0)
        value = np.take_along_axis(self.tpr, at, -1)[..., 0]
        return np.where(np.isnan(fpr[..., -1]), np.nan, value)


def roc(labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> Roc:
    """The ROC of scores (n,) of real (0) and fake (1) pictures, for weights (n,) or (b, n); default: all alike.

    Raises ValueError for a score that is no number: no order of pictures follows from it.
    """
    values, fakes = np.asarray(scores, np.float64), np.asarray(labels) == FAKE
    if np.isnan(values).any():
        raise ValueError("a score is no number (nan)")
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order], append=-np.inf))
    mass = (np.ones(len(values)) if weights is None else np.asarray(weights, np.float64))[..., order]
    reals, found = (np.cumsum(mass * chosen, -1)[..., ends] for chosen in (~fakes[order], fakes[order]))
    nothing = np.zeros((*mass.shape[:-1], 1))
    return Roc(np.concatenate([nothing, reals], -1), np.concatenate([nothing, found], -1))


def _share(part: Figure, whole: Figure) -> Figure:
    """A part of a whole; nan where that is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
