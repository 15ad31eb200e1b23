"""Between the thread that captures frames and the one that scores them; how it buffers has a name."""

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum

from edge_detect.sources.stream import Shot

CAPACITY = 4
"""Frames that wait at most under the policy EVERY."""


class Policy(str, Enum):
    """NEWEST: a new frame takes the place of one that waits, which is dropped. EVERY: capture waits for scoring."""

    NEWEST = "newest"
    EVERY = "every"


@dataclass(frozen=True)
class Frame:
    """A captured picture.

    number: how many were captured before it; captured: when, on the monotonic clock; seconds: its time since the
    beginning, of a recording on the recording's own clock.
    """

    number: int
    shot: Shot
    captured: float
    seconds: float


@dataclass(frozen=True)
class Lost:
    """The source is lost, and why."""

    reason: str


@dataclass(frozen=True)
class Found:
    """The source is there, though it has given nothing yet: a folder, in which a picture may take days to come."""


class Ended(Exception):  # noqa: N818 - no error: the recording is over
    """There will be no more frames; `error` says why, where that is not their regular end."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(str(error or ""))
        self.error = error


class Buffer:
    """Hands frames from one thread to another."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.dropped = 0
        self._waiting: deque[Frame | Lost | Found] = deque()
        self._changed = threading.Condition()
        self._end: Ended | None = None

    def put(self, frame: Frame) -> None:
        """Add a frame; under EVERY, wait until there is room or the buffer is closed."""
        with self._changed:
            if self.policy is Policy.NEWEST and self._waiting and isinstance(self._waiting[-1], Frame):
                self._waiting.pop()
                self.dropped += 1
            while self.policy is Policy.EVERY and len(self._waiting) >= CAPACITY and not self._end:
                self._changed.wait()
            if not self._end:
                self._waiting.append(frame)
            self._changed.notify_all()

    def tell(self, news: Lost | Found) -> None:
        """Say that the source is lost, or there; of several losses in a row, the latest is kept."""
        with self._changed:
            if self._waiting and isinstance(self._waiting[-1], type(news)):
                self._waiting.pop()
            self._waiting.append(news)
            self._changed.notify_all()

    def end(self, error: Exception | None = None) -> None:
        """No more frames will come; those that wait can still be taken."""
        with self._changed:
            self._end = self._end or Ended(error)
            self._changed.notify_all()

    def take(self, timeout: float) -> Frame | Lost | Found | None:
        """The next frame or news; None when there is none for `timeout` seconds. Raises Ended after the last one."""
        with self._changed:
            if not self._waiting and not self._end:
                self._changed.wait(timeout)
            if self._waiting:
                taken = self._waiting.popleft()
                self._changed.notify_all()
                return taken
            if self._end:
                raise self._end
            return None
