"""A folder that is watched: each picture that arrives in it is read once its size has settled."""

import contextlib
import os
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from edge_detect.errors import MissingExtraError, SourceError
from edge_detect.sources.stream import Shot
from edge_detect.writable import is_stdout

SETTLE = 0.5
"""Seconds for which a file's size must stay the same, once who wrote it has closed it, before it is read."""
SETTLE_OPEN = 10.0
"""The same, of a file that is not known to be closed: who writes it may pause."""
_ARRIVALS = ("created", "modified", "moved", "closed")
"""What watchdog calls the events after which there may be something to read."""
_WHOLE = ("moved", "closed")
"""The events after which a file is likely to be whole."""
_LOOK = 0.25
"""Seconds between looks when nothing has settled."""


class Folder:
    """An open folder. Pictures in it and below it that are new or rewritten are given once each; hidden ones never."""

    def __init__(self, folder: Path) -> None:
        """Raises MissingExtraError without watchdog, SourceError when the folder cannot be watched."""
        observers = require()
        if not folder.is_dir():  # before there is an observer: one that could not start holds what cannot be let go
            raise SourceError(f"the folder {folder} is not there")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise SourceError(f"the folder {folder} cannot be listed: you may not read it")
        self._folder = folder
        self._root = folder.resolve()
        self._identity = _identity(folder)
        self._deleted = False
        self._arrivals: SimpleQueue[tuple[str, float]] = SimpleQueue()
        """Paths, and the seconds that each must settle."""
        self._unsettled: dict[str, tuple[int, float, float]] = {}
        """By path, its size, since when it has had that, and the seconds that it must settle."""
        self._observer = observers.Observer()
        self._observer.schedule(self, str(folder), recursive=True)
        try:
            self._observer.start()
        except OSError as error:
            self._observer.stop()
            raise SourceError(f"the folder {folder} cannot be watched: {error.strerror}") from error

    def read(self) -> Shot | None:
        """The path of the next picture that has settled; None when there is none yet."""
        self._note_arrivals()
        now = time.monotonic()
        for path, (size, since, settle) in list(self._unsettled.items()):
            current = _size(path)
            if current != size:
                self._unsettled[path] = (current, now, settle)
            elif now - since >= settle:
                del self._unsettled[path]
                if current and self._is_ours(path):
                    return Shot(path, name=path)
        if self._deleted or _identity(self._folder) != self._identity:  # a new folder may get the number of an old one
            raise SourceError(f"the folder {self._folder} is gone")
        time.sleep(_LOOK)
        return None

    def dispatch(self, event: Any) -> None:
        """Take note of something that happened in the folder; watchdog calls this, in its own thread."""
        if not event.is_directory and event.event_type in _ARRIVALS:
            settle = SETTLE if event.event_type in _WHOLE else SETTLE_OPEN
            self._arrivals.put((os.fsdecode(event.dest_path or event.src_path), settle))
        if event.event_type == "deleted" and os.fsdecode(event.src_path) == str(self._folder):
            self._deleted = True

    def close(self) -> None:
        """Stop watching."""
        self._observer.stop()
        self._observer.join()

    def _note_arrivals(self) -> None:
        """Take note of what was reported."""
        now = time.monotonic()
        with contextlib.suppress(Empty):
            while True:
                path, settle = self._arrivals.get_nowait()
                self._unsettled[path] = (_size(path), now, settle)

    def _is_ours(self, path: str) -> bool:
        """Whether a file is not hidden, lies in the folder when links are followed, and is not what we print to."""
        real = Path(path).resolve()
        hidden = _is_hidden(Path(path).relative_to(self._folder))
        return not hidden and self._root in real.parents and real.is_file() and not is_stdout(real)


def is_watched(place: Path, folder: Path) -> bool:
    """Whether what is written to a place would be watched with a folder: it lies in it, and is not hidden there."""
    inner, root = place.resolve(), folder.resolve()
    return inner.is_relative_to(root) and not _is_hidden(inner.relative_to(root))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def require() -> Any:
    """The library that watches. Raises MissingExtraError where it is not installed."""
    try:
        from watchdog import observers
    except ImportError as error:
        raise MissingExtraError("watching a folder", "folder") from error
    return observers


def _identity(folder: Path) -> tuple[int, int] | None:
    """By which a folder and another that takes its place are told apart; None when it is gone."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _size(path: str) -> int:
    """A file's size in bytes; 0 when it is gone."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
