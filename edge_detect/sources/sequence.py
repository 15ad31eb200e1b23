"""Numbered or named pictures in order, as the frames of a recording."""

import glob
import re
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.sources.stream import Shot
from edge_detect.sources.video import FALLBACK_RATE

_NUMBER = re.compile(r"%0?\d*d")


def is_pattern(text: str) -> bool:
    """Whether a source is a pattern of names: frame-%05d.png, or a glob."""
    return bool(_NUMBER.search(text)) or glob.has_magic(text)


def matches(pattern: str) -> list[str]:
    """The files of a sequence in order: by number for a pattern with %d, sorted by name for a glob.

    Raises UsageError when there are none.
    """
    number = _NUMBER.search(pattern)
    if number:
        before, after = glob.escape(pattern[: number.start()]), glob.escape(pattern[number.end() :])
        named = re.compile(re.escape(pattern[: number.start()]) + r"(\d+)" + re.escape(pattern[number.end() :]))
        numbered = ((named.fullmatch(path), path) for path in glob.glob(f"{before}*{after}"))  # noqa: PTH207
        found = [path for _, path in sorted((int(match[1]), path) for match, path in numbered if match)]
    else:
        found = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207
    if not found:
        raise UsageError(f"the pattern {pattern} matches no files")
    return found


class Sequence:
    """An open sequence of pictures, at FALLBACK_RATE frames a second."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = paths
        self._count = 0

    def read(self) -> Shot:
        """The next picture, by its path."""
        if self._count >= len(self._paths):
            raise EOFError
        path = self._paths[self._count]
        position = self._count / FALLBACK_RATE
        self._count += 1
        return Shot(path, position, path)

    def close(self) -> None:
        """Nothing is held open."""
