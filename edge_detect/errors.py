"""What can go wrong, and how a process says so when it ends.

EdgeDetectError             everything this package raises on purpose
├── UsageError              an argument that cannot work: unknown name, empty folder, bad combination
├── PictureError            one picture cannot be read or is not a picture
├── ModelError              a model file is missing, damaged, or not one of ours
├── SourceError             a camera, a stream or a recording gives no frames
└── MissingExtraError       an optional dependency is not installed
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of every `edge-detect` verb; the larger concern wins when several apply."""

    OK = 0
    FLAGGED = 1
    USAGE = 2
    INTERNAL = 70
    INTERRUPTED = 130


class EdgeDetectError(Exception):
    """Base of all errors raised on purpose; its text says what happened and what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE
    """What a process ends with when the error ends it."""


class UsageError(EdgeDetectError):
    """An argument that cannot work."""


class PictureError(EdgeDetectError):
    """A picture that cannot be read."""


class ModelError(EdgeDetectError):
    """A model file that cannot be used."""


class SourceError(EdgeDetectError):
    """A camera, a stream or a recording that gives no frames."""


class MissingExtraError(EdgeDetectError):
    """An optional dependency that is not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs the extra '{extra}': pip install 'edge-detect[{extra}]'")
