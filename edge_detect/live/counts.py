"""What a watch has counted and timed so far, in bounded memory."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

RECENT = 500
"""Frames that the ages and the frame rate are of: the latest."""


@dataclass
class Counts:
    """Frames captured, scored, dropped and unreadable; losses of the source and how often it came back."""

    captured: int = 0
    scored: int = 0
    dropped: int = 0
    unreadable: int = 0
    losses: int = 0
    reconnects: int = 0
    _ages: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    def score(self, captured: float, now: float) -> None:
        """Count a frame that was captured at a time (monotonic seconds) and has its verdict now."""
        self.scored += 1
        self._ages.append(now - captured)
        self._times.append(now)

    def lose(self) -> None:
        """Count a loss of the source. The frame rate begins anew with the next frame."""
        self.losses += 1
        self._times.clear()

    def age(self, quantile: float) -> float | None:
        """Seconds from capture to verdict at a quantile (0–1) of the recent frames; None before the first."""
        ages = list(self._ages)  # at once: another thread may ask
        return float(np.quantile(ages, quantile)) if ages else None

    @property
    def fps(self) -> float | None:
        """Recent frames scored per second; None before the second one."""
        times = list(self._times)
        if len(times) < 2 or times[-1] <= times[0]:
            return None
        return (len(times) - 1) / (times[-1] - times[0])

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON-ready values; ages in milliseconds."""
        ages = {name: self.age(quantile) for name, quantile in (("p50", 0.5), ("p95", 0.95))}
        return {
            "captured": self.captured,
            "scored": self.scored,
            "dropped": self.dropped,
            "unreadable": self.unreadable,
            "losses": self.losses,
            "reconnects": self.reconnects,
            "fps": None if self.fps is None else round(self.fps, 2),
            "age_ms": {name: None if age is None else round(1000 * age, 1) for name, age in ages.items()},
        }

    def __str__(self) -> str:
        parts = [f"{self.scored} scored"]
        parts += [
            f"{count} {name}"
            for name, count in (("dropped", self.dropped), ("unreadable", self.unreadable), ("lost", self.losses))
            if count
        ]
        median, late = self.age(0.5), self.age(0.95)
        if self.fps is not None:
            parts.append(f"{self.fps:.1f} fps")
        if median is not None and late is not None:
            parts.append(f"age {1000 * median:.0f} ms, p95 {1000 * late:.0f} ms")
        return ", ".join(parts)
