"""How a picture becomes a tensor: decode, orient, crop, resize.

Training, calibration, inference and the web page all follow the rules of this file. Pictures are
uint8 arrays of shape (height, width, 3) in RGB order; this is the only place that knows OpenCV's BGR.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import PictureError
from edge_detect.header import Header, read_header, transparent_grey

Picture = NDArray[np.uint8]
_Value = TypeVar("_Value", np.uint8, np.float32)

MAX_PIXELS = 200_000_000
CROP_MARGIN = 1.4
"""Side of a face crop over the longer side of its face box."""
_LONGEST = {".jpg": 65_500, ".webp": 16_383}
"""Pixels along the longer side that a format, or its library, has room for."""
SPARE = 2
"""A whole JPEG is decoded at a reduced scale only while this many decoded pixels remain per pixel needed."""


class Decoded(NamedTuple):
    """Upright RGB pixels, perhaps fewer than the upright original's width × height."""

    pixels: Picture
    width: int
    height: int


class Square(NamedTuple):
    """A square region: left and top edge and side, in pixels."""

    left: int
    top: int
    side: int

    @property
    def right(self) -> int:
        """Exclusive right edge."""
        return self.left + self.side

    @property
    def bottom(self) -> int:
        """Exclusive bottom edge."""
        return self.top + self.side


def decode(data: bytes, *, shorter: int = MAX_PIXELS, longer: int = MAX_PIXELS) -> Decoded:
    """Decode an encoded picture, upright (EXIF orientation applied), as RGB.

    Transparent pixels are laid over white, 16-bit samples keep their upper 8 bits, grayscale and CMYK
    become RGB. A JPEG is decoded at 1/2, 1/4 or 1/8 scale while at least `shorter` pixels remain along its shorter
    side, or `longer` along its longer side. Damage in the middle of a JPEG's data is not noticed: OpenCV decodes what
    it can.

    Raises PictureError when the data is no supported picture, is truncated, or is too large.
    """
    header = read_header(data)
    if header.width * header.height > MAX_PIXELS:
        raise PictureError(
            f"{header.width}×{header.height} pixels are more than the limit of {MAX_PIXELS // 10**6} megapixels; "
            "scale the picture down first"
        )
    scale = _scale(header, shorter, longer)
    try:
        if header.format in _TURNED_HERE:
            bgr = _decode_and_turn(data, header)
        else:
            bgr = _decode_with_alpha(data, header) if header.has_alpha else _decode(data, _FLAGS[scale])
    except cv2.error as error:
        raise PictureError(f"the {header.format} data cannot be decoded: {error.err}") from error
    except MemoryError as error:
        raise PictureError(f"{header.width}×{header.height} pixels do not fit into memory; scale it down") from error
    if bgr is None:
        what = "damaged or has samples of more than 16 bits" if header.format == "TIFF" else "damaged"
        raise PictureError(f"the {header.format} data is {what} and cannot be decoded")
    sides = (-(-header.height // scale), -(-header.width // scale))
    turned = bgr.shape[1] != sides[1] if sides[0] != sides[1] else header.orientation in _SIDEWAYS
    if bgr.shape[:2] != (sides[::-1] if turned else sides):
        raise PictureError(f"the {header.format} header is damaged: it gives another size than the picture has")
    pixels = np.asarray(cv2.cvtColor(np.ascontiguousarray(bgr), cv2.COLOR_BGR2RGB), np.uint8)
    return Decoded(pixels, *((header.height, header.width) if turned else (header.width, header.height)))


_SIDEWAYS = range(5, 9)
"""Orientations of EXIF that swap width and height."""
_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def _scale(header: Header, shorter: int, longer: int) -> int:
    if header.format != "JPEG":
        return 1
    short, long = sorted((header.width, header.height))
    return max(scale for scale in _FLAGS if scale == 1 or short / scale >= shorter or long / scale >= longer)


def _decode(data: bytes, flags: int) -> NDArray[Any] | None:
    pixels: NDArray[Any] | None = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return pixels


def _decode_and_turn(data: bytes, header: Header) -> NDArray[Any] | None:
    """The pixels of a PNG or WebP over white, turned by its header."""
    flags = cv2.IMREAD_UNCHANGED if header.has_alpha else cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = _decode(data, flags)
    if pixels is None:
        return None
    if pixels.ndim == 2:  # grey with a value that is transparent, which OpenCV does not tell
        pixels[pixels == transparent_grey(data)] = np.iinfo(pixels.dtype).max
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), pixels.dtype)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return _TURNS[header.orientation](_over_white(pixels) if pixels.shape[2] == 4 else pixels)


