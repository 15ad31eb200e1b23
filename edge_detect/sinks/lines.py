"""Events on standard output, a line each: as JSON, or for people."""

import json
import os
import sys
from collections.abc import Callable

from edge_detect.live.events import Event, Kind, Summary
from edge_detect.sinks.outlet import Message, Outlet
from edge_detect.sinks.text import printable


class Lines(Outlet):
    """Writes lines; when the reader at the other end of a pipe is gone, the watch is told to end."""

    name = "stdout"
    capacity = 1000
    local = True

    def __init__(self, form: Callable[[Message], str], gone: Callable[[], None]) -> None:
        super().__init__()
        self._form = form
        self._gone = gone
        self.unread = False
        """Whether the reader has left: lines are lost as it wants."""
        self._midway = False
        """Whether the last line was cut off, as by a full disk: the next must not continue it."""

    def deliver(self, message: Message) -> None:
        """Write one line."""
        line = self._form(message) + "\n"
        if sys.stdout.isatty():
            sys.stdout.write(line)  # above the status line
            sys.stdout.flush()
            return
        data = (b"\n" if self._midway else b"") + line.encode(errors="backslashreplace")
        try:
            while data:  # not through a buffer: its lock would be held at exit where a reader has stopped reading
                data = data[os.write(sys.stdout.fileno(), data) :]
                self._midway = bool(data)
        except BrokenPipeError:
            self.complain = lambda _: None
            self.unread = True
            self._gone()
            raise


def as_json(message: Message) -> str:
    """A message as one line of JSON."""
    return json.dumps(message.to_dict())


def as_text(message: Message) -> str:
    """A message as one line for people."""
    if isinstance(message, Summary):
        return _summary(message)
    when = f"{message.time.astimezone():%H:%M:%S}" if message.path is None else printable(message.path)
    said = f"{(message.state or 'found') if message.kind is Kind.STATE else message.verdict}".replace("_lost", " lost")
    score = "  –  " if message.score is None else f"{message.score:.3f}"
    details = printable(message.error or _faces(message))
    return f"{when}  {said:<11} {score}  {details}"


def _faces(event: Event) -> str:
    if event.frame is None:
        return "the source is there again"
    count = len(event.faces)
    return f"frame {event.frame} at {event.seconds or 0:.1f} s, {count} face{'' if count == 1 else 's'}"


def _summary(summary: Summary) -> str:
    score = "" if summary.score is None else f" {summary.score:.3f}"
    said = "" if summary.verdict is None else f"{summary.verdict}{score}; "
    lines = [f"{printable(summary.source)}: {said}{summary.counts}"]
    if summary.deciding:
        frames = ", ".join(f"{frame.frame} ({frame.score:.3f})" for frame in summary.deciding)
        lines.append(f"most decisive frames: {frames}")
    for name, counts in summary.ways_out.items():
        if counts["failed"] or counts["dropped"]:
            lines.append(f"{name}: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return "\n".join(lines)
