"""Which pictures show the same: a perceptual hash proposes pairs, a correlation of the aligned pictures decides.

Pictures come here as thumbnails: gray, uint8, (n, THUMB, THUMB). The hash is the sign pattern of a thumbnail's lowest
DCT coefficients around their median (as in pHash; Zauner, 2010). It forgives re-encoding and scaling, but little
shifting, and two crops of one picture can be framed differently when another finder drew the box. So where that is
likely, pairs are proposed by a wider search over shifted and scaled windows.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect import image

THUMB = 64
CLOSE = 8
"""Hashes that differ in at most this many of their 63 bits propose a pair."""
ALIKE = 0.94
"""Pairs with at least this correlation show the same. Measured: crops of one picture by two finders correlate at 0.95
and more, the most similar crops of two pictures at 0.92 and less."""
_CANDIDATES, _LEAST = 16, 0.8
_CORE = 0.63
_GAIN = 0.06
"""Finer scales add no more than this to the correlation at the best coarse one."""
_SCALES = (0.50, 0.56, 0.63, 0.70, 0.79)
_SHIFTS = (-0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12)
_BLOCK = 512

Thumbs = NDArray[np.uint8]
Indices = NDArray[np.int64]
Pairs = NDArray[np.int64]
"""Rows of two indices, shape (n, 2)."""


def thumbnail(path: Path) -> Thumbs:
    """A picture file as a thumbnail, uint8 (THUMB, THUMB). Raises OSError, PictureError."""
    gray = cv2.cvtColor(image.whole(image.decode(path.read_bytes()).pixels), cv2.COLOR_RGB2GRAY)
    return image.resize(np.asarray(gray, np.uint8), THUMB)


def hashes(thumbs: Thumbs) -> NDArray[np.float32]:
    """Perceptual hashes of the middle of thumbnails as rows of 63 signs, so that a product counts equal bits."""
    windows = _windows(thumbs, 0.8, 0.0, 0.0, 32)
    lowest = np.stack([cv2.dct(window)[:8, :8].ravel()[1:] for window in windows])
    signs: NDArray[np.float32] = np.where(lowest > np.median(lowest, axis=1, keepdims=True), 1, -1).astype(np.float32)
    return signs


def close(one: NDArray[np.float32], two: NDArray[np.float32]) -> Iterator[Pairs]:
    """Blocks of pairs (row of `one`, row of `two`) whose hashes differ in at most CLOSE bits."""
    for start in range(0, len(one), _BLOCK):
        pairs = np.argwhere(one[start : start + _BLOCK] @ two.T >= one.shape[1] - 2 * CLOSE)
        yield pairs + np.array((start, 0))


def bits(one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.int64]:
    """In how many bits hashes differ, row by row."""
    return np.asarray((one != two).sum(axis=1), np.int64)


def similar(one: Thumbs, two: Thumbs) -> Pairs:
    """For each of `one`, the pictures of `two` that look most like it when windows are shifted and scaled."""
    if not (len(one) and len(two)):
        return np.empty((0, 2), np.int64)
    core = _unit(_windows(two, _CORE, 0.0, 0.0, 12))
    found = []
    for start in range(0, len(one), _BLOCK):
        part = one[start : start + _BLOCK]
        best = np.full((len(part), len(two)), -1, np.float32)
        for scale in _SCALES:
            for x in _SHIFTS:
                for y in _SHIFTS:
                    np.maximum(best, _unit(_windows(part, scale, x, y, 12)) @ core.T, out=best)
        count = min(_CANDIDATES, len(two))
        chosen = np.argpartition(-best, count - 1, axis=1)[:, :count]
        rows, places = np.nonzero(np.take_along_axis(best, chosen, axis=1) >= _LEAST)
        found.append(np.stack([start + rows, chosen[rows, places]], axis=1))
    return np.concatenate(found)


def correlations(one: Thumbs, two: Thumbs, pairs: Pairs, workers: int) -> NDArray[np.float64]:
    """For each pair, the highest correlation of the middle of one picture with any place and scale of the other."""
    with ThreadPoolExecutor(workers) as pool:
        values = pool.map(lambda pair: _correlation(one[pair[0]], two[pair[1]]), pairs)
        return np.fromiter(values, np.float64, len(pairs))


def _correlation(one: Thumbs, two: Thumbs) -> float:
    edge = THUMB // 5
    core = one[edge:-edge, edge:-edge]

    def at(scale: float) -> float:
        side = round(core.shape[0] * scale)
        if not THUMB // 4 <= side <= THUMB:
            return -1.0
        values = cv2.matchTemplate(two, image.resize(core, side), cv2.TM_CCOEFF_NORMED)
        return float(values.max()) if np.isfinite(values).all() else -1.0

    scales = np.geomspace(0.7, 1.43, 15)
    coarse = [at(scale) for scale in scales]
    if max(coarse) < ALIKE - _GAIN:
        return max(coarse)
    around = scales[int(np.argmax(coarse))]
    return max(*coarse, *(at(around * step) for step in (0.975, 0.9875, 1.0125, 1.025)))


def _windows(thumbs: Thumbs, share: float, x: float, y: float, side: int) -> NDArray[np.float32]:
    """Windows of a share of the thumbnails' side, shifted from the middle, scaled to side × side."""
    size = round(THUMB * share)
    left, top = (min(max(round((THUMB - size) / 2 + THUMB * shift), 0), THUMB - size) for shift in (x, y))
    cut = thumbs[:, top : top + size, left : left + size]
    small = [cv2.resize(window, (side, side), interpolation=cv2.INTER_AREA) for window in cut]
    return np.stack(small).astype(np.float32)


def _unit(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Windows as rows of mean 0 and length 1, so that a product is a correlation."""
    rows = windows.reshape(len(windows), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    unit: NDArray[np.float32] = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)
    return unit
