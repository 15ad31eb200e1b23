"""How sure a figure is: the bootstrap (Efron, 1979) over groups, because pictures of one origin stand or fall together.

The groups of a split are drawn once, with replacement, so all figures of it, and of every model, are of the same draws.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_detect.false_alarms import exact_interval

REPLICATES = 1000
COVERAGE = 0.95
_AT_ONCE = 2_000_000
"""Weights that are in memory at a time."""
_SAME = 1e-9
"""Draws no further apart than this are the same, but for rounding."""

Interval = list[float] | None
"""Lower and upper bound; None where the figure cannot be had in nearly all draws, or is the same in all."""


class Bootstrap:
    """Draws of the groups of n samples: how often each sample is in each draw."""

    def __init__(self, groups: Sequence[str], replicates: int = REPLICATES, seed: int = 1) -> None:
        names, self._group = np.unique(np.asarray(groups), return_inverse=True)
        rng = np.random.default_rng(seed)
        count = len(names)
        draws = (np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(replicates))
        self._counts = np.stack([draw.astype(np.uint16) for draw in draws])

    def weights(self, chosen: NDArray[np.bool_]) -> Iterator[NDArray[np.uint16]]:
        """Weights (b, m) of the m chosen samples of n, a part of the draws at a time."""
        columns = self._group[chosen]
        step = max(1, _AT_ONCE // max(1, len(columns)))
        for start in range(0, len(self._counts), step):
            yield self._counts[start : start + step, columns]

    def groups(self, chosen: NDArray[np.bool_]) -> int:
        """How many groups the chosen samples are of."""
        return len(np.unique(self._group[chosen]))


def interval(values: NDArray[np.float64]) -> Interval:
    """The percentile interval of a figure's values over all draws.

    None when more than one draw in twenty has none, or when all are the same: that a figure does not vary among few
    groups does not make it certain.
    """
    found = _percentiles(values)
    return None if found is None or np.ptp(values[np.isfinite(values)]) < _SAME else found


def share_interval(values: NDArray[np.float64], share: float, groups: int) -> Interval:
    """As `interval`, for a share of pictures (0–1); groups: how many it was measured on.

    It reaches at least as far as the exact one for as many independent groups (Clopper and Pearson, 1934), for draws of
    few false alarms say too little: none or one among ten people does not mean that there are hardly ever any.
    """
    found = _percentiles(values)
    if found is None:
        return None
    low, high = exact_interval(round(share * groups), groups, COVERAGE)
    return [min(found[0], round(low, 4)), max(found[1], round(high, 4))]


def _percentiles(values: NDArray[np.float64]) -> Interval:
    known = values[np.isfinite(values)]
    if len(known) < 0.95 * len(values):
        return None
    tail = 100 * (1 - COVERAGE) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    return [round(float(low), 4), round(float(high), 4)]
