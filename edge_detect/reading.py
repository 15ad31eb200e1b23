"""What a caller may hand over as a picture, and how it is read."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Union

import numpy as np

from edge_detect import image
from edge_detect.errors import PictureError
from edge_detect.header import HEAD, check_kind
from edge_detect.image import Decoded, Picture
from edge_detect.sources.files import is_web_address

Source = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, Picture]
MAX_BYTES = 500_000_000
"""Larger files are refused unread."""
_BYTES = (bytes, bytearray, memoryview)


def read_picture(source: Source, *, shorter: int = image.MAX_PIXELS, longer: int = image.MAX_PIXELS) -> Decoded:
    """The pixels of a path, of a file's bytes, or of uint8 RGB pixels (height, width, 3).

    A JPEG may be decoded at a reduced scale, see `image.decode`. Raises PictureError when there is no picture in it, or
    more than MAX_BYTES, and TypeError for anything else.
    """
    if isinstance(source, np.ndarray):
        return Decoded(check_pixels(source), source.shape[1], source.shape[0])
    data = bytes(source) if isinstance(source, _BYTES) else _read(name_of(source))
    _check_size(len(data))
    return image.decode(data, shorter=shorter, longer=longer)


def name_of(source: Source) -> str:
    """What a result calls a picture that was given no name: its path, "<bytes>" or "<array>".

    Raises TypeError for what is none of these.
    """
    if isinstance(source, np.ndarray):
        return "<array>"
    if isinstance(source, _BYTES):
        return "<bytes>"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    raise TypeError(
        f"a picture is a path, a file's bytes or uint8 RGB pixels, not {type(source).__name__} "
        "(cv2.imread answers None for what it cannot read)"
    )


def read_pipe(pipe: BinaryIO) -> bytes:
    """What a pipe holds: of what is no picture, or a too large one, as much as `read_picture` needs to say so."""
    start = pipe.read(HEAD)
    try:
        check_kind(start)
    except PictureError:
        return start
    return start + pipe.read(MAX_BYTES + 1 - len(start))


def _read(path: str) -> bytes:
    """A file's bytes, after a look at its kind and size, so that a film in the folder is not read whole."""
    if not path:
        raise PictureError("the path is empty")
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            listable = os.access(path, os.R_OK | os.X_OK)
            raise PictureError("this is a folder, not a picture" if listable else "this folder cannot be listed")
        if not stat.S_ISREG(mode):
            raise PictureError("this is not a regular file; to score what a program writes, pipe it to -")
        with Path(path).open("rb") as file:
            start = file.read(HEAD)
            check_kind(start)
            _check_size(os.fstat(file.fileno()).st_size)
            return start + file.read()
    except (OSError, ValueError) as error:
        if is_web_address(path):
            raise PictureError(
                "nothing is fetched from the web: download it first, or curl -L ADDRESS | edge-detect scan -"
            ) from error
        raise PictureError(f"the file cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise PictureError(f"the file is larger than {MAX_BYTES // 10**6} MB")


def check_pixels(pixels: Picture) -> Picture:
    """The same pixels. Raises PictureError when they are not uint8 of shape (height, width, 3)."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise PictureError(f"expected uint8 RGB pixels (height, width, 3), not {pixels.dtype} {pixels.shape}")
    return pixels
