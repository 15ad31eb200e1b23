"""The frame loop: source ▸ policy ▸ detector ▸ tracker ▸ smoothing ▸ hysteresis ▸ events."""

import dataclasses
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Union

from edge_detect.detector import Detector, Inspection
from edge_detect.errors import UsageError
from edge_detect.live.buffer import Buffer, Ended, Found, Frame, Lost, Policy
from edge_detect.live.capture import Capture
from edge_detect.live.clip import Clip
from edge_detect.live.counts import Counts
from edge_detect.live.events import Event, Kind, Summary
from edge_detect.live.state import Hysteresis, State
from edge_detect.live.tracker import Seen, Tracker
from edge_detect.results import Verdict
from edge_detect.sources import stream
from edge_detect.sources.named import find_source
from edge_detect.sources.stream import Source

Viewer = Callable[[Union[Inspection, None]], None]
"""Shown each frame with its smoothed faces; None when the source is lost."""
TICK = 0.25
"""Seconds that the loop waits for a frame before it looks whether it shall stop."""
LATE = 10.0
"""Seconds without a frame after which a live source counts as lost, whatever it is doing."""
WIDEST = 10_000
"""Frames that a score can be smoothed over at most."""


@dataclass(frozen=True)
class Settings:
    """How steady a watch is.

    policy: how frames are buffered (default: NEWEST for live sources, EVERY for others); window: frames that a face's
    score is smoothed over; trigger: frames in a row that change the state; cooldown: seconds that "fake" holds after
    the last frame that said so; every_frame: whether each frame is an event.
    """

    policy: Policy | None = None
    window: int = 10
    trigger: int = 5
    cooldown: float = 5.0
    every_frame: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for numbers that cannot work."""
        if not 1 <= self.window <= WIDEST or self.trigger < 1 or not self.cooldown >= 0:
            raise UsageError(
                f"window and trigger are numbers of frames from 1, the former to {WIDEST}, cooldown is seconds from 0"
            )


class Watcher:
    """Watches one source with one detector; iterate over it once. The last event is a Summary."""

    def __init__(
        self,
        source: Source,
        detector: Detector,
        settings: Settings = Settings(),
        *,
        viewers: Sequence[Viewer] = (),
        beat: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is opened before the iteration begins.

        viewers: shown what is seen, or that nothing is; beat: called whenever the loop goes round; clock: seconds
        that never go back. Raises UsageError for settings that are of no use with the source.
        """
        apart = source.kind is stream.Kind.FOLDER
        if apart and settings.policy is Policy.NEWEST:
            raise UsageError("of a folder every picture is scored: leave the policy newest out")
        if apart and dataclasses.replace(settings, policy=None) != Settings():
            raise UsageError(
                "each picture of a folder stands for itself: leave out what is for frames in a row (window, trigger, "
                "cooldown, every frame)"
            )
        self.counts = Counts()
        self.buffer = Buffer(settings.policy or default_policy(source))
        self._source = source
        self._detector = detector
        self._every_frame = settings.every_frame
        self._viewers = viewers
        self._beat = beat
        self._clock = clock
        self._capture = Capture(source, self.buffer, clock)
        self._tracker = Tracker(1 if apart else settings.window, detector.verdict)
        self._hysteresis = Hysteresis(1 if apart else settings.trigger, 0.0 if apart else settings.cooldown)
        self._clip = Clip()
        self._flagged = False
        self._there = True
        """Whether the source is there, or nothing is known of its loss."""
        self._seen: Inspection | None = None
        """What the viewers were shown last."""
        self._stopped = False
        self._began = self._last_frame = clock()

    def stop(self) -> None:
        """Finish the frame that is being scored and end; may be called from a signal handler or another thread."""
        self._stopped = True

    @property
    def state(self) -> State | None:
        """The state that holds; None before the first frame."""
        return self._hysteresis.state

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called, so that a recording was not watched to its end."""
        return self._stopped

    def __iter__(self) -> Generator[Event | Summary, None, None]:
        """Events as they happen. Raises SourceError or UsageError when a recording cannot be read."""
        self._began = self._last_frame = self._clock()
        self._capture.start()
        try:
            while not self._stopped:
                taken = self.buffer.take(TICK)
                self._update_counts()
                if isinstance(taken, Frame):
                    yield from self.score(taken)
                else:
                    yield from self._without_frame(taken)
                self._beat()
        except Ended as end:
            if end.error is not None:
                raise end.error from None
        finally:
            self._capture.stop()
            self._update_counts()
        yield self._summary()

    def score(self, frame: Frame) -> Iterator[Event]:
        """Score one frame; give the event that it makes, if it makes one."""
        inspection = self._detector.inspect(frame.shot.content, frame.shot.name or self._source.name)
        self._last_frame = self._clock()
        self._count_return()
        result = inspection.result
        apart = self._source.kind is stream.Kind.FOLDER
        if apart:
            self._tracker.forget()
        seen = self._tracker.update(result.faces)
        worst = max(seen, key=lambda one: one.face.suspicion, default=None)
        verdict = worst.face.verdict if worst else result.verdict
        assert verdict is not None  # only a labeller's results have none
        inspection = _with_smoothed(inspection, seen, verdict, worst.face.score if worst else None)
        previous, changed = self._hysteresis.state, False
        if verdict is Verdict.UNREADABLE:
            self.counts.unreadable += 1
        else:
            changed = self._hysteresis.update(verdict, frame.seconds)
            self._clip.add(result, frame.number, frame.seconds)
        self._flagged = self._flagged or self._hysteresis.state is State.FAKE
        self.counts.score(frame.captured, self._clock())
        self._seen = inspection
        self._show(inspection)
        if changed or self._every_frame or apart:
            kind = Kind.PICTURE if apart else Kind.STATE if changed else Kind.FRAME
            yield dataclasses.replace(
                self._event(kind, previous),
                frame=frame.number,
                seconds=frame.seconds,
                verdict=verdict,
                score=inspection.result.score,
                faces=seen,
                path=frame.shot.name,
                error=result.error,
                inspection=inspection,
            )

    def _without_frame(self, news: Lost | Found | None) -> Iterator[Event]:
        """The event of a loss, of a folder that is back, or of a live source that has sent nothing for too long."""
        late = self._clock() - self._last_frame >= LATE and self._source.kind is stream.Kind.LIVE
        previous = self._hysteresis.state
        if isinstance(news, Found):
            if self._hysteresis.find():
                self._count_return()
                if self._seen is not None:
                    self._show(self._seen)
                yield self._event(Kind.STATE, previous)
        elif news or late:
            self._count_loss()
            if not self._hysteresis.lose():
                return
            self._tracker.forget()
            error = f"{news.reason}; trying again" if news else f"{self._source.name} sent no frame for {LATE:.0f} s"
            yield dataclasses.replace(self._event(Kind.STATE, previous), error=error)

    def _show(self, inspection: Inspection | None) -> None:
        for show in self._viewers:
            show(inspection)

    def _count_loss(self) -> None:
        if self._there:
            self._there = False
            self.counts.lose()
            self._show(None)

    def _count_return(self) -> None:
        """Count that the source is there again; what comes for the first time comes back from nowhere."""
        if not self._there:
            self.counts.reconnects += self._source.kind is stream.Kind.FOLDER or self.counts.scored > 0
        self._there = True

    def _event(self, kind: Kind, previous: State | None) -> Event:
        now = datetime.now(timezone.utc)
        return Event(kind, now, self._source.name, self._hysteresis.state, previous, self._detector.model)

    def _update_counts(self) -> None:
        self.counts.captured, self.counts.dropped = self._capture.captured, self.buffer.dropped

    def _summary(self) -> Summary:
        summary = Summary(
            datetime.now(timezone.utc),
            self._source.name,
            self._detector.model,
            self._hysteresis.state,
            self._flagged,
            self.counts,
            self._clock() - self._began,
        )
        if self._source.kind is not stream.Kind.RECORDING:
            return summary
        score = self._clip.score
        if score is not None:
            verdict = self._detector.verdict(score)
        else:
            nothing_read = self.counts.unreadable == self.counts.scored > 0
            verdict = Verdict.UNREADABLE if nothing_read else Verdict.NO_FACE
        decided = verdict in (Verdict.FAKE, Verdict.REAL)
        deciding = tuple(self._clip.deciding(fake=verdict is Verdict.FAKE)) if decided else ()
        return dataclasses.replace(
            summary, score=score, verdict=verdict, deciding=deciding, flagged=self._flagged or verdict is Verdict.FAKE
        )


def default_policy(source: Source) -> Policy:
    """NEWEST for what goes on whether it is watched or not, EVERY for what waits."""
    return Policy.NEWEST if source.kind is stream.Kind.LIVE else Policy.EVERY


def find_policy(name: str | None) -> Policy | None:
    """The policy of a name; None for none. Raises UsageError when there is no such policy."""
    if name is None:
        return None
    try:
        return Policy(name)
    except ValueError as error:
        names = " or ".join(policy.value for policy in Policy)
        raise UsageError(f"there is no policy {name!r}: it is {names}") from error


def watch(
    source: "str | os.PathLike[str] | int | Source",
    detector: Detector | None = None,
    *,
    policy: str | None = None,
    window: int = 10,
    trigger: int = 5,
    cooldown: float = 5.0,
    every_frame: bool = False,
) -> Generator[Union[Event, Summary], None, None]:
    """Give the events of a camera, a stream, a recording or a folder as they happen.

    source: a camera's number or device file, "picamera2", a URL (rtsp, http), a video file, a pattern of picture files,
    or a folder; detector: default Detector.load(); the others as in `Settings`. What comes last is a Summary. To leave
    earlier, close what is returned: that lets go of the source. Raises UsageError for what is no source or no setting,
    SourceError when a recording cannot be read, and what Detector.load raises.
    """
    found = source if isinstance(source, Source) else find_source(source)
    settings = Settings(find_policy(policy), window, trigger, cooldown, every_frame)
    return Watcher(found, detector or Detector.load(), settings).__iter__()


def _with_smoothed(inspection: Inspection, seen: tuple[Seen, ...], verdict: Verdict, score: float | None) -> Inspection:
    """An inspection whose result holds the smoothed faces."""
    faces = tuple(one.face for one in seen)
    return dataclasses.replace(
        inspection, result=dataclasses.replace(inspection.result, faces=faces, verdict=verdict, score=score)
    )
