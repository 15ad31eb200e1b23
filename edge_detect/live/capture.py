"""The thread that captures: it opens a source, reads it, and opens it again when it is lost."""

import threading
import time
from collections.abc import Callable

from edge_detect.errors import EdgeDetectError, UsageError
from edge_detect.live.buffer import Buffer, Found, Frame, Lost, Policy
from edge_detect.sources.stream import Kind, Shot, Source, Stream

FIRST_RETRY, LAST_RETRY = 1.0, 30.0
"""Seconds before a lost source is tried again: doubled each time, up to the last."""
STEADY = 10.0
"""A source that gave frames for so many seconds is tried again after FIRST_RETRY when it is lost."""
_GRACE = 2.0
"""Seconds that a stopped thread gets to let go of its source."""


class Capture:
    """Fills a buffer from a source, in a thread of its own."""

    def __init__(self, source: Source, buffer: Buffer, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds that never go back."""
        self.captured = 0
        self._source = source
        self._buffer = buffer
        self._clock = clock
        self._begin = clock()
        self._retry = FIRST_RETRY
        self._since: float | None = None
        """When the source was there since it was opened: with its first frame, or a folder at once."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin to capture."""
        self._begin = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs in a driver is left behind."""
        self._stopping.set()
        self._buffer.end()
        if self._thread.ident is not None:
            self._thread.join(_GRACE)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._since = None
            try:
                stream = self._source.open()
                try:
                    if self._source.kind is Kind.FOLDER:
                        self._since = self._clock()
                        self._buffer.tell(Found())
                    self._drain(stream)
                finally:
                    stream.close()
            except EOFError:
                self._buffer.end()
                return
            except UsageError as error:  # nothing that waiting would mend
                self._buffer.end(error)
                return
            except Exception as error:  # whatever a driver throws: the watch goes on
                if self._source.kind is Kind.RECORDING:
                    self._buffer.end(error)
                    return
                self._lost(error)

    def _drain(self, stream: Stream) -> None:
        """Read until the stream raises, or the thread is stopped."""
        begin = self._clock()
        while not self._stopping.is_set():
            shot = stream.read()
            if shot is None:
                continue
            if shot.position is not None and self._buffer.policy is Policy.NEWEST:
                # A recording is played at its own speed, as if it were a camera.
                self._stopping.wait(max(0.0, begin + shot.position - self._clock()))
            self._buffer.put(self._frame(shot))

    def _frame(self, shot: Shot) -> Frame:
        now = self._clock()
        if self._since is None:
            self._since = now
        number, self.captured = self.captured, self.captured + 1
        return Frame(number, shot, now, now - self._begin if shot.position is None else shot.position)

    def _lost(self, error: Exception) -> None:
        """Report a loss and wait: the longer, the more often in a row the source was lost."""
        if self._stopping.is_set():
            return
        if self._since is not None and self._clock() - self._since >= STEADY:
            self._retry = FIRST_RETRY
        reason = str(error) if isinstance(error, EdgeDetectError) else f"{type(error).__name__}: {error}"
        self._buffer.tell(Lost(reason))
        self._stopping.wait(self._retry)
        self._retry = min(2 * self._retry, LAST_RETRY)
