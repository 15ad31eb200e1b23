"""Fakes made from real pictures: one face laid over another, or over itself, blended at a soft edge.

Faces are given by their boxes, within which a hull is drawn. Pictures are uint8 RGB (height, width, 3), masks are
float32 (height, width) from 0, where the picture below shows, to 1.
"""

import math

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect.image import Picture
from edge_detect.results import Box
from training import degrade

Mask = NDArray[np.float32]
_POINTS = 40
_REGIONS = (
    ((0.0, 0.0), (0.75, 0.85)),
    ((0.0, 0.4), (0.6, 0.45)),
    ((0.0, -0.3), (0.7, 0.3)),
    ((0.0, 0.05), (0.5, 0.55)),
)
"""Hulls as centre and radii (x, y) in half-sides of the box: the face, the mouth, the eyes, the middle of the face."""
_CHANCES = (0.55, 0.2, 0.1, 0.15)
_SAME, _OTHER, _RIM = 4.0, 12.0, 6.0
"""Grey levels by which a fake may differ from its original where it is the same, and where it is surely not; and at the
rim of a picture of the same moment."""
_COARSE = 0.7
"""Share of blended faces that have less detail than what they are laid over."""
_MATCHED = 0.8
"""Share of cross-blended faces whose colours are matched."""
_OPACITIES = (0.5, 0.75, 1.0, 1.0, 1.0)


def swap(target: Picture, target_box: Box, source: Picture, source_box: Box) -> Picture:
    """Lay the face of `source` over that of `target`: scaled to fit, its colours shifted to match, edges soft."""
    height, width = target.shape[:2]
    laid = fitted(source, source_box, target_box, width, height)
    mask = soften(hull(target_box, width, height), 0.08 * (target_box.x1 - target_box.x0))
    return mix(target, match_colours(laid, target, mask), mask)


def fitted(source: Picture, source_box: Box, target_box: Box, width: int, height: int) -> Picture:
    """A picture of width × height whose face lies in the target's box: the source, scaled and shifted."""
    scale_x = (target_box.x1 - target_box.x0) / (source_box.x1 - source_box.x0)
    scale_y = (target_box.y1 - target_box.y0) / (source_box.y1 - source_box.y0)
    shift_x, shift_y = target_box.x0 - scale_x * source_box.x0, target_box.y0 - scale_y * source_box.y0
    # Scaled first, by areas: warpAffine knows no area averaging, and a face made smaller would alias.
    scaled = cv2.resize(source, None, fx=scale_x, fy=scale_y, interpolation=cv2.INTER_AREA)
    matrix = np.array([[1, 0, shift_x], [0, 1, shift_y]])
    return cv2.warpAffine(scaled, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)


def cross_blend(target: Picture, box: Box, others: list[tuple[Picture, Box]], rng: Generator) -> tuple[Picture, Mask]:
    """Lay another face, or a part of it, over that of `target`; also returns where (after Li et al., 2020).

    Of the other pictures, with their face boxes, the one whose face looks most like the target's is taken. Most copies
    lose detail, and of most the colours are shifted to match; the copy is moved as in `self_blend`.
    """
    height, width = target.shape[:2]
    copies = [fitted(picture, face, box, width, height) for picture, face in others]
    copy = copies[int(np.argmax([_likeness(target, copy, box) for copy in copies]))]
    copy, mask = _placed(copy, box, rng)
    if rng.random() < _MATCHED and mask.max() > 0.5:
        copy = match_colours(copy, target, mask)
    return mix(target, copy, mask), mask


def _likeness(one: Picture, other: Picture, box: Box) -> float:
    """Correlation of the light of two pictures inside a box, in a few coarse cells: where features and shadows lie."""
    height, width = one.shape[:2]
    left, top = (int(np.clip(value, 0, side - 1)) for value, side in ((box.x0, width), (box.y0, height)))
    inside = slice(top, max(top + 1, round(box.y1))), slice(left, max(left + 1, round(box.x1)))
    cells = [cv2.resize(picture[inside], (8, 8), interpolation=cv2.INTER_AREA).mean(2) for picture in (one, other)]
    light = [cell - cell.mean() for cell in cells]
    return float((light[0] * light[1]).sum() / (np.linalg.norm(light[0]) * np.linalg.norm(light[1]) + 1e-6))


def self_blend(picture: Picture, box: Box, rng: Generator) -> tuple[Picture, Mask]:
    """Lay a slightly moved and changed copy of a face over itself; also returns where (Shiohara & Yamasaki, 2022).

    Either the copy or what lies below is recoloured and sharpened or softened; most copies lose detail, as the faces
    that small decoders put into a picture; the copy is moved by up to 3% of the box and scaled by up to 5%; the hull
    (the face or a part of it) is jittered and softened, the copy may be translucent.
    """
    below, copy = picture, picture
    if rng.random() < 0.5:
        copy = changed(copy, rng)
    else:
        below = changed(below, rng)
    copy, mask = _placed(copy, box, rng)
    opacity = np.float32(rng.choice(_OPACITIES))
    return mix(below, copy, opacity * mask), mask


