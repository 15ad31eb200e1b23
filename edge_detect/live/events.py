"""What a watch says: that the state changed, what a frame or picture is, and at the end what it all came to."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from edge_detect.detector import Inspection
from edge_detect.live.clip import Decisive
from edge_detect.live.counts import Counts
from edge_detect.live.state import State
from edge_detect.live.tracker import Seen
from edge_detect.results import SCHEMA_VERSION, ModelId, Verdict


class Kind(str, Enum):
    """STATE: it changed. FRAME: one frame of many. PICTURE: one that stands for itself, from a watched folder."""

    STATE = "state"
    FRAME = "frame"
    PICTURE = "picture"


@dataclass(frozen=True)
class Event:
    """Something that happened.

    time: wall clock, UTC; state, previous: of the stream, now and before; frame: its number; seconds: since the
    beginning, of a recording on its own clock; verdict, score: those of the frame's most suspicious face, smoothed over
    the frames before, score None without a face; path: of a picture file; error: why the source is lost or a picture
    unreadable. inspection: the frame with its crops, for ways out that show them.
    """

    kind: Kind
    time: datetime
    source: str
    state: State | None
    previous: State | None
    model: ModelId
    frame: int | None = None
    seconds: float | None = None
    verdict: Verdict | None = None
    score: float | None = None
    faces: tuple[Seen, ...] = ()
    path: str | None = None
    error: str | None = None
    inspection: Inspection | None = field(default=None, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The event as JSON-ready values; this is the schema of `watch --jsonl`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "event": self.kind.value,
            "time": timestamp(self.time),
            "source": self.source,
            "state": self.state and self.state.value,
            "previous": self.previous and self.previous.value,
            "frame": self.frame,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "verdict": self.verdict and self.verdict.value,
            "score": self.score,
            "faces": [face.to_dict() for face in self.faces],
            "path": self.path,
            "error": self.error,
            "model": self.model.to_dict(),
        }


@dataclass(frozen=True)
class Summary:
    """The last event of a watch.

    score, verdict, deciding: of a recording as a whole, and the frames that speak most for it; None and nothing of what
    has no end. flagged: whether anything was called fake; seconds: how long the watch took; ways_out: what became of
    the events, by way out.
    """

    time: datetime
    source: str
    model: ModelId
    state: State | None
    flagged: bool
    counts: Counts
    seconds: float
    score: float | None = None
    verdict: Verdict | None = None
    deciding: tuple[Decisive, ...] = ()
    ways_out: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The summary as JSON-ready values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "event": "summary",
            "time": timestamp(self.time),
            "source": self.source,
            "score": self.score,
            "verdict": self.verdict and self.verdict.value,
            "frames": self.counts.scored,
            "flagged": self.flagged,
            "state": self.state and self.state.value,
            "seconds": round(self.seconds, 3),
            **self.counts.to_dict(),
            "deciding": [frame.to_dict() for frame in self.deciding],
            "ways_out": self.ways_out,
            "model": self.model.to_dict(),
        }


def timestamp(time: datetime) -> str:
    """A time in UTC as ISO 8601 with milliseconds."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
