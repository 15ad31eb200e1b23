"""What a source's name on the command line stands for."""

import os
import re
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from edge_detect.errors import UsageError
from edge_detect.header import HEAD, what_is
from edge_detect.sources import folder, picamera, sequence, video
from edge_detect.sources.stream import Kind, Source

PICAMERA = "picamera2"
SCHEMES = ("rtsp", "rtsps", "http", "https")
_HELP = (
    f"give a camera (0, /dev/video0, {PICAMERA}), a URL ({', '.join(SCHEMES)}), a video file, a pattern such as "
    "'frames/%05d.png', or a folder"
)
_LAST_CAMERA = 2**31 - 1
"""The highest number that OpenCV takes."""
_FILMS = (".mjpg", ".mjpeg")
"""Suffixes of films that begin as a picture does."""


def find_source(name: "str | os.PathLike[str] | int") -> Source:
    """The source of a name: a camera's number or device file, "picamera2", a URL, a video file, a pattern, a folder.

    A picture is the sequence of that one. Raises UsageError when it is none of these, when a file is missing or cannot
    be read, and where Picamera2 is not installed; MissingExtraError where a folder cannot be watched for lack of a
    package.
    """
    text = os.fspath(name) if not isinstance(name, int) else str(name)
    if not text:
        raise UsageError(f"SOURCE is empty: {_HELP}")
    if text == PICAMERA:
        picamera.require()
        return Source(PICAMERA, Kind.LIVE, picamera.open_picamera)
    if not _is_utf8(text) and not Path(text).is_dir() and not sequence.is_pattern(text):
        raise UsageError(f"the name {text!r} is no UTF-8, and OpenCV takes no other: rename it, or link to it")
    if "://" in text:
        return _network(text)
    if _is_camera(text):
        if text.isdecimal() and Path(text).exists():
            raise UsageError(f"{text} is a camera and a file or folder here: write /dev/video{text} or ./{text}")
        if text.isdecimal() and int(text) > _LAST_CAMERA:
            raise UsageError(f"no camera has the number {text}: `edge-detect cameras` lists those that are here")
        return Source(f"camera {text}", Kind.LIVE, partial(video.open_device, text))
    path = Path(text)
    if path.is_dir():
        folder.require()
        return Source(text, Kind.FOLDER, partial(folder.Folder, path))
    if path.is_file():
        opened = partial(sequence.Sequence, [text]) if _is_picture(path) else partial(video.open_file, text)
        return Source(text, Kind.RECORDING, opened)
    if sequence.is_pattern(text):
        return Source(text, Kind.RECORDING, partial(sequence.Sequence, sequence.matches(text)))
    shown = "of that name" if "@" in text else repr(text)  # a mistyped URL, which may hold a password
    raise UsageError(f"there is no source {shown}: {_HELP}")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_picture(path: Path) -> bool:
    """Whether a file is to be read as `scan` reads it. Raises UsageError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return what_is(file.read(HEAD)) == "a picture" and path.suffix.lower() not in _FILMS
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _is_camera(text: str) -> bool:
    """Whether a name is a camera's: a number, a device file under whatever name, or one below /dev that is not there.

    /dev/shm is memory, in which files are ordinary.
    """
    path = Path(text)
    unplugged = text.startswith("/dev/") and not text.startswith("/dev/shm/") and not path.exists()
    return text.isdecimal() or path.is_char_device() or unplugged


def _network(url: str) -> Source:
    try:
        parts = urlsplit(url)
        readable = parts.port != 0 and "@" not in parts.path + parts.query + parts.fragment
    except ValueError:
        readable = False
    if not readable:  # it is not shown: what cannot be read may be a password
        raise UsageError(
            "the URL cannot be read: in a user's name or password, write / : ? # [ ] @ as %2F %3A and so on"
        )
    name = _without_secrets(parts)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise UsageError(f"{name} is no URL of a stream: it begins with {', '.join(SCHEMES)}")
    return Source(name, Kind.LIVE, partial(video.open_url, url, name))


def _without_secrets(parts: SplitResult) -> str:
    """A URL as it may be shown: without user, password and query, and without a path in which some cameras put them.

    Of the query, the numbers up to 99 stay: recorders tell their cameras apart by these, and no password is so short.
    """
    path = "" if "=" in parts.path else parts.path
    query = "&".join(part for part in parts.query.split("&") if re.fullmatch(r"\w+=\d{1,2}", part))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], path=path, query=query, fragment="").geturl()
