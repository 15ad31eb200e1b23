"""How sources mix: fakes of one against reals of another, and how far a score tells reals of two sources apart."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.evaluation.metrics import auc
from edge_detect.evaluation.rows import Split
from edge_detect.manifest import FAKE, REAL

_LEAST = 30
"""Real pictures of a source below which what its scores do is left to chance."""


def cross_source(split: Split, scores: NDArray[np.float64]) -> dict[str, Any]:
    """AUC of the fakes of each source (columns) against the reals of each source (rows)."""
    reals, fakes = (_by_source(split, scores, chosen) for chosen in (split.reals, split.fakes))
    matrix = [[round(_above(two, one), 4) for two in fakes.values()] for one in reals.values()]
    return {"reals": list(reals), "fakes": list(fakes), "auc": matrix}


def real_against_real(split: Split, scores: NDArray[np.float64]) -> dict[str, Any]:
    """A floor: AUC with which the score tells the reals of one source from those of another, where 0.5 is right.

    pairs: both names and the AUC, of sources with _LEAST real pictures or more; largest: the largest distance from 0.5,
    None when there are no two of them.
    """
    found = _by_source(split, scores, split.reals)
    reals = {name: values for name, values in found.items() if len(values) >= _LEAST}
    pairs: list[list[Any]] = [
        [one, two, round(_above(reals[two], reals[one]), 4)] for one, two in combinations(reals, 2)
    ]
    return {"pairs": pairs, "largest": round(max(abs(pair[2] - 0.5) for pair in pairs), 4) if pairs else None}


def _by_source(split: Split, scores: NDArray[np.float64], chosen: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """The scores of the chosen samples of each source."""
    names = sorted(set(split.sources[chosen].tolist()))
    return {name: scores[chosen & (split.sources == name)] for name in names}


def _above(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """The chance that one of `high` scores above one of `low`."""
    labels = np.repeat([FAKE, REAL], [len(high), len(low)])
    return auc(labels, np.concatenate([high, low]))
