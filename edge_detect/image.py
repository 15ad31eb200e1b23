"""How a picture becomes a tensor: decode, orient, crop, resize.

Training, calibration, inference and the web page all follow the rules of this file. Pictures are
uint8 arrays of shape (height, width, 3) in RGB order; this is the only place that knows OpenCV's BGR.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import PictureError
from edge_detect.header import Header, read_header

Picture = NDArray[np.uint8]

MAX_PIXELS = 200_000_000
CROP_MARGIN = 1.4
"""Side of a face crop over the longer side of its face box."""
SPARE = 2.0
"""A JPEG is decoded at a reduced scale only while this many decoded pixels remain per pixel needed."""


def decode(data: bytes, need: int | None = None) -> Picture:
    """Decode an encoded picture, upright (EXIF orientation applied), as RGB.

    Transparent pixels are laid over white, 16-bit samples keep their upper 8 bits, grayscale and CMYK
    become RGB. With `need`, a JPEG whose shorter side is far larger than `need` pixels is decoded at
    1/2, 1/4 or 1/8 scale, never below `SPARE` × `need`.

    Raises PictureError when the data is no supported picture, is truncated, or is too large.
    """
    return _rgb(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
    header = read_header(data)
    if header.width * header.height > MAX_PIXELS:
        raise PictureError(
            f"{header.width}×{header.height} pixels are more than the limit of {MAX_PIXELS // 10**6} megapixels; "
            "scale the picture down first"
        )
    buffer = np.frombuffer(data, np.uint8)
    try:
        picture = _decode_alpha(buffer) if header.may_have_alpha else _decode_color(buffer, header, need)
    except cv2.error as error:
        raise PictureError(f"the {header.format} data cannot be decoded: {error.err}") from error
    if picture is None:
        raise PictureError(f"the {header.format} data is damaged and cannot be decoded")
    return picture


def _decode_alpha(buffer: NDArray[np.uint8]) -> Picture | None:
    return None


def _decode_color(buffer: NDArray[np.uint8], header: Header, need: int | None) -> Picture | None:
    if need and header.format == "JPEG":
        spare = min(header.width, header.height) / (SPARE * need)
        for scale, flag in _REDUCED:
            if spare >= scale:
                return _rgb(cv2.imdecode(buffer, flag))
    return _rgb(cv2.imdecode(buffer, cv2.IMREAD_COLOR))


_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


def _rgb(bgr: Picture | None) -> Picture | None:
    return None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def encode_jpeg(picture: Picture, quality: int) -> bytes:
    """Encode an RGB picture as a baseline 4:2:0 JPEG without metadata; quality 0–100."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise PictureError(f"a picture of shape {picture.shape} cannot be encoded as JPEG")
    return data.tobytes()


def resize(picture: Picture, side: int) -> Picture:
    """Resize a square picture to side × side pixels: area averaging down, bilinear up."""
    if picture.shape[0] == side and picture.shape[1] == side:
        return picture
    method = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_LINEAR
    return cv2.resize(picture, (side, side), interpolation=method)


def centred_square(picture: Picture) -> Picture:
    """The largest centred square of a picture: the crop of `--whole-image`."""
    height, width = picture.shape[:2]
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    return picture[y : y + side, x : x + side]


def face_square(box: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int]:
    """The crop rule: where the classifier looks for a face box (x0, y0, x1, y1) in pixels.

    The square's side is CROP_MARGIN × the longer side of the box, at most the picture's shorter side; it is
    centred on the box and shifted to stay inside the picture. Returns left, top, side in pixels.
    """
    x0, y0, x1, y1 = box
    side = max(1, min(round(CROP_MARGIN * max(x1 - x0, y1 - y0)), width, height))
    left = min(max(round((x0 + x1 - side) / 2), 0), width - side)
    top = min(max(round((y0 + y1 - side) / 2), 0), height - side)
    return left, top, side
