"""Figures of merit for scores of real (0) and fake (1) pictures; arrays of shape (n,)."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from edge_detect.manifest import Sample


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve; nan when only one class is there."""
    if len(np.unique(labels)) < 2:
        return float("nan")
    return float(roc_auc_score(labels, scores))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the precision–recall curve, fakes being the positives."""
    return float(average_precision_score(labels, scores))


def equal_error_rate(labels: ArrayLike, scores: ArrayLike) -> float:
    """The error rate where false alarms and misses are equally frequent (linear between ROC points)."""
    false_alarms, hits, _ = roc_curve(labels, scores, drop_intermediate=False)
    difference = false_alarms - (1 - hits)
    after = int(np.argmax(difference >= 0))
    before = max(after - 1, 0)
    span = difference[after] - difference[before]
    share = 0.0 if span == 0 else -difference[before] / span
    return float(false_alarms[before] + share * (false_alarms[after] - false_alarms[before]))


def hits_at_false_alarms(labels: ArrayLike, scores: ArrayLike, rate: float) -> float:
    """True-positive rate at the largest threshold setting whose false-positive rate is at most `rate`."""
    false_alarms, hits, _ = roc_curve(labels, scores, drop_intermediate=False)
    return float(hits[false_alarms <= rate].max())


def threshold_at_false_alarms(scores_of_reals: ArrayLike, rate: float) -> float:
    """The lowest threshold t for which `score >= t` flags at most `rate` of these real pictures."""
    ranked = np.sort(np.asarray(scores_of_reals, dtype=np.float64))[::-1]
    allowed = int(rate * len(ranked) + 1e-9)
    if allowed >= len(ranked):
        return 0.0
    return float(np.nextafter(ranked[allowed], np.inf))


def auc_by_source(samples: list[Sample], scores: ArrayLike) -> dict[str, float]:
    """AUC of each source that has both real and fake pictures."""
    values = np.asarray(scores)
    labels = np.array([sample.label for sample in samples])
    sources = np.array([sample.source for sample in samples])
    found = {source: auc(labels[sources == source], values[sources == source]) for source in sorted(set(sources))}
    return {source: value for source, value in found.items() if not np.isnan(value)}
