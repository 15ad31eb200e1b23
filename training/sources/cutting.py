"""From the bytes of a source's picture or video to face crops, or the reason why there is none."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2

from edge_detect import image
from edge_detect.errors import EdgeDetectError, PictureError
from edge_detect.faces import FaceFinder, Found
from edge_detect.image import Picture, Square
from training.sources.plan import TOO_SMALL

SIDE = 224
"""Larger crops are scaled down to this side, in pixels; smaller ones stay as they are."""
SMALLEST = 64
"""Crops with a side below this are dropped."""
DARKEST = 16
"""Crops of which not even a tenth of the pixels reaches this brightness (0–255) are dropped: nothing can be seen."""
QUALITY = 88
"""Of the JPEG files, with chroma at half the size: as in the shared data, so that file facts give little away."""

UNREADABLE, NO_FACE, TOO_DARK = "unreadable", "no face", "too dark"


class RejectedError(EdgeDetectError):
    """A picture that gives no crop: `reason`, one of a few, and the text says more."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class Crop:
    """A square face crop: encoded, its side in pixels and that before scaling, and the face box in its pixels."""

    jpeg: bytes
    side: int
    native_side: int
    box: tuple[float, float, float, float] | None


@lru_cache(maxsize=2)  # parts of one file come one after the other
def read_picture(data: bytes) -> Picture:
    """The pixels of an encoded picture. Raises RejectedError."""
    try:
        return image.decode(data).pixels
    except PictureError as error:
        raise RejectedError(UNREADABLE, str(error)) from error


@lru_cache(maxsize=2)
def read_frames(data: bytes, count: int) -> list[Picture]:
    """Pixels of so many frames of an encoded video, the middles of as many equal parts. Raises RejectedError.

    The video is decoded twice, since not all containers know how many frames they hold.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        total = sum(1 for _ in _decoding(file.name))
        if total < count:
            raise RejectedError(UNREADABLE, f"frames that can be read: {total}")
        wanted = {(2 * part + 1) * total // (2 * count) for part in range(count)}
        return [_retrieved(video) for at, video in enumerate(_decoding(file.name)) if at in wanted]


def _decoding(path: str) -> Iterator[cv2.VideoCapture]:
    """A video standing at its first frame, at the next, and so on."""
    video = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    try:
        while video.grab():
            yield video
    finally:
        video.release()


def _retrieved(video: cv2.VideoCapture) -> Picture:
    """The frame that a video stands at. Raises RejectedError."""
    got, frame = video.retrieve()
    try:
        if got:
            return image.from_opencv(frame)
    except PictureError as error:
        raise RejectedError(UNREADABLE, str(error)) from error
    raise RejectedError(UNREADABLE, "a frame cannot be decoded")


def part_of(pixels: Picture, part: tuple[float, ...]) -> Picture:
    """A rectangle of a picture, given as shares: left, top, right, bottom; empty: all of it."""
    if not part:
        return pixels
    height, width = pixels.shape[:2]
    left, top, right, bottom = (round(share * side) for share, side in zip(part, (width, height) * 2, strict=True))
    return pixels[top:bottom, left:right]


def cut(pixels: Picture, finder: FaceFinder | None, trim_bottom: float = 0.0) -> Crop:
    """The crop of a picture's face; without a finder, of its centred square.

    trim_bottom: share of the height that is cut off before the face is searched. Of several faces the surest counts
    whose crop is large enough: what a source says of a picture holds for each face in it, so the box most likely to be
    right is worth more than the largest. Raises RejectedError.
    """
    pixels = pixels[: round(pixels.shape[0] * (1 - trim_bottom))]
    height, width = pixels.shape[:2]
    if finder is None:
        return _crop(pixels, image.centred_square(width, height), None)
    found = finder.find(pixels)
    if not found:
        raise RejectedError(NO_FACE)
    squares = [(_square(face, width, height), face) for face in found]
    square, face = next((pair for pair in squares if pair[0].side >= SMALLEST), squares[0])
    return _crop(pixels, square, face)


def _square(face: Found, width: int, height: int) -> Square:
    box = face.box
    return image.face_square((box.x0, box.y0, box.x1, box.y1), width, height)


def _crop(pixels: Picture, square: Square, face: Found | None) -> Crop:
    if square.side < SMALLEST:
        raise RejectedError(TOO_SMALL, f"{square.side} pixels")
    side = min(square.side, SIDE)
    crop = image.resize(image.cut(pixels, square), side)
    bright = int((cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) >= DARKEST).sum())
    if bright * 10 < side * side:
        raise RejectedError(TOO_DARK, f"{100 * bright / (side * side):.1f}% of the pixels can be made out")
    return Crop(image.encode(crop, ".jpg", QUALITY), side, square.side, _within(face, square, side))


def _within(face: Found | None, square: Square, side: int) -> tuple[float, float, float, float] | None:
    """A face's box in pixels of its crop, to a tenth of a pixel."""
    if face is None:
        return None
    scale = side / square.side
    x0, y0, x1, y1 = face.box.to_list()
    left, top = square.left, square.top
    return tuple(round(value * scale, 1) for value in (x0 - left, y0 - top, x1 - left, y1 - top))  # type: ignore[return-value]
