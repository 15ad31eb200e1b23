"""Cameras, network streams and video files, through OpenCV."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import cv2

from edge_detect import image
from edge_detect.errors import PictureError, SourceError, UsageError
from edge_detect.progress import say
from edge_detect.sources.stream import Shot

TIMEOUT = 10.0
"""Seconds that a network stream may take to answer, or to send its next frame."""
FALLBACK_RATE = 25.0
"""Frames per second of a recording that does not say."""
_RATES = (1.0, 240.0)
"""What is outside of these is no frame rate, but a container that does not know its own."""

_FEW = 0.9
"""Of the frames that a recording promises, fewer than this share are worth a word: containers know them roughly."""


class Video:
    """An open video. Reading a camera waits for its next frame."""

    def __init__(self, capture: cv2.VideoCapture, name: str, *, ends: bool) -> None:
        """ends: whether it is a recording, in which nothing more to read is the end and not a loss."""
        self._capture = capture
        self._name = name
        self._ends = ends
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if _RATES[0] <= rate <= _RATES[1] else FALLBACK_RATE
        self._begin: float | None = None
        """What the recording's clock said of the first frame, in seconds."""
        self._latest = 0.0
        """The latest that it has said."""
        self._position = 0.0
        self._promised = capture.get(cv2.CAP_PROP_FRAME_COUNT) if ends else 0
        self._read = 0

    def read(self) -> Shot:
        """The next frame; its position is by the recording's own clock, or by its frame rate where that stands still.

        Raises SourceError for a frame that cannot be had, EOFError at the end of a recording.
        """
        try:
            got, frame = self._capture.read()
            pixels = image.from_opencv(frame) if got else None
        except (cv2.error, PictureError) as error:
            raise SourceError(f"{self._name} gave a frame that cannot be decoded: {error}") from error
        if pixels is None and not self._ends:
            raise SourceError(f"{self._name} gives no more frames")
        if pixels is None and self._begin is None:
            raise SourceError(f"not one frame of {self._name} can be read: is it a video?")
        if pixels is None:
            if self._read < _FEW * self._promised:
                say(f"edge-detect: {self._name} ends after {self._read} of {self._promised:.0f} frames: is it whole?")
            raise EOFError
        self._read += 1
        if self._ends:
            self._keep_time()
        return Shot(pixels, self._position if self._ends else None)

    def is_text(self) -> bool:
        """Whether FFmpeg would draw the letters of a text file, as its demuxer for ANSI art does."""
        return int(self._capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"ansi")

    def has_end(self) -> bool:
        """Whether it is known how many frames there are."""
        return self._capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0

    def keep_short_queue(self) -> None:
        """Ask the driver for two buffers, one that is filled while the other is read: what waits there is old."""
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)

    def close(self) -> None:
        """Release the device or connection."""
        with contextlib.suppress(cv2.error):
            self._capture.release()

    def _keep_time(self) -> None:
        """Move the position on to the frame that was just read; it never goes back."""
        clock = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._begin is None:
            self._begin = self._latest = clock
        elif clock > self._latest:
            self._latest = clock
            self._position = max(self._position, clock - self._begin)
        else:
            self._position += 1 / self._rate


def open_file(path: str) -> Video:
    """Open a video file. Raises SourceError when it is none."""
    whole = str(Path(path).absolute())  # of a name such as 12:30.mkv alone, FFmpeg takes the beginning for a protocol
    complaint = f"{path} is no video that can be read"
    opened = _opened(whole, cv2.CAP_FFMPEG, (), path, complaint, ends=True)
    if opened.is_text():
        opened.close()
        raise SourceError(f"{complaint}: it is text")
    return opened


def open_device(device: str) -> Video:
    """Open a camera by number ("0") or device file. Raises SourceError when there is none or another program has it."""
    help_ = f"camera {device} cannot be opened: `edge-detect cameras` lists those that are here"
    number = int(device) if device.isdecimal() else device
    opened = _opened(number, cv2.CAP_V4L2, (), f"camera {device}", help_, ends=False)
    opened.keep_short_queue()
    return opened


def open_url(url: str, name: str) -> Video:
    """Open a network stream; `name` is the URL without its password.

    Raises SourceError when it does not answer, UsageError for a recording on a web server: it would be watched as if it
    were live, from its beginning again whenever it ends.
    """
    limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 1000 * TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 1000 * TIMEOUT)
    complaint = f"{name} does not answer, or sends no video"
    opened = _opened(url, cv2.CAP_FFMPEG, limits, name, complaint, ends=False)
    if url.startswith("http") and opened.has_end():
        opened.close()
        raise UsageError(f"{name} is a recording or one picture, and no live stream: download it, and watch the file")
    return opened


def _opened(
    what: "str | int", backend: int, options: Sequence[float], name: str, complaint: str, *, ends: bool
) -> Video:
    try:
        capture = cv2.VideoCapture(what, backend, [int(value) for value in options])
    except cv2.error as error:
        raise SourceError(f"{complaint} ({error.err})") from error
    if not capture.isOpened():
        capture.release()
        raise SourceError(complaint)
    return Video(capture, name, ends=ends)
