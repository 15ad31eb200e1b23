"""What damage does to a model's figures and to its verdicts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.evaluation.damage import Damage
from edge_detect.evaluation.metrics import auc
from edge_detect.evaluation.rows import Split
from edge_detect.evaluation.scoring import Scored

UNDAMAGED = "undamaged"


def robustness(split: Split, scored: Scored, damages: tuple[Damage, ...]) -> dict[str, dict[str, Any]]:
    """Without and with each damage: AUC, false alarms and hits (reals and fakes called fake), flips, changes.

    flips: share of pictures that are called fake before and not after, or the other way round; changes: share whose
    verdict of the three changed at all. None where a class is missing.
    """
    found = {}
    for at, name in enumerate([UNDAMAGED, *(damage.name for damage in damages)]):
        flagged = scored.flagged[at]
        found[name] = {
            "auc": round(auc(split.labels, scored.scores[at]), 4) if split.both else None,
            "false_alarms": _share(flagged[split.reals]),
            "hits": _share(flagged[split.fakes]),
            "flips": _share(flagged != scored.flagged[0]),
            "changes": _share(scored.verdicts[at] != scored.verdicts[0]),
        }
    return found


def _share(chosen: NDArray[np.bool_]) -> float | None:
    return round(float(chosen.mean()), 4) if len(chosen) else None
