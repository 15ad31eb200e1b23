"""How well found boxes match labelled ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_detect.faces import overlaps
from edge_detect.scenes import Scene

MATCH = 0.5
"""Intersection over union from which a found box is the labelled one."""
LEAST_SCORE = 0.05
"""Found boxes below this are not looked at for the average precision."""
LEAST_SIZE = 0.04
"""Faces below this share of the picture's longer side count as doubtful there: only tiles are for them."""


@dataclass(frozen=True)
class Matches:
    """The outcome for one picture.

    hit (labelled,): whether each certain box was found; right (found,): whether a found box is a certain one's match;
    false (found,): whether it overlaps no label at all. A found box may be neither.
    """

    hit: NDArray[np.bool_]
    right: NDArray[np.bool_]
    false: NDArray[np.bool_]


def match(found: NDArray[np.float32], labelled: NDArray[np.float32], certain: NDArray[np.bool_]) -> Matches:
    """Match found boxes (n, 4), surest first, to labelled ones (m, 4); each label is matched once."""
    hit, right, false = np.zeros(len(labelled), bool), np.zeros(len(found), bool), np.zeros(len(found), bool)
    for i, box in enumerate(found):
        shared = overlaps(box, labelled)
        false[i] = not (shared > 0).any()
        free = np.where(hit, 0, shared)
        if len(free) and free.max() >= MATCH:
            best = int(free.argmax())
            hit[best] = True
            right[i] = certain[best]
    return Matches(hit[certain], right, false)


def match_scene(found: NDArray[np.float32], scene: Scene) -> Matches:
    """Match found boxes to a scene's, as it counts for the average precision."""
    return match(found, scene.boxes, scene.certain & (scene.sizes >= LEAST_SIZE))


def average_precision(matches: list[Matches], scores: list[NDArray[np.float32]]) -> float:
    """Area under the precision–recall curve of certain boxes; neither right nor false ones do not count.

    Precision is made monotone before it is summed over recall (as in PASCAL VOC since 2010; Everingham et al.); boxes
    of one score, of which an integer finder gives many, are counted together.
    """
    total = sum(len(m.hit) for m in matches)
    if not total or not any(m.right.any() for m in matches):
        return 0.0
    right = np.concatenate([m.right[m.right | m.false] for m in matches])
    ranks = -np.concatenate([s[m.right | m.false] for m, s in zip(matches, scores, strict=True)])
    order = np.argsort(ranks)
    hits = np.cumsum(right[order])
    counted = np.searchsorted(ranks[order], ranks[order], side="right")  # up to the last of the same score
    precision = hits[counted - 1] / counted
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from_here[right[order]].sum() / total)
