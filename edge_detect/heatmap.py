"""Where in a face a classifier looks for fake, and where for real: its logits of patches, drawn over the crop."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.detector import Detector, Inspection
from edge_detect.image import Picture

FAKE, REAL = (232, 89, 12), (25, 113, 194)
"""Warm for what speaks for fake, cool for what speaks for real. The page paints alike."""
OPACITY = 0.7
"""Of a patch that leaves no doubt; a patch that says nothing is clear."""


def can_be_drawn(detector: Detector) -> bool:
    """Whether the classifier gives logits of patches at all."""
    return detector.PATCHES in detector.card.outputs


def heatmap(inspection: Inspection, detector: Detector) -> Picture:
    """A copy of the decoded picture with each face's crop tinted by what its patches say; black for an unreadable one.

    Raises ModelError when the classifier gives no logits of patches.
    """
    if inspection.picture is None:
        return np.zeros((48, 64, 3), np.uint8)
    canvas: Picture = np.ascontiguousarray(inspection.picture.pixels).copy()
    for square, crop in zip(inspection.squares, inspection.crops, strict=True):
        region = image.cut(canvas, square)
        region[:] = tinted(region, detector.patches(crop))
    return canvas


def tinted(pixels: Picture, shares: NDArray[np.float32]) -> Picture:
    """Square pixels under the tint of patches: shares (rows, columns) of how much (0–1) each speaks for fake."""
    side = pixels.shape[0]
    leaning = 2 * cv2.resize(shares, (side, side), interpolation=cv2.INTER_LINEAR)[..., None] - 1
    painted = np.empty_like(pixels)
    for row in range(side):  # by rows, since a photograph's crop may have a hundred million pixels
        tint = np.where(leaning[row] > 0, np.array(FAKE), np.array(REAL))
        opacity = OPACITY * np.abs(leaning[row])
        painted[row] = np.rint(pixels[row] * (1 - opacity) + tint * opacity)
    return painted
