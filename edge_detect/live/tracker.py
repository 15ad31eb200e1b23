"""Faces followed from frame to frame, and what is said of each, smoothed."""

import dataclasses
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_detect.faces import overlaps
from edge_detect.results import Box, Face, Verdict

SAME = 0.3
"""Intersection over union from which a face is that of the frame before."""
PATIENCE = 5
"""Frames for which a face that is not found is remembered."""
_SUREST = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logit is taken."""


@dataclass(frozen=True)
class Seen:
    """A face in one frame: who it is, with the smoothed score and verdict, and the score of this frame alone."""

    track: int
    face: Face
    frame_score: float

    def to_dict(self) -> dict[str, Any]:
        """The face as JSON-ready values."""
        return {"track": self.track, **self.face.to_dict(), "frame_score": self.frame_score}


@dataclass
class _Track:
    number: int
    box: Box
    logits: deque[float]
    missed: int = field(default=0)


class Tracker:
    """Follows faces by overlap and smooths their logits over a window of frames."""

    def __init__(self, window: int, judge: Callable[[float], Verdict]) -> None:
        """window: frames; judge: what the model's thresholds make of a score."""
        self._window = window
        self._judge = judge
        self._tracks: list[_Track] = []
        self._next = 0

    def update(self, faces: Sequence[Face]) -> tuple[Seen, ...]:
        """The faces of the next frame, in their order, each joined to the track that it overlaps most."""
        for track in self._tracks:
            track.missed += 1
        pairs = self._pairs(faces)
        seen = tuple(self._seen(face, pairs.get(index) or self._begin(face)) for index, face in enumerate(faces))
        self._tracks = [track for track in self._tracks if track.missed <= PATIENCE]
        return seen

    def forget(self) -> None:
        """Follow no one any longer: what comes next has nothing to do with what came before."""
        self._tracks.clear()

    def _pairs(self, faces: Sequence[Face]) -> dict[int, _Track]:
        """Tracks by index of face, those that overlap most first; each is given once."""
        if not faces or not self._tracks:
            return {}
        shared = overlaps(_boxes([face.box for face in faces])[:, None], _boxes([t.box for t in self._tracks])[None])
        pairs: dict[int, _Track] = {}
        while shared.max() >= SAME:
            face, track = np.unravel_index(int(shared.argmax()), shared.shape)
            pairs[int(face)] = self._tracks[int(track)]
            shared[face, :] = shared[:, track] = -1
        return pairs

    def _begin(self, face: Face) -> _Track:
        track = _Track(self._next, face.box, deque(maxlen=self._window))
        self._next += 1
        self._tracks.append(track)
        return track

    def _seen(self, face: Face, track: _Track) -> Seen:
        track.box, track.missed = face.box, 0
        if face.reason is not None:  # too small to judge: followed, but without a say
            return Seen(track.number, face, face.score)
        track.logits.append(_logit(face.score))
        # The calibration is affine in the logit, so the mean of calibrated logits is the calibrated mean.
        score = 1 / (1 + math.exp(-sum(track.logits) / len(track.logits)))
        return Seen(track.number, dataclasses.replace(face, score=score, verdict=self._judge(score)), face.score)


def _boxes(boxes: Sequence[Box]) -> Any:
    return np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes], np.float32)


def _logit(score: float) -> float:
    kept = min(max(score, _SUREST), 1 - _SUREST)
    return math.log(kept / (1 - kept))
