"""What the three verdicts are worth: how real and fake pictures share them out, and other thresholds of the card."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.card import Thresholds
from edge_detect.evaluation.bootstrap import Interval, share_interval
from edge_detect.evaluation.rows import LEAST_GROUPS, Split
from edge_detect.evaluation.scoring import VERDICTS


def verdict_shares(split: Split, verdicts: NDArray[np.int8]) -> dict[str, Any]:
    """Of "all" and of each source, by class: how many pictures, the share of each verdict, and its interval.

    verdicts (n,): indices into VERDICTS.
    """
    found = {}
    for name in ("all", *sorted(set(split.sources.tolist()))):
        inside = np.ones(len(split.labels), bool) if name == "all" else split.sources == name
        found[name] = {
            label: {
                "pictures": int(chosen.sum()),
                **{verdict.value: _share(split, chosen, verdicts == at) for at, verdict in enumerate(VERDICTS)},
            }
            for label, chosen in (("real", inside & split.reals), ("fake", inside & split.fakes))
            if chosen.any()
        }
    return found


def operating_points(split: Split, scores: NDArray[np.float64], thresholds: Thresholds) -> dict[str, Any]:
    """What each false-alarm rate of the card (`--fpr`) brings: the share of reals and of fakes called fake.

    By the rate as the card has it: the threshold, false_alarms and hits; what needs a class that is missing is left
    out.
    """
    classes = {"false_alarms": split.reals, "hits": split.fakes}
    return {
        rate: {
            "threshold": threshold,
            **{name: _share(split, chosen, scores >= threshold) for name, chosen in classes.items() if chosen.any()},
        }
        for rate, threshold in thresholds.false_alarms.items()
    }


def _share(split: Split, chosen: NDArray[np.bool_], called: NDArray[np.bool_]) -> dict[str, Any]:
    """The share of the chosen samples that are called so, and its interval."""
    values = called[chosen]
    groups = split.bootstrap.groups(chosen)
    interval: Interval = None
    if groups >= LEAST_GROUPS:
        with np.errstate(invalid="ignore"):
            draws = [w.astype(float) @ values / w.sum(-1) for w in split.bootstrap.weights(chosen)]
        interval = share_interval(np.concatenate(draws), float(values.mean()), groups)
    return {"share": round(float(values.mean()), 4), "interval": interval}
