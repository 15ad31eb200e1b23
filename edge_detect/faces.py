"""Where the faces are: a picture to boxes, by the finder model."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.image import Picture
from edge_detect.network import Network
from edge_detect.results import Box

STRIDE = 8
"""Pixels of the finder's input per cell of its output grid."""
OVERLAP = 0.4
"""Boxes that share more than this (intersection over union) are one face."""
TILE_OVERLAP = 0.25
"""Share of its side that a tile has in common with the next."""


@dataclass(frozen=True)
class Found:
    """A face's box in pixels of the picture, and how sure the finder is (0–1)."""

    box: Box
    score: float


class FaceFinder:
    """Finds faces in pictures of any size. Use one per thread."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._side = network.card.input_side

    def find(self, picture: Picture, *, small_faces: bool = False, threshold: float | None = None) -> list[Found]:
        """Faces in uint8 RGB pixels (height, width, 3), surest first.

        threshold: least score of a face (default: the card's).

        With `small_faces`, the picture is searched again in overlapping tiles of half its longer side.
        """
        height, width = picture.shape[:2]
        threshold = self._network.card.thresholds.face if threshold is None else threshold
        boxes, scores = self._search(picture, threshold)
        if small_faces:
            for left, top, right, bottom in tiles(width, height):
                more, their_scores = self._search(picture[top:bottom, left:right], threshold)
                boxes = np.vstack([boxes, more + np.array((left, top, left, top), np.float32)])
                scores = np.concatenate([scores, their_scores])
        kept = suppress(boxes, scores)
        clipped = np.clip(boxes, 0, (width, height, width, height)).tolist()
        return [Found(Box(*clipped[i]), float(scores[i])) for i in kept]

    def _search(self, picture: Picture, threshold: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        frame, scale = letterbox(picture, self._side)
        outputs = self._network.run(frame)
        boxes, scores = decode(outputs["heat"], outputs["size"], outputs["offset"], threshold)
        return boxes / scale, scores


def letterbox(picture: Picture, side: int) -> tuple[Picture, float]:
    """The picture scaled so that its longer side is `side`, on a black square; and that scale."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    frame = np.zeros((side, side, 3), np.uint8)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    frame[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=method)
    return frame, scale


def decode(
    heat: NDArray[np.float32], size: NDArray[np.float32], offset: NDArray[np.float32], threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (n, 4) in pixels of the finder's input and their scores (n,), from its outputs for one picture.

    A face is a cell whose logit is the highest of its 3 × 3 neighbourhood and reaches the threshold.
    """
    logits = heat[..., 0]
    peaks = (logits == cv2.dilate(logits, np.ones((3, 3), np.uint8))) & (logits >= np.log(threshold / (1 - threshold)))
    rows, columns = np.nonzero(peaks)
    centres = np.stack([columns, rows], axis=1) + 0.5 + offset[rows, columns]
    halves = np.exp2(np.clip(size[rows, columns], -2, 8)) / 2
    boxes = STRIDE * np.hstack([centres - halves, centres + halves])
    return boxes.astype(np.float32), (1 / (1 + np.exp(-logits[rows, columns]))).astype(np.float32)


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> list[int]:
    """Indices of the boxes that remain, surest first, when each removes those it overlaps too much."""
    order = list(np.argsort(-scores, kind="stable"))
    kept: list[int] = []
    while order:
        best = order.pop(0)
        kept.append(int(best))
        order = [index for index in order if overlap(boxes[best], boxes[index]) <= OVERLAP]
    return kept


def overlap(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (two[2] - two[0]) * (two[3] - two[1])
    return float(shared / (areas - shared))


def tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Overlapping squares (left, top, right, bottom) of half the longer side that cover a picture."""
    side = max(1, -(-max(width, height) // 2))
    step = max(1, round(side * (1 - TILE_OVERLAP)))

    def starts(length: int) -> list[int]:
        last = max(length - side, 0)
        return [*range(0, last, step), last]

    return [
        (left, top, min(left + side, width), min(top + side, height))
        for top in starts(height)
        for left in starts(width)
    ]
