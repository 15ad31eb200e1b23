"""What an encoded picture is, read from its first bytes, before any pixel is decoded.

OpenCV decodes half a file without complaint and needs the memory of a picture before it says how large it is.
So the container is checked here: format, size, and whether the data reaches its own end.
"""

import re
import struct
from dataclasses import dataclass

from edge_detect.errors import PictureError

_ALONE = {0x01, *range(0xD0, 0xD8)}
_ENDS = (0xD8, 0xD9)
"""JPEG markers that no length follows: those that decoders skip, and the beginning and the end of a picture."""
_ANY_MARKER = re.compile(rb"\xff[\x01-\xfe]")
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
"""What may begin a segment between a JPEG's scans, or be its end; decoders pass over all others there."""
MAX_SCANS = 100
"""Scans of a JPEG: encoders write ten or so, and each costs a decoder a walk over all pixels, however short it is."""
_MAX_SEGMENTS = 1000
"""Segments before a JPEG's first scan, and behind it: scans, and a few tables for each."""
_EXIF = b"Exif\0\0"
HEAD = 32
"""Bytes that tell what kind of file it is."""
SUPPORTED = "JPEG, PNG, WebP, BMP and TIFF"
_OTHERS = (
    (0, b"GIF8", "a GIF"),
    (4, b"ftypavi", "an AVIF picture"),
    (4, b"ftyphe", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypmsf1", "a HEIC picture"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"RIFF", "a RIFF file (sound or video)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\x00\x00\x00\x0cjP", "a JPEG 2000 picture"),
)
_MODEL = b"TFL3"
"""What a TFLite model has behind its first four bytes."""


@dataclass(frozen=True)
class Header:
    """Format, and width and height in pixels before any EXIF rotation.

    has_alpha: whether there may be transparent pixels; orientation: EXIF's 1–8, read for JPEG, PNG and WebP.
    """

    format: str
    width: int
    height: int
    has_alpha: bool = False
    orientation: int = 1


def check_kind(start: bytes) -> None:
    """Raise PictureError when a file that starts so (HEAD bytes are enough) is no supported picture."""
    if not start:
        raise PictureError("the file is empty")
    if any(form.match(start) for form in _READERS):
        return
    for offset, magic, name in _OTHERS:
        if start.startswith(magic, offset):
            help_ = "`edge-detect watch` scores it" if name == "a video" else "convert it to JPEG or PNG"
            raise PictureError(f"this is {name}; {help_}")
    raise PictureError(f"not a picture of a supported kind ({SUPPORTED})")


def what_is(start: bytes) -> str | None:
    """What a file that starts so (HEAD bytes are enough) is: a picture, video, document or model; None for others."""
    if any(form.match(start) for form in _READERS):
        return "a picture"
    known = (*_OTHERS, (4, _MODEL, "a model"))
    return next((name for offset, magic, name in known if start.startswith(magic, offset)), None)


def read_header(data: bytes) -> Header:
    """Read the header of an encoded picture.

    Raises PictureError when it is empty, not a supported picture, or shorter than it says itself.
    """
    check_kind(data)
    reader = next(reader for form, reader in _READERS.items() if form.match(data))
    try:
        header = reader(data)
    except (struct.error, IndexError) as error:
        raise PictureError("the file ends inside its header; copy it again") from error
    if header.width < 1 or header.height < 1:
        raise PictureError(f"the {header.format} header is damaged: it gives no picture size")
    return header


def _jpeg(data: bytes) -> Header:
    """Walk the segments to the first scan, then look for the end marker behind it."""
    width = height = 0
    turn = None
    at = 2
    for _ in range(_MAX_SEGMENTS):
        found = _ANY_MARKER.search(data, at)
        if not found:
            raise IndexError
        marker, at = data[found.end() - 1], found.end()
        if marker in _ALONE:
            continue
        if marker in _ENDS:
            raise PictureError("the JPEG header is damaged: it ends before the picture begins")
        (length,) = struct.unpack_from(">H", data, at)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 3)
        if marker == 0xE1 and turn is None and data.startswith(_EXIF, at + 2):
            turn = _orientation(data[at + 2 : at + length])
        at += length
        if marker == 0xDA:
            break
    else:
        raise PictureError(f"the JPEG has more than {_MAX_SEGMENTS} segments before the picture begins")
    if data.find(b"\xff\xd9", at) < 0:
        raise PictureError("the JPEG data is truncated; copy the file again")
    _check_scans(data, at)
    return Header("JPEG", width, height, orientation=turn or 1)


