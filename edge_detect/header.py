"""What an encoded picture is, before its pixels are decoded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """Format and size in pixels, before any EXIF rotation."""

    format: str
    width: int
    height: int
    may_have_alpha: bool


def read_header(data: bytes) -> Header:
    """Placeholder for the training start."""
    return Header("JPEG", 0, 0, False)
