"""What happens to pictures on their way to a user: one distribution of damage for real and fake alike.

Every function takes and returns a uint8 RGB picture of shape (height, width, 3) and draws from the given
generator only, so the same seed gives the same pixels. `strength` runs from 0 (nearly clean) to 1 (field).
"""

import cv2
import numpy as np
from numpy.random import Generator

from edge_detect.image import Picture

_INTERPOLATIONS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)
SMALLEST = 0.35
"""How small a small face may be: a share of the side it is scored at."""


def degrade(picture: Picture, rng: Generator, strength: float) -> Picture:
    """Colour, blur, rescaling, noise and compression, each with a probability that grows with `strength`."""
    if rng.random() < 0.6:
        picture = colour(picture, rng)
    if rng.random() < 0.06:
        picture = grayscale(picture)
    if rng.random() < 0.35 * (1 - 0.5 * strength):
        return picture  # the finest traces live only in pictures that nobody touched again
    if rng.random() < 0.20 * strength:
        picture = blur(picture, rng)
    if rng.random() < 0.15 + 0.25 * strength:
        picture = rescale(picture, rng, smallest=0.85 - 0.5 * strength)
    if rng.random() < 0.25 * strength:
        picture = noise(picture, rng)
    if rng.random() < 0.35 + 0.25 * strength:
        picture = compress(picture, rng, lowest=80 - 45 * strength)
        if rng.random() < 0.2 * strength:
            picture = compress(picture, rng, lowest=60)
    return picture


def degrade_small(picture: Picture, rng: Generator, strength: float) -> Picture:
    """A small face: the picture damaged at SMALLEST to 1 of its side, then scaled up as it is to be scored."""
    height, width = picture.shape[:2]
    factor = rng.uniform(SMALLEST, 1.0)
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    small = degrade(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), rng, strength)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def colour(picture: Picture, rng: Generator) -> Picture:
    """Brightness, contrast, saturation and a colour cast, as other cameras and filters give."""
    gain = 1 + rng.uniform(-0.25, 0.25) + rng.uniform(-0.08, 0.08, 3)
    shift = rng.uniform(-25, 25)
    saturation = rng.uniform(0.6, 1.3)
    gray = np.array([0.299, 0.587, 0.114])
    mix = np.diag(gain) @ (saturation * np.eye(3) + (1 - saturation) * np.outer(np.ones(3), gray))
    offset = shift + 128 * (1 - gain.mean())
    return cv2.transform(picture, np.hstack([mix, np.full((3, 1), offset)]))


def grayscale(picture: Picture) -> Picture:
    """Luma only, kept as three equal channels."""
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def blur(picture: Picture, rng: Generator) -> Picture:
    """Gaussian blur of 0.3 to 1.6 pixels, or as often a light sharpening."""
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.6))
    if rng.random() < 0.5:
        return soft
    amount = rng.uniform(0.2, 1.0)
    return cv2.addWeighted(picture, 1 + amount, soft, -amount, 0)


def rescale(picture: Picture, rng: Generator, smallest: float) -> Picture:
    """Down to a factor between `smallest` and 1 and back up, each way by a random interpolation."""
    height, width = picture.shape[:2]
    factor = rng.uniform(smallest, 1.0)
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    down, up = rng.choice(_INTERPOLATIONS), rng.choice(_INTERPOLATIONS[1:])
    small = cv2.resize(picture, size, interpolation=int(down))
    return cv2.resize(small, (width, height), interpolation=int(up))


def noise(picture: Picture, rng: Generator) -> Picture:
    """Gaussian sensor noise with a deviation of 1 to 12 grey levels, equal or separate per channel."""
    channels = 1 if rng.random() < 0.5 else 3
    grain = rng.standard_normal((*picture.shape[:2], channels), dtype=np.float32) * rng.uniform(1, 12)
    return np.rint(np.clip(picture + grain, 0, 255)).astype(np.uint8)


def compress(picture: Picture, rng: Generator, lowest: float) -> Picture:
    """One round trip through JPEG (4:2:0 or 4:4:4) or WebP at a quality between `lowest` and 98."""
    quality = int(rng.uniform(lowest, 98))
    if rng.random() < 0.2:
        kind, options = ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality]
    else:
        sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if rng.random() < 0.3 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        kind = ".jpg"
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, data = cv2.imencode(kind, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
