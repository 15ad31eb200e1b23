"""AUC for scores of real (0) and fake (1) pictures; arrays of shape (n,), weights alike by default."""

import numpy as np
from numpy.typing import ArrayLike

from edge_detect.evaluation.roc import roc
from edge_detect.manifest import Sample


def auc(labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under the ROC curve; nan when only one class is there."""
    return float(roc(labels, scores, weights).auc())


def auc_by_source(samples: list[Sample], scores: ArrayLike) -> dict[str, float]:
    """AUC of each source that has both real and fake pictures."""
    values = np.asarray(scores)
    labels = np.array([sample.label for sample in samples])
    sources = np.array([sample.source for sample in samples])
    found = {source: auc(labels[sources == source], values[sources == source]) for source in sorted(set(sources))}
    return {source: value for source, value in found.items() if not np.isnan(value)}
