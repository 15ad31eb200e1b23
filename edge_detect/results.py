"""What a picture turned out to be: plain values, the same in Python, JSON and CSV."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

SCHEMA_VERSION = 1
TOO_SMALL = "too_small"
"""The reason of a face with too few pixels to judge."""


class Verdict(str, Enum):
    """What is said of a picture or a face."""

    REAL = "real"
    UNCERTAIN = "uncertain"
    FAKE = "fake"
    NO_FACE = "no_face"
    UNREADABLE = "unreadable"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the upright picture; x1 and y1 are exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def size(self) -> float:
        """The longer side in pixels."""
        return max(self.x1 - self.x0, self.y1 - self.y0)

    def scaled(self, x: float, y: float) -> "Box":
        """The box in a picture x times as wide and y times as high."""
        return Box(self.x0 * x, self.y0 * y, self.x1 * x, self.y1 * y)

    def to_list(self) -> list[float]:
        """[x0, y0, x1, y1], to a tenth of a pixel."""
        return [round(value, 1) for value in (self.x0, self.y0, self.x1, self.y1)]


@dataclass(frozen=True)
class Face:
    """One scored part of a picture.

    box: the face, or with `--whole-image` the scored square; score: the calibrated probability (0–1) that it is fake;
    confidence: how sure the finder is that it is a face (0–1), None where none was searched; reason: why the verdict is
    uncertain whatever the score (TOO_SMALL), else None.
    """

    box: Box
    score: float
    verdict: Verdict
    confidence: "float | None" = None
    reason: "str | None" = None

    @property
    def suspicion(self) -> tuple[bool, float]:
        """What faces are ranked by: one that can be judged before one that cannot, then the higher score."""
        return self.reason is None, self.score

    def to_dict(self) -> dict[str, Any]:
        """The face as JSON-ready values."""
        return {
            "box": self.box.to_list(),
            "size": round(self.box.size, 1),
            "score": self.score,
            "verdict": self.verdict.value,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class ModelId:
    """Which model gave a result: its name, version, the SHA-256 of its flatbuffer, and the thresholds it went by.

    real, fake: the thresholds, which differ between operating points and calibrated copies of one flatbuffer.
    """

    name: str
    version: str
    sha256: str
    real: float
    fake: float

    def to_dict(self) -> dict[str, Any]:
        """The identity as JSON-ready values."""
        thresholds = {"real": self.real, "fake": self.fake}
        return {"name": self.name, "version": self.version, "sha256": self.sha256, "thresholds": thresholds}


@dataclass(frozen=True)
class Result:
    """The outcome for one picture.

    score and verdict are those of the most suspicious face; score is None when nothing was scored; error says why a
    picture is unreadable. A model with labels of its own gives no verdict and no score but the likeliest label, and the
    scores (0–1) of all labels.
    """

    path: str
    verdict: "Verdict | None"
    model: ModelId
    score: float | None = None
    faces: tuple[Face, ...] = field(default=())
    error: str | None = None
    label: "str | None" = None
    scores: dict[str, float] = field(default_factory=dict, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON-ready values; this is the schema of `scan --jsonl`.

        Scores and thresholds are not rounded, so that the verdict follows from them.
        """
        labelled = {"label": self.label, "scores": self.scores} if self.label is not None else {}
        return {
            "schema_version": SCHEMA_VERSION,
            "path": self.path,
            "verdict": self.verdict and self.verdict.value,
            "score": self.score,
            "faces": [face.to_dict() for face in self.faces],
            "model": self.model.to_dict(),
            "error": self.error,
            **labelled,
        }
