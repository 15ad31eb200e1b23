"""Where the faces are: a picture to boxes, by the finder model."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.image import Picture
from edge_detect.network import Runnable
from edge_detect.results import Box

Boxes = NDArray[np.float32]
"""Shape (n, 4): x0 y0 x1 y1 in pixels."""
Scores = NDArray[np.float32]
"""Shape (n,), 0–1."""

STRIDE = 8
"""Pixels of the finder's input per cell of its output grid."""
OVERLAP = 0.4
"""Boxes that share more than this (intersection over union) are one face."""
TILE_OVERLAP = 0.25
"""Share of its side that a tile has in common with the next, at least: faces up to this size lie whole in one."""
_EDGE = 2.0
"""Boxes that come this near to where a tile cuts the picture (pixels of the finder's input) may be half a face."""


@dataclass(frozen=True)
class Found:
    """A face's box in pixels of the picture, and how sure the finder is (0–1)."""

    box: Box
    score: float


class FaceFinder:
    """Finds faces in pictures of any size. Use one per thread."""

    def __init__(self, network: Runnable) -> None:
        """Raises ModelError when the network is no finder."""
        network.card.require("finder")
        self._network = network
        self.card = network.card

    def find(self, picture: Picture, *, small_faces: bool = False, threshold: float | None = None) -> list[Found]:
        """Faces in uint8 RGB pixels (height, width, 3), surest first.

        threshold: least score of a face (default: the card's).

        With `small_faces`, the picture is searched again in overlapping tiles of half its longer side.
        """
        height, width = picture.shape[:2]
        threshold = self.card.thresholds.face if threshold is None else threshold
        boxes, scores = self._search(picture, threshold)
        if small_faces:
            parts = [self._search_tile(picture, tile, threshold) for tile in tiles(width, height)]
            boxes = np.vstack([boxes, *(more for more, _ in parts)])
            scores = np.concatenate([scores, *(more for _, more in parts)])
        kept = suppress(boxes, scores)
        clipped = np.clip(boxes, 0, (width, height, width, height)).tolist()
        return [Found(Box(*clipped[i]), float(scores[i])) for i in kept]

    def _search(self, picture: Picture, threshold: float) -> tuple[Boxes, Scores]:
        frame, scale = letterbox(picture, self.card.input_side)
        outputs = self._network.run(frame)
        boxes, scores = decode(outputs["heat"], outputs["size"], outputs["offset"], threshold)
        return boxes / scale, scores

    def _search_tile(self, picture: Picture, tile: tuple[int, int, int, int], threshold: float) -> tuple[Boxes, Scores]:
        """Boxes in pixels of the whole picture, without those that the tile's edge may have cut."""
        left, top, right, bottom = tile
        boxes, scores = self._search(picture[top:bottom, left:right], threshold)
        boxes += np.array((left, top, left, top), np.float32)
        height, width = picture.shape[:2]
        edge = _EDGE * max(right - left, bottom - top) / self.card.input_side
        # An edge that the tile shares with the picture cuts nothing that another tile would see whole.
        inner = np.array([left if left else -np.inf, top if top else -np.inf], np.float32) + edge
        outer = np.array([right if right < width else np.inf, bottom if bottom < height else np.inf], np.float32) - edge
        whole = (boxes[:, :2] > inner).all(axis=1) & (boxes[:, 2:] < outer).all(axis=1)
        return boxes[whole], scores[whole]


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
) -> tuple[Boxes, Scores]:
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


def suppress(boxes: Boxes, scores: Scores) -> list[int]:
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

    def starts(length: int) -> list[int]:
        count = max(1, math.ceil((length / side - TILE_OVERLAP) / (1 - TILE_OVERLAP) - 1e-9))
        return sorted({round(start) for start in np.linspace(0, max(length - side, 0), count)})

    return [
        (left, top, min(left + side, width), min(top + side, height))
        for top in starts(height)
        for left in starts(width)
    ]
