"""A way out for events that may be slow or dead: a bounded queue and a thread of its own, so that no frame waits."""

import dataclasses
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Union

from edge_detect.live.events import Event, Summary

Message = Union[Event, Summary]

FLUSH = 5.0
"""Seconds that a way out gets at the end for what still waits."""
_LOOK = 0.25
"""Seconds between looks whether there is still patience."""


class Outlet(ABC):
    """Delivers messages from a queue, in a thread. When the queue is full the oldest message is dropped and counted.

    is_patient: whether to wait for room instead, asked again while one waits: where frames wait, too, nothing must be
    missing; complain: told why a delivery failed, once until one succeeds again or the reason is another, and that
    messages are dropped, once until none waits.
    """

    name = "outlet"
    capacity = 100
    """Messages that wait at most."""
    local = False
    """Whether it is part of this machine, so that one can wait for it when nothing must be missing."""
    with_frames = False
    """Whether messages keep their frames, which take memory while they wait."""

    def __init__(self) -> None:
        self.is_patient: Callable[[], bool] = lambda: False
        self.complain: Callable[[str], None] = lambda _: None
        self.delivered = 0
        self.failed = 0
        self.dropped = 0
        self._complaint = ""
        self._overflows = self._overflow_told = False
        self._queue: deque[Message] = deque()
        self._changed = threading.Condition()
        self._closing = self._delivering = self._abandoned = False
        self._stopping = threading.Event()
        """Set when there is no more time: waits for another try end."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def put(self, message: Message) -> None:
        """Queue a message; never waits, unless the way out is patient."""
        if isinstance(message, Event) and not self.with_frames:
            message = dataclasses.replace(message, inspection=None)
        with self._changed:
            while len(self._queue) >= self.capacity and not self._closing and self.is_patient():
                self._changed.wait(_LOOK)
            if len(self._queue) >= self.capacity:
                self._queue.popleft()
                self.dropped += 1
                self._overflows = True
            self._queue.append(message)
            self._changed.notify_all()

    def close(self, timeout: float = FLUSH) -> None:
        """Deliver what waits, patiently or for `timeout` seconds; what is left then is dropped and counted.

        A delivery that does not come to an end counts as failed.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        end = time.monotonic() + timeout
        while self._thread.is_alive() and time.monotonic() < end:
            self._thread.join(_LOOK)
            if self.is_patient():
                end = time.monotonic() + timeout
        self._stopping.set()
        with self._changed:
            late = len(self._queue)
            self.dropped += late
            self._queue.clear()
        if late:
            self.complain(f"{self.name}: events that were not delivered in time: {late}")
        self._thread.join(1.0)
        with self._changed:
            if self._delivering:  # what becomes of the message will not be known
                self._abandoned = True
                self.failed += 1

    def counts(self) -> dict[str, int]:
        """What became of the messages so far."""
        return {"delivered": self.delivered, "failed": self.failed, "dropped": self.dropped}

    @abstractmethod
    def deliver(self, message: Message) -> None:
        """Deliver one message, in the thread; what it raises counts as a failure."""

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._queue:
                    self._overflows = self._overflow_told = False
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
                message = self._queue.popleft()
                self._changed.notify_all()
                self._delivering = True
            failure = None
            try:
                self.deliver(message)
            except Exception as error:  # a receiver may fail in any way: the watch goes on
                failure = str(error) or type(error).__name__
            with self._changed:
                self._delivering = False
                if self._abandoned:
                    return
                self.delivered += failure is None
                self.failed += failure is not None
            if failure is None:
                self._complaint = ""
            else:
                self._say(failure)
            if self._overflows and not self._overflow_told:
                self._overflow_told = True
                self.complain(f"{self.name}: {self.capacity} events wait, and the oldest are dropped")

    def _say(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            self.complain(f"{self.name}: {complaint}")
