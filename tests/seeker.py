"""A tiny but real TFLite face finder, built without TensorFlow: a face is where it is red.

One convolution over windows of 24 × 24 pixels of its 64 × 64 input asks how much redder than green and blue they are;
each box is 28 pixels wide, at the middle of its window.
"""

from pathlib import Path

import numpy as np
import tiny

from edge_detect.card import Thresholds, pack
from edge_detect.faces import STRIDE

SIDE, GRID, WINDOW, BOX = tiny.FINDER_SIDE, 8, 24, 28


def write(path: Path) -> Path:
    card = tiny.finder_card(name="seeker", thresholds=Thresholds(face=0.2, face_tiles=0.2))
    path.write_bytes(pack(flatbuffer(), card))
    return path


def flatbuffer() -> bytes:
    """(1, 64, 64, 3) float32 → heat (1, 8, 8, 1), size (1, 8, 8, 2), offset (1, 8, 8, 2)."""
    graph = tiny.Graph()
    pixels = graph.tensor((1, SIDE, SIDE, 3), tiny.TYPES.FLOAT32)
    redness = np.broadcast_to(np.array([1, -0.5, -0.5]) / WINDOW**2, (1, WINDOW, WINDOW, 3))
    nothing = np.zeros((2, WINDOW, WINDOW, 3))
    heat = graph.convolution(pixels, GRID, redness * 0.2, [-8.0], STRIDE)
    size = graph.convolution(pixels, GRID, nothing, [np.log2(BOX / STRIDE)] * 2, STRIDE)
    offset = graph.convolution(pixels, GRID, nothing, [0.0, 0.0], STRIDE)
    return graph.build([pixels], [heat, size, offset])
