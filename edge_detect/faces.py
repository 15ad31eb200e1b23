"""Where the faces are: a picture to boxes, by the finder model."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import ModelError
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
"""Share of its side that a tile has in common with the next, at least: faces of nearly this size lie whole in one."""
_EDGE = 2.0
"""Boxes that come this near to where a tile cuts the picture (pixels of the finder's input) may be half a face."""
_OUTPUTS = ("heat", "size", "offset")
_FAINTEST = 0.05
"""Cells whose own probability is below this are not looked at."""
_AROUND = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column])
"""The eight neighbours of a cell."""


@dataclass(frozen=True)
class Found:
    """A face's box in pixels of the picture, and how sure the finder is (0–1)."""

    box: Box
    score: float


class FaceFinder:
    """Finds faces in pictures of any size. Use one per thread."""

    def __init__(self, network: Runnable) -> None:
        """Raises ModelError when the network is no finder, or its card names other outputs than one has."""
        network.card.require("finder")
        if missing := [name for name in _OUTPUTS if name not in network.card.outputs]:
            raise ModelError(f"the finder {network.card.name!r} has no output {missing[0]!r}; convert it again")
        self._network = network
        self.card = network.card

    def find(self, picture: Picture, *, small_faces: bool = False, threshold: float | None = None) -> list[Found]:
        """Faces in uint8 RGB pixels (height, width, 3), surest first.

        threshold: least score of a face (default: the card's for this kind of search).

        With `small_faces`, a picture larger than the finder's input is searched again in overlapping tiles of half its
        longer side. Raises ModelError when the network's answer makes no sense.
        """
        height, width = picture.shape[:2]
        if threshold is None:
            threshold = self.card.thresholds.face_tiles if small_faces else self.card.thresholds.face
        boxes, scores = self._search(picture, threshold)
        if small_faces and max(height, width) > self.card.input_side:
            parts = [self._search_tile(picture, tile, threshold) for tile in tiles(width, height)]
            boxes = np.vstack([boxes, *(more for more, _ in parts)])
            scores = np.concatenate([scores, *(more for _, more in parts)])
        kept = suppress(boxes, scores)
        clipped = np.clip(boxes, 0, (width, height, width, height)).tolist()
        return [Found(Box(*clipped[i]), float(scores[i])) for i in kept]

    def _search(self, picture: Picture, threshold: float) -> tuple[Boxes, Scores]:
        """Boxes in pixels of a picture, from what the network says of it and of its mirror image."""
        frame, scale = letterbox(picture, self.card.input_side)
        one, two = self._network.run(frame), unmirror(self._network.run(np.ascontiguousarray(frame[:, ::-1])))
        mean = {name: np.asarray((one[name] + two[name]) / 2, np.float32) for name in _OUTPUTS}
        boxes, scores = decode(mean, threshold)
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


def unmirror(outputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The finder's outputs for a mirrored frame, as they would be for the frame itself."""
    turned = {name: outputs[name][:, ::-1] for name in _OUTPUTS}
    return {**turned, "offset": turned["offset"] * np.array((-1, 1), np.float32)}


def decode(outputs: dict[str, NDArray[np.float32]], threshold: float) -> tuple[Boxes, Scores]:
    """Boxes in pixels of the finder's input and their scores, from its outputs for one picture.

    A face is a cell whose logit is the highest of its 3 × 3 neighbourhood and whose score reaches the threshold. The
    score weighs what the cells around it say: two parts its own logit, one part the mean of its three highest
    neighbours', as a probability, times the mean intersection over union of their boxes with its own. Around a face
    they agree. Raises ModelError when the outputs do not fit together or are not finite.
    """
    heat, size, offset = (outputs[name] for name in _OUTPUTS)
    if heat.shape[2:] != (1,) or not size.shape == offset.shape == (*heat.shape[:2], 2):
        raise ModelError("the finder's outputs do not have the shapes of heat, size and offset; convert it again")
    if not all(np.isfinite(answers).all() for answers in (heat, size, offset)):
        raise ModelError("the finder answers nonsense (not a number): it is damaged or was badly converted")
    logits = heat[..., 0]
    least = np.log(_FAINTEST / (1 - _FAINTEST))
    rows, columns = np.nonzero((logits == cv2.dilate(logits, np.ones((3, 3), np.uint8))) & (logits >= least))
    around_rows, around_columns = rows[:, None] + _AROUND[:, 0], columns[:, None] + _AROUND[:, 1]
    height, width = logits.shape
    inside = (around_rows >= 0) & (around_rows < height) & (around_columns >= 0) & (around_columns < width)
    near = np.clip(around_rows, 0, height - 1), np.clip(around_columns, 0, width - 1)

    neighbours = np.sort(np.where(inside, logits[near], -np.inf), axis=1)[:, -3:]
    boxes = _boxes(size, offset, rows, columns)
    shared = overlaps(boxes[:, None], _boxes(size, offset, *near))
    agreement = (shared * inside).sum(axis=1) / inside.sum(axis=1)
    scores = agreement / (1 + np.exp(-(2 * logits[rows, columns] + neighbours.mean(axis=1)) / 3))
    kept = scores.astype(np.float32) >= np.float32(threshold)
    return boxes[kept], scores[kept].astype(np.float32)


def _boxes(
    size: NDArray[np.float32], offset: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> Boxes:
    """The boxes (…, 4) that the cells at these rows and columns (…,) answer."""
    centres = np.stack([columns, rows], axis=-1) + 0.5 + offset[rows, columns]
    halves = np.exp2(np.clip(size[rows, columns], -2, 8)) / 2
    return (STRIDE * np.concatenate([centres - halves, centres + halves], axis=-1)).astype(np.float32)


def decode_one(outputs: dict[str, NDArray[np.float32]], threshold: float, scale: float) -> tuple[Boxes, Scores]:
    """What a search of the whole picture finds, surest first: boxes in its pixels, of which the input has `scale`."""
    boxes, scores = decode(outputs, threshold)
    kept = suppress(boxes, scores)
    return boxes[kept] / scale, scores[kept]


def suppress(boxes: Boxes, scores: Scores) -> list[int]:
    """Indices of the boxes that remain, surest first, when each removes those it overlaps too much."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(int(best))
        order = order[overlaps(boxes[best], boxes[order]) <= OVERLAP]
    return kept


def overlaps(one: Boxes, two: Boxes) -> NDArray[np.float32]:
    """Intersection over union of boxes (…, 4) with boxes (…, 4), broadcast."""
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    areas = np.prod(one[..., 2:] - one[..., :2], axis=-1) + np.prod(two[..., 2:] - two[..., :2], axis=-1)
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float32)


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
