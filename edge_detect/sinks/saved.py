"""Events in a folder: the frame, the crop and the JSON of each, the oldest deleted when there are too many."""

import json
import re
from pathlib import Path

from edge_detect import image
from edge_detect.errors import UsageError
from edge_detect.live.events import Event
from edge_detect.sinks.outlet import Message, Outlet

_NAME = re.compile(r"event-(\d{8})\.(?:json|jpg|png|tmp)")


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
        """keep: events in the folder at most. Raises UsageError when the folder cannot be made or written to."""
        super().__init__()
        self._folder = folder
        self._keep = keep
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / "event-00000000.tmp"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise UsageError(f"--save-events {folder}: it cannot be written to: {error.strerror}") from error
        self._next = max(self._numbers(), default=0) + 1
        self._delete_oldest()

    def deliver(self, message: Message) -> None:
        """Write the files of an event; what is no frame has none but the JSON, and a summary is not saved."""
        if not isinstance(message, Event):
            return
        stem = self._folder / f"event-{self._next:08}"
        self._next += 1
        inspection = message.inspection
        if inspection is not None and inspection.picture is not None:
            image.save(stem.with_suffix(".jpg"), inspection.picture.pixels)
            faces = inspection.result.faces
            if faces:
                worst = max(range(len(faces)), key=lambda index: faces[index].suspicion)
                image.save(stem.with_suffix(".png"), inspection.crops[worst])
        partial = stem.with_suffix(".tmp")
        partial.write_text(json.dumps(message.to_dict(), indent=1) + "\n", encoding="utf-8")
        partial.replace(stem.with_suffix(".json"))
        self._delete_oldest()

    def _numbers(self) -> list[int]:
        matches = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted({int(match[1]) for match in matches if match})

    def _delete_oldest(self) -> None:
        for number in self._numbers()[: -self._keep]:
            for suffix in ("json", "jpg", "png", "tmp"):
                (self._folder / f"event-{number:08}.{suffix}").unlink(missing_ok=True)
