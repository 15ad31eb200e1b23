"""Fakes made from real pictures: one face laid over another, blended at a soft edge.

Faces are given by their boxes; a hull is drawn from a box as an ellipse. Pictures are uint8 RGB.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.image import Picture
from edge_detect.results import Box


def swap(target: Picture, target_box: Box, source: Picture, source_box: Box) -> Picture:
    """Lay the face of `source` over that of `target`: scaled to fit, its colours shifted to match, edges soft."""
    height, width = target.shape[:2]
    scale_x = (target_box.x1 - target_box.x0) / (source_box.x1 - source_box.x0)
    scale_y = (target_box.y1 - target_box.y0) / (source_box.y1 - source_box.y0)
    shift_x, shift_y = target_box.x0 - scale_x * source_box.x0, target_box.y0 - scale_y * source_box.y0
    # Scaled first, by areas: warpAffine knows no area averaging, and a face made smaller would alias.
    scaled = cv2.resize(source, None, fx=scale_x, fy=scale_y, interpolation=cv2.INTER_AREA)
    matrix = np.array([[1, 0, shift_x], [0, 1, shift_y]])
    laid = cv2.warpAffine(scaled, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    mask = ellipse(target_box, width, height)
    return mix(target, match_colours(laid, target, mask), mask)


def self_blend(picture: Picture, box: Box, shift: float = 0.03, gain: float = 0.9) -> Picture:
    """Lay a slightly moved, enlarged and recoloured copy of a face over itself (after Shiohara & Yamasaki, 2022).

    shift: in box widths; gain: of the copy's red channel.
    """
    size = box.x1 - box.x0
    height, width = picture.shape[:2]
    x, y = _centre(box)
    matrix = np.array([[1 + shift, 0, -shift * x - shift * size], [0, 1 + shift, -shift * y]])
    copy = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    recoloured = np.rint(np.clip(copy * np.array([gain, 1.0, 1.0]), 0, 255)).astype(np.uint8)
    return mix(picture, recoloured, ellipse(box, width, height))


def ellipse(box: Box, width: int, height: int) -> NDArray[np.float32]:
    """A soft mask (height, width, 1) of 0–1 that covers the inner face of a box."""
    mask = np.zeros((height, width), np.float32)
    half_width, half_height = (box.x1 - box.x0) / 2, (box.y1 - box.y0) / 2
    centre = tuple(round(value) for value in _centre(box))
    cv2.ellipse(mask, centre, (round(0.75 * half_width), round(0.85 * half_height)), 0, 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 0.08 * (box.x1 - box.x0))[..., None]


def match_colours(picture: Picture, reference: Picture, mask: NDArray[np.float32]) -> Picture:
    """Shift and stretch each channel so that mean and deviation under the mask are those of the reference."""
    inside = mask[..., 0] > 0.5
    have, want = picture[inside].astype(np.float32), reference[inside].astype(np.float32)
    stretched = (picture - have.mean(0)) * (want.std(0) / (have.std(0) + 1e-6)) + want.mean(0)
    return np.rint(np.clip(stretched, 0, 255)).astype(np.uint8)


def mix(background: Picture, foreground: Picture, mask: NDArray[np.float32]) -> Picture:
    """The foreground where the mask (height, width, 1) is 1, the background where it is 0."""
    return np.rint(background * (1 - mask) + foreground * mask).astype(np.uint8)


def _centre(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
