"""What frames come from: a source can be opened, again and again; what it opens is read until it ends or is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, Union

from edge_detect.image import Picture


class Kind(str, Enum):
    """How a source behaves: it ends, it goes on and can be lost, or each of its pictures stands for itself."""

    RECORDING = "recording"
    LIVE = "live"
    FOLDER = "folder"


@dataclass(frozen=True)
class Shot:
    """What a stream gives: uint8 RGB pixels (height, width, 3) or the path of a picture file.

    position: seconds from the beginning of a recording, None elsewhere; name: the picture file's own, None elsewhere.
    """

    content: Union[Picture, str]
    position: float | None = None
    name: str | None = None


class Stream(Protocol):
    """An open source. Used by one thread."""

    def read(self) -> Shot | None:
        """The next picture; None when there is none yet, after at most a second: ask again.

        Raises EOFError at the end of a recording and SourceError when a camera, a stream or a folder is lost.
        """

    def close(self) -> None:
        """Let go of the device, connection or file."""


@dataclass(frozen=True)
class Source:
    """Something to watch. name: how events call it, without passwords; open: raises SourceError when it cannot."""

    name: str
    kind: Kind
    open: Callable[[], Stream]