def _decode_with_alpha(data: bytes, header: Header) -> NDArray[Any] | None:
    """The pixels of a TIFF or BMP over white. Raises PictureError where OpenCV does not give its alpha channel."""
    pixels = _decode(data, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return None
    has_alpha = pixels.ndim == 3 and pixels.shape[2] == 4
    if not has_alpha or (pixels.dtype != np.uint8 and pixels[..., 3].min() < np.iinfo(pixels.dtype).max):
        raise PictureError(f"the transparency of this {header.format} cannot be read; convert it to PNG")
    if pixels.dtype == np.uint16:
        return (pixels[..., :3] >> 8).astype(np.uint8)
    if header.format == "TIFF":  # its colours come multiplied by alpha
        return np.asarray(cv2.add(pixels[..., :3], cv2.merge([255 - pixels[..., 3]] * 3)), np.uint8)
    return _over_white(pixels)


def _over_white(pixels: NDArray[Any]) -> NDArray[Any]:
    over_white = np.empty((*pixels.shape[:2], 3), np.uint8)
    for row, result in zip(pixels, over_white, strict=True):  # row by row: a large picture is copied once, not thrice
        alpha = row[:, 3:].astype(np.uint16)
        result[:] = (row[:, :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return over_white


_TURNED_HERE = ("PNG", "WebP")
"""Formats that OpenCV does not always turn: with their alpha channel neither, and before 4.13 no WebP at all."""
_TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p.transpose(1, 0, 2)[:, ::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda p: p.transpose(1, 0, 2)[::-1],
}
"""What makes a picture upright, by EXIF orientation."""


def save(path: Path, picture: Picture) -> None:
    """Write RGB pixels to a file in the format of its suffix; JPEG at quality 92. Raises OSError."""
    path.write_bytes(encode(picture, path.suffix))


def encode(picture: Picture, suffix: str, quality: int = 92) -> bytes:
    """RGB pixels as a file's bytes, without metadata; scaled down where the format has no room for them.

    suffix: ".jpg", with chroma at half the size, or ".webp", both of a quality (1–100); or ".png" or ".bmp".
    """
    longer, most = max(picture.shape[:2]), _LONGEST.get(suffix, MAX_PIXELS)
    if longer > most:
        height, width = (max(1, side * most // longer) for side in picture.shape[:2])
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    chroma = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    options = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality, *chroma], ".webp": [cv2.IMWRITE_WEBP_QUALITY, quality]}
    return cv2.imencode(suffix, to_opencv(picture), options.get(suffix, []))[1].tobytes()


def from_opencv(frame: NDArray[Any]) -> Picture:
    """RGB pixels of a frame in OpenCV's order of channels, or of a grey one.

    Raises PictureError when it is neither.
    """
    if frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
    if frame.dtype == np.uint8 and frame.ndim == 2:
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB), np.uint8)
    raise PictureError(f"a frame of {frame.dtype} {frame.shape} is neither colour nor grey")


def to_opencv(picture: Picture) -> Picture:
    """RGB pixels in OpenCV's order of channels, for its windows and writers."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)


def load_whole(data: bytes, side: int) -> Picture:
    """An encoded picture's centred square, side × side: what `--whole-image` scores. Raises PictureError."""
    return resize(whole(decode(data, shorter=SPARE * side).pixels), side)


def resize(picture: NDArray[_Value], side: int) -> NDArray[_Value]:
    """Resize a square picture, or a mask of one, to side × side pixels: area averaging down, bilinear up."""
    if picture.shape[0] == side and picture.shape[1] == side:
        return picture
    method = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method), picture.dtype)


def centred_square(width: int, height: int) -> Square:
    """The largest centred square of a picture: the crop of `--whole-image`."""
    side = min(width, height)
    return Square((width - side) // 2, (height - side) // 2, side)


def face_square(box: tuple[float, float, float, float], width: int, height: int) -> Square:
    """The crop rule: where the classifier looks for a face box (x0, y0, x1, y1) in pixels.

    The square's side is CROP_MARGIN × the longer side of the box, at most the picture's shorter side; it is
    centred on the box and shifted to stay inside the picture.
    """
    x0, y0, x1, y1 = box
    side = max(1, min(round(CROP_MARGIN * max(x1 - x0, y1 - y0)), width, height))
    left = min(max(round((x0 + x1 - side) / 2), 0), width - side)
    top = min(max(round((y0 + y1 - side) / 2), 0), height - side)
    return Square(left, top, side)


def whole(picture: Picture) -> Picture:
    """The pixels of the centred square, as a view."""
    return cut(picture, centred_square(picture.shape[1], picture.shape[0]))


def cut(picture: Picture, square: Square) -> Picture:
    """The pixels of a square region, as a view."""
    return picture[square.top : square.bottom, square.left : square.right]