def _check_scans(data: bytes, at: int) -> None:
    """Raise PictureError when a JPEG has too many scans, or segments; at: where the data of the first scan begins."""
    scans, segments = 1, 0
    while (found := _MARKER.search(data, at)) and data[found.end() - 1] not in _ENDS:
        scans += data[found.end() - 1] == 0xDA
        segments += 1
        if scans > MAX_SCANS or segments > _MAX_SEGMENTS:
            what = f"{MAX_SCANS} scans" if scans > MAX_SCANS else f"{_MAX_SEGMENTS} segments behind the first scan"
            raise PictureError(f"the JPEG has more than {what}; save it anew with another program")
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")


def _png(data: bytes) -> Header:
    width, height, _depth, colour = struct.unpack_from(">IIBB", data, 16)
    if data.rfind(b"IEND") < 0:
        raise PictureError("the PNG data is truncated; copy the file again")
    palette_alpha = b"tRNS" in data[: data.find(b"IDAT")]
    turn = _orientation(_chunk(data, b"eXIf", 8, png=True))
    return Header("PNG", width, height, colour in (4, 6) or palette_alpha, turn)


def transparent_grey(png: bytes) -> int | None:
    """The value that is transparent in a grey PNG, as decoders give it: samples of less than 8 bits stretched to 8.

    None where there is none.
    """
    depth, key = png[24], _chunk(png, b"tRNS", 8, png=True)
    return int.from_bytes(key[:2], "big") % 2**depth * max(1, 255 // (2**depth - 1)) if key else None


def _webp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 4)
    if len(data) < size + 8:
        raise PictureError("the WebP data is truncated; copy the file again")
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        turn = _orientation(_chunk(data, b"EXIF", 12, png=False))
        return Header("WebP", width, height, bool(data[20] & 0x10), turn)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("WebP", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, has_alpha=bool(bits >> 28 & 1))
    width, height = struct.unpack_from("<HH", data, 26)
    return Header("WebP", width & 0x3FFF, height & 0x3FFF)


def _bmp(data: bytes) -> Header:
    offset, header_size = struct.unpack_from("<I4xI", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    if header_size == 12:
        width, height, _planes, depth = struct.unpack_from("<HHHH", data, 18)
        compression = 0
    else:
        width, height, _planes, depth, compression = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)  # negative means stored top-down
    stride = (width * depth + 31) // 32 * 4
    if compression in (0, 3) and len(data) < offset + stride * height:
        raise PictureError("the BMP data is truncated; copy the file again")
    masks = data[14 + 52 : 14 + 56] if header_size >= 56 and (depth, compression) == (32, 3) else b""
    return Header("BMP", width, height, has_alpha=any(masks))


def _tiff(data: bytes) -> Header:
    tags = _directory(data)
    return Header("TIFF", tags.get(256, 0), tags.get(257, 0), has_alpha=tags.get(338, 0) in (1, 2))


def _directory(data: bytes) -> dict[int, int]:
    """Tags and first values of a TIFF structure's first directory; EXIF data are such a structure too.

    Of a tag that is there twice the first counts, as for decoders.
    """
    order = "<" if data.startswith(b"II") else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    tags: dict[int, int] = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        (value,) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
        tags.setdefault(tag, value)
    return tags


def _orientation(exif: bytes) -> int:
    """EXIF orientation 1–8; 1 where there is none or it cannot be read."""
    try:
        number = _directory(exif.removeprefix(_EXIF)).get(0x0112, 1)
    except struct.error:
        return 1
    return number if 1 <= number <= 8 else 1


def _chunk(data: bytes, name: bytes, start: int, *, png: bool) -> bytes:
    """The content of a PNG's or WebP's first chunk of a name, or nothing."""
    at = start
    while at + 8 <= len(data):
        size = struct.unpack_from(">I" if png else "<I", data, at + (0 if png else 4))[0]
        if data[at + 4 : at + 8] == name if png else data[at : at + 4] == name:
            return data[at + 8 : at + 8 + size]
        at += size + 12 if png else 8 + size + size % 2
    return b""


_READERS = {
    re.compile(rb"\xff\xd8\xff"): _jpeg,
    re.compile(rb"\x89PNG\r\n\x1a\n"): _png,
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL): _webp,
    re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL): _bmp,
    re.compile(rb"II\*\0|MM\0\*"): _tiff,
}
"""By how a file starts; a BMP with a size that its second header may have, for texts begin with BM as well."""
