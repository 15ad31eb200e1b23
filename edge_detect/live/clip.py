"""A verdict for a whole recording: the mean over its frames of the most suspicious face, and what decided it."""

import heapq
from dataclasses import dataclass
from typing import Any, NamedTuple

from edge_detect.results import Result

SHOWN = 5
"""Frames that are named as those that decided."""


class Decisive(NamedTuple):
    """A frame and its score (0–1): its number, and its time in seconds."""

    score: float
    frame: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The frame as JSON-ready values."""
        return {"frame": self.frame, "seconds": round(self.seconds, 3), "score": self.score}


@dataclass
class Clip:
    """The scores of a recording so far. Frames without a face that can be judged do not count."""

    count: int = 0
    total: float = 0.0

    def __post_init__(self) -> None:
        self._highest: list[Decisive] = []
        self._lowest: list[Decisive] = []

    def add(self, result: Result, frame: int, seconds: float) -> None:
        """Take in the result of a frame."""
        judged = [face.score for face in result.faces if face.reason is None]
        if not judged:
            return
        score = max(judged)
        self.count += 1
        self.total += score
        _keep(self._highest, Decisive(score, frame, seconds))
        _keep(self._lowest, Decisive(-score, frame, seconds))

    @property
    def score(self) -> float | None:
        """The mean score (0–1); None without a frame that counts."""
        return self.total / self.count if self.count else None

    def deciding(self, *, fake: bool) -> list[Decisive]:
        """The frames that speak most for a verdict, strongest first: the highest scores for fake, else the lowest."""
        if fake:
            return sorted(self._highest, key=lambda frame: (-frame.score, frame.frame))
        lowest = (frame._replace(score=-frame.score) for frame in self._lowest)
        return sorted(lowest, key=lambda frame: (frame.score, frame.frame))


def _keep(heap: list[Decisive], frame: Decisive) -> None:
    if len(heap) < SHOWN:
        heapq.heappush(heap, frame)
    elif frame.score > heap[0].score:  # of equals, the first stays
        heapq.heapreplace(heap, frame)