def _placed(copy: Picture, box: Box, rng: Generator) -> tuple[Picture, Mask]:
    """A copy as it is laid over a face, most with less detail and all slightly moved, and over which region of it."""
    height, width = copy.shape[:2]
    if rng.random() < _COARSE:
        copy = degrade.rescale(copy, rng, smallest=0.25)
    copy = moved(copy, box, rng)
    return copy, soften(hull(box, width, height, rng), box.size * rng.uniform(0.01, 0.08))


def altered(original: Picture, fake: Picture) -> Mask | None:
    """Where a fake differs from the picture it was made from; None when the two are not the same moment.

    Two frames of a video that are not the same differ at their edge, too, where no face is.
    """
    apart = cv2.absdiff(original, fake).max(axis=2).astype(np.float32)
    apart = cv2.GaussianBlur(apart, (0, 0), 0.03 * apart.shape[0])
    edge = max(1, apart.shape[0] // 20)
    rim = np.ones(apart.shape, bool)
    rim[edge:-edge, edge:-edge] = False
    if np.median(apart[rim]) > _RIM:
        return None
    return np.clip((apart - _SAME) / (_OTHER - _SAME), 0, 1)


def changed(picture: Picture, rng: Generator) -> Picture:
    """Other statistics for one of the two layers: colours, and one in two sharpened, softened or rescaled."""
    shift = rng.uniform(-20, 20, 3) * (rng.random() < 0.7)
    gain = rng.uniform(0.9, 1.1)
    saturation = rng.uniform(0.7, 1.3)
    gray = np.array([0.299, 0.587, 0.114])
    mix_of_channels = gain * (saturation * np.eye(3) + (1 - saturation) * np.outer(np.ones(3), gray))
    picture = cv2.transform(picture, np.hstack([mix_of_channels, shift[:, None] + 128 * (1 - gain)]))
    if rng.random() < 0.5:
        picture = degrade.blur(picture, rng) if rng.random() < 0.5 else degrade.rescale(picture, rng, smallest=0.4)
    return picture


def moved(picture: Picture, box: Box, rng: Generator) -> Picture:
    """The picture shifted by up to 3% (across) and 1.5% (down) of the box and scaled about its centre by up to 5%."""
    height, width = picture.shape[:2]
    x, y = _centre(box)
    scale = rng.uniform(0.95, 1 / 0.95)
    matrix = np.array([[scale, 0, (1 - scale) * x], [0, scale, (1 - scale) * y]])
    matrix[:, 2] += rng.uniform(-1, 1, 2) * (0.03 * (box.x1 - box.x0), 0.015 * (box.y1 - box.y0))
    method = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    return cv2.warpAffine(picture, matrix, (width, height), flags=method, borderMode=cv2.BORDER_REFLECT_101)


def hull(box: Box, width: int, height: int, rng: Generator | None = None) -> Mask:
    """A hard mask of the inner face of a box; with a generator, of a random region of it with a jittered outline."""
    (shift_x, shift_y), (radius_x, radius_y) = _REGIONS[
        0 if rng is None else int(rng.choice(len(_REGIONS), p=_CHANCES))
    ]
    angles = np.linspace(0, 2 * math.pi, _POINTS, endpoint=False)
    radii = np.ones(_POINTS)
    if rng is not None:
        for wave in range(1, 5):
            radii += rng.normal(0, 0.08 / wave) * np.sin(wave * angles + rng.uniform(0, 2 * math.pi))
    half_width, half_height = (box.x1 - box.x0) / 2, (box.y1 - box.y0) / 2
    x, y = _centre(box)
    outline = np.stack(
        [
            x + half_width * (shift_x + radius_x * radii * np.cos(angles)),
            y + half_height * (shift_y + radius_y * radii * np.sin(angles)),
        ],
        axis=1,
    )
    mask = np.zeros((height, width), np.float32)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 1.0)
    return mask


def soften(mask: Mask, deviation: float) -> Mask:
    """A mask with a Gaussian edge of a deviation in pixels."""
    return np.minimum(cv2.GaussianBlur(mask, (0, 0), max(deviation, 0.3)), 1)  # rounding leaves some above 1


def match_colours(picture: Picture, reference: Picture, mask: Mask) -> Picture:
    """Shift and stretch each channel so that mean and deviation under the mask are those of the reference."""
    inside = mask > 0.5
    have, want = picture[inside].astype(np.float32), reference[inside].astype(np.float32)
    stretched = (picture - have.mean(0)) * (want.std(0) / (have.std(0) + 1e-6)) + want.mean(0)
    return np.rint(np.clip(stretched, 0, 255)).astype(np.uint8)


def mix(background: Picture, foreground: Picture, mask: Mask) -> Picture:
    """The foreground where the mask is 1, the background where it is 0."""
    return cv2.blendLinear(foreground, background, mask, 1 - mask)


def _centre(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
