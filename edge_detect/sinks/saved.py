"""Events in a folder: the frame, the crop and the JSON of each, the oldest deleted when there are too many."""

import fcntl
import json
import os
import re
from pathlib import Path

from edge_detect import image
from edge_detect.errors import UsageError
from edge_detect.live.events import Event
from edge_detect.sinks.outlet import FLUSH, Message, Outlet
from edge_detect.writable import make_writable

KEPT = 1000
"""Events in the folder at most, where nothing else is said."""
_SUFFIXES = ("json", "jpg", "png", "tmp")
_NAME = re.compile(rf"event-(\d{{8,}})\.(?:{'|'.join(_SUFFIXES)})")


class SavedEvents(Outlet):
    """Writes event-00000123.jpg (the frame), .png (what the classifier saw of its worst face) and .json.

    Numbers go on where those in the folder end, so that their order holds when the clock jumps. The JSON comes last and
    at once: where it is, the event is complete.
    """

    name = "save-events"
    capacity = 8
    local = True
    with_frames = True

    def __init__(self, folder: Path, keep: int) -> None:
        """keep: events in the folder at most.

        Raises UsageError when the folder cannot be made or written to, or when another watch saves its events there.
        """
        super().__init__()
        self._folder = folder
        self._keep = keep
        self._lock = _opened(folder)
        self._next = max(self._numbers(), default=0) + 1

    def start(self) -> None:
        """Delete what is too many already, and begin to deliver."""
        self._delete_oldest()
        super().start()

    def close(self, timeout: float = FLUSH) -> None:
        """Deliver what waits, as every way out, and leave the folder to others."""
        super().close(timeout)
        os.close(self._lock)

    def deliver(self, message: Message) -> None:
        """Write the files of an event; what is no frame has none but the JSON, and a summary is not saved.

        Raises OSError when not all of them can be written; then none of them stays.
        """
        if not isinstance(message, Event):
            return
        if not self._folder.is_dir():  # deleted meanwhile, as by what cleans up after programs
            lock = _opened(self._folder)
            os.close(self._lock)
            self._lock = lock
        number = self._next
        self._next += 1
        try:
            self._write(number, message)
        except OSError:
            self._delete(number)
            raise
        finally:
            self._delete_oldest()

    def _write(self, number: int, message: Event) -> None:
        inspection = message.inspection
        if inspection is not None and inspection.picture is not None:
            image.save(self._file(number, "jpg"), inspection.picture.pixels)
            faces = inspection.result.faces
            if faces:
                worst = max(range(len(faces)), key=lambda index: faces[index].suspicion)
                image.save(self._file(number, "png"), inspection.crops[worst])
        partial = self._file(number, "tmp")
        partial.write_text(json.dumps(message.to_dict(), indent=1) + "\n", encoding="utf-8")
        partial.replace(self._file(number, "json"))

    def _file(self, number: int, suffix: str) -> Path:
        return self._folder / f"event-{number:08}.{suffix}"

    def _numbers(self) -> list[int]:
        matches = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted({int(match[1]) for match in matches if match})

    def _delete_oldest(self) -> None:
        for number in self._numbers()[: -self._keep]:
            self._delete(number)

    def _delete(self, number: int) -> None:
        for suffix in _SUFFIXES:
            self._file(number, suffix).unlink(missing_ok=True)


def _opened(folder: Path) -> int:
    """A descriptor of a folder, made where there is none, that nobody else holds while it is open.

    Raises UsageError when it cannot be made or written to, or when another watch holds it.
    """
    try:
        make_writable(folder)
    except OSError as error:
        raise UsageError(f"--save-events {folder}: it cannot be written to: {error.strerror}") from error
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if isinstance(error, BlockingIOError):
            os.close(descriptor)
            raise UsageError(f"--save-events {folder}: another watch saves there; name another folder") from error
        # else a file system, such as one of a network, that has no such locks
    return descriptor
