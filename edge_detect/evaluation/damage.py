"""What befalls pictures on their way to a detector, one thing at a time and by the book: the robustness curves.

A picture is damaged at the size it is stored, and encoded: as the damage demands, else as BMP, which loses nothing.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.random import Generator

from edge_detect import image
from edge_detect.image import Picture


@dataclass(frozen=True)
class Damage:
    """One kind of damage at one level; inflict turns uint8 RGB pixels and a generator into a file's bytes."""

    kind: str
    level: float
    inflict: Callable[[Picture, Generator], bytes]

    @property
    def name(self) -> str:
        """Kind and level, as the figures name it; the level is left out where there is but one."""
        return f"{self.kind} {self.level:g}" if self.level else self.kind


def damaged(data: bytes, damages: "tuple[Damage, ...]") -> list[bytes]:
    """The bytes of a picture file after each damage; the same file is always damaged in the same way.

    Raises PictureError when it cannot be read.
    """
    picture = image.decode(data).pixels
    seed = zlib.crc32(data)
    return [damage.inflict(picture, np.random.default_rng((seed, at))) for at, damage in enumerate(damages)]


def compress(picture: Picture, _: Generator, *, suffix: str, quality: int) -> bytes:
    """Lossy compression."""
    return image.encode(picture, suffix, quality)


def resize(picture: Picture, _: Generator, *, factor: float) -> bytes:
    """Another size, for good: area averaging down, bicubic up."""
    return _lossless(_scaled(picture, factor))


def blur(picture: Picture, _: Generator, *, sigma: float) -> bytes:
    """Gaussian blur of sigma pixels."""
    return _lossless(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8))


def noise(picture: Picture, rng: Generator, *, sigma: float) -> bytes:
    """Gaussian noise of sigma grey levels, separate per channel."""
    grain = rng.standard_normal(picture.shape, dtype=np.float32) * sigma
    return _lossless(np.rint(np.clip(picture + grain, 0, 255)).astype(np.uint8))


def screenshot(picture: Picture, _: Generator) -> bytes:
    """Shown enlarged on a screen, sharpened a little, captured as PNG, and sent on as JPEG of quality 80."""
    shown = _scaled(picture, 1.37)
    sharp = cv2.addWeighted(shown, 1.4, cv2.GaussianBlur(shown, (0, 0), 1.0), -0.4, 0)
    captured = image.decode(image.encode(np.asarray(sharp, np.uint8), ".png")).pixels
    return image.encode(captured, ".jpg", 80)


def _scaled(picture: Picture, factor: float) -> Picture:
    height, width = picture.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def _lossless(picture: Picture) -> bytes:
    return image.encode(picture, ".bmp")


DAMAGES: tuple[Damage, ...] = (
    *(Damage("JPEG", q, partial(compress, suffix=".jpg", quality=q)) for q in (95, 90, 80, 70, 60, 50, 40, 30)),
    *(Damage("WebP", q, partial(compress, suffix=".webp", quality=q)) for q in (90, 70, 50)),
    *(Damage("resize", factor, partial(resize, factor=factor)) for factor in (0.25, 0.5, 0.75, 1.25, 1.5)),
    *(Damage("blur", sigma, partial(blur, sigma=sigma)) for sigma in (0.5, 1, 2)),
    *(Damage("noise", sigma, partial(noise, sigma=sigma)) for sigma in (2, 5, 10)),
    Damage("screenshot", 0, screenshot),
)
"""JPEG and WebP by quality, resize by factor, blur and noise by sigma in pixels and in grey levels."""
