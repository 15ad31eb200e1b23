"""Leakage floors: how far one gets without looking at faces. A figure below its floor may owe it all to files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.evaluation.facts import leakage
from edge_detect.evaluation.rows import Split


def file_floors(split: Split) -> dict[str, Any]:
    """AUC of a classifier that sees side, bytes and JPEG quality of a file only, over all and per source with fakes.

    None where there are too few groups to train and test on.
    """
    rows = [split.row("sources", source, source) for source in sorted(set(split.sources[split.fakes].tolist()))]
    return {
        "all": _floor(split, split.reals, split.fakes),
        "sources": {row.name: _floor(split, row.reals, row.fakes) for row in rows},
    }


def _floor(split: Split, reals: NDArray[np.bool_], fakes: NDArray[np.bool_]) -> float | None:
    one, two = ([split.samples[at] for at in np.flatnonzero(chosen)] for chosen in (reals, fakes))
    value = leakage(one, two)
    return round(value, 4) if np.isfinite(value) else None
